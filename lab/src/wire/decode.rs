//! Bytes as they pass become messages, away from where they are copied.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use link::{ConnectionId, Direction};
use runtime::Lifecycle;
use tokio::sync::{mpsc, oneshot};
use wire::{Conversation, Descriptors, Message, Side};

use super::feed::{Event, Feed, What};
use super::learner::{Answered, Learner, Learning};
use super::store::{Recorded, WireStore};
use crate::links::LabLinks;

/// Decodes what the links tell.
#[derive(Debug)]
pub struct Decoder {
    feed: Feed,
    asked: mpsc::UnboundedReceiver<oneshot::Sender<()>>,
    store: WireStore,
    open: HashMap<ConnectionId, Open>,
}

/// Lets whoever is to be shown what passed wait until all of it is decoded. Clones are the same.
#[derive(Clone, Debug)]
pub struct CatchUp(mpsc::UnboundedSender<oneshot::Sender<()>>);

#[derive(Debug)]
struct Open {
    client: SocketAddr,
    upstream_port: Option<u16>,
    /// The server's own address.
    server: Arc<str>,
    since: Instant,
    conversation: Conversation,
}

/// What nobody asks for is decoded so often, and so many events at a time: a link that is under load
/// is not slowed down by what there is to decode. What has passed on it waits, or is passed over.
const LEISURE: Duration = Duration::from_millis(50);
const AT_LEISURE: usize = 100;

/// After so many, others get their turn.
const AT_ONCE: usize = 500;

impl Decoder {
    /// A decoder into this store, and where links tell it what passes.
    pub fn new(store: WireStore) -> (Feed, CatchUp, Self) {
        let feed = Feed::new(store.limit());
        let (ask, asked) = mpsc::unbounded_channel();
        let decoder = Self {
            feed: feed.clone(),
            asked,
            store,
            open: HashMap::new(),
        };
        (feed, CatchUp(ask), decoder)
    }

    /// Decodes what passes these links until the lab ends.
    pub async fn run(mut self, links: LabLinks, lifecycle: Lifecycle) {
        let known = Descriptors::read(malha_proto::DESCRIPTORS);
        let (mut learner, mut answers) = Learner::new(known, &lifecycle);
        let server = |link: &str| links.upstream(link).unwrap_or_default();
        let feed = self.feed.clone();
        loop {
            let leisure = async {
                feed.some().await;
                tokio::time::sleep(LEISURE).await;
            };
            tokio::select! {
                () = leisure => {
                    self.pass_over(feed.outdated(), server, &mut learner);
                    self.take(feed.oldest(AT_LEISURE), server, &mut learner);
                }
                Some(asks) = self.asked.recv() => {
                    self.catch_up(server, &mut learner).await;
                    // Whoever has gone away does not wait any more.
                    _ = asks.send(());
                }
                Some(answered) = answers.recv() => {
                    learner.take(&answered);
                    self.explain(&answered, &mut learner);
                }
                () = lifecycle.stopping() => return,
            }
        }
    }

