//! Coming and going.

use std::sync::Arc;

use bytes::Bytes;
use runtime::Lifecycle;

use super::line::Line;
use super::member::{Ending, Member, MemberId, Speaks};
use super::{Hub, Room};
use crate::clock;
use crate::domain::history::Resumed;
use crate::domain::log::{Offer, Passing, Verdict};
use crate::domain::{ClientId, Source, Token, TraceContext, What};
use crate::metrics::RecoveredLabel;
use crate::wire::v1::{FromServer, HereFrame, Welcome};
use crate::wire::websocket;

/// Who comes, and what it wants to see.
#[derive(Clone, Debug)]
pub struct Join {
    /// Who.
    pub client: ClientId,
    /// Its session; a new one where it gave none.
    pub session: Token,
    /// What it speaks.
    pub speaks: Speaks,
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
        line: Arc<Line>,
        trace: TraceContext,
    ) -> Result<MemberId, Verdict> {
        let (member, is_new) = self.admit(&join, line);
        if is_new {
            let what = What::Joined {
                client: join.client,
            };
            let offer = moved(what, join.session, Passing::IfRoom, trace);
            match self.offer(offer).await {
                verdict @ (Verdict::Refused(_) | Verdict::Unknown) => {
                    self.part_with(member, |_, _| {});
                    return Err(verdict);
                }
                verdict => self.lock().told(member, &verdict),
            }
        }
        Ok(member)
    }

    /// Gives a client its place. Says whether its session was not here.
    fn admit(&self, join: &Join, line: Arc<Line>) -> (MemberId, bool) {
        let mut room = self.lock();
        let before = room.replace(&join.session);
        if join.speaks == Speaks::V1 {
            line.begin_with(self.first_frames(&room, join));
        }
        let mut member = Member::new(join.client, join.session.clone(), join.speaks, line);
        let last = room.local.log().history().last();
        member.seen = last.max(self.ahead(join));
        member.told = before.as_ref().is_some_and(|before| before.told);
        let id = room.admit(member);
        let clients = &self.0.metrics.clients;
        clients.get_or_create(&join.speaks.label()).inc();
        if let Some(before) = &before {
            clients.get_or_create(&before.speaks.label()).dec();
        }
        self.0.members.send_replace(room.members.len());
        (id, before.is_none())
    }

    /// What a client has seen of this log, perhaps at a replica that is ahead of this one.
    fn ahead(&self, join: &Join) -> u64 {
        let resume = join.resume.as_ref();
        let same = resume.filter(|resume| resume.epoch == self.0.epoch);
        same.map_or(0, |resume| resume.cursor)
    }

    /// A client is gone. The others are told, unless its session is here by another connection.
    pub fn leave(&self, member: MemberId, trace: TraceContext, lifecycle: &Lifecycle) {
        self.part_with(member, |room, member| {
            let is_shared = self.0.shared.is_some(); // where the script knows whether they were told
            let told = member.told || is_shared;
            let offer = left(member.client, member.session, told, trace);
            if !is_shared {
                self.take(room, offer);
                return;
            }
            let hub = self.clone();
            let telling = async move {
                // Until it is known. Where this process ends before, the other replicas see to it.
                while hub.offer(offer.clone()).await == Verdict::Unknown {}
            };
            lifecycle.spawn(telling);
        });
    }

    /// Takes a member's place, if it still has it, and does with it what must be done before the
    /// room is known to be without it: who relays ends when nobody is left and the log holds nothing.
    fn part_with(&self, member: MemberId, then: impl FnOnce(&mut Room, Member)) {
        let mut room = self.lock();
        let Some(member) = room.members.remove(&member) else {
            return; // replaced
        };
        room.sessions.remove(&member.session);
        let label = member.speaks.label();
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
            .max(self.ahead(join));
        let settings = &self.0.welcome;
        let welcome = FromServer::Welcome(Box::new(Welcome {
            service: &self.0.service,
            client: join.client,
            session: &join.session,
            epoch: &self.0.epoch,
            cursor,
            recovered,
            behind: entries.len(),
            delivered: room.delivered(),
            peers: room.peers.iter().map(|peer| &peer.state).collect(),
            presence: HereFrame::all(&room.presence),
            trace_url: settings.trace_url.as_deref(),
            max_message_bytes: settings.max_message,
            ping_interval: settings.ping_interval,
        }));
        let frame = |entry| FromServer::for_session(&self.0.service, entry, &join.session);
        let past = entries.iter().map(|entry| frame(entry).encode());
        websocket::texts([welcome.encode()].into_iter().chain(past))
    }
}

impl Room {
    /// Ends the connection that a session has, if it has one.
    fn replace(&mut self, session: &Token) -> Option<Member> {
        let before = self.sessions.remove(session)?;
        let member = self.members.remove(&before)?;
        member.end(Ending::Replaced);
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
    fn told(&mut self, id: MemberId, verdict: &Verdict) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        if let Verdict::Taken(entry) = verdict {
            member.told = matches!(
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
pub(super) fn left(client: ClientId, session: Token, told: bool, trace: TraceContext) -> Offer {
    let passing = if told {
        Passing::Always
    } else {
        Passing::Never
    };
    moved(What::Left { client }, session, passing, trace)
}

/// Somebody came or went.
fn moved(what: What, session: Token, passing: Passing, trace: TraceContext) -> Offer {
    Offer {
        id: Token::random(),
        what,
        source: Source::Own {
            session,
            sequence: None,
        },
        at: clock::now_ms(),
        trace,
        passing,
    }
}

#[cfg(test)]
mod tests;
