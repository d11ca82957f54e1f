//! From a Jaeger into the lab's own store, by version 3 of its query API: traces come there as OTLP has
//! them, so that they are what they would be had the services sent them here.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use prost_types::Timestamp;
use runtime::Lifecycle;
use serde::Deserialize;
use std::sync::{Arc, Mutex, PoisonError};

use super::ClusterError;
use super::peer::Peer;
use crate::clock::now;
use crate::collector::span::Span;
use crate::collector::{SharedStore, json, wire};

/// A Jaeger that is asked again and again. Every clone is the same one.
#[derive(Clone, Debug)]
pub struct Jaeger {
    peer: Peer,
    store: SharedStore,
    trouble: Arc<Mutex<Option<String>>>,
}

/// How far the first question looks back, and each later one before the last: spans come late.
const FIRST: Duration = Duration::from_mins(15);
const OVERLAP: Duration = Duration::from_secs(30);

/// How many traces of a service are asked for at once.
const DEPTH: usize = 200;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Services {
    services: Option<Vec<String>>,
}

impl Jaeger {
    /// A Jaeger whose traces go into this store.
    pub fn new(peer: Peer, store: SharedStore) -> Self {
        Self {
            peer,
            store,
            trouble: Arc::default(),
        }
    }

    /// Why there are no newer traces, where that is so.
    pub fn trouble(&self) -> Option<String> {
        self.trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Asks until the lab ends.
    pub async fn follow(self, every: Duration, lifecycle: Lifecycle) {
        let mut since = now().saturating_sub(nanos(FIRST));
        loop {
            let until = now();
            let trouble = match self.take(since, until).await {
                Ok(()) => {
                    since = until.saturating_sub(nanos(OVERLAP));
                    None
                }
                Err(error) => Some(format!("Jaeger: {error}")),
            };
            *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                () = lifecycle.stopping() => return,
            }
        }
    }

    /// Takes what began between two moments, in nanoseconds since 1970.
    pub async fn take(&self, since: u64, until: u64) -> Result<(), ClusterError> {
        let path = "/api/v3/services";
        let body = self.ask(path).await?.unwrap_or_default();
        let named: Services =
            serde_json::from_slice(&body).map_err(|error| self.shape(path, &error))?;
        let mut spans = Vec::new();
        for service in named.services.unwrap_or_default() {
            let path = search(&service, since, until);
            let Some(body) = self.ask(&path).await? else {
                continue;
            };
            for export in json::answer(&body) {
                let export = export.map_err(|error| self.shape("/api/v3/traces", &error))?;
                spans.extend(wire::received(export).spans);
            }
        }
        // Jaeger gives the newest first; in the store the newest is what came last.
        spans.sort_by_key(|span| span.start);
        self.keep(spans);
        Ok(())
    }

    /// Keeps what is not there yet. Jaeger gives a span's events in another order each time, so that it
    /// is not the same to the store.
    fn keep(&self, spans: Vec<Span>) {
        let mut store = self.store.lock();
        for span in spans {
            let kept = store.trace(span.trace_id);
            let kept = kept.iter().flat_map(|trace| &trace.spans);
            if !kept.into_iter().any(|kept| is_same(kept, &span)) {
                store.insert(span);
            }
        }
    }

    /// The body of an answer; none where Jaeger has none.
    async fn ask(&self, path: &str) -> Result<Option<Bytes>, ClusterError> {
        let mut request = Request::new(Full::default());
        *request.uri_mut() = path
            .parse()
            .map_err(|_| ClusterError::Wrong(path.to_owned()))?;
        let answer = self.peer.open(request).await?;
        let status = answer.status();
        let body = self.peer.body(answer).await?;
        match status {
            StatusCode::OK => Ok(Some(body)),
            StatusCode::NOT_FOUND if path.starts_with("/api/v3/traces") => Ok(None),
            status => Err(ClusterError::Refused {
                what: format!("get {}", path.split('?').next().unwrap_or_default()),
                status: status.as_u16(),
                message: "is JAEGER_URL that of Jaeger's query API, as in http://jaeger:16686?"
                    .to_owned(),
            }),
        }
    }

    fn shape(&self, what: &str, error: &serde_json::Error) -> ClusterError {
        ClusterError::Shape {
            server: self.peer.name().to_owned(),
            what: what.to_owned(),
            reason: error.to_string(),
        }
    }
}

/// Whether two spans are one. Client and server may share an id, in Zipkin's way.
fn is_same(one: &Span, other: &Span) -> bool {
    let told = |span: &Span| (span.span_id, span.kind, span.start, span.end);
    told(one) == told(other) && one.resource.service == other.resource.service
}

/// The path of a search, by today's names and by those that Jaeger 2.13 and older ones know alone.
fn search(service: &str, since: u64, until: u64) -> String {
    let service = utf8_percent_encode(service, NON_ALPHANUMERIC);
    let (since, until) = (moment(since), moment(until));
    format!(
        "/api/v3/traces?query.serviceName={service}&query.service_name={service}\
         &query.startTimeMin={since}&query.start_time_min={since}\
         &query.startTimeMax={until}&query.start_time_max={until}\
         &query.searchDepth={DEPTH}&query.num_traces={DEPTH}&query.rawTraces=true"
    )
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A time by RFC 3339.
fn moment(nanos: u64) -> String {
    let seconds = i64::try_from(nanos / 1_000_000_000).unwrap_or(i64::MAX);
    let nanos = i32::try_from(nanos % 1_000_000_000).unwrap_or_default();
    Timestamp { seconds, nanos }.to_string()
}
