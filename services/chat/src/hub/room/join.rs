//! Coming and going.

use bytes::Bytes;

use super::Room;
use super::{Member, MemberId, Protocol};
use crate::domain::history::Resumed;
use crate::domain::log::{AppendOutcome, AppendRequest, RelayPolicy};
use crate::domain::{ClientId, Event, Source, Token, TraceContext};
use crate::wire::relay;
use crate::wire::v1::{PresenceFrame, ServerFrame, Welcome};
use crate::wire::websocket;

/// Who comes, and what it wants to see.
#[derive(Clone, Debug)]
pub struct Join {
    /// The client.
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

#[cfg(test)]
impl Join {
    /// A client who is new here, and asks for nothing of the past.
    pub(crate) fn example() -> Self {
        Self {
            client: ClientId::parse("7").unwrap(),
            session: Token::random(),
            protocol: Protocol::V1,
            resume: None,
            history: 0,
        }
    }
}

/// Where a client was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resume {
    /// The log.
    pub epoch: Token,
    /// Its cursor there.
    pub cursor: u64,
}

/// What `welcome` says of the settings.
#[derive(Clone, Debug)]
pub struct WelcomeSettings {
    /// Where to look at traces.
    pub trace_url: Option<String>,
    /// Largest frame of a client.
    pub max_message: usize,
    /// Milliseconds between two pings.
    pub ping_interval: u64,
    /// Whether a message is relayed once and then forgotten.
    pub at_most_once: bool,
}

/// A client that was let in.
pub(in super::super) struct Admitted<H> {
    pub(in super::super) member: MemberId,
    /// The connection that its session had.
    pub(in super::super) replaced: Option<Member<H>>,
    /// Whether its session is here anew, so that the others are told.
    pub(in super::super) is_new: bool,
    /// Whether a resumed client missed nothing.
    pub(in super::super) recovered: Option<bool>,
    /// What it is sent before anything else.
    pub(in super::super) first: Bytes,
}

impl<H: Clone> Room<H> {
    /// Lets a client in, in place of the connection that its session has, or had at a process that
    /// was killed.
    pub(in super::super) fn admit(
        &mut self,
        join: &Join,
        handle: H,
        settings: &WelcomeSettings,
    ) -> Admitted<H> {
        let before = self.sessions.remove(&join.session);
        let replaced = before.and_then(|before| self.members.remove(&before));
        let before = replaced.as_ref().map(|before| before.announced);
        let returned = || Some(self.awaited.returned(join)?.announced);
        let announced = before.or_else(returned);
        let (recovered, first) = match join.protocol {
            Protocol::V1 => self.first_frames(join, settings),
            Protocol::Plain => (None, Bytes::new()),
        };
        let member = MemberId(self.next);
        self.next += 1;
        self.sessions.insert(join.session.clone(), member);
        let last = self.log.history().last();
        let newcomer = Member {
            client: join.client,
            session: join.session.clone(),
            protocol: join.protocol,
            announced: announced.unwrap_or_default(),
            seen: last.max(self.resume_cursor(join)),
            handle,
        };
        self.members.insert(member, newcomer);
        Admitted {
            member,
            replaced,
            is_new: announced.is_none(),
            recovered,
            first,
        }
    }

    /// Lets a client go, unless its session has another connection. Until
    /// [`left`](Self::left) it still counts as one in the room.
    pub(in super::super) fn remove(&mut self, member: MemberId) -> Option<Member<H>> {
        let member = self.members.remove(&member)?;
        self.sessions.remove(&member.session);
        self.leaving += 1;
        Some(member)
    }

    /// A member who was removed needs no entry any more.
    pub(in super::super) fn left(&mut self) {
        self.leaving = self.leaving.saturating_sub(1);
    }

    /// Notes whether a member's join was relayed.
    pub(in super::super) fn note_announced(&mut self, id: MemberId, joined: &AppendOutcome) {
        if let (Some(member), AppendOutcome::Appended(entry)) = (self.members.get_mut(&id), joined)
        {
            member.announced = entry.sequence().is_some();
        }
    }

    /// What a client has seen of this log, perhaps at a replica that is ahead of this one.
    fn resume_cursor(&self, join: &Join) -> u64 {
        let resume = join.resume.as_ref();
        let same = resume.filter(|resume| resume.epoch == *self.log.epoch());
        same.map_or(0, |resume| resume.cursor)
    }

    /// `welcome`, and the past that the client is to see.
    fn first_frames(&self, join: &Join, settings: &WelcomeSettings) -> (Option<bool>, Bytes) {
        let (history, own) = (self.log.history(), self.log.service());
        let (recovered, entries) = match &join.resume {
            Some(resume) => {
                let same_epoch = resume.epoch == *self.log.epoch();
                let Resumed { recovered, entries } = history.resume(same_epoch, resume.cursor);
                (Some(recovered), entries)
            }
            None => (None, history.tail(join.history)),
        };
        let cursor = entries
            .first()
            .map_or(history.last(), |entry| entry.cursor - 1)
            .max(self.resume_cursor(join));
        let welcome = ServerFrame::Welcome(Box::new(Welcome {
            service: own,
            client: join.client,
            session: &join.session,
            epoch: self.log.epoch(),
            cursor,
            recovered,
            behind: entries.len(),
            delivered: self.delivered(),
            peers: self.peers.iter().map(|peer| &peer.state).collect(),
            presence: PresenceFrame::all(&self.presence),
            trace_url: settings.trace_url.as_deref(),
            max_message_bytes: settings.max_message,
            ping_interval: settings.ping_interval,
            at_most_once: settings.at_most_once,
        }));
        let frame = |entry| ServerFrame::for_session(own, entry, &join.session);
        let past = entries.iter().map(|entry| frame(entry).encode());
        let first = websocket::texts([welcome.encode()].into_iter().chain(past));
        (recovered, first)
    }
}

/// A client came. The peers are told if there is room.
pub(in super::super) fn join_request(join: &Join, trace: TraceContext) -> AppendRequest {
    let client = join.client;
    let session = join.session.clone();
    membership_change(
        Event::Joined { client },
        session,
        RelayPolicy::IfRoom,
        trace,
    )
}

/// A client went. The peers are told if they were told that it came.
pub(in super::super) fn leave_request(
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
        at: relay::now_ms(),
        trace,
        relay,
    }
}
