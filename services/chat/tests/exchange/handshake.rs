//! How a connection begins and ends, on bare sockets.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::Service;

const WHOLE: [&str; 5] = [
    "Host: chat",
    "Connection: keep-alive, Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

/// Far beyond what any machine needs.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends a request without a body, and reads the head of the answer.
async fn ask(service: &Service, line: &str, headers: &[&str]) -> (TcpStream, String) {
    let mut socket = TcpStream::connect(service.address).await.unwrap();
    let request = format!("{line}\r\n{}\r\n\r\n", headers.join("\r\n"));
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = timeout(PATIENCE, socket.read_u8()).await;
        head.push(byte.expect("an answer in time").unwrap());
    }
    (socket, String::from_utf8(head).unwrap().to_lowercase())
}

#[tokio::test]
async fn each_fault_of_a_handshake_has_the_status_that_says_it() {
    const WANTED: &[&str] = &[
        "connection: upgrade",
        "upgrade: websocket",
        "sec-websocket-version: 13",
    ];
    let service = Service::alone(&[]).await;
    let get = "GET /ws/1 HTTP/1.1";
    let without = |at: usize| {
        let mut headers = WHOLE.to_vec();
        headers.remove(at);
        headers
    };
    let with = |at: usize, header| {
        let mut headers = WHOLE.to_vec();
        headers[at] = header;
        headers
    };
    let version_8 = with(3, "Sec-WebSocket-Version: 8");
    let short_key = with(4, "Sec-WebSocket-Key: c2hvcnQ=");
    let foreign = [&WHOLE[..], &["Origin: http://evil.example"]].concat();
    let cases: &[(&str, Vec<&str>, u16, &[&str])] = &[
        (get, WHOLE.to_vec(), 101, &["upgrade: websocket"]),
        (get, without(1), 426, WANTED),
        (get, without(2), 426, WANTED),
        (get, with(2, "Upgrade: h2c"), 426, WANTED),
        ("GET /ws/1 HTTP/1.0", WHOLE.to_vec(), 426, &[]),
        (get, without(3), 426, WANTED),
        (get, version_8, 426, WANTED),
        (get, without(4), 400, &[]),
        (get, short_key, 400, &[]),
        ("HEAD /ws/1 HTTP/1.1", WHOLE.to_vec(), 405, &["allow: get"]),
        ("POST /ws/1 HTTP/1.1", WHOLE.to_vec(), 405, &["allow: get"]),
        (get, foreign, 403, &[]),
    ];
    for (line, headers, status, expected) in cases {
        let (_, answer) = ask(&service, line, headers).await;
        let what = format!("{line} {headers:?}: {answer}");
        assert_eq!(answer[9..12], status.to_string(), "{what}");
        for header in *expected {
            assert!(answer.contains(header), "{header} for {what}");
        }
    }
}

#[tokio::test]
async fn a_page_behind_a_proxy_is_known_by_the_host_that_the_proxy_was_asked() {
    let page = [
        &WHOLE[..],
        &[
            "Origin: https://chat.example",
            "X-Forwarded-Host: chat.example",
        ],
    ]
    .concat();
    for (trust, status) in [("127.0.0.1", "101"), ("10.0.0.0/8", "403"), ("none", "403")] {
        let service = Service::alone(&[("FORWARDED_TRUST", trust)]).await;
        let (_, answer) = ask(&service, "GET /ws/1 HTTP/1.1", &page).await;
        assert_eq!(answer[9..12], *status, "{trust}");
    }
    let service = Service::alone(&[]).await;
    for (told, status) in [
        ("X-Forwarded-Host: Chat.Example:443, inner:8080", "101"),
        (
            "Forwarded: for=192.0.2.7;host=chat.example;proto=https",
            "101",
        ),
        ("X-Forwarded-Host: inner:8080, chat.example", "403"),
        ("X-Forwarded-Host: evil.example", "403"),
        ("X-Forwarded-Host: ", "403"),
    ] {
        let page = [&WHOLE[..], &["Origin: https://chat.example", told]].concat();
        let (_, answer) = ask(&service, "GET /ws/1 HTTP/1.1", &page).await;
        assert_eq!(answer[9..12], *status, "{told}");
    }
}

#[tokio::test]
async fn below_the_path_of_a_proxy_the_page_finds_its_files_and_its_websocket() {
    let service = Service::alone(&[("ROOT_PATH", "/chat")]).await;
    for path in ["/ws/1", "/chat/ws/1"] {
        let (_, answer) = ask(&service, &format!("GET {path} HTTP/1.1"), &WHOLE).await;
        assert_eq!(answer[9..12], *"101", "{path}");
    }
    for path in ["/", "/app.js", "/chat/", "/chat/app.js"] {
        let (_, answer) = ask(&service, &format!("GET {path} HTTP/1.1"), &["Host: a"]).await;
        assert_eq!(answer[9..12], *"200", "{path}");
    }
    let (_, answer) = ask(&service, "GET /chat HTTP/1.1", &["Host: a"]).await;
    assert_eq!(answer[9..12], *"307", "{answer}");
    assert!(answer.contains("location: /chat/\r\n"), "{answer}");
}

/// Lets a client in and the service end, and reads the close that it says.
async fn drained(close_timeout: &str) -> TcpStream {
    let service = Service::alone(&[("CLOSE_TIMEOUT", close_timeout)]).await;
    let (mut socket, _) = ask(&service, "GET /ws/1 HTTP/1.1", &WHOLE).await;
    let joined = b"\x81\x19Client #1 joined the chat";
    let mut read = vec![0; joined.len()];
    socket.read_exact(&mut read).await.unwrap();
    assert_eq!(read, joined);
    service.lifecycle.stop();
    let close = b"\x88\x0a\x03\xe9draining";
    let mut read = vec![0; close.len()];
    socket.read_exact(&mut read).await.unwrap();
    assert_eq!(read, close);
    socket
}

#[tokio::test]
async fn a_drain_waits_for_the_clients_close_before_it_ends_the_connection() {
    let mut socket = drained("1h").await;
    let early = timeout(Duration::from_millis(200), socket.read_u8()).await;
    assert!(early.is_err(), "{early:?} before the client's close");
    // What it had said before it read the close is passed over. The mask is of zeros.
    let said = b"\x81\x82\0\0\0\0hi\x88\x82\0\0\0\0\x03\xe9";
    socket.write_all(said).await.unwrap();
    let mut rest = Vec::new();
    let end = timeout(PATIENCE, socket.read_to_end(&mut rest)).await;
    assert_eq!(end.expect("an end in time").unwrap(), 0, "{rest:?}");
}

#[tokio::test]
async fn a_client_that_does_not_answer_a_close_is_left_after_a_while() {
    let mut socket = drained("50ms").await;
    let mut rest = Vec::new();
    let end = timeout(PATIENCE, socket.read_to_end(&mut rest)).await;
    assert_eq!(end.expect("an end in time").unwrap(), 0, "{rest:?}");
}
