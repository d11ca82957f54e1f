//! Sessions of a process that was killed: they have a while to come back, and until then nobody is
//! told that they left. So a restart with thousands of clients is not told of to each of them twice
//! for each of the others.

use std::collections::BTreeMap;

use super::{Join, Room};
use crate::domain::Token;
use crate::domain::log::LocalSession;

/// The sessions that are awaited.
#[derive(Debug, Default)]
pub(super) struct Awaited(BTreeMap<Token, LocalSession>);

/// Sessions that have left, as they were known.
pub(in crate::hub) type Gone = Vec<(Token, LocalSession)>;

impl Awaited {
    /// Awaits the sessions that a log knows and no process has.
    pub(super) fn new(sessions: &BTreeMap<Token, LocalSession>) -> Self {
        Self(sessions.clone())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The session that comes, if it is awaited.
    pub(super) fn returned(&mut self, join: &Join) -> Option<LocalSession> {
        let known = self.0.get(&join.session)?;
        (known.client == join.client).then(|| self.0.remove(&join.session))?
    }

    /// What a new session says of those awaited: a client that has lost its session does not come
    /// back by it, and no session has two clients.
    fn replaced_by(&mut self, join: &Join) -> Gone {
        let is_replaced = |session: &Token, of: &mut LocalSession| {
            *session == join.session || of.client == join.client
        };
        self.0.extract_if(.., is_replaced).collect()
    }
}

impl<H: Clone> Room<H> {
    /// The sessions that nobody awaits any more since this one is here. Each counts as one in the
    /// room until [`left`](Self::left).
    pub(in crate::hub) fn give_up_replaced(&mut self, join: &Join) -> Gone {
        let gone = self.awaited.replaced_by(join);
        self.leaving += gone.len();
        gone
    }

    /// The sessions that did not come back. Each counts as one in the room until
    /// [`left`](Self::left).
    pub(in crate::hub) fn give_up_awaited(&mut self) -> Gone {
        let gone: Gone = std::mem::take(&mut self.awaited.0).into_iter().collect();
        self.leaving += gone.len();
        gone
    }
}
