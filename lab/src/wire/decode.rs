//! Bytes as they pass become messages, away from where they are copied.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use link::{ConnectionId, Direction};
use runtime::Lifecycle;
use tokio::sync::mpsc;
use wire::{Conversation, Descriptors, Message, Side};

use super::learner::{Answered, Learner, Learning};
use super::store::{Recorded, WireStore};
use crate::links::LabLinks;

/// What happened on a link.
#[derive(Debug)]
struct Event {
    link: Arc<str>,
    connection: ConnectionId,
    at: u64,
    what: What,
}

#[derive(Debug)]
enum What {
    Opened(SocketAddr),
    /// The server was reached from this address.
    Connected(SocketAddr),
    Sent(Direction, Bytes),
    Finished(Direction),
    Ended,
    /// Something was not taken: what follows on this connection cannot be understood.
    Lost,
}

/// Where a link tells what passes.
#[derive(Clone, Debug)]
pub struct Feed {
    events: mpsc::UnboundedSender<Event>,
    /// Bytes that wait to be decoded.
    waiting: Arc<AtomicUsize>,
}

/// Decodes what the links tell.
#[derive(Debug)]
pub struct Decoder {
    events: mpsc::UnboundedReceiver<Event>,
    waiting: Arc<AtomicUsize>,
    store: WireStore,
    open: HashMap<ConnectionId, Open>,
}

#[derive(Debug)]
struct Open {
    client: SocketAddr,
    upstream_port: Option<u16>,
    /// The server's own address.
    server: Arc<str>,
    since: Instant,
    conversation: Conversation,
}

/// With so many bytes waiting, the rest is not looked at: links go on as fast as they can.
const MOST_WAITING: usize = 4 * 1024 * 1024;

/// What an event counts beside its bytes.
const OVERHEAD: usize = 128;

impl Decoder {
    /// A decoder into this store, and where links tell it what passes.
    pub fn new(store: WireStore) -> (Feed, Self) {
        let (sender, events) = mpsc::unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let feed = Feed {
            events: sender,
            waiting: Arc::clone(&waiting),
        };
        let decoder = Self {
            events,
            waiting,
            store,
            open: HashMap::new(),
        };
        (feed, decoder)
    }

    /// Decodes what passes these links until the lab ends.
    pub async fn run(mut self, links: LabLinks, lifecycle: Lifecycle) {
        let known = Descriptors::read(malha_proto::DESCRIPTORS);
        let (mut learner, mut answers) = Learner::new(known, &lifecycle);
        loop {
            let event = tokio::select! {
                event = self.events.recv() => event,
                Some(answered) = answers.recv() => {
                    learner.take(&answered);
                    self.explain(&answered, &mut learner);
                    continue;
                }
                () = lifecycle.stopping() => return,
            };
            let Some(event) = event else { return };
            self.waiting.fetch_sub(event.weight(), Ordering::Relaxed);
            let server = |link: &str| links.upstream(link).unwrap_or_default();
            self.take(event, server, &mut learner);
        }
    }

    /// What passed before its descriptors were known is understood now, or it is said why not.
    fn explain(&self, answered: &Answered, learner: &mut Learner) {
        let descriptors = learner.descriptors(&answered.of.server);
        self.store.change(|recorded| {
            let (of, before) = recorded.foreign.as_ref()?;
            if *of != answered.of || *before == Learning::Learnt {
                return None;
            }
            let mut changed = recorded.clone();
            let is_known = changed.message.explain(&descriptors);
            let learning = match &answered.learning {
                Learning::Learnt if !is_known => Learning::Failed {
                    why: format!("{} does not describe this method", of.server),
                },
                learning => learning.clone(),
            };
            changed.foreign = Some((of.clone(), learning));
            Some(changed)
        });
    }

    fn take(&mut self, event: Event, server: impl Fn(&str) -> String, learner: &mut Learner) {
        let Event {
            link,
            connection,
            at,
            what,
        } = event;
        if let What::Opened(client) = what {
            let server: Arc<str> = server(&link).into();
            let conversation = Conversation::new(&learner.descriptors(&server));
            let open = Open {
                client,
                upstream_port: None,
                server,
                since: Instant::now(),
                conversation,
            };
            self.open.insert(connection, open);
            return;
        }
        let Some(open) = self.open.get_mut(&connection) else {
            if matches!(what, What::Sent(..)) {
                self.store.lost();
            }
            return;
        };
        if let What::Connected(from) = what {
            open.upstream_port = Some(from.port());
            return;
        }
        let (client, upstream_port) = (open.client, open.upstream_port);
        let (server, since) = (Arc::clone(&open.server), open.since);
        let messages = match what {
            What::Opened(_) | What::Connected(_) => Vec::new(),
            What::Sent(direction, bytes) => open.conversation.push(side(direction), &bytes),
            What::Finished(direction) => open.conversation.finish(side(direction)),
            What::Lost => {
                self.open.remove(&connection);
                Vec::new()
            }
            What::Ended => {
                let mut rest = open.conversation.finish(Side::Client);
                rest.extend(open.conversation.finish(Side::Server));
                self.open.remove(&connection);
                rest
            }
        };
        for message in messages {
            let foreign = learner.look(&message, &server, since);
            self.store.add(Recorded {
                id: 0,
                foreign,
                link: Arc::clone(&link),
                connection,
                client,
                upstream_port,
                at,
                message,
            });
        }
    }
}

impl Event {
    fn weight(&self) -> usize {
        match &self.what {
            What::Sent(_, bytes) => OVERHEAD + bytes.len(),
            _ => OVERHEAD,
        }
    }
}

impl Feed {
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
        let is_full = self.waiting.load(Ordering::Relaxed) + bytes.len() > MOST_WAITING;
        let what = if is_full {
            What::Lost
        } else {
            What::Sent(direction, Bytes::copy_from_slice(bytes))
        };
        self.tell(link, connection, what);
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
        let event = Event {
            link: Arc::clone(link),
            connection,
            at: now.map_or(0, |now| u64::try_from(now.as_micros()).unwrap_or(u64::MAX)),
            what,
        };
        self.waiting.fetch_add(event.weight(), Ordering::Relaxed);
        // The decoder ends with the lab.
        _ = self.events.send(event);
    }
}

fn side(direction: Direction) -> Side {
    match direction {
        Direction::Upstream => Side::Client,
        Direction::Downstream => Side::Server,
    }
}

/// Which way a message went, as links name it.
pub(super) fn direction(message: &Message) -> Direction {
    match message.side {
        Side::Client => Direction::Upstream,
        Side::Server => Direction::Downstream,
    }
}
