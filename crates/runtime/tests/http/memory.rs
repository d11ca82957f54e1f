//! What clients get whose requests together hold more memory than there is.

use futures_util::StreamExt;

use super::*;

/// A server with this much memory for connections and requests.
async fn start_within(memory: usize) -> TestServer {
    let echo = post(|body: Bytes| async move { body });
    let routes = Routes::new().route("/", echo.get(|| async { "olá" }));
    let server = start(routes, limits()).await;
    server.lifecycle.lifecycle().memory().set(memory);
    server
}

fn held(server: &TestServer) -> usize {
    server.lifecycle.lifecycle().memory().held()
}

/// Sends the beginning of a request, and waits until so much is held.
async fn begin(server: &TestServer, request: &[u8], least: usize) -> TcpStream {
    let mut stream = server.connect().await;
    stream.write_all(request).await.unwrap();
    let all_read = async || (held(server) >= least).then_some(());
    eventually("the beginning is read", all_read).await;
    stream
}

async fn nothing_held(server: &TestServer) {
    eventually("everything is given back", async || {
        (held(server) == 0).then_some(())
    })
    .await;
}

const SIZE: usize = 30_000;

#[tokio::test]
async fn heads_beyond_the_memory_are_refused_and_those_before_them_go_on() {
    let server = start_within(280_000).await;
    let head = [
        &b"POST / HTTP/1.1\r\nhost: test\r\nx: "[..],
        &vec![b'x'; SIZE],
    ]
    .concat();
    let mut begun = Vec::new();
    for number in 1..=5 {
        begun.push(begin(&server, &head, number * SIZE).await);
    }
    let refused = exchange(server.connect().await, &head).await;
    is_problem(&refused, 503);
    assert!(refused.contains("retry-after: 1\r\n"), "{refused}");
    server.cut_by("memory_budget").await;
    for stream in &mut begun {
        let rest = b"\r\ncontent-length: 2\r\n\r\nok";
        stream.write_all(rest).await.unwrap();
        let answer = one_answer(stream).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    let answer = exchange(server.connect().await, LAST_POST).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    drop(begun);
    nothing_held(&server).await;
}

const LAST_POST: &[u8] =
    b"POST / HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";

/// The head of a request with this body, and its beginning.
fn half_of_a_body() -> Vec<u8> {
    let head = format!(
        "POST / HTTP/1.1\r\nhost: test\r\ncontent-length: {}\r\n\r\n",
        SIZE + 1
    );
    [head.as_bytes(), &vec![b'x'; SIZE]].concat()
}

#[tokio::test]
async fn bodies_beyond_the_memory_are_refused_and_those_before_them_go_on() {
    // What comes with a head counts as a part of both.
    let server = start_within(340_000).await;
    let mut begun = Vec::new();
    for number in 1..=5 {
        begun.push(begin(&server, &half_of_a_body(), number * SIZE).await);
    }
    let refused = exchange(server.connect().await, &half_of_a_body()).await;
    is_problem(&refused, 503);
    assert!(refused.contains("retry-after: 1\r\n"), "{refused}");
    server.cut_by("memory_budget").await;
    for stream in &mut begun {
        stream.write_all(b"x").await.unwrap();
        let answer = one_answer(stream).await;
        assert!(answer.ends_with("xx"), "{answer}");
    }
    // It is counted as the client got it, and not as the handler would have had it.
    for (status, count) in [(200, 5), (503, 1)] {
        let counted = async || {
            let text = server.lifecycle.lifecycle().metrics().render().ok()?;
            let mut lines = text.lines().filter(|line| {
                line.starts_with("http_server_request_duration_seconds_count{")
                    && line.contains(&format!("status_code=\"{status}\""))
            });
            lines.next()?.ends_with(&format!(" {count}")).then_some(())
        };
        eventually("each answer is counted", counted).await;
    }
    drop(begun);
    nothing_held(&server).await;
}

#[tokio::test]
async fn a_body_in_tiny_pieces_is_counted_by_what_the_pieces_take() {
    let server = start_within(100 << 10).await;
    let head = b"POST / HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n";
    let pieces = b"1\r\nx\r\n".repeat(4096); // 4 kB of a body, of which 64 are allowed
    let answer = exchange(server.connect().await, &[&head[..], &pieces].concat()).await;
    is_problem(&answer, 503);
    nothing_held(&server).await;
}

#[tokio::test]
async fn connections_beyond_the_memory_are_refused_at_once() {
    let server = start_within(50 << 10).await;
    let silent = (server.connect().await, server.connect().await);
    let refused = exchange(server.connect().await, GET).await;
    is_problem(&refused, 503);
    let labels = "protocol=\"http\",reason=\"memory_budget\"";
    let line = format!("server_connections_refused_total{{{labels}}} 1");
    server.counts(&line).await;
    drop(silent);
    nothing_held(&server).await;
}

#[tokio::test]
async fn a_request_behind_another_one_is_counted_too() {
    let server = start_within(1 << 20).await;
    let mut stream = server.connect().await;
    // The second head lies in the same buffer when the first is answered.
    let both = [
        GET,
        b"GET / HTTP/1.1\r\nhost: test\r\nx: ",
        &vec![b'x'; SIZE],
    ]
    .concat();
    stream.write_all(&both).await.unwrap();
    let answer = one_answer(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
    let counted = async || (held(&server) >= SIZE).then_some(());
    eventually("the second head is counted", counted).await;
}

/// Bytes of an answer that is longer than what two sockets take in.
const LONG_ANSWER: usize = 8 << 20;

/// Asks for an answer that nobody reads, and waits until so much is held.
async fn ask_and_stop(server: &TestServer, least: usize) -> TcpStream {
    begin(server, GET, least).await
}

#[tokio::test]
async fn answers_that_nobody_takes_are_counted_and_those_beyond_the_memory_are_refused() {
    let routes = Routes::new()
        .route("/", get(|| async { vec![b'x'; LONG_ANSWER] }))
        .route("/small", get(|| async { "olá" }));
    let server = start(routes, limits()).await;
    // One address does not get the last quarter.
    let memory = 4 * LONG_ANSWER + (1 << 20);
    server.lifecycle.lifecycle().memory().set(memory);
    let mut slow = Vec::new();
    for number in 1..=3 {
        slow.push(ask_and_stop(&server, number * LONG_ANSWER).await);
    }
    let refused = exchange(server.connect().await, GET).await;
    is_problem(&refused, 503);
    assert!(refused.contains("retry-after: 1\r\n"), "{refused}");
    server.cut_by("memory_budget").await;
    // It is counted as the client got it.
    let labels = "http_request_method=\"GET\",http_route=\"/\",http_response_status_code=\"503\",\
                  url_scheme=\"http\",error_type=\"503\"";
    let line = format!("http_server_request_duration_seconds_count{{{labels}}} 1");
    server.counts(&line).await;
    let small = b"GET /small HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let answer = exchange(server.connect().await, small).await;
    assert!(answer.ends_with("olá"), "{answer}");
    // Who reads gets all of it, and makes room for the next.
    slow[0].read_exact(&mut vec![0; LONG_ANSWER]).await.unwrap();
    eventually("its answer is given back", async || {
        (held(&server) < 3 * LONG_ANSWER).then_some(())
    })
    .await;
    let next = exchange(server.connect().await, LAST_GET).await;
    assert!(next.starts_with("HTTP/1.1 200 "), "{}", next.len());
    drop(slow);
    nothing_held(&server).await;
}

#[tokio::test]
async fn an_answer_that_lies_in_the_program_takes_no_memory_whoever_does_not_read_it() {
    static FILE: [u8; LONG_ANSWER] = [b'x'; LONG_ANSWER];
    let routes = Routes::new().route("/", get(|| async { &FILE[..] }));
    let server = start(routes, limits()).await;
    server.lifecycle.lifecycle().memory().set(1 << 20);
    let mut slow = Vec::new();
    for _ in 0..3 {
        let mut stream = server.connect().await;
        stream.write_all(GET).await.unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).await.unwrap();
        assert_eq!(&start, b"HTTP/1.1 200");
        slow.push(stream);
    }
    assert!(held(&server) < LONG_ANSWER, "{}", held(&server));
}

#[tokio::test]
async fn a_stream_holds_no_more_than_what_its_client_has_not_taken() {
    let endless = || async {
        let piece = |()| Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 4096]));
        axum::body::Body::from_stream(futures_util::stream::repeat(()).map(piece))
    };
    let server = start(Routes::new().route("/", get(endless)), limits()).await;
    server.lifecycle.lifecycle().memory().set(1 << 20);
    let mut stream = ask_and_stop(&server, 12 * 1024).await;
    let mut taken = 0;
    let mut room = vec![0; 64 << 10];
    while taken < 16 << 20 {
        taken += stream.read(&mut room).await.unwrap();
        assert!(held(&server) <= 1 << 20);
    }
    drop(stream);
    nothing_held(&server).await;
}
