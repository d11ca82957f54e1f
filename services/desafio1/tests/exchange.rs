//! Server and client over real HTTP, with their trace.
#![cfg(test)]

use std::time::Duration;

use desafio1::settings::{ClientSettings, ServidorSettings};
use desafio1::{Client, Servidor, client, server};
use opentelemetry::trace::{SpanId, SpanKind, Status};
use testing::{
    CapturedOutput, Spans, TestLifecycle, TraceParent, eventually, listener, serving, settings,
};

/// A server on a free port; its URL, and the lifecycle that ends it.
async fn start_server(message: &str) -> (String, TestLifecycle) {
    let settings = settings::<Servidor>(&[("MESSAGE", message)]);
    let (address, lifecycle) =
        serving(|listener, lifecycle| server::serve(settings, listener, lifecycle)).await;
    (format!("http://{address}/"), lifecycle)
}

fn start_client(url: &str) -> (CapturedOutput, TestLifecycle) {
    let (printed, lifecycle) = (CapturedOutput::default(), TestLifecycle::default());
    let settings: ClientSettings = settings::<Client>(&[
        ("SERVER_URL", url),
        ("INTERVAL", "10ms"),
        ("MAX_BACKOFF", "20ms"),
        ("TIMEOUT", "1s"),
    ]);
    lifecycle.lifecycle().spawn(client::poll(
        settings,
        printed.clone(),
        lifecycle.lifecycle().clone(),
    ));
    (printed, lifecycle)
}

async fn reason(lifecycle: &TestLifecycle, ready: bool) -> Option<String> {
    eventually(&format!("ready is {ready}"), async || {
        let report = lifecycle.lifecycle().readiness().report();
        (report.ready == ready && !report.checks.is_empty())
            .then(|| report.checks[0].reason.clone())
            .filter(|reason| reason.as_deref() != Some("not seen yet"))
    })
    .await
}

#[tokio::test]
async fn the_server_answers_its_message_as_plain_utf8_text() {
    let (url, _life) = start_server("Olá, rede!").await;
    let answer = reqwest::get(&url).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(
        answer.headers()["content-type"],
        "text/plain; charset=utf-8"
    );
    assert_eq!(answer.text().await.unwrap(), "Olá, rede!");
}

#[tokio::test]
async fn other_paths_get_404_and_other_methods_405() {
    let (url, _life) = start_server("x").await;
    assert_eq!(
        reqwest::get(format!("{url}nothing"))
            .await
            .unwrap()
            .status(),
        404
    );
    let post = reqwest::Client::new()
        .post(&url)
        .body("x")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (post.status().as_u16(), post.headers()["allow"].as_bytes()),
        (405, &b"GET,HEAD"[..])
    );
}

#[tokio::test]
async fn a_request_is_one_server_span_under_the_callers_span() {
    let spans = Spans::capture();
    let (url, _life) = start_server("x").await;
    let caller = TraceParent::random();
    let request = reqwest::Client::new()
        .get(&url)
        .header("traceparent", caller.header());
    request.send().await.unwrap().text().await.unwrap();

    let spans = spans.of_trace(caller.trace_id, 1).await;
    let [span] = &spans[..] else {
        panic!("{spans:?}")
    };
    assert_eq!(
        (span.name.as_str(), &span.kind),
        ("GET /", &SpanKind::Server)
    );
    assert_eq!(
        (span.parent, &span.status),
        (caller.span_id, &Status::Unset)
    );
    assert_eq!(
        span.attribute("http.response.status_code"),
        Some(200.into())
    );
    for (name, value) in [
        ("http.request.method", "GET"),
        ("http.route", "/"),
        ("url.path", "/"),
        ("url.scheme", "http"),
        ("network.protocol.version", "1.1"),
        ("server.address", "127.0.0.1"),
        ("network.peer.address", "127.0.0.1"),
    ] {
        assert_eq!(span.attribute(name), Some(value.into()), "{name}");
    }
}

