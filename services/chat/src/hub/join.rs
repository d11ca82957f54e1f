//! Coming and going.

use std::sync::Arc;

use bytes::Bytes;
use runtime::Lifecycle;

use super::connection::ClientConnection;
use super::member::{Eviction, Member, MemberId, Protocol};
use super::{Hub, Room};
use crate::clock;
use crate::domain::history::Resumed;
use crate::domain::log::{AppendOutcome, AppendRequest, RelayPolicy};
use crate::domain::{ClientId, Event, Source, Token, TraceContext};
use crate::metrics::RecoveredLabel;
use crate::wire::v1::{PresenceFrame, ServerFrame, Welcome};
use crate::wire::websocket;

/// Who comes, and what it wants to see.
#[derive(Clone, Debug)]
pub struct Join {
    /// Who.
    pub client: ClientId,
    /// Its session; a new one where it gave none.
    pub session: Token,
    /// What it speaks.
    pub protocol: Protocol,
    /// Where it was, if it comes back.
    pub resume: Option<Resume>,
    /// How much of the past a newcomer wants to see.
    pub history: usize,
}

/// Where a client was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resume {
    /// The log.
    pub epoch: Token,
    /// Its place there.
    pub cursor: u64,
}

impl Hub {
    /// Lets a client in by its line. Everybody is told, itself included, unless its session was here
    /// already.
    ///
    /// Fails where the store does not take that it joined.
    pub async fn join(
        &self,
        join: Join,
        line: Arc<ClientConnection>,
        trace: TraceContext,
    ) -> Result<MemberId, AppendOutcome> {
        let (member, is_new) = self.admit(&join, line);
        if is_new {
            let event = Event::Joined {
                client: join.client,
            };
            let request = membership_change(event, join.session, RelayPolicy::IfRoom, trace);
            match self.append(request).await {
                outcome @ (AppendOutcome::Refused(_) | AppendOutcome::Unknown) => {
                    self.remove_member(member, |_, _| {});
                    return Err(outcome);
                }
                outcome => self.lock().note_announced(member, &outcome),
            }
        }
        Ok(member)
    }

    /// Gives a client its place. Says whether its session was not here.
    fn admit(&self, join: &Join, line: Arc<ClientConnection>) -> (MemberId, bool) {
        let mut room = self.lock();
        let before = room.replace(&join.session);
        if join.protocol == Protocol::V1 {
            line.send_first(self.first_frames(&room, join));
        }
        let mut member = Member::new(join.client, join.session.clone(), join.protocol, line);
        let last = room.local.log().history().last();
        member.seen = last.max(self.resume_cursor(join));
        member.announced = before.as_ref().is_some_and(|before| before.announced);
        let id = room.admit(member);
        let clients = &self.0.metrics.clients;
        clients.get_or_create(&join.protocol.label()).inc();
        if let Some(before) = &before {
            clients.get_or_create(&before.protocol.label()).dec();
        }
        self.0.members.send_replace(room.members.len());
        (id, before.is_none())
    }

    /// What a client has seen of this log, perhaps at a replica that is ahead of this one.
    fn resume_cursor(&self, join: &Join) -> u64 {
        let resume = join.resume.as_ref();
        let same = resume.filter(|resume| resume.epoch == self.0.epoch);
        same.map_or(0, |resume| resume.cursor)
    }

    /// A client is gone. The others are told, unless its session is here by another connection.
    pub fn leave(&self, member: MemberId, trace: TraceContext, lifecycle: &Lifecycle) {
        self.remove_member(member, |room, member| {
            let is_shared = self.0.shared.is_some(); // where the script knows whether they were announced
            let announced = member.announced || is_shared;
            let request = leave_request(member.client, member.session, announced, trace);
            if !is_shared {
                self.take(room, request);
                return;
            }
            let hub = self.clone();
            let telling = async move {
                // Until it is known. Where this process ends before, the other replicas see to it.
                while hub.append(request.clone()).await == AppendOutcome::Unknown {}
            };
            lifecycle.spawn(telling);
        });
    }

