//! One service: the settings that hold for it, and how it has fared lately.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use runtime::settings::{Inputs, Source, environment};
use serde::Serialize;
use serde_json::json;

use super::mesh::quantile;
use super::state::Shown;
use crate::catalogue;
use crate::clock::now;
use crate::collector::span::{Kind, Status};
use crate::collector::store::Store;
use crate::plan::{NOT_INHERITED, Planned};
use crate::samples::INTERVAL;

pub(super) async fn settings(State(shown): State<Shown>, Path(name): Path<String>) -> Response {
    let planned = shown.plans.iter().find(|planned| planned.name == name);
    let Some((planned, row)) = planned.zip(catalogue::service(&name)) else {
        return missing(&name);
    };
    let inputs = Inputs {
        environment: given(planned, environment()),
        flags: HashMap::new(),
    };
    match Source::load((row.program.command)(), inputs) {
        Ok(source) => Json(json!({ "settings": source.listed() })).into_response(),
        // The service itself says so, too, and does not start.
        Err(error) => refused(StatusCode::CONFLICT, &error.to_string()),
    }
}

/// The variables with which a process is started.
fn given(planned: &Planned, lab: HashMap<String, String>) -> HashMap<String, String> {
    let mut given = lab;
    given.retain(|name, _| !NOT_INHERITED.contains(&name.as_str()));
    given.extend(planned.environment.clone());
    given
}

/// How far metrics look back, and how finely, in seconds.
const SECONDS: u64 = 300;
const STEP: u64 = 10;

pub(super) async fn metrics(State(shown): State<Shown>, Path(name): Path<String>) -> Response {
    if !shown.plans.iter().any(|planned| planned.name == name) {
        return missing(&name);
    }
    let requests = requests(&shown.store.lock(), &name, now() / 1_000_000_000);
    let body = json!({
        "step": STEP,
        "requests": requests,
        "every": INTERVAL.as_secs(),
        "samples": shown.samples.of(&name),
    });
    Json(body).into_response()
}

/// The requests that began within one step.
#[derive(Debug, Default, PartialEq, Serialize)]
struct Requests {
    /// When the step began, in milliseconds since 1970.
    at: u64,
    count: usize,
    errors: usize,
    /// In microseconds; 0 where there was no request.
    p50: u64,
    p99: u64,
}

/// What a service has answered lately; what it has asked, where it answers nobody.
fn requests(store: &Store, service: &str, now: u64) -> Vec<Requests> {
    let last = now / STEP;
    let first = (last + 1).saturating_sub(SECONDS / STEP);
    let mut answered = Steps::new(first);
    let mut asked = Steps::new(first);
    for (_, trace) in store.before(u64::MAX) {
        let own = trace.spans.iter();
        for span in own.filter(|span| span.resource.service == service) {
            let steps = match span.kind {
                Kind::Server | Kind::Consumer => &mut answered,
                Kind::Client | Kind::Producer => &mut asked,
                Kind::Internal | Kind::Unspecified => continue,
            };
            let failed = span.status == Status::Error;
            steps.add(span.start / 1_000_000_000 / STEP, span.duration(), failed);
        }
    }
    let steps = if answered.is_empty() { asked } else { answered };
    steps.counted()
}

/// Durations in microseconds and errors, step by step.
struct Steps {
    first: u64,
    seen: Vec<(Vec<u64>, usize)>,
}

impl Steps {
    fn new(first: u64) -> Self {
        let steps = usize::try_from(SECONDS / STEP).unwrap_or_default();
        Self {
            first,
            seen: vec![(Vec::new(), 0); steps],
        }
    }

    fn add(&mut self, step: u64, duration: u64, failed: bool) {
        let index = step.checked_sub(self.first);
        let index = index.and_then(|index| usize::try_from(index).ok());
        if let Some((durations, errors)) = index.and_then(|index| self.seen.get_mut(index)) {
            durations.push(duration / 1000);
            *errors += usize::from(failed);
        }
    }

    fn is_empty(&self) -> bool {
        self.seen.iter().all(|(durations, _)| durations.is_empty())
    }

    fn counted(self) -> Vec<Requests> {
        let steps = (self.first..).zip(self.seen);
        let steps = steps.map(|(step, (mut durations, errors))| {
            durations.sort_unstable();
            Requests {
                at: step * STEP * 1000,
                count: durations.len(),
                errors,
                p50: quantile(&durations, 50),
                p99: quantile(&durations, 99),
            }
        });
        steps.collect()
    }
}

fn missing(name: &str) -> Response {
    let text = format!("no service is called {name:?}; GET /lab/services lists them");
    refused(StatusCode::NOT_FOUND, &text)
}

fn refused(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::collector::fixture::{ROOMY, span};
    use crate::collector::span::Span;

    #[test]
    fn a_process_has_the_lab_s_variables_and_its_own_before_them() {
        let pairs = |pairs: &[(&str, &str)]| -> HashMap<String, String> {
            let pairs = pairs.iter();
            pairs.map(|(a, b)| ((*a).into(), (*b).into())).collect()
        };
        let planned = Planned {
            environment: BTreeMap::from([("LOG_LEVEL".to_owned(), "info".to_owned())]),
            ..Planned::example("hello-server")
        };
        let lab = pairs(&[
            ("LOG_LEVEL", "warn"),
            ("CONFIG_FILE", "lab.toml"),
            ("MAX_CONNECTIONS", "7"),
        ]);
        let expected = pairs(&[("LOG_LEVEL", "info"), ("MAX_CONNECTIONS", "7")]);
        assert_eq!(given(&planned, lab), expected);
    }

    #[test]
    fn requests_are_counted_where_they_began_and_only_the_latest() {
        let mut store = Store::new(ROOMY);
        for (trace, id, kind) in [
            (1, 1, Kind::Server),
            (12, 2, Kind::Client),
            (12, 3, Kind::Server),
            (19, 4, Kind::Server),
        ] {
            store.insert(Span {
                kind,
                ..span("server", trace, id)
            });
        }
        store.insert(Span {
            kind: Kind::Server,
            status: Status::Error,
            ..span("server", 25, 5)
        });
        let steps = requests(&store, "server", 311);
        let seen: Vec<_> = steps.iter().filter(|step| step.count > 0).collect();
        assert_eq!(steps.len(), 30);
        let step = |at, count, errors| Requests {
            at,
            count,
            errors,
            p50: 1000,
            p99: 1000,
        };
        assert_eq!(seen, [&step(20_000, 1, 1)]);
        let seen = requests(&store, "server", 301);
        assert_eq!(seen[..2], [step(10_000, 2, 0), step(20_000, 1, 1)]);
        // Whoever answers nobody is measured by what it asks.
        store.insert(Span {
            kind: Kind::Client,
            ..span("client", 25, 6)
        });
        assert_eq!(requests(&store, "client", 299)[2], step(20_000, 1, 0));
    }
}
