//! The program as a real process: how it starts, drains under an open stream, and ends.
#![cfg(test)]

use malha_proto::usuarios::v1::usuario_service_client::UsuarioServiceClient;
use malha_proto::usuarios::v1::{CriarUsuarioRequest, ObservarUsuariosRequest};
use testing::{Collector, Process, RedisServer, Signal, TraceParent, eventually, has_redis};
use tonic::Code;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

const SERVIDOR: &str = env!("CARGO_BIN_EXE_grpc-servidor");

async fn connect(servidor: &Process) -> Channel {
    let url = format!("http://{}", servidor.address("LISTEN").await);
    let endpoint = tonic::transport::Endpoint::from_shared(url).unwrap();
    endpoint.connect().await.unwrap()
}

fn creation(name: &str) -> CriarUsuarioRequest {
    CriarUsuarioRequest {
        nome: name.to_owned(),
        email: format!("{name}@exemplo.com"),
        id_pedido: String::new(),
    }
}

#[tokio::test]
async fn a_drain_under_an_open_stream_serves_on_ends_it_well_and_loses_no_span() {
    // Long enough for two calls, however busy this machine is.
    for delay in ["300ms", "3s", "30s"] {
        if drains_well(delay).await {
            return;
        }
    }
    panic!("no call was served while it drained");
}

/// Whether calls were served within the delay, which is for the machine to say; the rest must hold.
async fn drains_well(delay: &str) -> bool {
    let collector = Collector::start().await;
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint());
    let mut servidor = Process::start(SERVIDOR, &[endpoint, ("DRAIN_DELAY", delay)]);
    let channel = connect(&servidor).await;
    let mut client = UsuarioServiceClient::new(channel.clone());
    let request = ObservarUsuariosRequest::default();
    let mut stream = client
        .observar_usuarios(request)
        .await
        .unwrap()
        .into_inner();
    stream.message().await.unwrap().unwrap();

    servidor.signal(Signal::SIGTERM);
    servidor.stderr.containing("\"message\":\"draining\"").await;
    let caller = TraceParent::random();
    let mut request = tonic::Request::new(creation("durante"));
    let header = caller.header().parse().unwrap();
    request.metadata_mut().insert("traceparent", header);
    let check = HealthCheckRequest::default();
    let created = client.criar_usuario(request).await;
    let health = HealthClient::new(channel).check(check).await;
    let (Ok(_), Ok(health)) = (created, health) else {
        return false;
    };
    let not_serving = tonic_health::ServingStatus::NotServing as i32;
    assert_eq!(health.into_inner().status, not_serving);
    let told = stream.message().await.unwrap().unwrap();
    assert_eq!(told.mudanca.unwrap().usuario.unwrap().nome, "durante");

    assert_eq!(
        stream.message().await.unwrap_err().code(),
        Code::Unavailable
    );
    assert_eq!(servidor.ended().await.code(), Some(0));
    servidor.stderr.containing("\"message\":\"drained\"").await;
    let names = collector.names_of(caller.trace_id).await;
    assert_eq!(names, ["usuarios.v1.UsuarioService/CriarUsuario"]);
    true
}

#[tokio::test]
async fn redis_decides_on_readiness_and_not_on_life() {
    if !has_redis("redis_decides_on_readiness_and_not_on_life") {
        return;
    }
    let mut redis = RedisServer::start(&[]).await;
    let mut servidor = Process::start(SERVIDOR, &[("REDIS_URL", &redis.url())]);
    servidor.until_ready(true).await;
    redis.kill();
    let mut client = UsuarioServiceClient::new(connect(&servidor).await);
    let away = client.criar_usuario(creation("ana")).await.unwrap_err();
    assert_eq!(away.code(), Code::Unavailable);
    let report = eventually("it is not ready", async || {
        let (status, report) = servidor.readyz().await;
        (status == 503).then_some(report)
    })
    .await;
    assert!(report.to_string().contains("\"redis\""), "{report}");
    let live = format!("http://{}/livez", servidor.address("ADMIN_LISTEN").await);
    assert_eq!(reqwest::get(live).await.unwrap().status(), 200);
    servidor.signal(Signal::SIGINT);
    assert_eq!(servidor.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_url_that_is_none_ends_it_with_2_and_its_password_is_not_shown() {
    for (url, expected) in [
        ("redis://:sesamo@redis/x", "a database from 0"),
        ("redis://:ses@mo:sesamo@redis", "REDIS_PASSWORD"),
    ] {
        let settings = [("REDIS_URL", url), ("LOG_LEVEL", "debug")];
        let mut servidor = Process::start(SERVIDOR, &settings);
        assert_eq!(servidor.ended().await.code(), Some(2));
        servidor.stderr.containing("REDIS_URL=").await;
        servidor.stderr.containing(expected).await;
        let all = servidor.stderr.all().join("\n");
        assert!(!all.contains("sesamo"), "{all}");
    }
}

/// Who waits for it finds out why, without asking `/readyz`.
#[tokio::test]
async fn a_server_that_never_becomes_ready_says_why_in_its_log() {
    let nobody = [
        ("REDIS_URL", "redis://nao.existe.invalid"),
        ("REDIS_CONNECT_TIMEOUT", "30s"),
        ("REDIS_TIMEOUT", "30s"),
    ];
    let servidor = Process::start(SERVIDOR, &nobody);
    let line = servidor
        .stderr
        .containing("\"message\":\"not ready\"")
        .await;
    for expected in ["\"level\":\"WARN\"", "\"dependency\":\"redis\"", "lookup"] {
        assert!(line.contains(expected), "{expected} in {line}");
    }
}
