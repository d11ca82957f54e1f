//! An entry to everybody in the room: encoded once, shared by all.

use std::cell::OnceCell;

use opentelemetry::KeyValue;
use runtime::trace::{self, SpanKind};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::Room;
use super::member::Protocol;
use crate::domain::{Entry, Event, Token};
use crate::metrics::{ChatMetrics, PeerLabel};
use crate::propagation;
use crate::wire::v1::ServerFrame;
use crate::wire::websocket;

impl Room {
    /// Hands an entry to every member, under a span of the entry's trace.
    pub(super) fn fan_out(&mut self, own: &Token, entry: &Entry, metrics: &ChatMetrics) {
        let attributes = [KeyValue::new("chat.cursor", as_i64(entry.cursor))];
        let parent = propagation::parent(&entry.trace);
        let span = trace::start(SpanKind::Internal, "broadcast", parent, attributes);
        self.presence.apply(own, entry);
        let is_message = matches!(entry.event, Event::Message { .. });
        let (plain, v1) = (OnceCell::new(), OnceCell::new());
        let mut recipients = 0_u32;
        for member in self.members.values() {
            if entry.cursor <= member.seen {
                continue; // another replica showed it this
            }
            let is_own = is_message && entry.session() == Some(&member.session);
            let frame = match member.protocol {
                Protocol::Plain if is_own => continue,
                Protocol::Plain => plain
                    .get_or_init(|| websocket::text(&entry.event.line()))
                    .clone(),
                Protocol::V1 if is_own => {
                    websocket::text(&ServerFrame::for_session(own, entry, &member.session).encode())
                }
                Protocol::V1 => v1
                    .get_or_init(|| websocket::text(&ServerFrame::of_entry(own, entry).encode()))
                    .clone(),
            };
            recipients += u32::from(member.enqueue(frame));
        }
        metrics.deliveries.inc_by(u64::from(recipients));
        span.set_attribute("chat.recipients", i64::from(recipients));
    }

    /// Hands a frame to everybody who speaks v1.
    pub(super) fn tell_all(&mut self, frame: &ServerFrame<'_>) {
        let frame = websocket::text(&frame.encode());
        let v1 = |member: &&super::Member| member.protocol == Protocol::V1;
        for member in self.members.values().filter(v1) {
            member.enqueue(frame.clone());
        }
    }

    /// Hands a frame to one session, if it is here and speaks v1.
    pub(super) fn tell(&mut self, session: &Token, frame: &ServerFrame<'_>) {
        let member = self.sessions.get(session).copied();
        let member = member.and_then(|id| self.members.get(&id));
        if let Some(member) = member.filter(|member| member.protocol == Protocol::V1) {
            member.enqueue(websocket::text(&frame.encode()));
        }
    }

    /// Shows how many entries wait for each peer.
    pub(super) fn count_waiting(&mut self, metrics: &ChatMetrics) {
        for peer in &mut self.peers {
            peer.state.waiting = self.local.log().outbox().waiting(&peer.url);
            let label: &PeerLabel = &peer.label;
            let waiting = i64::try_from(peer.state.waiting).unwrap_or(i64::MAX);
            metrics.waiting.get_or_create(label).set(waiting);
        }
    }
}

fn as_i64(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