    /// Decodes everything that waits now.
    async fn catch_up(&mut self, server: impl Fn(&str) -> String + Copy, learner: &mut Learner) {
        self.pass_over(self.feed.outdated(), server, learner);
        let mut left = self.feed.len();
        while left > 0 {
            let events = self.feed.oldest(left.min(AT_ONCE));
            left -= events.len();
            self.take(events, server, learner);
            tokio::task::yield_now().await;
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

    /// Decodes what happened.
    fn take(&mut self, events: Vec<Event>, server: impl Fn(&str) -> String, learner: &mut Learner) {
        for event in events {
            let (link, connection, at) = (Arc::clone(&event.link), event.connection, event.at);
            let Some((open, said)) = self.said(event, &server, learner) else {
                continue;
            };
            let is_over = matches!(said, Said::Both);
            let messages = match said {
                Said::Bytes(side, bytes) => open.conversation.push(side, &bytes),
                Said::End(side) => open.conversation.finish(side),
                Said::Both => open.conversation.end(),
            };
            let (server, since) = (Arc::clone(&open.server), open.since);
            let (client, upstream_port) = (open.client, open.upstream_port);
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
            if is_over {
                self.open.remove(&connection);
            }
        }
    }

    /// Follows what happened, so that what comes after it is understood; none of it is remembered.
    fn pass_over(
        &mut self,
        events: Vec<Event>,
        server: impl Fn(&str) -> String,
        learner: &mut Learner,
    ) {
        for event in events {
            let connection = event.connection;
            let Some((open, said)) = self.said(event, &server, learner) else {
                continue;
            };
            let is_over = matches!(said, Said::Both);
            let messages = match said {
                Said::Bytes(side, bytes) => open.conversation.skip(side, &bytes),
                Said::End(side) => open.conversation.finish(side).len(),
                Said::Both => open.conversation.end().len(),
            };
            self.store.forgot(messages);
            if is_over {
                self.open.remove(&connection);
            }
        }
    }

    /// What was said on a connection, which begins and ends by events too.
    fn said(
        &mut self,
        event: Event,
        server: impl Fn(&str) -> String,
        learner: &mut Learner,
    ) -> Option<(&mut Open, Said)> {
        let connection = event.connection;
        let said = match event.what {
            What::Opened(client) => {
                let server: Arc<str> = server(&event.link).into();
                let conversation = Conversation::new(&learner.descriptors(&server));
                let open = Open {
                    client,
                    upstream_port: None,
                    server,
                    since: Instant::now(),
                    conversation,
                };
                self.open.insert(connection, open);
                return None;
            }
            What::Connected(from) => {
                if let Some(open) = self.open.get_mut(&connection) {
                    open.upstream_port = Some(from.port());
                }
                return None;
            }
            What::Lost => {
                self.open.remove(&connection);
                self.store.forgot(1);
                return None;
            }
            What::Sent(direction, bytes) => Said::Bytes(side(direction), bytes),
            What::Finished(direction) => Said::End(side(direction)),
            What::Ended => Said::Both,
        };
        let open = self.open.get_mut(&connection);
        if open.is_none() && matches!(said, Said::Bytes(..)) {
            self.store.forgot(1);
        }
        Some((open?, said))
    }
}

/// What passes on a connection that is open.
enum Said {
    Bytes(Side, Box<[u8]>),
    /// A side has said all.
    End(Side),
    /// Both have.
    Both,
}

impl CatchUp {
    /// Returns when all that has passed is decoded.
    pub(super) async fn wait(&self) {
        let (ask, done) = oneshot::channel();
        // The decoder ends with the lab.
        if self.0.send(ask).is_ok() {
            _ = done.await;
        }
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

#[cfg(test)]
mod tests {
    use testing::TestLifecycle;
    use tokio::runtime::Handle;

    use super::super::fixture::call_at;
    use super::super::learner::Foreign;
    use super::*;
    use crate::links::Wiring;
    use crate::supervisor::status::StatusRegistry;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\n\r\n";
    const ANSWER: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";

    /// What is remembered of what a link tells, and how much is not.
    async fn decoded(limit: usize, tell: impl Fn(&Feed, &Arc<str>)) -> (Vec<Arc<Recorded>>, u64) {
        let store = WireStore::new(limit);
        let (feed, _, mut decoder) = Decoder::new(store.clone());
        tell(&feed, &"a-to-b".into());
        let lifecycle = TestLifecycle::default();
        let (mut learner, _) = Learner::new(Descriptors::default(), lifecycle.lifecycle());
        let server = |_: &str| "127.0.0.1:1".to_owned();
        decoder.catch_up(server, &mut learner).await;
        (store.latest(usize::MAX, |_| true), store.forgotten())
    }

    fn addresses() -> [SocketAddr; 2] {
        [4000, 5000].map(|port| ([127, 0, 0, 1], port).into())
    }

    #[tokio::test]
    async fn what_passes_becomes_messages_with_both_ends_of_their_connection() {
        let [client, from] = addresses();
        let (messages, forgotten) = decoded(100_000, |feed, link| {
            feed.opened(link, 1, client);
            feed.connected(link, 1, from);
            let (head, rest) = REQUEST.split_at(5);
            feed.sent(link, 1, Direction::Upstream, head);
            feed.sent(link, 1, Direction::Upstream, rest);
            feed.sent(link, 1, Direction::Downstream, ANSWER);
            feed.ended(link, 1);
            feed.sent(link, 1, Direction::Upstream, b"too late");
        })
        .await;
        let said: Vec<_> = messages.iter().map(|one| &one.message.bytes[..]).collect();
        assert_eq!(said, [REQUEST, ANSWER]);
        let ways: Vec<_> = messages.iter().map(|one| direction(&one.message)).collect();
        assert_eq!(ways, [Direction::Upstream, Direction::Downstream]);
        for message in messages {
            assert_eq!(
                (message.client, message.upstream_port),
                (client, Some(5000))
            );
            assert_eq!((&*message.link, message.connection), ("a-to-b", 1));
        }
        assert_eq!(forgotten, 1, "what passed on no connection");
    }

    #[tokio::test]
    async fn what_a_server_has_described_is_learnt() {
        let [client, _] = addresses();
        let lifecycle = TestLifecycle::default();
        let known = Descriptors::read(malha_proto::DESCRIPTORS);
        let (mut learner, _) = Learner::new(known, lifecycle.lifecycle());
        let of = Foreign {
            server: "127.0.0.1:1".into(),
            service: "usuarios.v1.UsuarioService".to_owned(),
        };
        let store = WireStore::new(100_000);
        store.add(Recorded {
            id: 0,
            link: "a-to-b".into(),
            connection: 1,
            client,
            upstream_port: None,
            at: 0,
            message: call_at("/usuarios.v1.UsuarioService/ObterUsuario"),
            foreign: Some((of.clone(), Learning::Asking)),
        });
        let (_, _, decoder) = Decoder::new(store.clone());
        let learning = Learning::Learnt;
        decoder.explain(&Answered { of, learning }, &mut learner);
        let learnt = store.latest(1, |_| true).remove(0);
        assert_eq!(learnt.foreign.as_ref().unwrap().1, Learning::Learnt);
    }

    #[tokio::test]
    async fn who_waits_finds_all_that_has_passed() {
        let lifecycle = TestLifecycle::default();
        let lifecycle = lifecycle.lifecycle();
        let store = WireStore::new(100_000);
        let (feed, catch_up, decoder) = Decoder::new(store.clone());
        let (home, registry) = (Handle::current(), StatusRegistry::new(&[]));
        let links = LabLinks::start(Wiring::default(), home, &registry, feed.clone(), lifecycle);
        lifecycle.spawn(decoder.run(links.await.unwrap(), lifecycle.clone()));
        let link = "a-to-b".into();
        feed.opened(&link, 1, addresses()[0]);
        feed.sent(&link, 1, Direction::Upstream, REQUEST);
        catch_up.wait().await;
        assert_eq!(store.latest(9, |_| true).len(), 1);
    }

    #[tokio::test]
    async fn what_is_not_remembered_is_counted_whether_it_was_passed_over_or_lost() {
        let [client, _] = addresses();
        for limit in [8000, 1000] {
            let (messages, forgotten) = decoded(limit, |feed, link| {
                feed.opened(link, 1, client);
                for _ in 0..30 {
                    feed.sent(link, 1, Direction::Upstream, REQUEST);
                }
            })
            .await;
            let remembered = messages.len() as u64;
            assert_eq!(remembered + forgotten, 30, "{limit}: {remembered}");
        }
    }

    #[tokio::test]
    async fn what_a_server_says_of_itself_is_said_of_its_messages_alone() {
        let of = |service: &str| Foreign {
            server: "127.0.0.1:1".into(),
            service: service.to_owned(),
        };
        let (messages, _) = decoded(100_000, |feed, link| {
            feed.opened(link, 1, addresses()[0]);
            feed.sent(link, 1, Direction::Upstream, REQUEST);
        })
        .await;
        let store = WireStore::new(100_000);
        for foreign in [
            Some((of("a"), Learning::Asking)),
            Some((of("a"), Learning::Learnt)),
            Some((of("b"), Learning::Asking)),
            None,
        ] {
            let message = (*messages[0]).clone();
            store.add(Recorded { foreign, ..message });
        }
        let (_, _, decoder) = Decoder::new(store.clone());
        let lifecycle = TestLifecycle::default();
        let (mut learner, _) = Learner::new(Descriptors::default(), lifecycle.lifecycle());
        let failed = |why: &str| Learning::Failed {
            why: why.to_owned(),
        };
        for (learning, expected) in [
            (failed("refused"), failed("refused")),
            (
                Learning::Learnt,
                failed("127.0.0.1:1 does not describe this method"),
            ),
        ] {
            let answered = Answered {
                of: of("a"),
                learning,
            };
            decoder.explain(&answered, &mut learner);
            let latest = store.latest(9, |_| true).into_iter();
            let now = latest.map(|one| one.foreign.as_ref().map(|(_, learning)| learning.clone()));
            let others = [Some(Learning::Learnt), Some(Learning::Asking), None];
            let all: Vec<_> = [Some(expected)].into_iter().chain(others).collect();
            assert_eq!(now.collect::<Vec<_>>(), all);
        }
    }
}
