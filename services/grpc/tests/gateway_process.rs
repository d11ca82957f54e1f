//! Gateway and server as real processes: how they start, find each other, drain and end.
#![cfg(test)]

use std::time::Duration;

use serde_json::json;
use testing::{Collector, Process, Signal, TraceParent};

const CLIENTE: &str = env!("CARGO_BIN_EXE_grpc-cliente");
const SERVIDOR: &str = env!("CARGO_BIN_EXE_grpc-servidor");

async fn url(process: &Process) -> String {
    format!("http://{}/usuarios", process.address("LISTEN").await)
}

#[tokio::test]
async fn a_gateway_starts_before_its_server_outlives_it_and_delivers_its_spans() {
    let collector = Collector::start().await;
    let first = Process::start(SERVIDOR, &[]);
    let address = first.address("LISTEN").await.to_string();
    drop(first);
    let settings = [
        ("SERVER_ADDRESS", &*address),
        ("HEALTH_INTERVAL", "50ms"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint()),
    ];
    let mut gateway = Process::start(CLIENTE, &settings);
    gateway.until_ready(false).await;
    let line = gateway.stderr.containing("\"message\":\"not ready\"").await;
    assert!(line.contains("WARN") && line.contains(&address), "{line}");
    let url = url(&gateway).await;
    assert_eq!(reqwest::get(&url).await.unwrap().status(), 503);

    let mut server = Process::start(SERVIDOR, &[("LISTEN", &address)]);
    gateway.until_ready(true).await;
    let caller = TraceParent::random();
    let request = reqwest::Client::new()
        .post(&url)
        .header("traceparent", caller.header());
    let body = json!({"nome": "Ana", "email": "ana@exemplo.com"});
    assert_eq!(request.json(&body).send().await.unwrap().status(), 201);

    server.signal(Signal::SIGKILL);
    server.ended().await;
    gateway.until_ready(false).await;
    gateway.signal(Signal::SIGTERM);
    assert_eq!(gateway.ended().await.code(), Some(0));
    let mut names = collector.names_of(caller.trace_id).await;
    names.sort();
    assert_eq!(
        names,
        ["POST /usuarios", "usuarios.v1.UsuarioService/CriarUsuario"]
    );
}

#[tokio::test]
async fn a_stream_does_not_hold_the_exit() {
    let server = Process::start(SERVIDOR, &[]);
    let address = server.address("LISTEN").await.to_string();
    let mut gateway = Process::start(CLIENTE, &[("SERVER_ADDRESS", &address)]);
    gateway.until_ready(true).await;
    let mut stream = reqwest::get(format!("{}/mudancas", url(&gateway).await))
        .await
        .unwrap();
    assert!(stream.chunk().await.unwrap().is_some());
    gateway.signal(Signal::SIGTERM);
    let ended = tokio::time::timeout(Duration::from_secs(15), gateway.ended()).await;
    assert_eq!(ended.unwrap().code(), Some(0));
    gateway.stderr.containing("\"message\":\"drained\"").await;
    while stream.chunk().await.unwrap().is_some() {}
}
