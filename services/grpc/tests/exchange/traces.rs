//! The span and the metrics of a call.

use malha_proto::usuarios::v1::{ObservarUsuariosRequest, ObterUsuarioRequest};
use opentelemetry::trace::{SpanId, SpanKind, Status};
use testing::{Spans, TraceParent, eventually};

use crate::support::{Client, create, creation, start, watch};

pub(crate) fn asking<T>(message: T, caller: TraceParent) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    let header = caller.header().parse().unwrap();
    request.metadata_mut().insert("traceparent", header);
    request
}

async fn ask_for(client: &mut Client, id: &str, caller: TraceParent) {
    let request = ObterUsuarioRequest { id: id.to_owned() };
    // The outcome is read from its span.
    let _ = client.obter_usuario(asking(request, caller)).await;
}

#[tokio::test]
async fn a_call_is_a_span_of_its_callers_trace() {
    let spans = Spans::capture();
    let (mut client, lifecycle) = start(&[]).await;
    let ana = create(&mut client, "Ana").await;
    let caller = TraceParent::random();
    ask_for(&mut client, &ana.id, caller).await;
    let trace = spans.of_trace(caller.trace_id, 1).await;
    let [span] = &trace[..] else {
        panic!("{trace:?}")
    };
    assert_eq!(span.name, "usuarios.v1.UsuarioService/ObterUsuario");
    assert_eq!(
        (&span.kind, span.parent),
        (&SpanKind::Server, caller.span_id)
    );
    for (name, value) in [
        ("rpc.system.name", "grpc"),
        ("rpc.method", "usuarios.v1.UsuarioService/ObterUsuario"),
        ("rpc.status_code", "OK"),
        ("network.peer.address", "127.0.0.1"),
    ] {
        assert_eq!(span.attribute(name), Some(value.into()), "{name}");
    }
    // Not on RPC spans since version 1.41 of the conventions.
    assert_eq!(span.attribute("client.address"), None);
    assert_eq!(span.status, Status::Unset);

    let metrics = lifecycle.lifecycle().metrics().render().unwrap();
    let line = "rpc_server_call_duration_seconds_count{rpc_system_name=\"grpc\",\
        rpc_method=\"usuarios.v1.UsuarioService/ObterUsuario\",rpc_status_code=\"OK\",error_type=\"\"} 1";
    assert!(metrics.contains(line), "{metrics}");
}

#[tokio::test]
async fn a_refusal_is_told_by_the_span_and_is_no_fault_of_the_server() {
    let spans = Spans::capture();
    let (mut client, _life) = start(&[]).await;
    let caller = TraceParent::random();
    ask_for(&mut client, "x", caller).await;
    let span = spans.of_trace(caller.trace_id, 1).await.remove(0);
    let code = span.attribute("rpc.status_code");
    assert_eq!(code, Some("INVALID_ARGUMENT".into()));
    assert_eq!(
        (span.status.clone(), span.attribute("error.type")),
        (Status::Unset, None)
    );
}

#[tokio::test]
async fn a_strangers_trace_is_linked_and_not_continued() {
    let spans = Spans::capture();
    let (mut client, _life) = start(&[("TRACE_TRUST", "10.0.0.0/8")]).await;
    let caller = TraceParent::random();
    ask_for(&mut client, "x", caller).await;
    let span = eventually("a span with a link", async || {
        let all = spans.with("rpc.method", "usuarios.v1.UsuarioService/ObterUsuario");
        let linked = |link: &opentelemetry::trace::SpanContext| link.trace_id() == caller.trace_id;
        all.into_iter().find(|span| span.links.iter().any(linked))
    })
    .await;
    assert_eq!(span.parent, SpanId::INVALID);
    assert!(spans.ended(caller.trace_id).is_empty());
}

#[tokio::test]
async fn a_change_tells_in_which_trace_it_was_made() {
    let spans = Spans::capture();
    let (mut client, _life) = start(&[]).await;
    let (mut stream, _) = watch(&mut client, "").await;
    let caller = TraceParent::random();
    let request = asking(creation("Ana"), caller);
    client.criar_usuario(request).await.unwrap();
    let span = spans.of_trace(caller.trace_id, 1).await.remove(0);
    let message = stream.message().await.unwrap().unwrap();
    let made_in = message.mudanca.unwrap().traceparent;
    assert_eq!(
        made_in,
        format!("00-{}-{}-01", caller.trace_id, span.span_id)
    );
}

#[tokio::test]
async fn a_caller_who_leaves_is_told_by_the_span_and_is_no_fault_of_the_server() {
    let spans = Spans::capture();
    let (mut client, _life) = start(&[]).await;
    let caller = TraceParent::random();
    let request = asking(ObservarUsuariosRequest::default(), caller);
    drop(client.observar_usuarios(request).await.unwrap());
    let span = spans.of_trace(caller.trace_id, 1).await.remove(0);
    let code = span.attribute("rpc.status_code");
    assert_eq!(code, Some("CANCELLED".into()));
    assert_eq!(span.status, Status::Unset);
}
