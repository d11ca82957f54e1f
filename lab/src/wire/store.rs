//! The latest messages of every link.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use link::ConnectionId;
use wire::Message;

use super::learner::{Foreign, Learning};

/// A message that passed a link.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Unique in the lab's life.
    pub id: u64,
    /// The link.
    pub link: Arc<str>,
    /// The connection.
    pub connection: ConnectionId,
    /// Who opened it.
    pub client: SocketAddr,
    /// The link's own port on the way to the server.
    pub upstream_port: Option<u16>,
    /// When, in microseconds since 1970.
    pub at: u64,
    /// What.
    pub message: Message,
    /// The service that it belongs to, where its descriptors were not known, and what came of it.
    pub(super) foreign: Option<(Foreign, Learning)>,
}

/// What is remembered, oldest first. Clones are the same.
#[derive(Clone, Debug)]
pub struct WireStore(Arc<Mutex<Store>>);

#[derive(Debug)]
struct Store {
    messages: VecDeque<Arc<Recorded>>,
    weight: usize,
    limit: usize,
    next: u64,
    forgotten: u64,
}

impl WireStore {
    /// A memory of at most so many bytes.
    pub fn new(limit: usize) -> Self {
        Self(Arc::new(Mutex::new(Store {
            messages: VecDeque::new(),
            weight: 0,
            limit,
            next: 1,
            forgotten: 0,
        })))
    }

    /// Remembers a message; the oldest go where there is no room.
    pub fn add(&self, recorded: Recorded) {
        let mut store = self.lock();
        let id = store.next;
        store.next += 1;
        store.weight += weight(&recorded);
        store
            .messages
            .push_back(Arc::new(Recorded { id, ..recorded }));
        store.forget();
    }

    /// Changes messages into what comes out for them.
    pub(super) fn change(&self, changed: impl Fn(&Recorded) -> Option<Recorded>) {
        let mut store = self.lock();
        let mut weight_now = store.weight;
        for recorded in &mut store.messages {
            if let Some(changed) = changed(recorded) {
                weight_now = weight_now - weight(recorded) + weight(&changed);
                *recorded = Arc::new(changed);
            }
        }
        store.weight = weight_now;
        store.forget();
    }

    /// So many messages passed that nobody can look at any more.
    pub(super) fn forgot(&self, messages: usize) {
        self.lock().forgotten += messages as u64;
    }

    /// How many bytes are remembered at most.
    pub(super) fn limit(&self) -> usize {
        self.lock().limit
    }

    /// The latest that are wanted, oldest first.
    pub fn latest(
        &self,
        limit: usize,
        is_wanted: impl Fn(&Recorded) -> bool,
    ) -> Vec<Arc<Recorded>> {
        let store = self.lock();
        let wanted = store
            .messages
            .iter()
            .rev()
            .filter(|recorded| is_wanted(recorded));
        let mut latest: Vec<_> = wanted.take(limit).cloned().collect();
        latest.reverse();
        latest
    }

    /// How many there was no room for.
    pub fn forgotten(&self) -> u64 {
        self.lock().forgotten
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// The oldest go where there is no room.
    fn forget(&mut self) {
        while self.weight > self.limit {
            let Some(oldest) = self.messages.pop_front() else {
                break;
            };
            self.weight -= weight(&oldest);
            self.forgotten += 1;
        }
    }
}

/// About what a message takes.
fn weight(recorded: &Recorded) -> usize {
    let message = &recorded.message;
    let fields = message.layers.iter().flat_map(|layer| &layer.fields);
    let fields: usize = fields
        .map(|field| 80 + field.name.len() + field.value.len())
        .sum();
    let text = message.text.as_ref().map_or(0, String::len);
    let later = message.kept_for_later();
    400 + message.bytes.len() + message.summary.len() + text + fields + later
}

#[cfg(test)]
mod tests {
    use wire::{Field, Layer, Side};

    use super::super::fixture::call;
    use super::*;

