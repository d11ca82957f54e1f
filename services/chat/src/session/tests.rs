//! Sessions over a pipe, on a clock that goes on only while nothing else does.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use opentelemetry::trace::TraceId;
use serde_json::{Value as Json, json};
use testing::{Spans, TestLifecycle, TraceParent, settings};
use tokio::io::{
    AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex,
};
use tokio::task::JoinHandle;

use super::*;
use crate::hub::{Join, Stream};
use crate::{Chat, service};

/// A room, and what its clients may do.
struct Place {
    lifecycle: TestLifecycle,
    limits: ClientLimits,
    hub: Hub,
}

impl Place {
    fn with(environment: &[(&str, &str)]) -> Self {
        let lifecycle = TestLifecycle::default();
        let metrics = ChatMetrics::new(lifecycle.lifecycle().metrics());
        let settings = settings::<Chat>(environment);
        let hub = service::room(&settings, metrics).unwrap();
        hub.start(lifecycle.lifecycle());
        Self {
            hub,
            limits: settings.client,
            lifecycle,
        }
    }

    fn pending(&self, protocol: Protocol) -> PendingSession {
        PendingSession {
            hub: self.hub.clone(),
            limits: self.limits,
            join: Join {
                protocol,
                ..Join::example()
            },
            is_trusted: false,
            opened_by: None,
        }
    }

    fn connect(&self, pending: PendingSession) -> Client {
        let (near, far) = duplex(1 << 16);
        self.connect_by(pending, Box::new(near), far)
    }

    fn connect_by(
        &self,
        pending: PendingSession,
        near: Box<dyn Stream>,
        far: DuplexStream,
    ) -> Client {
        let connection = self.hub.connect(near);
        let lifecycle = self.lifecycle.lifecycle();
        let session = Box::new(pending).run(connection, lifecycle.clone());
        Client {
            stream: far,
            session: lifecycle.spawn(session),
            began: Instant::now(),
        }
    }

    async fn v1(&self) -> Client {
        self.come_in(self.pending(Protocol::V1)).await
    }

    /// A client that has been welcomed, and has heard that it came.
    async fn come_in(&self, pending: PendingSession) -> Client {
        let mut client = self.connect(pending);
        assert_eq!(client.frame().await["type"], "welcome");
        assert_eq!(client.frame().await["type"], "joined");
        client
    }
}

/// The other end of a session.
struct Client {
    stream: DuplexStream,
    session: JoinHandle<()>,
    began: Instant,
}

impl Client {
    /// Sends frames in one piece.
    async fn say(&mut self, frames: &[(Opcode, &[u8])]) {
        let mut bytes = Vec::new();
        for (opcode, payload) in frames {
            bytes.push(0x80 | *opcode as u8);
            if let Ok(length @ ..126) = u8::try_from(payload.len()) {
                bytes.push(0x80 | length);
            } else {
                bytes.push(0xfe);
                bytes.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
            }
            bytes.extend([0; 4]); // the mask
            bytes.extend(*payload);
        }
        self.stream.write_all(&bytes).await.unwrap();
    }

    async fn say_json(&mut self, frame: Json) {
        self.say(&[(Opcode::Text, frame.to_string().as_bytes())])
            .await;
    }

    /// What it hears next, as opcode and payload, and when.
    async fn hear(&mut self) -> (u8, Vec<u8>, Duration) {
        let mut head = [0; 2];
        self.stream.read_exact(&mut head).await.unwrap();
        let length = match head[1] {
            126 => self.stream.read_u16().await.unwrap().into(),
            length => usize::from(length),
        };
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload).await.unwrap();
        (head[0] & 0x0f, payload, self.began.elapsed())
    }

    async fn frame(&mut self) -> Json {
        let (opcode, payload, at) = self.hear().await;
        assert_eq!(opcode, Opcode::Text as u8, "{payload:x?} at {at:?}");
        serde_json::from_slice(&payload).unwrap()
    }

    async fn ask(&mut self, frame: Json) -> Json {
        self.say_json(frame).await;
        self.frame().await
    }

    /// The code of the close that it hears next, and when.
    async fn hear_close(&mut self) -> (u16, Duration) {
        let (opcode, payload, at) = self.hear().await;
        assert_eq!(opcode, Opcode::Close as u8);
        (u16::from_be_bytes([payload[0], payload[1]]), at)
    }
}

