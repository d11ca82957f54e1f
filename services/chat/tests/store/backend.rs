//! The places where a log is kept, and rooms around it.

use std::ops::Deref;
use std::time::Duration;

use chat::Chat;
use chat::domain::log::{AppendOutcome, AppendRequest, RelayPolicy};
use chat::domain::{ClientId, Entry, Event, Source, Token, TraceContext};
use chat::hub::Hub;
use chat::metrics::ChatMetrics;
use tempfile::TempDir;
use testing::{RedisCluster, RedisServer, TestLifecycle, settings};

pub(crate) const PEER: &str = "http://peer.example/relay";

/// Where the log is kept.
pub(crate) enum Backend {
    Memory,
    Disk(TempDir),
    Redis(RedisServer),
    Cluster(RedisCluster),
}

/// A room at work.
pub(crate) struct Room {
    hub: Hub,
    lifecycle: TestLifecycle,
}

impl Deref for Room {
    type Target = Hub;

    fn deref(&self) -> &Hub {
        &self.hub
    }
}

impl Backend {
    /// A room around the log, with these settings beside.
    pub(crate) async fn room(&self, more: &[(&str, &str)]) -> Room {
        let place = match self {
            Self::Memory => None,
            Self::Disk(directory) => {
                let path = directory.path().to_str().unwrap();
                Some(("OUTBOX_DIR", path.to_owned()))
            }
            Self::Redis(server) => Some(("REDIS_URL", server.url())),
            Self::Cluster(cluster) => Some(("REDIS_URL", cluster.url())),
        };
        let mut pairs = vec![("PEER_URL", PEER)];
        pairs.extend(place.iter().map(|(name, value)| (*name, value.as_str())));
        if matches!(self, Self::Cluster(_)) {
            pairs.push(("REDIS_MODE", "cluster"));
        }
        pairs.extend(more);
        let settings = settings::<Chat>(&pairs);
        let lifecycle = TestLifecycle::default();
        let metrics = ChatMetrics::new(lifecycle.lifecycle().metrics());
        let opened = chat::open(&settings, metrics, lifecycle.lifecycle()).await;
        let (hub, following) = opened.unwrap().expect("a room");
        if let Some(following) = following {
            let (hub, living) = (hub.clone(), lifecycle.lifecycle().clone());
            lifecycle.lifecycle().spawn(async move {
                // It ends with the test, at the latest when Redis does.
                let _ = following.run(&hub, &living).await;
            });
        }
        Room { hub, lifecycle }
    }
}

impl Room {
    /// Ends as a process does that is killed.
    pub(crate) async fn kill(self) {
        let Self { hub, lifecycle } = self;
        drop(hub);
        lifecycle.lifecycle().finish(Duration::ZERO).await;
    }

    pub(crate) async fn appended(&self, request: AppendRequest) -> Entry {
        match self.append(request).await {
            AppendOutcome::Appended(entry) => (*entry).clone(),
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn token(text: &str) -> Token {
    Token::parse(text).unwrap()
}

fn request(id: &str, event: Event, source: Source, relay: RelayPolicy) -> AppendRequest {
    AppendRequest {
        id: token(id),
        event,
        source,
        at: 5,
        trace: TraceContext::default(),
        relay,
    }
}

fn said(text: &str) -> Event {
    Event::Message {
        client: client(),
        text: text.to_owned(),
    }
}

pub(crate) fn client() -> ClientId {
    ClientId::parse("261").unwrap()
}

/// A message of a session of this service.
pub(crate) fn own(session: &str, id: &str, text: &str) -> AppendRequest {
    let source = Source::Own {
        session: token(session),
        sequence: None,
    };
    request(id, said(text), source, RelayPolicy::Required)
}

/// A message that a peer relays.
pub(crate) fn relayed(origin: &str, epoch: &str, sequence: u64, id: &str) -> AppendRequest {
    let source = Source::Peer {
        origin: token(origin),
        epoch: token(epoch),
        sequence,
    };
    request(id, said("de longe"), source, RelayPolicy::Never)
}

/// A message of a peer that is the original program: it gives no number.
pub(crate) fn original(id: &str) -> AppendRequest {
    request(id, said("de longe"), Source::Original, RelayPolicy::Never)
}

/// A session of this service comes or goes.
pub(crate) fn membership(session: &str, event: Event, relay: RelayPolicy) -> AppendRequest {
    let source = Source::Own {
        session: token(session),
        sequence: None,
    };
    request(Token::random().as_str(), event, source, relay)
}
