//! The latest traces, bounded in number and bytes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use opentelemetry::trace::TraceId;

use super::refusals::Refusals;
use super::search::Search;
use super::span::Span;
use super::trace::Trace;

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Traces; with one more, the oldest goes.
    pub traces: usize,
    /// Spans of one trace; those that come later are dropped.
    pub spans_per_trace: usize,
    /// Bytes of all spans; when there is no room, the oldest traces go.
    pub bytes: usize,
}

/// Of how many traces one is a round, at least, before others go for a new one.
const ROUNDS_PART: usize = 4;

/// How many traces can be kept by a wish.
pub const MOST_PINS: usize = 50;

/// The traces that are kept.
#[derive(Debug)]
pub struct Store {
    limits: Limits,
    /// By the order in which their first span came: the oldest goes first.
    traces: BTreeMap<u64, Trace>,
    ids: HashMap<TraceId, u64>,
    /// Which traces a service has spans in.
    services: BTreeMap<String, BTreeSet<u64>>,
    /// Which traces are automatic rounds that went well: these go before others.
    rounds: BTreeSet<u64>,
    /// Which traces somebody wants to keep, the oldest first.
    pins: BTreeSet<u64>,
    next: u64,
    bytes: usize,
    counts: Counts,
}

/// What came, what was let go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Spans kept when they came.
    pub kept: u64,
    /// Spans that a limit left no room for when they came.
    pub dropped: u64,
    /// Spans that went with their traces, to make room for newer ones.
    pub evicted: u64,
}

