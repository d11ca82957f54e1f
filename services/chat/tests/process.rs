//! The program as a real process: how it starts, is killed, stopped, and ends.
#![cfg(test)]

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use testing::{Process, Signal, address, eventually};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

const CHAT: &str = env!("CARGO_BIN_EXE_chat");

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

fn service(name: &str, listen: SocketAddr, peer: SocketAddr, more: &[(&str, &str)]) -> Process {
    let (listen, peer) = (listen.to_string(), format!("http://{peer}/relay"));
    let own = [
        ("SERVICE_NAME", name),
        ("LISTEN", &listen),
        ("PEER_URL", &peer),
        ("RELAY_BACKOFF", "10ms"),
        ("RELAY_MAX_BACKOFF", "50ms"),
        ("RELAY_TIMEOUT", "500ms"),
    ];
    Process::start(CHAT, &[&own[..], more].concat())
}

/// A client that was let in: who is only connected is not in the room yet, and misses what is said.
async fn connect(address: SocketAddr, client: i64, query: &str) -> Socket {
    let mut socket = eventually(&format!("a connection to {address}"), async || {
        let url = format!("ws://{address}/ws/{client}?{query}");
        let mut request = url.into_client_request().unwrap();
        let protocol = "malha.chat.v1".parse().unwrap();
        request
            .headers_mut()
            .insert("sec-websocket-protocol", protocol);
        let connected = tokio_tungstenite::connect_async(request).await;
        connected.ok().map(|(socket, _)| socket)
    })
    .await;
    frame_of(&mut socket, "welcome").await;
    socket
}

async fn say(socket: &mut Socket, id: &str) {
    let frame = json!({"type": "send", "id": id, "text": id}).to_string();
    socket.send(Message::Text(frame.into())).await.unwrap();
    frame_of(socket, "accepted").await;
}

/// The next frame of this type; others are passed over.
async fn frame_of(socket: &mut Socket, kind: &str) -> Value {
    let minute = std::time::Duration::from_mins(1);
    let found = tokio::time::timeout(minute, async {
        loop {
            if let Message::Text(text) = socket.next().await.unwrap().unwrap() {
                let frame: Value = serde_json::from_str(&text).unwrap();
                if frame["type"] == kind {
                    return frame;
                }
            }
        }
    });
    found.await.expect("the frame in time")
}

#[tokio::test]
async fn what_is_said_while_the_peer_is_dead_arrives_once_and_in_order_when_it_is_back() {
    let (of_a, of_b) = (address(), address());
    let a = service("serviceA", of_a, of_b, &[]);
    let mut b = service("serviceB", of_b, of_a, &[]);
    a.address("LISTEN").await;
    let mut sender = connect(of_a, 1, "").await;
    let mut reader = connect(of_b, 2, "").await;
    say(&mut sender, "antes").await;
    assert_eq!(frame_of(&mut reader, "message").await["text"], "antes");
    // Who is killed before it has said that it took a message gets it again, and knows nothing of it.
    frame_of(&mut sender, "delivered").await;

    b.signal(Signal::SIGKILL);
    b.ended().await;
    for n in 0..20 {
        say(&mut sender, &format!("m-{n}")).await;
    }
    let _b = service("serviceB", of_b, of_a, &[]);
    let mut reader = connect(of_b, 2, "history=1000").await;
    for n in 0..20 {
        assert_eq!(
            frame_of(&mut reader, "message").await["text"],
            format!("m-{n}")
        );
    }
    say(&mut sender, "fim").await;
    assert_eq!(frame_of(&mut reader, "message").await["text"], "fim");
}

#[tokio::test]
async fn what_waits_for_the_peer_outlives_a_kill_where_there_is_a_disk() {
    let (of_a, of_b) = (address(), address());
    let directory = tempfile::tempdir().unwrap();
    let disk = [("OUTBOX_DIR", directory.path().to_str().unwrap())];
    let mut a = service("serviceA", of_a, of_b, &disk);
    a.address("LISTEN").await;
    let mut sender = connect(of_a, 1, "").await;
    for n in 0..20 {
        say(&mut sender, &format!("m-{n}")).await;
    }
    a.signal(Signal::SIGKILL);
    a.ended().await;
    let _a = service("serviceA", of_a, of_b, &disk);
    let _b = service("serviceB", of_b, of_a, &[]);
    let mut reader = connect(of_b, 2, "history=1000").await;
    for n in 0..20 {
        assert_eq!(
            frame_of(&mut reader, "message").await["text"],
            format!("m-{n}")
        );
    }
    assert_eq!(frame_of(&mut reader, "left").await["client"], 1);
}