    fn recorded(link: &str, size: usize) -> Recorded {
        Recorded {
            id: 0,
            link: link.into(),
            connection: 1,
            client: ([127, 0, 0, 1], 4000).into(),
            upstream_port: None,
            at: 0,
            foreign: None,
            message: Message {
                side: Side::Client,
                protocol: "bytes",
                summary: String::new(),
                bytes: vec![0; size],
                layers: Vec::new(),
                text: None,
                trace: None,
                call: None,
            },
        }
    }

    #[test]
    fn the_oldest_go_where_there_is_no_room() {
        let store = WireStore::new(10_000);
        for _ in 0..100 {
            store.add(recorded("a", 600));
        }
        let kept = store.latest(1000, |_| true);
        assert_eq!(kept.len(), 10);
        assert_eq!(kept.last().unwrap().id, 100);
        assert_eq!(store.forgotten(), 90);
    }

    #[test]
    fn the_latest_of_one_link_come_oldest_first() {
        let store = WireStore::new(100_000);
        for link in ["a", "b", "a", "a"] {
            store.add(recorded(link, 1));
        }
        let ids: Vec<_> = store
            .latest(2, |recorded| &*recorded.link == "a")
            .iter()
            .map(|recorded| recorded.id)
            .collect();
        assert_eq!(ids, [3, 4]);
    }

    #[test]
    fn what_fills_the_memory_to_the_last_stays() {
        let store = WireStore::new(2000);
        for _ in 0..2 {
            store.add(recorded("a", 600));
        }
        assert_eq!((store.forgotten(), store.limit()), (0, 2000));
        store.forgot(3);
        assert_eq!(store.forgotten(), 3);
    }

    #[test]
    fn what_comes_out_for_a_message_takes_its_place_and_its_room() {
        let store = WireStore::new(2000);
        let first_becomes = |size| {
            store.change(move |message| (message.id == 1).then(|| recorded("b", size)));
        };
        store.add(recorded("a", 600));
        store.add(recorded("a", 600));
        first_becomes(100);
        store.add(recorded("a", 100));
        let links = |store: &WireStore| -> Vec<_> {
            let latest = store.latest(9, |_| true).into_iter();
            latest.map(|recorded| recorded.link.to_string()).collect()
        };
        assert_eq!(links(&store), ["b", "a", "a"]);
        store.change(|message| (message.message.bytes.len() == 600).then(|| recorded("c", 601)));
        assert_eq!(
            (links(&store), store.forgotten()),
            (vec!["c".into(), "a".into()], 1)
        );
    }

    #[test]
    fn every_text_that_is_kept_of_a_message_counts() {
        let weighed = |change: fn(&mut Message)| {
            let mut recorded = recorded("a", 0);
            change(&mut recorded.message);
            weight(&recorded)
        };
        let plain = weighed(|_| {});
        assert_eq!(
            weighed(|message| message.bytes = vec![0; 1000]),
            plain + 1000
        );
        assert_eq!(
            weighed(|message| message.summary = "s".repeat(1000)),
            plain + 1000
        );
        assert_eq!(
            weighed(|message| message.text = Some("t".repeat(1000))),
            plain + 1000
        );
        let in_layers = weighed(|message| {
            let field = |name: usize, value| Field {
                name: "n".repeat(name),
                value: "v".repeat(value),
                section: None,
                start: 0,
                end: 0,
            };
            message.layers = vec![Layer {
                name: "layer",
                section: "",
                start: 0,
                end: 0,
                fields: vec![field(1000, 0), field(0, 1000)],
            }];
        });
        assert_eq!(in_layers, plain + 2 * (1000 + 80));
        let message = call("loja.Pedidos");
        let later = message.kept_for_later();
        let understood = weighed(|message| {
            *message = Message {
                call: None,
                ..call("loja.Pedidos")
            };
        });
        assert!(later > 0);
        assert_eq!(
            weighed(|message| *message = call("loja.Pedidos")),
            understood + later
        );
    }
}
