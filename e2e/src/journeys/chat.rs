//! chat: somebody talks at one service, somebody listens at the other, and the message is one trace.

use serde_json::{Value, json};
use url::Url;

use super::{Context, Journey, journey};
use crate::chat::{Socket, join, next, say};
use crate::score::scored;
use crate::span::Span;
use crate::tree::drawn;
use crate::{Failure, same};

/// The journeys of this exercise, in the order in which they are run.
pub const JOURNEYS: &[Journey] = &[
    journey!(
        "chat",
        "a plain client at A and one at B talk to one another",
        talk
    ),
    journey!("chat", "the page is served with a policy of its own", page),
    journey!(
        "chat",
        "a message is one trace over both services, and said to be delivered",
        one_trace
    ),
];

fn wrong(what: &str, why: impl std::fmt::Display) -> Failure {
    Failure::Wrong(format!("{what}: {why}"))
}

fn service(url: Option<&Url>, name: &str) -> Result<Url, Failure> {
    let missing = || Failure::Wrong(format!("{name} is not set"));
    url.cloned().ok_or_else(missing)
}

/// Waits for this text; others talk here too.
async fn hear(socket: &mut Socket, wanted: &str) -> Result<(), Failure> {
    let mut heard = Vec::new();
    while heard.last().map(String::as_str) != Some(wanted) {
        let text = next(socket).await;
        heard.push(
            text.map_err(|error| {
                wrong(&format!("waiting for {wanted:?}, heard {heard:?}"), error)
            })?,
        );
    }
    Ok(())
}

/// Numbers that no page takes, so that journeys beside one another are told apart.
fn number() -> u32 {
    rand::random::<u32>() | 0x8000_0000
}

/// The next message of one of these clients. Others talk here too, and who joined at the other
/// service is told when its news arrive.
async fn said(socket: &mut Socket, clients: &[u32]) -> Result<String, Failure> {
    loop {
        let text = next(socket).await?;
        if clients
            .iter()
            .any(|client| text.starts_with(&format!("Client #{client}: ")))
        {
            return Ok(text);
        }
    }
}

async fn talk(context: Context) -> Result<(), Failure> {
    let (a, b) = (number(), number());
    let at_b = service(context.target.chat_b.as_ref(), "CHAT_B_URL")?;
    let at_a = service(context.target.chat_a.as_ref(), "CHAT_A_URL")?;
    let mut there = join(&at_b, b, "", None).await?;
    hear(&mut there, &format!("Client #{b} joined the chat")).await?;
    let mut here = join(&at_a, a, "", None).await?;
    hear(&mut here, &format!("Client #{a} joined the chat")).await?;
    hear(&mut there, &format!("Client #{a} joined the chat")).await?;
    say(&mut here, "um").await?;
    say(&mut here, "dois").await?;
    hear(&mut there, &format!("Client #{a}: um")).await?;
    same(
        "the next one",
        said(&mut there, &[a, b]).await?.as_str(),
        &format!("Client #{a}: dois"),
    )?;
    say(&mut there, "três").await?;
    // Who hears the answer next has heard no echo before it.
    same(
        "no echo",
        said(&mut here, &[a, b]).await?.as_str(),
        &format!("Client #{b}: três"),
    )?;
    let closed = here.close(None).await;
    closed.map_err(|error| wrong("leaving", error))?;
    hear(&mut there, &format!("Client #{a} left the chat")).await
}

async fn page(context: Context) -> Result<(), Failure> {
    let url = service(context.target.chat_a.as_ref(), "CHAT_A_URL")?;
    let failed = |source| Failure::Request {
        what: format!("GET {url}"),
        source,
    };
    let answer = context.http.get(url.clone()).send().await.map_err(failed)?;
    same("status of the page", answer.status().as_u16(), 200)?;
    let policy = answer.headers().get("content-security-policy");
    let policy = policy
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    same(
        "a policy that allows no inline script",
        policy.contains("script-src 'self'"),
        true,
    )
}

async fn frame(socket: &mut Socket, kind: &str) -> Result<Value, Failure> {
    loop {
        let text = next(socket).await?;
        let frame: Value = serde_json::from_str(&text).map_err(|error| wrong(&text, error))?;
        if frame["type"] == kind {
            return Ok(frame);
        }
    }
}

async fn one_trace(context: Context) -> Result<(), Failure> {
    let at_a = service(context.target.chat_a.as_ref(), "CHAT_A_URL")?;
    let mut socket = join(&at_a, number(), "", Some("malha.chat.v1")).await?;
    let welcome = frame(&mut socket, "welcome").await?;
    same("the service", &welcome["service"], &json!("serviceA"))?;
    let id = format!("{:032x}", rand::random::<u128>());
    say(
        &mut socket,
        &json!({"type": "send", "id": id, "text": "olá"}).to_string(),
    )
    .await?;
    let accepted = frame(&mut socket, "accepted").await?;
    same("which was accepted", &accepted["id"], &json!(id))?;
    let trace = accepted["trace"].as_str().unwrap_or_default().to_owned();
    let delivered = loop {
        let delivered = frame(&mut socket, "delivered").await?;
        if delivered["id"] == json!(id) {
            break delivered;
        }
    };
    same(
        "by whom it was seen",
        &delivered["service"],
        &json!("serviceB"),
    )?;

    let jaeger = context.jaeger()?;
    let both = |spans: &[Span]| {
        ["serviceA", "serviceB"]
            .iter()
            .all(|name| spans.iter().any(|span| span.service == *name))
    };
    let mut count = 2;
    let spans = loop {
        let spans = jaeger.trace(&trace, count).await?;
        if both(&spans) {
            break spans;
        }
        count = spans.len() + 1;
    };
    scored(&spans, None)?;
    let relayed = |kind: &str, service: &str| {
        spans.iter().any(|span| {
            span.kind == kind && span.service == service && span.name.contains("/relay")
        })
    };
    let whole = relayed("server", "serviceB")
        && spans
            .iter()
            .any(|span| span.kind == "client" && span.service == "serviceA");
    same(
        &format!("a relay from A to B in the trace\n{}", drawn(&spans)),
        whole,
        true,
    )
}
