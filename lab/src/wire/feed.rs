//! What the links tell, as bytes, until somebody looks at it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use link::{ConnectionId, Direction};
use tokio::sync::Notify;

/// What happened on a link.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) link: Arc<str>,
    pub(super) connection: ConnectionId,
    /// In microseconds since 1970.
    pub(super) at: u64,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    Opened(SocketAddr),
    /// The server was reached from this address.
    Connected(SocketAddr),
    Sent(Direction, Box<[u8]>),
    Finished(Direction),
    Ended,
    /// Something was not taken: what follows on this connection cannot be understood.
    Lost,
}

/// Where a link tells what passes. To tell is all that it costs a link: what is told is decoded
/// later, and elsewhere. Clones are the same.
#[derive(Clone, Debug)]
pub struct Feed(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    waiting: Mutex<Waiting>,
    /// Told when the first event waits.
    has_some: Notify,
    /// What is remembered in the end: of more than that, the oldest need not be decoded.
    limit: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    events: VecDeque<Event>,
    weight: usize,
}

/// About what a message of these bytes will take beside them, and what other events take.
const OF_MESSAGE: usize = 400;
const OF_EVENT: usize = 100;

impl Feed {
    /// One from which as much is decoded as is remembered.
    pub(super) fn new(limit: usize) -> Self {
        Self(Arc::new(Inner {
            waiting: Mutex::default(),
            has_some: Notify::new(),
            limit,
        }))
    }

    /// A client has connected.
    pub fn opened(&self, link: &Arc<str>, connection: ConnectionId, client: SocketAddr) {
        self.tell(link, connection, What::Opened(client));
    }

    /// The link has reached the server from this address.
    pub fn connected(&self, link: &Arc<str>, connection: ConnectionId, from: SocketAddr) {
        self.tell(link, connection, What::Connected(from));
    }

    /// One side has sent these bytes.
    pub fn sent(
        &self,
        link: &Arc<str>,
        connection: ConnectionId,
        direction: Direction,
        bytes: &[u8],
    ) {
        self.tell(link, connection, What::Sent(direction, bytes.into()));
    }

    /// One side has ended its sending.
    pub fn finished(&self, link: &Arc<str>, connection: ConnectionId, direction: Direction) {
        self.tell(link, connection, What::Finished(direction));
    }

    /// The connection is over.
    pub fn ended(&self, link: &Arc<str>, connection: ConnectionId) {
        self.tell(link, connection, What::Ended);
    }

    fn tell(&self, link: &Arc<str>, connection: ConnectionId, what: What) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let mut event = Event {
            link: Arc::clone(link),
            connection,
            at: now.map_or(0, |now| u64::try_from(now.as_micros()).unwrap_or(u64::MAX)),
            what,
        };
        let is_first = {
            let mut waiting = self.lock();
            // Links go on as fast as they can, also where nobody keeps up with them.
            if waiting.weight > 2 * self.0.limit && matches!(event.what, What::Sent(..)) {
                event.what = What::Lost;
            }
            waiting.weight += event.weight();
            waiting.events.push_back(event);
            waiting.events.len() == 1
        };
        if is_first {
            self.0.has_some.notify_one();
        }
    }

    /// Waits until something waits here.
    pub(super) async fn some(&self) {
        while self.is_empty() {
            self.0.has_some.notified().await;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.lock().events.len()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the oldest out, at most so many of them.
    pub(super) fn oldest(&self, most: usize) -> Vec<Event> {
        let mut waiting = self.lock();
        let most = most.min(waiting.events.len());
        let oldest: Vec<_> = waiting.events.drain(..most).collect();
        waiting.weight -= oldest.iter().map(Event::weight).sum::<usize>();
        oldest
    }

    /// Takes those out that would be forgotten, decoded or not: so much has come after them.
    pub(super) fn outdated(&self) -> Vec<Event> {
        let waiting = self.lock();
        let mut weight = waiting.weight;
        let newer = waiting.events.iter().position(|event| {
            let is_kept = weight <= self.0.limit;
            weight -= event.weight();
            is_kept
        });
        drop(waiting);
        self.oldest(newer.unwrap_or(usize::MAX))
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        let waiting = &self.0.waiting;
        waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Event {
    fn weight(&self) -> usize {
        match &self.what {
            What::Sent(_, bytes) => OF_MESSAGE + bytes.len(),
            _ => OF_EVENT,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;

    use super::*;

    fn told(limit: usize, count: u8) -> Feed {
        let feed = Feed::new(limit);
        for byte in 0..count {
            feed.sent(&"a-to-b".into(), 1, Direction::Upstream, &[byte; 100]);
        }
        feed
    }

    fn first_bytes(events: &[Event]) -> Vec<Option<u8>> {
        let bytes = events.iter().map(|event| match &event.what {
            What::Sent(_, bytes) => bytes.first().copied(),
            _ => None,
        });
        bytes.collect()
    }

    #[test]
    fn what_would_be_forgotten_is_outdated_and_the_rest_waits_in_order() {
        let feed = told(1500, 5);
        assert_eq!(first_bytes(&feed.outdated()), [Some(0), Some(1)]);
        assert!(feed.outdated().is_empty());
        assert_eq!(first_bytes(&feed.oldest(2)), [Some(2), Some(3)]);
        assert_eq!(first_bytes(&feed.oldest(9)), [Some(4)]);
        assert!(feed.is_empty());
    }

    #[test]
    fn where_nobody_keeps_up_it_is_said_and_memory_is_bounded() {
        let feed = told(1000, 9);
        let waiting = first_bytes(&feed.oldest(9));
        assert_eq!(waiting[..5], [0, 1, 2, 3, 4].map(Some));
        assert_eq!(waiting[5..], [None; 4]);
    }

    #[tokio::test]
    async fn whoever_waits_is_told_of_the_first_event() {
        let feed = Feed::new(1000);
        let mut some = pin!(feed.some());
        assert!(some.as_mut().now_or_never().is_none());
        feed.finished(&"a-to-b".into(), 1, Direction::Upstream);
        assert!(some.now_or_never().is_some());
        assert!(feed.some().now_or_never().is_some(), "it is still there");
    }
}
