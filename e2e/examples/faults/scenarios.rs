//! Every scenario, the most valuable first; one file each.

mod byte_by_byte;
mod clock;
mod collector;
mod cut;
mod disk_fails;
mod disk_full;
mod disk_read_only;
mod disk_slow;
mod dns_gone;
mod dns_half_dead;
mod dns_silent;
mod dns_stale;
mod frozen;
mod hostile_collector;
mod hostile_http;
mod hostile_http2;
mod hostile_relay;
mod hostile_tcp;
mod hostile_websocket;
mod killed;
mod linearizable;
mod overload;
mod reconnects;
mod redis_failover;
mod redis_flushed;
mod redis_full;
mod redis_hung;
mod redis_killed;
mod redis_read_only;
mod reset;
mod restarts;
mod silent;
mod slow;

use std::pin::Pin;

use crate::hostile::Attack;
use crate::row::Row;
use crate::world::World;

/// What is done to which exercises, and what must hold.
pub(crate) struct Scenario {
    /// Its name on the command line, and its file's.
    pub(crate) name: &'static str,
    pub(crate) fault: &'static str,
    pub(crate) promise: &'static str,
    /// Whether it needs the machine for itself, also in the small size.
    pub(crate) alone: bool,
    pub(crate) run: for<'a> fn(&'a World) -> Running<'a>,
}

/// A scenario that goes on.
pub(crate) type Running<'a> = Pin<Box<dyn Future<Output = anyhow::Result<Vec<Row>>> + 'a>>;

/// All of them, in the order in which they are run.
pub(crate) const ALL: &[Scenario] = &[
    killed::SCENARIO,
    frozen::SCENARIO,
    restarts::SCENARIO,
    cut::SCENARIO,
    silent::SCENARIO,
    slow::SCENARIO,
    byte_by_byte::SCENARIO,
    reset::SCENARIO,
    redis_killed::SCENARIO,
    redis_hung::SCENARIO,
    redis_read_only::SCENARIO,
    redis_full::SCENARIO,
    redis_flushed::SCENARIO,
    redis_failover::SCENARIO,
    linearizable::SCENARIO,
    dns_half_dead::SCENARIO,
    dns_stale::SCENARIO,
    dns_gone::SCENARIO,
    dns_silent::SCENARIO,
    collector::SCENARIO,
    disk_full::SCENARIO,
    disk_read_only::SCENARIO,
    disk_fails::SCENARIO,
    disk_slow::SCENARIO,
    clock::SCENARIO,
    reconnects::SCENARIO,
    overload::SCENARIO,
    hostile_http::SCENARIO,
    hostile_http2::SCENARIO,
    hostile_websocket::SCENARIO,
    hostile_relay::SCENARIO,
    hostile_tcp::SCENARIO,
    hostile_collector::SCENARIO,
];

/// Makes what hostile clients of a scenario send, where it takes longer than they have.
pub(crate) fn prepare(scenario: &str) {
    if scenario == hostile_collector::SCENARIO.name {
        hostile_collector::prepare();
    }
}

/// Every kind of hostile client.
pub(crate) fn attacks() -> impl Iterator<Item = &'static Attack> {
    let lists = [
        hostile_http::OF_HEADS,
        hostile_http::OF_BODIES,
        hostile_http2::ATTACKS,
        hostile_websocket::ATTACKS,
        hostile_relay::ATTACKS,
        hostile_tcp::OF_HELLO,
        hostile_tcp::OF_SOCKETS,
        hostile_collector::ATTACKS,
    ];
    lists.into_iter().flatten()
}
