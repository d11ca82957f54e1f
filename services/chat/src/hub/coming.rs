//! Coming and going.

use axum::extract::ws::Utf8Bytes;
use tokio::sync::{mpsc, oneshot};

use super::member::{Ending, Member, MemberId, Speaks};
use super::{Hub, Room};
use crate::clock;
use crate::domain::history::Resumed;
use crate::domain::log::{Offer, Passing, Verdict};
use crate::domain::{ClientId, Source, Token, TraceContext, What};
use crate::metrics::RecoveredLabel;
use crate::wire::v1::{FromServer, HereFrame, Welcome};

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

/// A place in the room.
#[derive(Debug)]
pub struct Joined {
    /// The place.
    pub member: MemberId,
    /// Sent before anything of the queue.
    pub first: Vec<Utf8Bytes>,
    /// What is sent from now on.
    pub queue: mpsc::Receiver<Utf8Bytes>,
    /// Comes when the room ends the connection.
    pub ended: oneshot::Receiver<Ending>,
}

impl Hub {
    /// Lets a client in. Everybody is told, itself included, unless its session was here already.
    pub fn join(&self, join: Join, trace: TraceContext) -> Joined {
        let (sender, queue) = mpsc::channel(self.0.welcome.queue);
        let (end, ended) = oneshot::channel();
        let mut room = self.lock();
        let mut member = Member::new(join.client, join.session.clone(), join.speaks, sender, end);
        let before = room.replace(&join.session);
        let first = match join.speaks {
            Speaks::Plain => Vec::new(),
            Speaks::V1 => self.first_frames(&room, &join),
        };
        member.seen = room.local.log().history().last();
        member.told = before.as_ref().is_some_and(|before| before.told);
        let id = room.admit(member);
        let label = join.speaks.label();
        self.0.metrics.clients.get_or_create(&label).inc();
        if let Some(before) = before {
            self.0
                .metrics
                .clients
                .get_or_create(&before.speaks.label())
                .dec();
        } else {
            let what = What::Joined {
                client: join.client,
            };
            let offer = moved(what, join.session, Passing::IfRoom, trace);
            let verdict = self.take(&mut room, offer);
            room.told(id, &verdict);
        }
        self.0.members.send_replace(room.members.len());
        Joined {
            member: id,
            first,
            queue,
            ended,
        }
    }

    /// A client is gone. The others are told, unless its session is here by another connection.
    pub fn leave(&self, member: MemberId, trace: TraceContext) {
        let mut room = self.lock();
        let Some(member) = room.members.remove(&member) else {
            return; // replaced
        };
        room.sessions.remove(&member.session);
        let label = member.speaks.label();
        self.0.metrics.clients.get_or_create(&label).dec();
        let client = member.client;
        let passing = if member.told {
            Passing::Always
        } else {
            Passing::Never
        };
        let offer = moved(What::Left { client }, member.session, passing, trace);
        self.take(&mut room, offer);
        self.0.members.send_replace(room.members.len());
    }

    /// `welcome`, and the past that the client is to see.
    fn first_frames(&self, room: &Room, join: &Join) -> Vec<Utf8Bytes> {
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
            .map_or(history.last(), |entry| entry.cursor - 1);
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
        let all = [welcome.encode()].into_iter().chain(past);
        all.map(Utf8Bytes::from).collect()
    }
}

impl Room {
    /// Ends the connection that a session has, if it has one.
    fn replace(&mut self, session: &Token) -> Option<Member> {
        let before = self.sessions.remove(session)?;
        let mut member = self.members.remove(&before)?;
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

/// Somebody came or went.
pub(super) fn moved(what: What, session: Token, passing: Passing, trace: TraceContext) -> Offer {
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
