//! Services on free ports, and clients of both protocols.

use std::net::SocketAddr;
use std::time::Duration;

use chat::Chat;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use testing::{TestLifecycle, eventually, listener, settings};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// A running service.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    pub(crate) lifecycle: TestLifecycle,
}

impl Service {
    /// A service alone.
    pub(crate) async fn alone(pairs: &[(&str, &str)]) -> Self {
        Self::on(listener().await, pairs)
    }

    /// Two services, each other's peers.
    pub(crate) async fn pair(pairs: &[(&str, &str)]) -> (Self, Self) {
        let (a, b) = (listener().await, listener().await);
        let url = |listener: &tokio::net::TcpListener| {
            format!("http://{}/relay", listener.local_addr().unwrap())
        };
        let (of_a, of_b) = (url(&a), url(&b));
        let with = |name, peer| {
            let own = [("SERVICE_NAME", name), ("PEER_URL", peer)];
            [&own[..], pairs].concat()
        };
        (
            Self::on(a, &with("serviceA", &of_b)),
            Self::on(b, &with("serviceB", &of_a)),
        )
    }

    /// A service on this listener.
    pub(crate) fn on(listener: tokio::net::TcpListener, pairs: &[(&str, &str)]) -> Self {
        let address = listener.local_addr().unwrap();
        let quick = [
            ("RELAY_BACKOFF", "5ms"),
            ("RELAY_MAX_BACKOFF", "20ms"),
            ("PRESENCE_INTERVAL", "20ms"),
        ];
        let settings = settings::<Chat>(&[&quick[..], pairs].concat());
        let lifecycle = TestLifecycle::default();
        let served = lifecycle.lifecycle().clone();
        lifecycle
            .lifecycle()
            .spawn(async move { chat::serve(settings, listener, None, served).await });
        Self { address, lifecycle }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A client of the original.
    pub(crate) async fn plain(&self, client: i64) -> Client {
        self.connect(&format!("/ws/{client}"), &[]).await.unwrap()
    }

    /// A client of ours, and what it is welcomed with.
    pub(crate) async fn v1(&self, client: i64, query: &str) -> (Client, Value) {
        let path = format!("/ws/{client}?{query}");
        let protocol = [("sec-websocket-protocol", "malha.chat.v1")];
        let mut client = self.connect(&path, &protocol).await.unwrap();
        let welcome = client.frame().await;
        assert_eq!(welcome["type"], "welcome", "{welcome}");
        (client, welcome)
    }

    pub(crate) async fn connect(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Client, Error> {
        let url = format!("ws://{}{path}", self.address);
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            let name = HeaderName::from_static(name);
            let value = HeaderValue::from_str(value).unwrap();
            request.headers_mut().insert(name, value);
        }
        let (socket, _) = tokio_tungstenite::connect_async(request).await?;
        Ok(Client(socket))
    }

    /// Waits until so many joins at other services are known here.
    pub(crate) async fn knows_joined(&self, count: u64) {
        let line = "chat_entries_taken_total{from=\"peer\",kind=\"joined\"}";
        eventually(&format!("{count} joins elsewhere"), async || {
            (self.metric(line) >= count).then_some(())
        })
        .await;
    }

    /// The value of a metric line, by its beginning.
    pub(crate) fn metric(&self, line: &str) -> u64 {
        let text = self.lifecycle.lifecycle().metrics().render().unwrap();
        text.lines()
            .find_map(|found| found.strip_prefix(line)?.trim().parse().ok())
            .unwrap_or(0)
    }
}

/// A WebSocket client.
pub(crate) struct Client(pub(crate) WebSocketStream<MaybeTlsStream<TcpStream>>);

/// Far beyond what any machine needs.
const PATIENCE: Duration = Duration::from_secs(30);

impl Client {
    /// Sends a frame of text.
    pub(crate) async fn say(&mut self, text: impl Into<String>) {
        self.0
            .send(Message::Text(text.into().into()))
            .await
            .unwrap();
    }

    /// Sends a message by the subprotocol.
    pub(crate) async fn send(&mut self, id: &str, text: &str) {
        let frame = json!({"type": "send", "id": id, "text": text});
        self.say(frame.to_string()).await;
    }

    /// What comes next, but for pings.
    pub(crate) async fn next(&mut self) -> Message {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.0.next()).await;
            match next
                .expect("a frame in time")
                .expect("not the end")
                .unwrap()
            {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }

    /// The next frame of text, or none where the connection ends instead.
    pub(crate) async fn text(&mut self) -> Option<String> {
        match self.next().await {
            Message::Text(text) => Some(text.to_string()),
            _ => None,
        }
    }

    /// The next frame of text.
    pub(crate) async fn line(&mut self) -> String {
        match self.next().await {
            Message::Text(text) => text.to_string(),
            other => panic!("{other:?} instead of text"),
        }
    }

    /// The next frame of the subprotocol.
    pub(crate) async fn frame(&mut self) -> Value {
        serde_json::from_str(&self.line().await).unwrap()
    }

    /// The next frame of the subprotocol that is of this type; others are passed over.
    pub(crate) async fn frame_of(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.frame().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// Code and reason of the close that comes next; other frames are passed over.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Message::Close(frame) = self.next().await {
                let frame = frame.expect("a close with a code");
                return (frame.code.into(), frame.reason.to_string());
            }
        }
    }

    pub(crate) async fn leave(mut self) {
        self.0.close(None).await.unwrap();
        while let Some(Ok(_)) = self.0.next().await {}
    }
}
