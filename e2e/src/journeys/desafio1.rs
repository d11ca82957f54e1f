//! desafio1: somebody asks the server, and looks at what the client does.

use reqwest::header::CONTENT_TYPE;
use url::Url;

use super::{Context, Journey, journey};
use crate::caller::Caller;
use crate::tree::shaped;
use crate::{Failure, same};

/// The journeys of this exercise, in the order in which they are run.
pub const JOURNEYS: &[Journey] = &[
    journey!(
        "desafio1",
        "GET / answers the message, and its trace is one server span",
        message
    ),
    journey!(
        "desafio1",
        "an unknown path gets 404, and a span named by its method alone",
        unknown_path
    ),
    journey!(
        "desafio1",
        "the client's round is one trace over both services",
        clients_trace
    ),
];

/// The tree of a round in which the server answers.
pub const ROUND: &str = "\
desafio1-client internal poll
  desafio1-client client GET
    desafio1-servidor server GET /";

fn url(context: &Context) -> Result<Url, Failure> {
    let missing = || Failure::Wrong("DESAFIO1_URL is not set".to_owned());
    context.target.desafio1.clone().ok_or_else(missing)
}

/// Asks for a path in a trace of its own.
async fn ask(context: &Context, path: &str) -> Result<(Caller, reqwest::Response), Failure> {
    let mut url = url(context)?;
    url.set_path(path);
    let caller = Caller::random();
    let failed = |source| Failure::Request {
        what: format!("GET {path}"),
        source,
    };
    let request = context
        .http
        .get(url)
        .header("traceparent", caller.traceparent());
    Ok((caller, request.send().await.map_err(failed)?))
}

async fn message(context: Context) -> Result<(), Failure> {
    let (caller, answer) = ask(&context, "/").await?;
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

    let span = context.only_span(&caller).await?;
    shaped(
        std::slice::from_ref(&span),
        "desafio1-servidor server GET /",
    )?;
    span.has("http.request.method", "GET")?;
    span.has("http.route", "/")?;
    span.has("http.response.status_code", 200)?;
    span.has("url.path", "/")?;
    span.has("url.scheme", "http")?;
    let status = span.attributes.get("otel.status_code");
    same("the status of a span that went well", status, None)
}

async fn unknown_path(context: Context) -> Result<(), Failure> {
    let (caller, answer) = ask(&context, "/nada/aqui").await?;
    same("status", answer.status().as_u16(), 404)?;
    let span = context.only_span(&caller).await?;
    shaped(std::slice::from_ref(&span), "desafio1-servidor server GET")?;
    same("http.route", span.attributes.get("http.route"), None)?;
    span.has("url.path", "/nada/aqui")?;
    span.has("http.response.status_code", 404)
}

async fn clients_trace(context: Context) -> Result<(), Failure> {
    let spans = context.newest_trace("desafio1-client", ROUND).await?;
    for span in spans.iter().filter(|span| span.kind == "client") {
        span.has("http.request.method", "GET")?;
        span.has("http.response.status_code", 200)?;
        for name in ["server.address", "server.port", "url.full"] {
            same(name, span.attributes.contains_key(name), true)?;
        }
    }
    Ok(())
}