const S: fn(u64) -> Duration = Duration::from_secs;

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_is_pinged_and_then_given_up() {
    let place = Place::with(&[("PING_INTERVAL", "30s"), ("PONG_TIMEOUT", "20s")]);
    let mut client = place.v1().await;
    assert_eq!(client.hear().await, (Opcode::Ping as u8, vec![], S(30)));
    let mut rest = Vec::new();
    client.stream.read_to_end(&mut rest).await.unwrap();
    assert_eq!((rest, client.began.elapsed()), (vec![], S(50)));
    client.session.await.unwrap();
    assert_eq!(*place.hub.members().borrow(), 0);
}

/// A pipe that counts what is written by one call.
struct Counting {
    pipe: DuplexStream,
    writes: Arc<AtomicUsize>,
}

impl AsyncRead for Counting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Counting {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut self.pipe).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_shutdown(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn pings_that_came_together_are_answered_by_one_write_and_before_what_came_after_them() {
    let place = Place::with(&[]);
    let (near, far) = duplex(1 << 16);
    let writes = Arc::default();
    let near = Counting {
        pipe: near,
        writes: Arc::clone(&writes),
    };
    let mut client = place.connect_by(place.pending(Protocol::V1), Box::new(near), far);
    assert_eq!(client.frame().await["type"], "welcome");
    assert_eq!(client.frame().await["type"], "joined");
    let before = writes.load(Ordering::Relaxed);
    let mut said = [(Opcode::Ping, &b"still there?"[..]); 21];
    said[20] = (Opcode::Text, br#"{"type":"ping","at":7}"#);
    client.say(&said).await;
    for _ in 0..20 {
        let (opcode, payload, _) = client.hear().await;
        assert_eq!(
            (opcode, &*payload),
            (Opcode::Pong as u8, &b"still there?"[..])
        );
    }
    assert_eq!(client.frame().await["type"], "pong");
    assert_eq!(writes.load(Ordering::Relaxed) - before, 2);
}

#[tokio::test(start_paused = true)]
async fn who_pings_without_end_takes_turns_with_others() {
    let place = Place::with(&[]);
    let mut client = place.v1().await;
    // More than is answered in one turn, and less than the pipe takes.
    let ping: (Opcode, &[u8]) = (Opcode::Ping, &[b'p'; 125]);
    client.say(&[ping; 400]).await;
    tokio::task::yield_now().await;
    let mut answered = vec![0; 1 << 16];
    let answered = client.stream.read(&mut answered).await.unwrap();
    assert!(answered <= TURN * 4096, "{answered}");
}

#[tokio::test(start_paused = true)]
async fn whatever_a_client_says_puts_off_the_next_ping() {
    let place = Place::with(&[("PING_INTERVAL", "30s"), ("PONG_TIMEOUT", "20s")]);
    let mut client = place.v1().await;
    for (quiet, pinged) in [(10, 40), (15, 85), (0, 115)] {
        tokio::time::sleep(S(quiet)).await;
        client.say(&[(Opcode::Pong, b"")]).await;
        let (opcode, _, at) = client.hear().await;
        assert_eq!((opcode, at), (Opcode::Ping as u8, S(pinged)));
    }
}

/// A question whose answer tells when it was heard.
const QUESTION: (Opcode, &[u8]) = (Opcode::Text, br#"{"type":"ping","at":1}"#);

#[tokio::test(start_paused = true)]
async fn a_client_is_read_as_fast_as_its_rate_and_no_faster() {
    let rate = [("RATE", "1"), ("RATE_BURST", "1"), ("RATE_PATIENCE", "3s")];
    let place = Place::with(&rate);
    let mut client = place.v1().await;
    // With a break in between, its patience begins anew.
    client.say(&[QUESTION; 3]).await;
    for second in 0..3 {
        assert_eq!(client.hear().await.2, S(second));
    }
    client.say(&[QUESTION; 9]).await;
    for second in 3..6 {
        assert_eq!(client.hear().await.2, S(second));
    }
    assert_eq!(client.hear_close().await, (1008, S(5)));
}

#[tokio::test(start_paused = true)]
async fn only_texts_count_for_the_rate() {
    let place = Place::with(&[("RATE", "1"), ("RATE_BURST", "1")]);
    let mut client = place.v1().await;
    client
        .say(&[(Opcode::Ping, &b"are you there"[..]); 9])
        .await;
    for _ in 0..9 {
        let pong = (Opcode::Pong as u8, b"are you there".to_vec(), S(0));
        assert_eq!(client.hear().await, pong);
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_taken_is_refused_with_the_reason_and_its_id() {
    let place = Place::with(&[]);
    let mut client = place.v1().await;
    for (frame, id, reason) in [
        (json!({"type": "dance", "id": "1"}), json!("1"), "type"),
        (json!({"type": "send", "text": "t"}), Json::Null, "id"),
        (
            json!({"type": "send", "id": "a b", "text": "t"}),
            json!("a b"),
            "id",
        ),
        (
            json!({"type": "send", "id": "1", "text": ""}),
            json!("1"),
            "empty",
        ),
    ] {
        let refused = client.ask(frame).await;
        assert_eq!(refused["type"], "refused", "{refused}");
        assert_eq!((&refused["id"], &refused["reason"]), (&id, &json!(reason)));
        assert_eq!(refused["retry_after"], Json::Null);
    }
    client.say_json(json!("no frame")).await;
    assert_eq!(client.hear_close().await.0, 1008);
}

#[tokio::test(start_paused = true)]
async fn who_says_a_thing_again_is_told_its_place_and_others_hear_it_once() {
    let place = Place::with(&[]);
    let mut other = place.v1().await;
    let mut client = place.v1().await;
    assert_eq!(other.frame().await["type"], "joined");
    let said = json!({"type": "send", "id": "1", "text": "hello"});
    let first = client.ask(said.clone()).await;
    let again = client.ask(said).await;
    assert_eq!(
        (&first["type"], &again["type"]),
        (&json!("accepted"), &json!("accepted"))
    );
    assert_eq!(
        (&first["duplicate"], &again["duplicate"]),
        (&Json::Null, &json!(true))
    );
    assert_eq!(again["cursor"], first["cursor"]);
    assert_eq!(other.frame().await["text"], "hello");
    client.say(&[(Opcode::Close, &[0x03, 0xe8])]).await;
    assert_eq!(client.hear_close().await.0, 1000);
    drop(client.stream);
    assert_eq!(other.frame().await["type"], "left");
}

/// A peer that is not there, and room for two entries that wait for it: who came, and one message.
const FULL: [(&str, &str); 2] = [
    ("PEER_URL", "http://peer.example/relay"),
    ("OUTBOX_MAX", "2"),
];

#[tokio::test(start_paused = true)]
async fn who_finds_the_outbox_full_is_told_in_its_own_protocol() {
    let place = Place::with(&FULL);
    let mut client = place.v1().await;
    let said = |id: &str| json!({"type": "send", "id": id, "text": "hello"});
    assert_eq!(client.ask(said("1")).await["type"], "accepted");
    let refused = client.ask(said("2")).await;
    assert_eq!(
        (&refused["reason"], &refused["retry_after"]),
        (&json!("outbox_full"), &json!(1000))
    );

    let place = Place::with(&FULL);
    let mut other = place.v1().await;
    let mut client = place.connect(place.pending(Protocol::Plain));
    let text = reason_text("outbox_full");
    client.say(&[(Opcode::Text, &b"one"[..]); 2]).await;
    let mut heard = String::new();
    while !heard.contains(&plain_refusal(text)) {
        heard = String::from_utf8(client.hear().await.1).unwrap();
    }
    assert_eq!(other.frame().await["type"], "joined");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_ends_says_so() {
    let place = Place::with(&[]);
    let mut client = place.v1().await;
    place.lifecycle.drain();
    place.lifecycle.stop();
    assert_eq!(client.hear_close().await.0, 1001);
}

#[tokio::test(start_paused = true)]
async fn a_message_is_in_its_sender_s_trace_where_that_is_trusted_and_refers_to_it_elsewhere() {
    let spans = Spans::capture();
    for is_trusted in [true, false] {
        let (place, sender, opener) = (
            Place::with(&[]),
            TraceParent::random(),
            TraceParent::random(),
        );
        let pending = PendingSession {
            is_trusted,
            opened_by: Some(opener.context()),
            ..place.pending(Protocol::V1)
        };
        let mut client = place.come_in(pending).await;
        let id = Token::random().to_string();
        let said = json!({
            "type": "send", "id": id, "text": "hello", "traceparent": sender.header(),
        });
        assert_eq!(client.ask(said).await["type"], "accepted");
        client.say(&[(Opcode::Close, &[0x03, 0xe8])]).await;
        assert_eq!(client.hear_close().await.0, 1000);
        drop(client.stream);
        client.session.await.unwrap();

        let received = spans.with("chat.message.id", id);
        let received = received.iter().find(|span| span.name == "receive").unwrap();
        assert_eq!(received.trace_id == sender.trace_id, is_trusted);
        let refers = |to: TraceId| received.links.iter().any(|link| link.trace_id() == to);
        assert_eq!(refers(sender.trace_id), !is_trusted);
        let connection = spans.with("chat.close.code", 1000);
        let of_this = connection.iter().find(|span| {
            let opened_by = |link: &SpanContext| link.trace_id() == opener.trace_id;
            span.name == "connection" && span.links.iter().any(opened_by)
        });
        assert!(refers(of_this.unwrap().trace_id));
    }
}
