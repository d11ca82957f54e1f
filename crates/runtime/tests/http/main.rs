//! The server over real sockets: what slow, large, many and late clients get.
#![cfg(test)]

mod labels;
mod memory;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::body::Bytes;
use axum::routing::{get, post};
use axum::{Extension, Router};
use bytesize::ByteSize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use runtime::http::{self, Forwarded, HoldBack, HttpLimits, Routes};
use runtime::net;
use runtime::settings;
use testing::{TestLifecycle, TestServer, eventually, read_to_end};

const SHORT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_mins(1);

fn limits() -> HttpLimits {
    settings::defaults().unwrap()
}

async fn start(routes: Routes, limits: HttpLimits) -> TestServer {
    TestServer::start("http", |listener, lifecycle| async move {
        http::serve(listener, routes, limits, &lifecycle).await;
    })
    .await
}

fn hello() -> Routes {
    Routes::new().route("/", get(|| async { "olá" }))
}

/// Sends bytes, reads to the end of the connection. A reset counts as an end.
async fn exchange(mut stream: TcpStream, request: &[u8]) -> String {
    stream.write_all(request).await.unwrap();
    read_to_end(&mut stream).await
}

/// Reads one answer with a `content-length`, leaving the connection open.
async fn one_answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&answer);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            if body.len() == length.unwrap().parse::<usize>().unwrap() {
                return text.into_owned();
            }
        }
        assert_ne!(
            stream.read_buf(&mut answer).await.unwrap(),
            0,
            "closed after {answer:?}"
        );
    }
}

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: test\r\n\r\n";
const LAST_GET: &[u8] = b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let limits = HttpLimits {
        first_byte_timeout: SHORT,
        ..limits()
    };
    let server = start(hello(), limits).await;
    assert_eq!(read_to_end(&mut server.connect().await).await, "");
    server.cut_by("first_byte_timeout").await;
}