    /// Takes a member's place, if it still has it, and does with it what must be done before the
    /// room is known to be without it: who relays ends when nobody is left and the log holds nothing.
    fn remove_member(&self, member: MemberId, then: impl FnOnce(&mut Room, Member)) {
        let mut room = self.lock();
        let Some(member) = room.members.remove(&member) else {
            return; // replaced
        };
        room.sessions.remove(&member.session);
        let label = member.protocol.label();
        self.0.metrics.clients.get_or_create(&label).dec();
        then(&mut room, member);
        self.0.members.send_replace(room.members.len());
    }

    /// `welcome`, and the past that the client is to see.
    fn first_frames(&self, room: &Room, join: &Join) -> Bytes {
        let history = room.local.log().history();
        let (recovered, entries) = match &join.resume {
            Some(resume) => {
                let same_epoch = resume.epoch == self.0.epoch;
                let Resumed { recovered, entries } = history.resume(same_epoch, resume.cursor);
                let label = RecoveredLabel {
                    recovered: if recovered { "true" } else { "false" },
                };
                self.0.metrics.resumed.get_or_create(&label).inc();
                (Some(recovered), entries)
            }
            None => (None, history.tail(join.history)),
        };
        let cursor = entries
            .first()
            .map_or(history.last(), |entry| entry.cursor - 1)
            .max(self.resume_cursor(join));
        let settings = &self.0.welcome;
        let welcome = ServerFrame::Welcome(Box::new(Welcome {
            service: &self.0.service,
            client: join.client,
            session: &join.session,
            epoch: &self.0.epoch,
            cursor,
            recovered,
            behind: entries.len(),
            delivered: room.delivered(),
            peers: room.peers.iter().map(|peer| &peer.state).collect(),
            presence: PresenceFrame::all(&room.presence),
            trace_url: settings.trace_url.as_deref(),
            max_message_bytes: settings.max_message,
            ping_interval: settings.ping_interval,
        }));
        let frame = |entry| ServerFrame::for_session(&self.0.service, entry, &join.session);
        let past = entries.iter().map(|entry| frame(entry).encode());
        websocket::texts([welcome.encode()].into_iter().chain(past))
    }
}

impl Room {
    /// Ends the connection that a session has, if it has one.
    fn replace(&mut self, session: &Token) -> Option<Member> {
        let before = self.sessions.remove(session)?;
        let member = self.members.remove(&before)?;
        member.end(Eviction::Replaced);
        Some(member)
    }

    fn admit(&mut self, member: Member) -> MemberId {
        let id = MemberId(self.next);
        self.next += 1;
        self.sessions.insert(member.session.clone(), id);
        self.members.insert(id, member);
        id
    }

    /// Notes whether the peers were told of a join.
    fn note_announced(&mut self, id: MemberId, outcome: &AppendOutcome) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        if let AppendOutcome::Appended(entry) = outcome {
            member.announced = matches!(
                &entry.source,
                Source::Own {
                    sequence: Some(_),
                    ..
                }
            );
        }
    }
}

/// Somebody went, of whom the others were told that they came, or were not.
pub(super) fn leave_request(
    client: ClientId,
    session: Token,
    announced: bool,
    trace: TraceContext,
) -> AppendRequest {
    let relay = if announced {
        RelayPolicy::Always
    } else {
        RelayPolicy::Never
    };
    membership_change(Event::Left { client }, session, relay, trace)
}

/// Somebody came or went.
fn membership_change(
    event: Event,
    session: Token,
    relay: RelayPolicy,
    trace: TraceContext,
) -> AppendRequest {
    AppendRequest {
        id: Token::random(),
        event,
        source: Source::Own {
            session,
            sequence: None,
        },
        at: clock::now_ms(),
        trace,
        relay,
    }
}

#[cfg(test)]
mod tests;
