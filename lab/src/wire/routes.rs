//! The HTTP API over what passed: docs/lab-api.md.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use opentelemetry::trace::TraceId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::decode::{CatchUp, direction};
use super::pcapng;
use super::store::{Recorded, WireStore};
use super::tie::{Ends, Spans};
use crate::asked::{self, Asked};
use crate::collector::SharedStore;
use crate::faults::board::BoardError;
use crate::links::LabLinks;

/// What is asked.
#[derive(Clone, Debug)]
struct Wire {
    store: WireStore,
    decoder: CatchUp,
    links: LabLinks,
    traces: SharedStore,
}

/// The routes, over this store of these links, whose messages belong to these traces.
pub fn routes(store: WireStore, decoder: CatchUp, links: LabLinks, traces: SharedStore) -> Router {
    Router::new()
        .route("/lab/wire", get(of_trace))
        .route("/lab/wire.pcapng", get(capture))
        .route("/lab/wire/{link}", get(of_link))
        .route("/lab/wire/{link}/{message}", get(whole))
        .with_state(Wire {
            store,
            decoder,
            links,
            traces,
        })
}

impl Wire {
    /// Refuses a link that there is not.
    fn check(&self, wanted: &Wanted) -> Result<(), BoardError> {
        let links = self.links.links();
        match &wanted.link {
            Some(link) if links.get(link).is_err() => Err(BoardError::no_link(link, links)),
            _ => Ok(()),
        }
    }

    /// The latest that are wanted, each with its trace.
    async fn latest(&self, wanted: &Wanted, limit: usize) -> Vec<Arc<Recorded>> {
        self.decoder.wait().await;
        let ends = |recorded: &Recorded| {
            let (from, to) = self.links.ends(&recorded.link)?;
            let port = self.links.port(&recorded.link)?;
            Some(Ends { from, to, port })
        };
        let Some(id) = wanted.trace else {
            let mut latest = self.store.latest(limit, |recorded| wanted.is(recorded));
            let untied = || latest.iter().filter(|one| one.message.trace.is_none());
            let times = || untied().map(|one| one.at);
            let Some((first, last)) = times().min().zip(times().max()) else {
                return latest;
            };
            let spans = Spans::within(&self.traces.lock(), &(first..=last));
            for recorded in &mut latest {
                tie(recorded, &spans, ends);
            }
            return latest;
        };
        let time = {
            let traces = self.traces.lock();
            let trace = traces.trace(id);
            let spans = || trace.iter().flat_map(|trace| &trace.spans);
            let first = spans().map(|span| span.start / 1000).min();
            let time = first.zip(spans().map(|span| span.end / 1000).max());
            time.map(|(first, last)| {
                let time = first..=last;
                (Spans::within(&traces, &time), time)
            })
        };
        let tied = |recorded: &Recorded| {
            let (spans, time) = time.as_ref()?;
            let is_near =
                super::tie::is_near(time, recorded.at) && recorded.message.trace.is_none();
            spans.of(recorded, &ends(recorded).filter(|_| is_near)?)
        };
        let mut latest = self.store.latest(limit, |recorded| {
            wanted.is(recorded) || tied(recorded).is_some_and(|trace| trace.id == id.to_string())
        });
        if let Some((spans, _)) = &time {
            for recorded in &mut latest {
                tie(recorded, spans, ends);
            }
        }
        latest
    }
}