#[tokio::test]
async fn an_unknown_path_gives_a_span_named_by_its_method_alone() {
    let spans = Spans::capture();
    let (url, _life) = start_server("x").await;
    let caller = TraceParent::random();
    let request = reqwest::Client::new().get(format!("{url}a/b?c=d"));
    request
        .header("traceparent", caller.header())
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();

    let spans = spans.of_trace(caller.trace_id, 1).await;
    assert_eq!(
        (spans[0].name.as_str(), &spans[0].status),
        ("GET", &Status::Unset)
    );
    assert_eq!(spans[0].attribute("http.route"), None);
    assert_eq!(spans[0].attribute("url.query"), Some("c=d".into()));
}

#[tokio::test]
async fn the_client_prints_each_answer_and_is_ready() {
    let (url, _server) = start_server("Olá, rede!").await;
    let (printed, lifecycle) = start_client(&url);
    eventually("two answers printed", async || {
        (printed.lines().len() >= 2).then_some(())
    })
    .await;
    assert_eq!(reason(&lifecycle, true).await, None);
    assert_eq!(lifecycle.end(Duration::from_secs(5)).await, 0);
    assert!(
        printed.lines().iter().all(|line| line == "Olá, rede!"),
        "{:?}",
        printed.lines()
    );
}

#[tokio::test]
async fn the_client_outlives_an_absent_server_and_says_why_it_is_not_ready() {
    let listener = listener().await;
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (printed, lifecycle) = start_client(&format!("http://{address}/"));
    let why = reason(&lifecycle, false).await.unwrap();
    assert!(
        why.contains(&address.to_string()) && why.contains("refused"),
        "{why}"
    );
    assert!(
        lifecycle.lifecycle().liveness().report().0,
        "an absent server must not end the client"
    );

    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let settings: ServidorSettings = settings::<Servidor>(&[("MESSAGE", "de volta")]);
    let server = TestLifecycle::default();
    server.lifecycle().spawn(server::serve(
        settings,
        listener,
        server.lifecycle().clone(),
    ));
    eventually("an answer printed", async || printed.lines().pop()).await;
    assert_eq!(printed.lines()[0], "de volta");
    assert_eq!(reason(&lifecycle, true).await, None);
}

#[tokio::test]
async fn a_round_of_the_client_is_one_trace_of_poll_request_and_answer() {
    let spans = Spans::capture();
    let (url, _server) = start_server("x").await;
    let (printed, lifecycle) = start_client(&url);
    eventually("an answer printed", async || printed.lines().pop()).await;
    lifecycle.end(Duration::from_secs(5)).await;

    let mine = spans.chain(&url, 3).await;
    let [poll, client, server] = &mine[..] else {
        panic!("{mine:?}")
    };
    assert_eq!(
        (poll.name.as_str(), &poll.kind),
        ("poll", &SpanKind::Internal)
    );
    assert_eq!(poll.parent, SpanId::INVALID);
    assert_eq!(
        (client.name.as_str(), &client.kind),
        ("GET", &SpanKind::Client)
    );
    assert_eq!(client.parent, poll.span_id);
    assert_eq!(client.attribute("url.full"), Some(url.clone().into()));
    assert_eq!(
        client.attribute("http.response.status_code"),
        Some(200.into())
    );
    assert_eq!(
        (server.name.as_str(), &server.kind),
        ("GET /", &SpanKind::Server)
    );
    assert_eq!(server.parent, client.span_id);
}

#[tokio::test]
async fn a_refused_connection_is_an_error_on_the_clients_span() {
    let spans = Spans::capture();
    let listener = listener().await;
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let (_printed, lifecycle) = start_client(&url);
    reason(&lifecycle, false).await;
    lifecycle.end(Duration::from_secs(5)).await;

    let trace = spans.chain(&url, 2).await;
    let [poll, client] = &trace[..] else {
        panic!("{trace:?}")
    };
    assert_eq!(client.parent, poll.span_id);
    assert_eq!(client.attribute("error.type"), Some("connect".into()));
    assert!(
        matches!(&client.status, Status::Error { .. }),
        "{:?}",
        client.status
    );
}
