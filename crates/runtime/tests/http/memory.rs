//! What clients get whose requests together hold more memory than there is.

use super::*;

/// A server with this much memory for connections and requests.
async fn start_within(memory: usize) -> TestServer {
    let echo = post(|body: Bytes| async move { body });
    let routes = Router::new().route("/", echo.get(|| async { "olá" }));
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
    let server = start_within(8 * SIZE).await;
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
    let server = start_within(295_000).await;
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
    let server = start_within(30 << 10).await;
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
