//! chat: somebody talks at one service, somebody listens at the other, and the message is one trace.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::SEC_WEBSOCKET_PROTOCOL;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use url::Url;

use super::{Journey, Trip, journey};
use crate::tree::{Span, drawn, scored};
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

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How long any frame may take to come: far more than it does.
const PATIENCE: Duration = Duration::from_secs(15);

fn wrong(what: &str, why: impl std::fmt::Display) -> Failure {
    Failure::Wrong(format!("{what}: {why}"))
}

fn service(url: Option<&Url>, name: &str) -> Result<Url, Failure> {
    let missing = || Failure::Wrong(format!("{name} is not set"));
    url.cloned().ok_or_else(missing)
}

/// Joins as a client of this number, in a protocol.
async fn join(base: &Url, client: u32, protocol: Option<&'static str>) -> Result<Socket, Failure> {
    let what = format!("a WebSocket at {base}");
    let mut url = base.clone();
    let scheme = url.set_scheme("ws");
    scheme.map_err(|()| wrong(&what, "no URL of HTTP"))?;
    url.set_path(&format!("/ws/{client}"));
    let request = url.as_str().into_client_request();
    let mut request = request.map_err(|error| wrong(&what, error))?;
    if let Some(protocol) = protocol {
        let value = HeaderValue::from_static(protocol);
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, value);
    }
    let connected = timeout(PATIENCE, connect_async(request)).await;
    let connected = connected.map_err(|error| wrong(&what, error))?;
    Ok(connected.map_err(|error| wrong(&what, error))?.0)
}

async fn say(socket: &mut Socket, text: String) -> Result<(), Failure> {
    let sent = socket.send(Message::text(text)).await;
    sent.map_err(|error| wrong("sending a frame", error))
}

/// The next text that comes.
async fn next(socket: &mut Socket) -> Result<String, Failure> {
    loop {
        let frame = timeout(PATIENCE, socket.next()).await;
        let frame = frame.map_err(|_| Failure::Never("another frame".to_owned()))?;
        match frame {
            Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(other)) => return Err(wrong("another frame", format!("{other:?}"))),
            Some(Err(error)) => return Err(wrong("another frame", error)),
            None => return Err(wrong("another frame", "the connection ended")),
        }
    }
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

async fn talk(trip: Trip) -> Result<(), Failure> {
    let (a, b) = (number(), number());
    let at_b = service(trip.target.chat_b.as_ref(), "CHAT_B_URL")?;
    let at_a = service(trip.target.chat_a.as_ref(), "CHAT_A_URL")?;
    let mut there = join(&at_b, b, None).await?;
    hear(&mut there, &format!("Client #{b} joined the chat")).await?;
    let mut here = join(&at_a, a, None).await?;
    hear(&mut here, &format!("Client #{a} joined the chat")).await?;
    hear(&mut there, &format!("Client #{a} joined the chat")).await?;
    say(&mut here, "um".to_owned()).await?;
    say(&mut here, "dois".to_owned()).await?;
    hear(&mut there, &format!("Client #{a}: um")).await?;
    same(
        "the next one",
        next(&mut there).await?.as_str(),
        &format!("Client #{a}: dois"),
    )?;
    say(&mut there, "três".to_owned()).await?;
    // Who hears the answer next has heard no echo before it.
    same(
        "no echo",
        next(&mut here).await?.as_str(),
        &format!("Client #{b}: três"),
    )?;
    let closed = here.close(None).await;
    closed.map_err(|error| wrong("leaving", error))?;
    hear(&mut there, &format!("Client #{a} left the chat")).await
}

async fn page(trip: Trip) -> Result<(), Failure> {
    let url = service(trip.target.chat_a.as_ref(), "CHAT_A_URL")?;
    let failed = |source| Failure::Request {
        what: format!("GET {url}"),
        source,
    };
    let answer = trip.http.get(url.clone()).send().await.map_err(failed)?;
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

async fn one_trace(trip: Trip) -> Result<(), Failure> {
    let at_a = service(trip.target.chat_a.as_ref(), "CHAT_A_URL")?;
    let mut socket = join(&at_a, number(), Some("malha.chat.v1")).await?;
    let welcome = frame(&mut socket, "welcome").await?;
    same("the service", &welcome["service"], &json!("serviceA"))?;
    let id = format!("{:032x}", rand::random::<u128>());
    say(
        &mut socket,
        json!({"type": "send", "id": id, "text": "olá"}).to_string(),
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

    let jaeger = trip.jaeger()?;
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
