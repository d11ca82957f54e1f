//! A message is one trace, from the client that sends it to those at the other service.

use opentelemetry::trace::{SpanContext, SpanKind, Status};
use serde_json::json;
use testing::{Spans, TraceParent};

use crate::support::Service;

#[tokio::test]
async fn a_message_is_one_trace_through_both_services() {
    let spans = Spans::capture();
    let (a, b) = Service::pair(&[]).await;
    let (mut sender, _) = a.v1(261, "").await;
    let mut far = b.plain(9).await;
    far.line().await;
    let caller = TraceParent::random();
    let send = json!({"type":"send","id":"m-1","text":"teste","traceparent":caller.header()});
    sender.say(send.to_string()).await;
    let accepted = sender.frame_of("accepted").await;
    assert_eq!(accepted["trace"], caller.trace_id.to_string());

    let trace = spans.of_trace(caller.trace_id, 6).await;
    let named = |name: &str| {
        let found: Vec<_> = trace.iter().filter(|span| span.name == name).collect();
        found
    };
    let (receive, relay, client, server) = (
        named("receive")[0],
        named("relay")[0],
        named("POST")[0],
        named("POST /relay")[0],
    );
    assert_eq!(
        (receive.parent, &receive.kind),
        (caller.span_id, &SpanKind::Consumer)
    );
    assert_eq!(receive.attribute("chat.message.id"), Some("m-1".into()));
    assert_eq!(
        (relay.parent, &relay.kind),
        (receive.span_id, &SpanKind::Producer)
    );
    assert_eq!(
        (client.parent, &client.kind),
        (relay.span_id, &SpanKind::Client)
    );
    assert_eq!(
        (server.parent, &server.kind),
        (client.span_id, &SpanKind::Server)
    );
    let broadcasts: Vec<_> = named("broadcast").iter().map(|span| span.parent).collect();
    assert!(broadcasts.contains(&receive.span_id) && broadcasts.contains(&server.span_id));
    assert!(
        trace.iter().all(|span| span.status == Status::Unset),
        "{trace:?}"
    );

    // It refers to its connection, which is no parent of it.
    assert_eq!(receive.links.len(), 1);
    sender.leave().await;
    let connection = spans.of_trace(receive.links[0].trace_id(), 1).await;
    assert_eq!(connection[0].name, "connection");
    assert_eq!(connection[0].attribute("chat.client"), Some("261".into()));
    let opened = spans.of_trace(connection[0].links[0].trace_id(), 1).await;
    assert_eq!(opened[0].name, "GET /ws/{clientId}");
    assert_eq!(
        opened[0].attribute("http.response.status_code"),
        Some(101.into())
    );
}

#[tokio::test]
async fn the_trace_of_a_client_that_is_not_trusted_is_linked_and_not_continued() {
    let spans = Spans::capture();
    let service = Service::alone(&[("TRACE_TRUST", "none")]).await;
    let (mut stranger, _) = service.v1(1, "").await;
    let caller = TraceParent::random();
    let send = json!({"type":"send","id":"m-1","text":"teste","traceparent":caller.header()});
    stranger.say(send.to_string()).await;
    let accepted = stranger.frame_of("accepted").await;
    let own = opentelemetry::trace::TraceId::from_hex(accepted["trace"].as_str().unwrap()).unwrap();
    assert_ne!(own, caller.trace_id);
    let trace = spans.of_trace(own, 2).await;
    let receive = trace.iter().find(|span| span.name == "receive").unwrap();
    let links: Vec<_> = receive.links.iter().map(SpanContext::span_id).collect();
    assert_eq!(links.len(), 2, "its own span and the connection: {links:?}");
    assert_eq!(links[0], caller.span_id);
}

#[tokio::test]
async fn every_try_to_relay_shows_in_the_trace() {
    let spans = Spans::capture();
    let absent = testing::listener().await;
    let address = absent.local_addr().unwrap();
    drop(absent);
    let url = format!("http://{address}/relay");
    let a = Service::alone(&[("PEER_URL", &url)]).await;
    let (mut sender, _) = a.v1(261, "").await;
    let joined = sender.frame_of("joined").await;
    let trace = joined["trace"].as_str().unwrap();
    let trace = opentelemetry::trace::TraceId::from_hex(trace).unwrap();
    // The join stands first in the outbox, so that it is what is tried.
    let tries = testing::eventually("three tries", async || {
        let spans = spans.ended(trace);
        let tries: Vec<_> = spans
            .into_iter()
            .filter(|span| span.name == "relay")
            .collect();
        (tries.len() >= 3).then_some(tries)
    })
    .await;
    for (number, span) in (0_i64..).zip(&tries) {
        assert_eq!(
            span.attribute("http.request.resend_count"),
            Some(number.into())
        );
        assert_eq!(span.attribute("error.type"), Some("failed".into()));
        assert_eq!(span.parent, tries[0].parent);
    }
}

#[tokio::test]
async fn a_refused_message_is_an_error_in_its_trace() {
    let spans = Spans::capture();
    let service = Service::alone(&[]).await;
    let (mut sender, _) = service.v1(1, "").await;
    let caller = TraceParent::random();
    let send = json!({"type":"send","id":"m-1","text":"","traceparent":caller.header()});
    sender.say(send.to_string()).await;
    let refused = sender.frame_of("refused").await;
    assert_eq!(refused["trace"], caller.trace_id.to_string());
    let trace = spans.of_trace(caller.trace_id, 1).await;
    assert_eq!(trace[0].attribute("error.type"), Some("empty".into()));
}

#[tokio::test]
async fn a_question_for_presence_is_a_trace_whose_root_is_no_request() {
    let spans = Spans::capture();
    let (_a, b) = Service::pair(&[("PRESENCE_INTERVAL", "100ms")]).await;
    let chain = spans.chain(&b.url("/relay/presence"), 3).await;
    let names: Vec<_> = chain
        .iter()
        .map(|span| (span.name.as_ref(), span.kind.clone()))
        .collect();
    assert_eq!(
        names,
        [
            ("ask presence", SpanKind::Internal),
            ("GET", SpanKind::Client),
            ("GET /relay/presence", SpanKind::Server)
        ]
    );
}
