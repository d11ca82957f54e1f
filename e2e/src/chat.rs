//! A client of chat that does what the page does: it comes back, and says where it was
//! (`proto/chat-v1.md`).

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::UrlError;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::header::{RETRY_AFTER, SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderValue};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use url::Url;

use crate::Failure;

/// A connection, in whichever protocol.
pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How long any frame may take to come: far more than it does.
const PATIENCE: Duration = Duration::from_secs(15);

fn wrong(what: &str, why: impl std::fmt::Display) -> Failure {
    Failure::Wrong(format!("{what}: {why}"))
}

/// Joins at a service as a client of this number; `query` and `protocol` as the protocol has them.
pub async fn join(
    base: &Url,
    client: u32,
    query: &str,
    protocol: Option<&'static str>,
) -> Result<Socket, Failure> {
    let what = format!("a WebSocket at {base}");
    let request = request(base, client, query, protocol).map_err(|error| wrong(&what, error))?;
    let connected = timeout(PATIENCE, connect_async(request)).await;
    let connected = connected.map_err(|error| wrong(&what, error))?;
    Ok(connected.map_err(|error| wrong(&what, error))?.0)
}

/// Asks for a WebSocket as a client of this number.
fn request(
    base: &Url,
    client: u32,
    query: &str,
    protocol: Option<&'static str>,
) -> Result<Request, tungstenite::Error> {
    let mut url = base.clone();
    let scheme = url.set_scheme("ws");
    scheme.map_err(|()| UrlError::UnsupportedUrlScheme)?;
    url.set_path(&format!("/ws/{client}"));
    url.set_query(Some(query).filter(|query| !query.is_empty()));
    let mut request = url.as_str().into_client_request()?;
    if let Some(protocol) = protocol {
        let value = HeaderValue::from_static(protocol);
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, value);
    }
    Ok(request)
}

/// Sends a frame of text.
pub async fn say(socket: &mut Socket, text: &str) -> Result<(), Failure> {
    let sent = socket.send(Message::text(text)).await;
    sent.map_err(|error| wrong("sending a frame", error))
}

/// The next text that comes.
pub async fn next(socket: &mut Socket) -> Result<String, Failure> {
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

/// A session of `malha.chat.v1`, over as many connections as it takes.
#[derive(Debug)]
pub struct Session {
    base: Url,
    client: u32,
    name: String,
    place: Option<(String, u64)>,
    socket: Option<Socket>,
    /// How often it had to connect again.
    pub reconnects: u64,
    /// How often it was told that something was missed.
    pub missed: u64,
    /// How often it was refused a connection.
    pub refused: u64,
    /// Of these, how often without being told how long to wait.
    pub refused_without_wait: u64,
}

impl Session {
    /// A new session of this client at a service.
    pub fn new(base: Url, client: u32) -> Self {
        Self {
            base,
            client,
            name: format!("{:032x}", rand::random::<u128>()),
            place: None,
            socket: None,
            reconnects: 0,
            missed: 0,
            refused: 0,
            refused_without_wait: 0,
        }
    }

    /// The next frame before `deadline`, a `welcome` after each connection; none when it has passed.
    pub async fn frame(&mut self, deadline: Instant) -> Option<Value> {
        while Instant::now() < deadline {
            let Some(socket) = &mut self.socket else {
                self.connect().await;
                continue;
            };
            let text = match tokio::time::timeout_at(deadline, next(socket)).await {
                Err(_) => return None,
                Ok(Ok(text)) => text,
                Ok(Err(Failure::Never(_))) => continue, // nobody said anything: no reason to go
                Ok(Err(_)) => {
                    self.socket = None;
                    continue;
                }
            };
            if let Ok(frame) = serde_json::from_str(&text) {
                self.follow(&frame);
                return Some(frame);
            }
        }
        None
    }

    /// Sends a frame on the connection that there is; whether it went out is known by the answer alone.
    pub async fn send(&mut self, frame: &Value) {
        if let Some(socket) = &mut self.socket
            && say(socket, &frame.to_string()).await.is_err()
        {
            self.socket = None;
        }
    }

    async fn connect(&mut self) {
        let mut query = format!("session={}", self.name);
        if let Some((epoch, cursor)) = &self.place {
            query = format!("{query}&epoch={epoch}&cursor={cursor}");
            self.reconnects += 1;
        }
        let request = request(&self.base, self.client, &query, Some("malha.chat.v1"));
        let connected = async { Ok(connect_async(request?).await?.0) };
        let wait = match timeout(PATIENCE, connected).await {
            Ok(Ok(socket)) => {
                self.socket = Some(socket);
                return;
            }
            Ok(Err(tungstenite::Error::Http(refusal))) => {
                let told = wait_told(refusal.headers());
                self.refused += 1;
                self.refused_without_wait += u64::from(told.is_none());
                told
            }
            _ => None,
        };
        sleep(wait.unwrap_or(Duration::from_millis(200))).await;
    }

    /// Keeps the place in the flow.
    fn follow(&mut self, frame: &Value) {
        let kind = frame["type"].as_str().unwrap_or_default();
        let cursor = frame["cursor"].as_u64();
        match (kind, cursor) {
            ("welcome", Some(cursor)) => {
                let epoch = frame["epoch"].as_str().unwrap_or_default();
                self.missed += u64::from(frame["recovered"] == false);
                self.place = Some((epoch.to_owned(), cursor));
            }
            ("accepted", _) if frame["duplicate"] == true => {}
            ("message" | "accepted" | "joined" | "left" | "notice", Some(cursor)) => {
                if let Some((_, place)) = &mut self.place {
                    *place = (*place).max(cursor);
                }
            }
            _ => {}
        }
    }
}

/// How long a refusal says to wait.
fn wait_told(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}
