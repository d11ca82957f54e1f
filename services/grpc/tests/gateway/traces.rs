use opentelemetry::trace::{SpanKind, Status};
use opentelemetry::{Array, Value};
use reqwest::Method;
use serde_json::json;
use testing::{Spans, TraceParent};

use crate::support::{Gateway, pair};

async fn create(gateway: &Gateway, caller: TraceParent) {
    let request = gateway
        .ask(Method::POST, "/usuarios")
        .header("traceparent", caller.header());
    let request = request.header("x-request-id", "pedido-1");
    let body = json!({"nome": "Ana", "email": "ana@exemplo.com"});
    assert_eq!(request.json(&body).send().await.unwrap().status(), 201);
}

#[tokio::test]
async fn a_request_is_one_trace_from_the_caller_to_the_server() {
    let spans = Spans::capture();
    let (gateway, _server) = pair().await;
    let caller = TraceParent::random();
    create(&gateway, caller).await;
    let spans = spans.of_trace(caller.trace_id, 3).await;
    let of = |kind: &SpanKind, name: &str| {
        let found = spans
            .iter()
            .find(|span| span.kind == *kind && span.name == name);
        found.unwrap_or_else(|| panic!("no {name} in {spans:?}"))
    };
    let method = "usuarios.v1.UsuarioService/CriarUsuario";
    let http = of(&SpanKind::Server, "POST /usuarios");
    let call = of(&SpanKind::Client, method);
    let served = of(&SpanKind::Server, method);
    assert_eq!(
        (http.parent, call.parent, served.parent),
        (caller.span_id, http.span_id, call.span_id)
    );
    assert_eq!(
        http.attribute("http.response.status_code"),
        Some(201.into())
    );
    let id = Array::String(vec!["pedido-1".into()]);
    assert_eq!(
        http.attribute("http.request.header.x-request-id"),
        Some(Value::Array(id))
    );
    for (name, value) in [
        ("rpc.system.name", "grpc"),
        ("rpc.method", method),
        ("rpc.status_code", "OK"),
        ("server.address", "servidor"),
    ] {
        assert_eq!(call.attribute(name), Some(value.into()), "{name}");
    }
}

#[tokio::test]
async fn a_refusal_is_an_error_of_the_call_but_not_of_the_gateway() {
    let spans = Spans::capture();
    let (gateway, _server) = pair().await;
    let caller = TraceParent::random();
    let path = "/usuarios/01a1fd20-4b5e-7c5d-9299-9e010b6a28bc";
    let request = gateway
        .ask(Method::GET, path)
        .header("traceparent", caller.header());
    assert_eq!(request.send().await.unwrap().status(), 404);
    let spans = spans.of_trace(caller.trace_id, 3).await;
    let http = spans
        .iter()
        .find(|span| span.name == "GET /usuarios/{id}")
        .unwrap();
    assert_eq!(http.status, Status::Unset);
    let call = spans
        .iter()
        .find(|span| span.kind == SpanKind::Client)
        .unwrap();
    assert_eq!(call.attribute("error.type"), Some("NOT_FOUND".into()));
    assert!(matches!(call.status, Status::Error { .. }));
}

#[tokio::test]
async fn an_event_is_part_of_the_trace_in_which_its_change_was_made() {
    let spans = Spans::capture();
    let (gateway, _server) = pair().await;
    let (watcher, caller) = (TraceParent::random(), TraceParent::random());
    let request = gateway.ask(Method::GET, "/usuarios/mudancas");
    let request = request.header("traceparent", watcher.header());
    let mut stream = request.send().await.unwrap();
    let mut text = String::new();
    // Once it has told from where it goes, it goes.
    while !text.contains("id:") {
        text += std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap();
    }
    create(&gateway, caller).await;
    while !text.contains("data:") {
        text += std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap();
    }
    assert!(text.contains(&caller.trace_id.to_string()), "{text}");
    let made = spans.of_trace(caller.trace_id, 4).await;
    let delivered = made
        .iter()
        .find(|span| span.name == "deliver mudancas")
        .unwrap();
    assert_eq!(delivered.kind, SpanKind::Consumer);
    assert!(
        made.iter().any(|span| span.span_id == delivered.parent),
        "{made:?}"
    );
    drop(stream);
    let watched = spans.of_trace(watcher.trace_id, 1).await;
    let linked = &delivered.links[0];
    assert_eq!(linked.trace_id(), watcher.trace_id);
    let http = watched.iter().find(|span| span.span_id == linked.span_id());
    assert!(http.is_none_or(|span| span.name == "GET /usuarios/mudancas"));
}