#[tokio::test]
async fn a_head_that_never_ends_is_given_up() {
    let server = start(
        hello(),
        HttpLimits {
            header_timeout: SHORT,
            ..limits()
        },
    )
    .await;
    assert_eq!(
        exchange(server.connect().await, b"GET / HTTP/1.1\r\nx: ").await,
        ""
    );
    server.cut_by("header_timeout").await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_by_the_idle_limit_and_not_by_the_header_limit() {
    let limits = HttpLimits {
        idle_timeout: SHORT,
        header_timeout: LONG,
        ..limits()
    };
    let server = start(hello(), limits).await;
    let mut stream = server.connect().await;
    stream.write_all(GET).await.unwrap();
    assert!(one_answer(&mut stream).await.ends_with("olá"));
    assert_eq!(read_to_end(&mut stream).await, "");
    server.cut_by("idle_timeout").await;
}

#[tokio::test]
async fn a_client_that_never_reads_is_given_up() {
    let large = Routes::new().route("/", get(|| async { vec![b'x'; 64 << 20] }));
    let server = start(
        large,
        HttpLimits {
            write_timeout: SHORT,
            ..limits()
        },
    )
    .await;
    let mut stream = server.connect().await;
    stream.write_all(GET).await.unwrap();
    server.cut_by("write_timeout").await;
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    let echo = Routes::new().route("/", post(|body: Bytes| async move { body }));
    let server = start(
        echo,
        HttpLimits {
            body_timeout: SHORT,
            ..limits()
        },
    )
    .await;
    let request = b"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\nhalf";
    let answer = exchange(server.connect().await, request).await;
    is_problem(&answer, 408);
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    server.cut_by("body_timeout").await;
}

#[tokio::test]
async fn a_body_over_the_limit_gets_413() {
    let echo = Routes::new().route("/", post(|body: Bytes| async move { body }));
    let server = start(
        echo,
        HttpLimits {
            max_body_bytes: ByteSize::b(4),
            ..limits()
        },
    )
    .await;
    let request =
        b"POST / HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: 5\r\n\r\nlarge";
    let answer = exchange(server.connect().await, request).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    server.cut_by("body_too_large").await;
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up_where_nobody_observes_requests_too() {
    let limits = HttpLimits {
        body_timeout: SHORT,
        ..limits()
    };
    let server = TestServer::start("http", |listener, lifecycle| async move {
        let echo = Router::new().route("/", post(|body: Bytes| async move { body }));
        http::serve_untraced("http", listener, echo, limits, &lifecycle).await;
    })
    .await;
    let request = b"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\nhalf";
    is_problem(&exchange(server.connect().await, request).await, 408);
    server.cut_by("body_timeout").await;
}

#[tokio::test]
async fn a_head_over_the_limit_gets_431() {
    let server = start(
        hello(),
        HttpLimits {
            max_header_bytes: ByteSize::kib(8),
            ..limits()
        },
    )
    .await;
    let request = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(9000));
    let answer = exchange(server.connect().await, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    server.cut_by("head_too_large").await;
    let rest = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx: \r\n\r\n".len();
    for (size, status) in [(8 << 10, 200), ((8 << 10) + 1, 431), (20 << 10, 431)] {
        let long = "y".repeat(size - rest);
        let head = format!("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx: {long}\r\n\r\n");
        for piece in [size, 1000] {
            let mut stream = server.connect().await;
            for piece in head.as_bytes().chunks(piece) {
                // It may be refused before it is whole.
                if stream.write_all(piece).await.is_err() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            let answer = read_to_end(&mut stream).await;
            let line = format!("HTTP/1.1 {status} ");
            assert!(answer.starts_with(&line), "{size} in {piece}: {answer}");
        }
    }
    exchange(server.connect().await, b"nonsense\r\n\r\n").await;
    server.cut_by("bad_request").await;
}

#[tokio::test]
async fn a_connection_beyond_the_cap_gets_503_and_the_next_is_served_once_there_is_room() {
    let server = start(
        hello(),
        HttpLimits {
            max_connections: 1,
            ..limits()
        },
    )
    .await;
    let mut first = server.connect().await;
    first.write_all(GET).await.unwrap();
    one_answer(&mut first).await;
    let answer = read_to_end(&mut server.connect().await).await;
    assert!(
        answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 1"),
        "{answer}"
    );
    drop(first);
    eventually("room for one more", async || {
        let answer = exchange(server.connect().await, LAST_GET).await;
        answer.starts_with("HTTP/1.1 200 ").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_client_of_ipv4_has_its_own_address_on_a_listener_of_both_families() {
    let any = SocketAddr::from((std::net::Ipv6Addr::UNSPECIFIED, 0));
    let listener = net::bind("LISTEN", any).unwrap();
    let port = listener.local_addr().unwrap().port();
    let address = |Extension(asked): Extension<Forwarded>| async move { asked.peer.to_string() };
    let routes = Routes::new().route("/", get(address));
    let lifecycle = TestLifecycle::default();
    let served = lifecycle.lifecycle().clone();
    let proxies = settings::defaults().unwrap();
    let serving =
        async move { http::serve_proxied(listener, routes, limits(), proxies, &served).await };
    lifecycle.lifecycle().spawn(serving);
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let answer = exchange(stream, LAST_GET).await;
    assert!(answer.ends_with("\r\n\r\n127.0.0.1"), "{answer}");
    assert_eq!(lifecycle.end(LONG).await, 0);
}

#[tokio::test]
async fn an_old_connection_is_closed_with_an_answer() {
    let limits = HttpLimits {
        max_connection_age: Duration::from_millis(1),
        ..limits()
    };
    let server = start(hello(), limits).await;
    let mut stream = server.connect().await;
    eventually("an answer that closes", async || {
        stream.write_all(GET).await.unwrap();
        one_answer(&mut stream)
            .await
            .contains("connection: close")
            .then_some(())
    })
    .await;
    assert_eq!(read_to_end(&mut stream).await, "");
}

#[tokio::test]
async fn a_handler_that_panics_costs_one_500_and_shows_nothing() {
    let panics = hello().route("/panic", get(|| async { boom() }));
    let server = start(panics, limits()).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /panic HTTP/1.1\r\nhost: test\r\n\r\n")
        .await
        .unwrap();
    let answer = one_answer(&mut stream).await;
    assert!(
        answer.starts_with("HTTP/1.1 500 ") && !answer.contains("secret"),
        "{answer}"
    );
    assert!(exchange(stream, LAST_GET).await.ends_with("olá"));
}

#[tokio::test]
async fn a_handler_that_panics_costs_one_500_where_nobody_observes_requests_too() {
    let server = TestServer::start("http", |listener, lifecycle| async move {
        let panics = Router::new().route("/", get(|| async { boom() }));
        http::serve_untraced("http", listener, panics, limits(), &lifecycle).await;
    })
    .await;
    is_problem(&exchange(server.connect().await, LAST_GET).await, 500);
}

fn boom() -> &'static str {
    panic!("a secret detail")
}

#[tokio::test]
async fn while_draining_requests_are_answered_and_told_to_close() {
    let server = start(hello(), limits()).await;
    server.lifecycle.drain();
    let answer = exchange(server.connect().await, GET).await;
    assert!(
        answer.contains("connection: close") && answer.ends_with("olá"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_request_that_began_before_the_stop_is_answered() {
    let server = start(hello(), limits()).await;
    let mut stream = server.connect().await;
    stream.write_all(GET).await.unwrap();
    one_answer(&mut stream).await;
    stream.write_all(&GET[..20]).await.unwrap();
    server.lifecycle.stop();
    server.ended.await.unwrap();
    let answer = exchange(stream, &GET[20..]).await;
    assert!(
        answer.contains("connection: close") && answer.ends_with("olá"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_request_in_flight_at_the_stop_is_answered_before_the_life_ends() {
    let (entered, has_entered) = oneshot::channel();
    let (release, released) = oneshot::channel::<()>();
    let gate = std::sync::Mutex::new(Some((entered, released)));
    let gate = Arc::new(gate);
    let slow = Routes::new().route(
        "/",
        get(move || {
            let passed = gate.lock().unwrap().take();
            async move {
                if let Some((entered, released)) = passed {
                    entered.send(()).unwrap();
                    released.await.unwrap();
                }
                "late"
            }
        }),
    );
    let server = start(slow, limits()).await;
    let mut stream = server.connect().await;
    stream.write_all(GET).await.unwrap();
    has_entered.await.unwrap();
    server.lifecycle.stop();
    release.send(()).unwrap();
    assert_eq!(server.lifecycle.end(LONG).await, 0);
    let answer = read_to_end(&mut stream).await;
    assert!(
        answer.contains("connection: close") && answer.ends_with("late"),
        "{answer}"
    );
}

#[tokio::test]
async fn idle_and_silent_connections_do_not_hold_the_end() {
    let server = start(hello(), limits()).await;
    let mut idle = server.connect().await;
    idle.write_all(GET).await.unwrap();
    one_answer(&mut idle).await;
    let mut silent = server.connect().await;
    assert_eq!(server.lifecycle.end(LONG).await, 0);
    assert_eq!(read_to_end(&mut idle).await, "");
    assert_eq!(read_to_end(&mut silent).await, "");
}

#[tokio::test]
async fn a_handler_that_never_ends_is_cut_at_the_deadline() {
    let stuck = Routes::new().route("/", get(std::future::pending::<&'static str>));
    let server = start(stuck, limits()).await;
    let mut stream = server.connect().await;
    stream.write_all(GET).await.unwrap();
    eventually("the request is being answered", async || {
        let text = server.lifecycle.lifecycle().metrics().render().unwrap();
        let line = "http_server_active_requests{http_request_method=\"GET\",url_scheme=\"http\"} 1";
        text.contains(line).then_some(())
    })
    .await;
    assert_eq!(server.lifecycle.end(SHORT).await, 1);
    assert_eq!(read_to_end(&mut stream).await, "");
    server.cut_by("drain_timeout").await;
}

/// Switches to a protocol that sends back what it gets.
fn echo() -> Routes {
    Routes::new().route(
        "/echo",
        get(|request: axum::extract::Request| async {
            let lifecycle = TestLifecycle::default();
            lifecycle.lifecycle().spawn(async move {
                let upgraded = hyper::upgrade::on(request).await.unwrap();
                let mut stream = hyper_util::rt::TokioIo::new(upgraded);
                let mut bytes = [0; 4];
                while stream.read_exact(&mut bytes).await.is_ok() {
                    stream.write_all(&bytes).await.unwrap();
                }
            });
            let switch = [("connection", "upgrade"), ("upgrade", "echo")];
            (axum::http::StatusCode::SWITCHING_PROTOCOLS, switch)
        }),
    )
}

#[tokio::test]
async fn a_connection_that_switches_protocols_keeps_its_place_and_outlives_the_times_of_http() {
    let limits = HttpLimits {
        idle_timeout: SHORT,
        max_connections: 2,
        ..limits()
    };
    let server = start(echo().merge(hello()), limits).await;
    let mut switched = server.connect().await;
    switched
        .write_all(
            b"GET /echo HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n",
        )
        .await
        .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        switched.read_buf(&mut head).await.unwrap();
    }
    assert!(head.starts_with(b"HTTP/1.1 101"), "{head:?}");
    assert!(String::from_utf8_lossy(&head).contains("connection: upgrade"));

    // Another connection falls idle later, and is cut for it.
    let mut idle = server.connect().await;
    let refused = exchange(server.connect().await, GET).await;
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    idle.write_all(GET).await.unwrap();
    one_answer(&mut idle).await;
    read_to_end(&mut idle).await;

    switched.write_all(b"ping").await.unwrap();
    let mut answer = [0; 4];
    switched.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"ping");
}

/// Holds an answer to be the problem of this status.
fn is_problem(answer: &str, status: u16) {
    let line = answer.get("HTTP/1.1 ".len()..).unwrap_or_default();
    assert!(line.starts_with(&format!("{status} ")), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        head.contains("content-type: application/problem+json"),
        "{head}"
    );
    assert!(
        head.lines()
            .any(|line| line == format!("content-length: {}", body.len())),
        "{head}"
    );
    assert!(body.contains(&format!("\"status\":{status}")), "{body}");
}

#[tokio::test]
async fn what_is_refused_before_any_route_is_a_problem() {
    let server = start(hello(), limits()).await;
    let long = format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "x".repeat(70_000));
    let large = format!(
        "GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n",
        "y".repeat(70_000)
    );
    for (request, status) in [
        ("nonsense\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nhost: a b\r\n\r\n", 400),
        ("GET / HTTP/1.0\r\nhost: a\r\nhost: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nhost: a\r\nexpect: wonders\r\n\r\n", 417),
        (&large, 431),
    ] {
        is_problem(
            &exchange(server.connect().await, request.as_bytes()).await,
            status,
        );
    }
    // Which of the two hyper says depends on how it comes in.
    let answer = exchange(server.connect().await, long.as_bytes()).await;
    let status = if answer.starts_with("HTTP/1.1 414") {
        414
    } else {
        431
    };
    is_problem(&answer, status);
    let old = exchange(server.connect().await, b"GET / HTTP/1.0\r\n\r\n").await;
    assert!(old.starts_with("HTTP/1.0 200 "), "{old}");
}

#[tokio::test]
async fn a_second_head_that_cannot_be_read_leaves_the_first_answer_as_it_is() {
    let server = start(hello(), limits()).await;
    let request = [GET, b"nonsense\r\n\r\n"].concat();
    let answers = exchange(server.connect().await, &request).await;
    let (first, second) = answers.split_once("olá").unwrap();
    assert!(first.starts_with("HTTP/1.1 200 "), "{answers}");
    assert!(second.starts_with("HTTP/1.1 400 "), "{answers}");
}

#[tokio::test]
async fn clients_that_send_many_requests_at_once_take_turns() {
    const MANY: usize = 20;
    let order = Arc::new(std::sync::Mutex::new(String::new()));
    let noted = order.clone();
    let note = |axum::extract::Path(name): axum::extract::Path<String>| async move {
        noted.lock().unwrap().push_str(&name);
    };
    let server = start(Routes::new().route("/{name}", get(note)), limits()).await;
    let (mut a, mut b) = (server.connect().await, server.connect().await);
    for (stream, name) in [(&mut a, "a"), (&mut b, "b")] {
        let request = format!("GET /{name} HTTP/1.1\r\nhost: a\r\n\r\n");
        stream
            .write_all(request.repeat(MANY).as_bytes())
            .await
            .unwrap();
    }
    eventually("all are answered", async || {
        (order.lock().unwrap().len() == 2 * MANY).then_some(())
    })
    .await;
    let order = order.lock().unwrap();
    let takes_turns = !order.contains("aaa") && !order.contains("bbb");
    assert!(takes_turns, "{order}");
}

#[tokio::test]
async fn paths_that_mean_the_same_lead_to_one_route() {
    let routes = Routes::new().route("/a~", get(|| async { "olá" }));
    let server = start(routes, limits()).await;
    for path in ["/a~", "/%61%7e", "/%61%7E?x=%61"] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        let answer = exchange(server.connect().await, request.as_bytes()).await;
        assert!(answer.ends_with("olá"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_client_that_sends_all_of_a_refused_body_first_can_read_the_answer() {
    let refuse = || async { axum::http::StatusCode::PAYLOAD_TOO_LARGE };
    let server = start(Routes::new().route("/", post(refuse)), limits()).await;
    for _ in 0..5 {
        let mut stream = server.connect().await;
        let size = 20_000_000;
        let head = format!("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {size}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b'x'; size]).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
    }
}

#[tokio::test]
async fn a_client_that_waits_to_be_told_sends_its_body_only_where_it_is_wanted() {
    let echo = Routes::new()
        .route("/", post(|body: Bytes| async move { body }))
        .route("/no", post(|| async { axum::http::StatusCode::FORBIDDEN }));
    let server = start(echo, limits()).await;
    let ask = async |path: &str| {
        let mut stream = server.connect().await;
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\nconnection: close\r\n\
             expect: 100-continue\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).await.unwrap();
        (stream, String::from_utf8_lossy(&start).into_owned())
    };
    let (stream, start) = ask("/").await;
    assert_eq!(start, "HTTP/1.1 100");
    assert!(exchange(stream, b"ok").await.ends_with("ok"));
    assert_eq!(ask("/no").await.1, "HTTP/1.1 403");
}

#[tokio::test]
async fn a_refused_client_is_read_on_for_a_while_and_for_so_many_bytes() {
    let refuse = || async { axum::http::StatusCode::PAYLOAD_TOO_LARGE };
    let routes = || Routes::new().route("/", post(refuse));
    let head = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 40000000\r\n\r\n";
    let short = HttpLimits {
        linger_timeout: SHORT,
        ..limits()
    };
    let server = start(routes(), short).await;
    let mut stream = server.connect().await;
    stream.write_all(head).await.unwrap();
    let answer = read_to_end(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    eventually("the connection is gone", async || {
        stream.write_all(b"x").await.is_err().then_some(())
    })
    .await;

    let few = HttpLimits {
        linger_timeout: LONG,
        linger_bytes: ByteSize::kib(64),
        ..limits()
    };
    let server = start(routes(), few).await;
    let mut stream = server.connect().await;
    stream.write_all(head).await.unwrap();
    let whole = stream.write_all(&vec![b'x'; 40_000_000]).await;
    assert!(whole.is_err(), "all of it was read");
}

#[tokio::test]
async fn who_was_told_to_wait_waits_on_its_connection_and_nowhere_else() {
    let asked = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&asked);
    let refuse = get(async move || {
        counted.fetch_add(1, Ordering::Relaxed);
        (Extension(HoldBack(LONG)), "mais tarde")
    });
    let server = start(Routes::new().route("/", refuse), limits()).await;
    let mut held_back = server.connect().await;
    held_back.write_all(GET).await.unwrap();
    one_answer(&mut held_back).await;
    held_back.write_all(GET).await.unwrap();
    // On other connections answers come meanwhile; that the server has read the request before is likely
    // with the first, and all but certain with the last.
    for others in 2..10 {
        let answer = exchange(server.connect().await, LAST_GET).await;
        assert!(answer.ends_with("mais tarde"), "{answer}");
        assert_eq!(asked.load(Ordering::Relaxed), others);
    }
}