impl Store {
    /// An empty store.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            traces: BTreeMap::new(),
            ids: HashMap::new(),
            services: BTreeMap::new(),
            rounds: BTreeSet::new(),
            pins: BTreeSet::new(),
            next: 0,
            bytes: 0,
            counts: Counts::default(),
        }
    }

    /// Keeps a span. One that came before, as when an exporter tries again, is passed over.
    pub fn insert(&mut self, span: Span) {
        if span.weight > self.limits.bytes {
            self.counts.dropped += 1;
            return;
        }
        while self.bytes + span.weight > self.limits.bytes {
            self.evict();
        }
        let key = self.key_of(span.trace_id);
        let Some(trace) = self.traces.get_mut(&key) else {
            return;
        };
        if trace.has(&span) {
            return;
        }
        if trace.spans.len() >= self.limits.spans_per_trace {
            trace.dropped += 1;
            self.counts.dropped += 1;
            return;
        }
        if let Some(keys) = self.services.get_mut(&span.resource.service) {
            keys.insert(key);
        } else {
            self.services
                .insert(span.resource.service.clone(), BTreeSet::from([key]));
        }
        self.bytes += span.weight;
        self.counts.kept += 1;
        trace.spans.push(Arc::new(span));
        if trace.is_round() {
            self.rounds.insert(key);
        } else {
            self.rounds.remove(&key);
        }
    }

    /// The trace with this id.
    pub fn trace(&self, id: TraceId) -> Option<Trace> {
        self.traces.get(self.ids.get(&id)?).cloned()
    }

    /// The newest traces that the question means, newest first.
    pub fn search(&self, search: &Search) -> Vec<Trace> {
        let Some(service) = &search.service else {
            return found(self.traces.values().rev(), search);
        };
        let keys = self.services.get(service).into_iter().flatten().rev();
        found(keys.filter_map(|key| self.traces.get(key)), search)
    }

    /// The newest traces of all services, newest first.
    pub fn latest(&self, limit: usize) -> Vec<Trace> {
        self.traces.values().rev().take(limit).cloned().collect()
    }

    /// Every trace that came before this place, newest first, with its own place.
    pub fn before(&self, place: u64) -> impl Iterator<Item = (u64, &Trace)> {
        let older = self.traces.range(..place).rev();
        older.map(|(place, trace)| (*place, trace))
    }

    /// The traces that somebody wants to keep, newest first, each with its place.
    pub fn pinned(&self) -> impl Iterator<Item = (u64, &Trace)> {
        let pins = self.pins.iter().rev();
        pins.filter_map(|place| Some((*place, self.traces.get(place)?)))
    }

    /// The place of a trace among all that came.
    pub fn place(&self, id: TraceId) -> Option<u64> {
        self.ids.get(&id).copied()
    }

    /// Keeps a trace until it is let go, or until [`MOST_PINS`] newer ones are kept so. Whether it
    /// is there.
    pub fn pin(&mut self, id: TraceId) -> bool {
        let place = self.place(id);
        self.pins.extend(place);
        while self.pins.len() > MOST_PINS {
            self.pins.pop_first();
        }
        place.is_some()
    }

    /// Lets a trace go when its time comes. Whether it is there.
    pub fn unpin(&mut self, id: TraceId) -> bool {
        let place = self.place(id);
        if let Some(place) = place {
            self.pins.remove(&place);
        }
        place.is_some()
    }

    /// Every service that a kept span is of.
    pub fn services(&self) -> Vec<String> {
        self.services.keys().cloned().collect()
    }

    /// What a service does: the names of its spans, with the side of the exchange.
    pub fn operations(&self, service: &str) -> BTreeSet<(String, &'static str)> {
        let keys = self.services.get(service).into_iter().flatten();
        let spans = keys
            .filter_map(|key| self.traces.get(key))
            .flat_map(|trace| &trace.spans);
        let own = spans.filter(|span| span.resource.service == service);
        own.map(|span| (span.name.clone(), span.kind.name()))
            .collect()
    }

    /// What came, what was let go.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The place of a trace, made if this is its first span.
    fn key_of(&mut self, id: TraceId) -> u64 {
        if let Some(key) = self.ids.get(&id) {
            return *key;
        }
        while self.traces.len() >= self.limits.traces.max(1) {
            self.evict();
        }
        let key = self.next;
        self.next += 1;
        self.ids.insert(id, key);
        self.traces.insert(
            key,
            Trace {
                id,
                spans: Vec::new(),
                dropped: 0,
            },
        );
        key
    }

    /// The trace to go next. Rounds go first, so that a failure, or what a person did, is still
    /// there when somebody looks; but a part of the room stays theirs.
    fn next_to_go(&self) -> Option<u64> {
        let rounds_have_room = self.rounds.len() > self.traces.len() / ROUNDS_PART;
        let round = self.rounds.iter().find(|place| !self.pins.contains(place));
        let other = || {
            let mut places = self.traces.keys();
            places.find(|place| !self.rounds.contains(place) && !self.pins.contains(place))
        };
        let oldest = || self.traces.keys().next();
        let first = round.filter(|_| rounds_have_room);
        first.or_else(other).or(round).or_else(oldest).copied()
    }

    fn evict(&mut self) {
        let Some(key) = self.next_to_go() else {
            return;
        };
        let Some(trace) = self.traces.remove(&key) else {
            return;
        };
        self.ids.remove(&trace.id);
        self.rounds.remove(&key);
        self.pins.remove(&key);
        for span in &trace.spans {
            self.bytes -= span.weight;
            self.counts.evicted += 1;
            if let Some(keys) = self.services.get_mut(&span.resource.service) {
                keys.remove(&key);
                if keys.is_empty() {
                    self.services.remove(&span.resource.service);
                }
            }
        }
    }
}

/// Those of some traces that the question means.
fn found<'a>(traces: impl Iterator<Item = &'a Trace>, search: &Search) -> Vec<Trace> {
    let meant = traces.filter(|trace| search.means(trace));
    meant.take(search.limit).cloned().collect()
}

/// A store that several tasks use.
#[derive(Clone, Debug)]
pub struct SharedStore {
    store: Arc<Mutex<Store>>,
    refusals: Refusals,
}

impl SharedStore {
    /// An empty store.
    pub fn new(limits: Limits) -> Self {
        Self {
            store: Arc::new(Mutex::new(Store::new(limits))),
            refusals: Refusals::default(),
        }
    }

    /// The exports that did not come in here.
    pub fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// Keeps these spans.
    pub fn keep(&self, spans: Vec<Span>) {
        let mut store = self.lock();
        for span in spans {
            store.insert(span);
        }
    }

    /// The store, for as long as the guard lives; never across an await.
    pub fn lock(&self) -> MutexGuard<'_, Store> {
        // Every method leaves the store whole, so a panic elsewhere cannot have broken it.
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
