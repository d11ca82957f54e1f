//! One call, one trace: over a bare connection, from the client's action to the procedure.

use std::net::SocketAddr;

use crate::support::start_server;
use hello::settings::ClientSettings;
use hello::{Client, client};
use opentelemetry::trace::{SpanId, SpanKind, Status};
use runtime_tcp::proxy;
use testing::{CapturedOutput, Spans, TestLifecycle, TraceParent, settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Greets one name of a list, then ends.
async fn greet(server: SocketAddr, name: &str, trace_context: &str) -> String {
    let address = server.to_string();
    let settings: ClientSettings = settings::<Client>(&[
        ("SERVER_ADDRESS", &address),
        ("NAMES", name),
        ("COUNT", "1"),
        ("TRACE_CONTEXT", trace_context),
    ]);
    let (printed, lifecycle) = (CapturedOutput::default(), TestLifecycle::default());
    // A refused name is told in the outcome; the trace is what counts here.
    let _ = client::run(
        settings,
        None,
        printed.clone(),
        lifecycle.lifecycle().clone(),
    )
    .await;
    printed.text()
}

fn port(server: SocketAddr) -> i64 {
    i64::from(server.port())
}

/// Sends a header with this context, then a name. Returns the client's port.
async fn send_with_context(server: SocketAddr, caller: TraceParent) -> i64 {
    let mut stream = TcpStream::connect(server).await.unwrap();
    let port = stream.local_addr().unwrap().port();
    let header = proxy::encode(&caller.context());
    stream
        .write_all(&[&header[..], "João\n".as_bytes()].concat())
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "Olá, João!");
    i64::from(port)
}

#[tokio::test]
async fn a_call_is_one_trace_from_the_action_to_the_procedure() {
    let spans = Spans::capture();
    let (server, _life) = start_server(&[("PAUSE", "1m")]).await;
    assert_eq!(greet(server, "João", "proxy").await, "Olá, João!\n");

    let trace = spans.chain_with("server.port", port(server), 3).await;
    let [action, call, procedure] = &trace[..] else {
        panic!("{trace:?}")
    };
    assert_eq!(
        (action.name.as_str(), &action.kind),
        ("say hello", &SpanKind::Internal)
    );
    assert_eq!(action.parent, SpanId::INVALID);
    assert_eq!(
        (call.name.as_str(), &call.kind),
        ("hello", &SpanKind::Client)
    );
    assert_eq!(call.parent, action.span_id);
    assert_eq!(
        (procedure.name.as_str(), &procedure.kind),
        ("hello", &SpanKind::Server)
    );
    assert_eq!(procedure.parent, call.span_id);
    assert_eq!(spans.ended(action.trace_id).len(), 3);

    for span in [call, procedure] {
        assert_eq!(span.attribute("network.transport"), Some("tcp".into()));
        assert_eq!(
            span.attribute("network.protocol.name"),
            Some("hello".into())
        );
        assert_eq!(
            span.attribute("network.peer.address"),
            Some("127.0.0.1".into())
        );
        assert_eq!(span.status, Status::Unset);
    }
    assert_eq!(call.attribute("server.address"), Some("127.0.0.1".into()));
    assert_eq!(
        call.attribute("network.peer.port"),
        Some(port(server).into())
    );
    assert_eq!(procedure.attribute("malha.outcome"), Some("ok".into()));
}

#[tokio::test]
async fn without_the_setting_each_side_has_its_own_trace() {
    let spans = Spans::capture();
    let (server, _life) = start_server(&[]).await;
    assert_eq!(greet(server, "João", "off").await, "Olá, João!\n");
    let trace = spans.chain_with("server.port", port(server), 2).await;
    assert_eq!(trace.last().unwrap().kind, SpanKind::Client);
    assert_eq!(spans.ended(trace[0].trace_id).len(), 2);
}

#[tokio::test]
async fn a_refused_name_fails_the_clients_span_and_not_the_servers() {
    let spans = Spans::capture();
    let (server, _life) = start_server(&[]).await;
    let long = "x".repeat(257);
    assert_eq!(
        greet(server, &long, "proxy").await,
        "Erro: o nome tem mais de 256 bytes\n"
    );
    let trace = spans.chain_with("server.port", port(server), 3).await;
    let [_, call, procedure] = &trace[..] else {
        panic!("{trace:?}")
    };
    assert_eq!(call.attribute("error.type"), Some("refused".into()));
    assert!(matches!(call.status, Status::Error { .. }));
    assert_eq!(
        procedure.attribute("malha.outcome"),
        Some("too_long".into())
    );
    assert_eq!(procedure.status, Status::Unset);
}

#[tokio::test]
async fn a_trusted_peers_trace_is_continued() {
    let spans = Spans::capture();
    let (server, _life) = start_server(&[]).await;
    let caller = TraceParent::random();
    send_with_context(server, caller).await;
    let trace = spans.of_trace(caller.trace_id, 1).await;
    assert_eq!((trace.len(), trace[0].parent), (1, caller.span_id));
    assert!(trace[0].links.is_empty());
}

#[tokio::test]
async fn a_strangers_trace_is_linked_to_from_one_of_our_own() {
    let spans = Spans::capture();
    let (server, _life) = start_server(&[("TRACE_TRUST", "none")]).await;
    let caller = TraceParent::random();
    let port = send_with_context(server, caller).await;
    let trace = spans.chain_with("network.peer.port", port, 1).await;
    let [procedure] = &trace[..] else {
        panic!("{trace:?}")
    };
    assert_ne!(procedure.trace_id, caller.trace_id);
    let link = &procedure.links[0];
    assert_eq!(
        (link.trace_id(), link.span_id()),
        (caller.trace_id, caller.span_id)
    );
    assert!(spans.ended(caller.trace_id).is_empty());
}

#[tokio::test]
async fn a_connection_that_says_nothing_leaves_no_span() {
    let spans = Spans::capture();
    let (server, lifecycle) = start_server(&[]).await;
    let stream = TcpStream::connect(server).await.unwrap();
    let port = i64::from(stream.local_addr().unwrap().port());
    drop(stream);
    let closed = "server_connections_open{protocol=\"hello\"} 0";
    testing::eventually(closed, async || {
        lifecycle
            .lifecycle()
            .metrics()
            .render()
            .unwrap()
            .contains(closed)
            .then_some(())
    })
    .await;
    assert!(spans.with("network.peer.port", port).is_empty());
}
