use opentelemetry::trace::{SpanKind, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::super::{CallOptions, GrpcClient};
use super::support::{Answers, Name, TestBackend, ask, client, patient};
use runtime::trace::{self, Instrument, Parent};
use testing::{CapturedSpan, Spans, eventually};

const CHECK: &str = "grpc.health.v1.Health/Check";

/// Makes one call in a trace of its own, and gives its spans: those of the attempts in their
/// order, then the caller's.
async fn traced(client: &GrpcClient, call: CallOptions) -> Vec<CapturedSpan> {
    let spans = Spans::capture();
    let span = trace::start(SpanKind::Internal, "caller", Parent::Current, []);
    let context = span.in_scope(trace::current).unwrap();
    let _ = ask(client, call).instrument(span).await;
    eventually("the trace is whole", async || {
        let ended = spans.ended(context.trace_id());
        ended
            .iter()
            .any(|span| span.name == "caller")
            .then_some(ended)
    })
    .await
}

#[tokio::test]
async fn a_call_is_a_client_span_whose_context_reaches_the_server() {
    let server = TestBackend::start().await;
    let (client, _life) = client(&Name::of(&[&server]));
    let spans = traced(&client, patient()).await;
    let [call, caller] = &spans[..] else {
        panic!("{spans:?}")
    };
    assert_eq!((call.name.as_str(), &call.kind), (CHECK, &SpanKind::Client));
    assert_eq!(
        (call.parent, &call.status),
        (caller.span_id, &Status::Unset)
    );
    for (name, value) in [
        ("rpc.system.name", "grpc"),
        ("rpc.method", CHECK),
        ("rpc.status_code", "OK"),
        ("server.address", "servidor"),
        ("network.peer.address", "127.0.0.1"),
    ] {
        assert_eq!(call.attribute(name), Some(value.into()), "{name}");
    }
    assert_eq!(call.attribute("server.port"), Some(50051.into()));
    let port = i64::from(server.address.port());
    assert_eq!(call.attribute("network.peer.port"), Some(port.into()));
    let headers = server.behaviour.headers.lock().unwrap().clone();
    let sent = format!("00-{}-{}-01", call.trace_id, call.span_id);
    assert_eq!(headers["traceparent"], sent.as_str());
}

#[tokio::test]
async fn each_attempt_has_a_span_and_the_second_says_that_it_is_one() {
    let server = TestBackend::start().await;
    server.answers(Answers::Unavailable);
    let (client, _life) = client(&Name::of(&[&server]));
    let spans = traced(&client, patient().repeatable(true)).await;
    let [first, second, caller] = &spans[..] else {
        panic!("{spans:?}")
    };
    for attempt in [first, second] {
        assert_eq!(attempt.parent, caller.span_id);
        assert_eq!(attempt.status, Status::error("not now"));
        let code = Some("UNAVAILABLE".into());
        assert_eq!(attempt.attribute("rpc.status_code"), code);
        assert_eq!(attempt.attribute("error.type"), code);
    }
    assert_eq!(first.attribute("grpc.previous_rpc_attempts"), None);
    assert_eq!(
        second.attribute("grpc.previous_rpc_attempts"),
        Some(1.into())
    );
    let headers = server.behaviour.headers.lock().unwrap().clone();
    assert_eq!(headers["grpc-previous-rpc-attempts"], "1");
}

/// A guide once promised two, because a read may be repeated.
#[tokio::test]
async fn where_no_server_is_connected_there_is_one_attempt_which_names_none() {
    let name = Name::default();
    name.set([testing::address()]); // nobody listens there
    let (client, _life) = client(&name);
    let spans = traced(&client, patient().repeatable(true)).await;
    let [only, _caller] = &spans[..] else {
        panic!("{spans:?}")
    };
    let code = Some("UNAVAILABLE".into());
    assert_eq!(only.attribute("rpc.status_code"), code);
    assert_eq!(only.attribute("network.peer.address"), None);
}

#[tokio::test]
async fn the_span_of_a_stream_ends_with_it() {
    let spans = Spans::capture();
    let server = TestBackend::start().await;
    let (client, _life) = client(&Name::of(&[&server]));
    let span = trace::start(SpanKind::Internal, "caller", Parent::Current, []);
    let trace_id = span.in_scope(trace::current).unwrap().trace_id();
    let mut request = tonic::Request::new(HealthCheckRequest::default());
    request.extensions_mut().insert(patient().stream());
    let asked = HealthClient::new(client)
        .watch(request)
        .instrument(span)
        .await;
    let mut stream = asked.unwrap().into_inner();
    stream.message().await.unwrap();
    assert!(
        spans
            .ended(trace_id)
            .iter()
            .all(|span| span.name == "caller")
    );
    server.behaviour.released.notify_one();
    while stream.message().await.unwrap().is_some() {}
    drop(stream);
    let ended = spans.of_trace(trace_id, 2).await;
    let watch = ended
        .iter()
        .find(|span| span.kind == SpanKind::Client)
        .unwrap();
    assert_eq!(watch.attribute("rpc.status_code"), Some("OK".into()));
}

#[tokio::test]
async fn a_call_that_its_caller_gives_up_is_cancelled_and_no_error() {
    let spans = Spans::capture();
    let server = TestBackend::start().await;
    server.answers(Answers::Never);
    let (client, _life) = client(&Name::of(&[&server]));
    let span = trace::start(SpanKind::Internal, "caller", Parent::Current, []);
    let trace_id = span.in_scope(trace::current).unwrap().trace_id();
    tokio::select! {
        answer = ask(&client, patient()).instrument(span) => panic!("{answer:?}"),
        () = eventually("the call has begun", async || (server.calls() == 1).then_some(())) => {}
    }
    let ended = spans.of_trace(trace_id, 2).await;
    let call = ended
        .iter()
        .find(|span| span.kind == SpanKind::Client)
        .unwrap();
    assert_eq!(call.attribute("rpc.status_code"), Some("CANCELLED".into()));
    assert_eq!(call.status, Status::Unset);
}