#[tokio::test]
async fn a_peer_that_is_stopped_for_a_while_gets_everything_once() {
    let (of_a, of_b) = (address(), address());
    let _a = service("serviceA", of_a, of_b, &[("RELAY_TIMEOUT", "50ms")]);
    let b = service("serviceB", of_b, of_a, &[]);
    let mut reader = connect(of_b, 2, "").await;
    let mut sender = connect(of_a, 1, "").await;
    // The peer must have been there before it can be told that it is not.
    say(&mut sender, "antes").await;
    assert_eq!(frame_of(&mut reader, "message").await["text"], "antes");
    let mut watcher = connect(of_a, 3, "").await;
    b.signal(Signal::SIGSTOP);
    for n in 0..20 {
        say(&mut sender, &format!("m-{n}")).await;
    }
    // A try was given up by now, and lies in its buffers.
    while frame_of(&mut watcher, "peer").await["reachable"] == true {}
    b.signal(Signal::SIGCONT);
    for n in 0..20 {
        assert_eq!(
            frame_of(&mut reader, "message").await["text"],
            format!("m-{n}")
        );
    }
    say(&mut sender, "fim").await;
    assert_eq!(frame_of(&mut reader, "message").await["text"], "fim");
}

#[tokio::test]
async fn at_sigterm_clients_are_told_the_others_hear_of_it_and_what_waits_is_sent() {
    let (of_a, of_b) = (address(), address());
    let mut a = service("serviceA", of_a, of_b, &[]);
    let _b = service("serviceB", of_b, of_a, &[]);
    let mut reader = connect(of_b, 2, "").await;
    let mut sender = connect(of_a, 1, "").await;
    frame_of(&mut reader, "joined").await;
    say(&mut sender, "ultima").await;
    a.signal(Signal::SIGTERM);
    let close = loop {
        if let Message::Close(Some(close)) = sender.next().await.unwrap().unwrap() {
            break close;
        }
    };
    assert_eq!(
        (u16::from(close.code), close.reason.as_str()),
        (1001, "draining")
    );
    drop(sender);
    assert_eq!(a.ended().await.code(), Some(0));
    assert_eq!(frame_of(&mut reader, "message").await["text"], "ultima");
    assert_eq!(frame_of(&mut reader, "left").await["client"], 1);
}

#[tokio::test]
async fn what_is_lost_with_the_process_is_said() {
    let (of_a, of_b) = (address(), address());
    let mut a = service("serviceA", of_a, of_b, &[("DRAIN_TIMEOUT", "200ms")]);
    let mut sender = connect(of_a, 1, "").await;
    say(&mut sender, "perdida").await;
    drop(sender);
    a.signal(Signal::SIGINT);
    assert_eq!(a.ended().await.code(), Some(0));
    a.stderr
        .containing("messages are lost that the peer never took")
        .await;
}

#[tokio::test]
async fn two_processes_do_not_share_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let disk = [("OUTBOX_DIR", directory.path().to_str().unwrap())];
    let (of_a, of_b) = (address(), address());
    let first = service("serviceA", of_a, of_b, &disk);
    first.address("LISTEN").await;
    connect(of_a, 1, "").await;
    let mut second = service("serviceA", address(), of_b, &disk);
    assert_eq!(second.ended().await.code(), Some(1));
    second
        .stderr
        .containing("is in use by another process")
        .await;
}

#[tokio::test]
async fn the_relay_can_have_a_port_of_its_own() {
    let (of_a, of_b) = (address(), address());
    let a = service("serviceA", of_a, of_b, &[("RELAY_LISTEN", "127.0.0.1:0")]);
    let relay = a.address("RELAY_LISTEN").await;
    let post = async |address: SocketAddr| {
        let request = reqwest::Client::new().post(format!("http://{address}/relay"));
        let body = request.body(r#"{"message":"x"}"#);
        body.send().await.unwrap().status().as_u16()
    };
    assert_eq!((post(relay).await, post(of_a).await), (200, 404));
    let page = reqwest::get(format!("http://{relay}/")).await.unwrap();
    assert_eq!(page.status(), 404);
}

#[tokio::test]
async fn a_password_in_the_url_of_redis_is_in_no_line_of_the_log() {
    let redis = format!("redis://:abracadabra@{}/0", address()); // nobody is there
    let settings = [("REDIS_URL", redis.as_str()), ("LOG_LEVEL", "debug")];
    let mut chat = Process::start(CHAT, &settings);
    chat.stderr.containing("REDIS_URL=***").await;
    let report = eventually("that Redis is missed", async || {
        let (_, report) = chat.readyz().await;
        let report = report.to_string();
        report.contains("Redis does not answer").then_some(report)
    })
    .await;
    assert!(!report.contains("abracadabra"), "{report}");
    chat.signal(Signal::SIGTERM);
    chat.ended().await;
    for line in chat.stderr.all() {
        assert!(!line.contains("abracadabra"), "{line}");
    }
}

#[tokio::test]
async fn a_page_that_is_refused_is_in_the_log_with_both_names_and_the_setting() {
    let (listen, peer) = (address(), address());
    let chat = service("serviceA", listen, peer, &[]);
    chat.address("LISTEN").await;
    let url = format!("ws://{listen}/ws/1");
    let mut request = url.into_client_request().unwrap();
    let origin = "https://chat.example".parse().unwrap();
    request.headers_mut().insert("origin", origin);
    assert!(tokio_tungstenite::connect_async(request).await.is_err());
    let line = chat.stderr.containing("a page was refused").await;
    for expected in [
        "WARN",
        "https://chat.example",
        &listen.to_string(),
        "ALLOWED_ORIGINS",
    ] {
        assert!(line.contains(expected), "{expected} in {line}");
    }
}