/// Says on a message without a trace to which one it belongs, where that can be known.
fn tie(recorded: &mut Arc<Recorded>, spans: &Spans, ends: impl Fn(&Recorded) -> Option<Ends>) {
    if recorded.message.trace.is_some() {
        return;
    }
    let found = ends(recorded).and_then(|ends| spans.of(recorded, &ends));
    if found.is_some() {
        Arc::make_mut(recorded).message.trace = found;
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    #[serde(deserialize_with = "asked::number")]
    limit: Option<usize>,
    #[serde(deserialize_with = "asked::number")]
    after: Option<u64>,
    #[serde(deserialize_with = "asked::trace")]
    trace: Option<TraceId>,
    link: Option<String>,
    /// This one alone.
    #[serde(skip)]
    id: Option<u64>,
}

/// More than that at once nobody reads.
const MOST: usize = 1000;

/// Bytes of a message in a list.
const SHOWN: usize = 4096;

impl Wanted {
    fn is(&self, recorded: &Recorded) -> bool {
        let trace = recorded.message.trace.as_ref();
        let is_trace = |id: TraceId| trace.is_some_and(|trace| trace.id == id.to_string());
        self.after.is_none_or(|after| recorded.id > after)
            && self.id.is_none_or(|id| recorded.id == id)
            && self.trace.is_none_or(is_trace)
            && self
                .link
                .as_ref()
                .is_none_or(|link| *link == *recorded.link)
    }

    fn limit(&self, usual: usize) -> usize {
        self.limit.unwrap_or(usual).min(MOST)
    }
}

/// Messages, or why there can be none.
type Found = Result<Response, BoardError>;

async fn of_trace(State(wire): State<Wire>, Asked(wanted): Asked<Wanted>) -> Found {
    list(&wire, &wanted).await
}

async fn of_link(
    State(wire): State<Wire>,
    Path(link): Path<String>,
    Asked(wanted): Asked<Wanted>,
) -> Found {
    let wanted = Wanted {
        link: Some(link),
        ..wanted
    };
    list(&wire, &wanted).await
}

async fn list(wire: &Wire, wanted: &Wanted) -> Found {
    wire.check(wanted)?;
    let messages = wire.latest(wanted, wanted.limit(50)).await;
    let messages: Vec<_> = messages
        .iter()
        .map(|recorded| shown(recorded, SHOWN))
        .collect();
    let answer = json!({"messages": messages, "forgotten": wire.store.forgotten()});
    Ok(Json(answer).into_response())
}

async fn whole(State(wire): State<Wire>, Path((link, id)): Path<(String, String)>) -> Response {
    let id: Option<u64> = id.parse().ok();
    let wanted = Wanted {
        id: Some(id.unwrap_or_default()),
        link: Some(link),
        ..Wanted::default()
    };
    let found = wire.latest(&wanted, 1).await;
    match found.first() {
        Some(recorded) => Json(shown(recorded, usize::MAX)).into_response(),
        None => missing("this message is not remembered (any more)"),
    }
}

async fn capture(State(wire): State<Wire>, Asked(wanted): Asked<Wanted>) -> Found {
    wire.check(&wanted)?;
    let messages = wire.latest(&wanted, wanted.limit(MOST)).await;
    let port = |link: &str| wire.links.port(link).unwrap_or_default();
    let headers = [
        (CONTENT_TYPE, "application/x-pcapng"),
        (CONTENT_DISPOSITION, "attachment; filename=\"malha.pcapng\""),
    ];
    Ok((headers, pcapng::capture(&messages, port)).into_response())
}

fn missing(text: &str) -> Response {
    (StatusCode::NOT_FOUND, Json(json!({"error": text}))).into_response()
}

fn shown(recorded: &Arc<Recorded>, most: usize) -> Value {
    let message = &recorded.message;
    let part = message.bytes.get(..most).unwrap_or(&message.bytes);
    let mut hex = String::with_capacity(part.len() * 2);
    for byte in part {
        _ = write!(hex, "{byte:02x}");
    }
    let reflection = recorded.foreign.as_ref().map(|(of, learning)| {
        let mut shown = json!(learning);
        shown["service"] = json!(of.service);
        shown["server"] = json!(&*of.server);
        shown
    });
    json!({
        "id": recorded.id,
        "link": &*recorded.link,
        "connection": recorded.connection,
        "direction": direction(message),
        "at": recorded.at,
        "protocol": message.protocol,
        "summary": message.summary,
        "size": message.bytes.len(),
        "hex": hex,
        "text": message.text,
        "truncated": part.len() < message.bytes.len(),
        "trace": message.trace,
        "layers": message.layers,
        "reflection": reflection,
    })
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use testing::TestLifecycle;
    use tokio::runtime::Handle;
    use tower::ServiceExt;

    use super::*;
    use crate::collector::fixture::ROOMY;
    use crate::links::Wiring;
    use crate::supervisor::status::StatusRegistry;
    use crate::wire::Decoder;

    #[tokio::test]
    async fn what_cannot_be_is_refused_and_not_passed_over() {
        let lifecycle = TestLifecycle::default();
        let store = WireStore::new(1000);
        let (feed, decoder, _) = Decoder::new(store.clone());
        let (home, registry) = (Handle::current(), StatusRegistry::new(&[]));
        let links = Wiring::default();
        let links = LabLinks::start(links, home, &registry, feed, lifecycle.lifecycle());
        let routes = routes(
            store,
            decoder,
            links.await.unwrap(),
            SharedStore::new(ROOMY),
        );
        for (path, status) in [
            ("/lab/wire?trace=af7651916cd43dd8448eb211c80319c", 200),
            ("/lab/wire?trace=zz", 400),
            ("/lab/wire?span=1", 400),
            ("/lab/wire?link=none", 404),
            ("/lab/wire/none", 404),
            ("/lab/wire.pcapng?link=none", 404),
        ] {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let answer = routes.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.status(), status, "{path}");
        }
    }
}
