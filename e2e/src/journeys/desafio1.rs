//! desafio1: somebody asks the server, and looks at what the client does.

use reqwest::header::CONTENT_TYPE;
use url::Url;

use super::{Caller, Journey, Trip};
use crate::tree::{Span, scored, shaped};
use crate::{Failure, same};

macro_rules! journey {
    ($name:literal, $run:path) => {
        Journey {
            exercise: "desafio1",
            name: $name,
            run: |trip| Box::pin($run(trip)),
        }
    };
}

/// The journeys of this exercise, in the order in which they are run.
pub const JOURNEYS: &[Journey] = &[
    journey!(
        "GET / answers the message, and its trace is one server span",
        message
    ),
    journey!(
        "an unknown path gets 404, and a span named by its method alone",
        unknown_path
    ),
    journey!(
        "the client's round is one trace over both services",
        clients_trace
    ),
];

/// The tree of a round in which the server answers.
pub const ROUND: &str = "\
desafio1-client internal poll
  desafio1-client client GET
    desafio1-servidor server GET /";

fn url(trip: &Trip) -> Result<Url, Failure> {
    let missing = || Failure::Wrong("DESAFIO1_URL is not set".to_owned());
    trip.target.desafio1.clone().ok_or_else(missing)
}

/// Asks for a path in a trace of its own.
async fn ask(trip: &Trip, path: &str) -> Result<(Caller, reqwest::Response), Failure> {
    let mut url = url(trip)?;
    url.set_path(path);
    let caller = Caller::random();
    let failed = |source| Failure::Request {
        what: format!("GET {path}"),
        source,
    };
    let request = trip
        .http
        .get(url)
        .header("traceparent", caller.traceparent());
    Ok((caller, request.send().await.map_err(failed)?))
}

/// The one span that this trace must hold: the server's, under the journey's own.
async fn only_span(trip: &Trip, caller: &Caller) -> Result<Option<Span>, Failure> {
    let Some(jaeger) = trip.jaeger() else {
        return Ok(None);
    };
    let spans = jaeger.trace(&caller.trace_id, 1).await?;
    scored(&spans, Some(&caller.span_id))?;
    same("spans in the trace", spans.len(), 1)?;
    let span = spans.into_iter().next();
    let parent = span.as_ref().and_then(|span| span.parent.as_deref());
    same(
        "the server span's parent",
        parent,
        Some(caller.span_id.as_str()),
    )?;
    Ok(span)
}

async fn message(trip: Trip) -> Result<(), Failure> {
    let (caller, answer) = ask(&trip, "/").await?;
    same("status", answer.status().as_u16(), 200)?;
    let content_type = answer
        .headers()
        .get(CONTENT_TYPE)
        .map(reqwest::header::HeaderValue::as_bytes);
    same(
        "content-type",
        content_type,
        Some(b"text/plain; charset=utf-8"),
    )?;
    let failed = |source| Failure::Request {
        what: "the body of GET /".to_owned(),
        source,
    };
    let body = answer.text().await.map_err(failed)?;
    same("an empty message", body.trim().is_empty(), false)?;

    let Some(span) = only_span(&trip, &caller).await? else {
        return Ok(());
    };
    shaped(
        std::slice::from_ref(&span),
        "desafio1-servidor server GET /",
    )?;
    span.has("http.request.method", "GET")?;
    span.has("http.route", "/")?;
    span.has("http.response.status_code", 200)?;
    span.has("url.path", "/")?;
    span.has("url.scheme", "http")
}

async fn unknown_path(trip: Trip) -> Result<(), Failure> {
    let (caller, answer) = ask(&trip, "/nada/aqui").await?;
    same("status", answer.status().as_u16(), 404)?;
    let Some(span) = only_span(&trip, &caller).await? else {
        return Ok(());
    };
    shaped(std::slice::from_ref(&span), "desafio1-servidor server GET")?;
    same("http.route", span.attributes.get("http.route"), None)?;
    span.has("url.path", "/nada/aqui")?;
    span.has("http.response.status_code", 404)
}

async fn clients_trace(trip: Trip) -> Result<(), Failure> {
    let Some(jaeger) = trip.jaeger() else {
        return Ok(());
    };
    let whole = |spans: &[Span]| spans.len() >= 3;
    let spans = jaeger
        .recent("desafio1-client", "a round of desafio1-client", whole)
        .await?;
    shaped(&spans, ROUND)?;
    scored(&spans, None)?;
    let services = jaeger.services().await?;
    for service in ["desafio1-client", "desafio1-servidor"] {
        same(
            &format!("{service} among Jaeger's services"),
            services.contains(&service.to_owned()),
            true,
        )?;
    }
    Ok(())
}
