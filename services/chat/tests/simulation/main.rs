//! Two services and their clients on a simulated network, where everything fails, by seed.
//!
//! `CHAT_SEEDS=500` runs so many seeds, `CHAT_SEED=7` that one alone, with its log of events.
#![cfg(test)]

#[path = "../clients/mod.rs"]
mod clients;
mod faults;
mod network;
mod world;

use chat::checker::check;
use world::{Kept, World};

/// Few by default, for every run of the tests; many by the switch.
const SEEDS: u64 = 8;

#[expect(clippy::disallowed_methods, reason = "the switch of these tests")]
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn judge(seed: u64, kept: Kept) {
    println!("seed {seed}, {kept:?}");
    let world = World::run(seed, kept);
    let violations = check(&world.logs);
    if !violations.is_empty() || setting("CHAT_SEED").is_some() {
        world.print();
    }
    let found: Vec<String> = violations.iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "CHAT_SEED={seed}, {kept:?}: {found:#?}");
    assert!(
        world.says_enough(),
        "CHAT_SEED={seed}, {kept:?}: hardly anything was said"
    );
}

fn seeds() -> Vec<u64> {
    match setting("CHAT_SEED") {
        Some(seed) => vec![seed],
        None => (0..setting("CHAT_SEEDS").unwrap_or(SEEDS)).collect(),
    }
}

#[test]
fn services_with_a_disk_keep_their_promises_through_partitions_delays_and_crashes() {
    for seed in seeds() {
        judge(seed, Kept::OnDisk);
    }
}

#[test]
fn services_without_a_disk_keep_their_promises_while_they_live() {
    for seed in seeds() {
        judge(seed, Kept::InMemory);
    }
}

#[test]
fn a_seed_gives_the_same_run_again() {
    let (once, again) = (World::run(3, Kept::OnDisk), World::run(3, Kept::OnDisk));
    for (once, again) in once.logs.iter().zip(&again.logs) {
        let differ = once.events.iter().zip(&again.events).find(|(a, b)| a != b);
        assert_eq!(differ, None, "client {}", once.client);
        assert_eq!(once.events.len(), again.events.len());
    }
}

#[test]
fn the_faults_do_happen() {
    let worlds: Vec<_> = (0..4).map(|seed| World::run(seed, Kept::OnDisk)).collect();
    let sum = |count: fn(&World) -> usize| worlds.iter().map(count).sum::<usize>();
    assert!(sum(World::reconnections) > 0, "nobody lost a connection");
    assert!(sum(|world| world.crashes) > 0, "no service crashed");
    assert!(
        sum(|world| world.duplicates) > 0,
        "nothing was relayed twice"
    );
}
