//! A call down to Redis: one trace, one round trip for a read, deadlines all the way.

use malha_proto::usuarios::v1::{ListarUsuariosRequest, ObterUsuarioRequest};
use opentelemetry::trace::{SpanKind, Status};
use testing::{
    CapturedSpan, RedisServer, Signal, Spans, TestLifecycle, TraceParent, eventually, has_redis,
};
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::{Client, create, creation, start};
use crate::traces::asking;

/// A server on a Redis of its own, once it is ready.
async fn start_on(server: &RedisServer, more: &[(&str, &str)]) -> (Client, TestLifecycle) {
    let url = server.url();
    // Whatever else this machine does meanwhile is not what these tests are about.
    let patient = [
        ("REDIS_URL", &*url),
        ("REDIS_TIMEOUT", "30s"),
        ("REDIS_CONNECT_TIMEOUT", "30s"),
    ];
    let (client, lifecycle) = start(&[&patient, more].concat()).await;
    let mut ready = lifecycle.lifecycle().readiness().watch();
    ready.wait_for(|ready| *ready).await.unwrap();
    (client, lifecycle)
}

/// The server's span of a trace, and those of commands under it, once they are `count` together. The
/// first may have waited for the connection, as quick as the machine is.
async fn traced(caller: TraceParent, count: usize) -> (CapturedSpan, Vec<CapturedSpan>) {
    let mut spans = eventually(&format!("{count} spans of a call"), async || {
        let mut spans = Spans::capture().ended(caller.trace_id);
        spans.retain(|span| span.name != "redis connection wait");
        (spans.len() >= count).then_some(spans)
    })
    .await;
    let server = spans.iter().position(|span| span.kind == SpanKind::Server);
    let server = spans.remove(server.unwrap());
    assert!(
        spans.iter().all(|span| span.parent == server.span_id),
        "{spans:?}"
    );
    (server, spans)
}

#[tokio::test]
async fn a_read_is_one_command_under_its_call() {
    if !has_redis("a_read_is_one_command_under_its_call") {
        return;
    }
    Spans::capture();
    let redis = RedisServer::start(&[]).await;
    let (mut client, lifecycle) = start_on(&redis, &[]).await;
    let ana = create(&mut client, "Ana").await;

    let caller = TraceParent::random();
    let request = ObterUsuarioRequest { id: ana.id };
    client.obter_usuario(asking(request, caller)).await.unwrap();
    let (_, commands) = traced(caller, 2).await;
    let [command] = &commands[..] else {
        panic!("{commands:?}")
    };
    assert_eq!(
        (command.name.as_str(), &command.kind),
        ("HMGET", &SpanKind::Client)
    );
    for (name, value) in [
        ("db.system.name", "redis"),
        ("db.namespace", "0"),
        ("db.operation.name", "HMGET"),
        ("server.address", "127.0.0.1"),
    ] {
        assert_eq!(command.attribute(name), Some(value.into()), "{name}");
    }
    let port = i64::from(redis.port());
    assert_eq!(command.attribute("server.port"), Some(port.into()));

    let metrics = lifecycle.lifecycle().metrics().render().unwrap();
    let line = "db_client_operation_duration_seconds_count{db_system_name=\"redis\",\
        db_operation_name=\"HMGET\",error_type=\"\"} 1";
    assert!(metrics.contains(line), "{metrics}");
}

#[tokio::test]
async fn a_script_that_redis_has_forgotten_is_told_again() {
    if !has_redis("a_script_that_redis_has_forgotten_is_told_again") {
        return;
    }
    Spans::capture();
    let redis = RedisServer::start(&[]).await;
    let (mut client, _life) = start_on(&redis, &[]).await;
    let list = |caller| asking(ListarUsuariosRequest::default(), caller);
    let names = async |client: &mut Client, count| {
        let caller = TraceParent::random();
        client.listar_usuarios(list(caller)).await.unwrap();
        let (_, commands) = traced(caller, count).await;
        commands
            .into_iter()
            .map(|span| (span.name, span.status))
            .collect::<Vec<_>>()
    };
    let unknown = ("EVALSHA list".to_owned(), Status::error(""));
    let told = ("EVAL list".to_owned(), Status::Unset);
    let known = ("EVALSHA list".to_owned(), Status::Unset);
    assert_eq!(names(&mut client, 3).await, [unknown.clone(), told.clone()]);
    assert_eq!(names(&mut client, 2).await, [known]);
    assert_eq!(redis.ask(&["SCRIPT", "FLUSH"]).as_deref(), Some("OK"));
    assert_eq!(names(&mut client, 3).await, [unknown, told]);
}

#[tokio::test]
async fn the_wait_for_a_turn_is_a_span_of_its_own() {
    if !has_redis("the_wait_for_a_turn_is_a_span_of_its_own") {
        return;
    }
    Spans::capture();
    let redis = RedisServer::start(&[]).await;
    let hurry = [("REDIS_MAX_COMMANDS", "1"), ("REQUEST_TIMEOUT", "1m")];
    let (mut client, lifecycle) = start_on(&redis, &hurry).await;
    let ana = create(&mut client, "Ana").await;
    redis.signal(Signal::SIGSTOP);
    let callers = [TraceParent::random(), TraceParent::random()];
    let ask = |caller| {
        let (mut client, request) = (client.clone(), ObterUsuarioRequest { id: ana.id.clone() });
        async move { client.obter_usuario(asking(request, caller)).await.unwrap() }
    };
    let resume = async {
        eventually("both are being answered", async || {
            let metrics = lifecycle.lifecycle().metrics().render().unwrap();
            metrics.contains("rpc_server_active_calls 2").then_some(())
        })
        .await;
        redis.signal(Signal::SIGCONT);
    };
    tokio::join!(ask(callers[0]), ask(callers[1]), resume);
    let waited = eventually("a wait", async || {
        let all = callers.map(|caller| Spans::capture().ended(caller.trace_id));
        all.into_iter()
            .flatten()
            .find(|span| span.name == "redis connection wait")
    })
    .await;
    assert_eq!(waited.kind, SpanKind::Internal);
    assert_eq!(waited.status, Status::Unset);
}

#[tokio::test]
async fn a_callers_deadline_ends_the_wait_for_redis_and_is_no_fault_of_it() {
    if !has_redis("a_callers_deadline_ends_the_wait_for_redis_and_is_no_fault_of_it") {
        return;
    }
    let redis = RedisServer::start(&[]).await;
    let settings = [("REDIS_CHECK_INTERVAL", "1h"), ("REQUEST_TIMEOUT", "1m")];
    let (mut client, lifecycle) = start_on(&redis, &settings).await;
    let ana = create(&mut client, "Ana").await;
    redis.signal(Signal::SIGSTOP);
    for _ in 0..5 {
        let mut request = tonic::Request::new(ObterUsuarioRequest { id: ana.id.clone() });
        request
            .metadata_mut()
            .insert("grpc-timeout", "20m".parse().unwrap());
        let late = client.obter_usuario(request).await.unwrap_err();
        // The client's own timer may be the first to say so.
        let codes = [Code::DeadlineExceeded, Code::Cancelled];
        assert!(codes.contains(&late.code()), "{late:?}");
    }
    assert!(lifecycle.lifecycle().readiness().report().ready);
    redis.signal(Signal::SIGCONT);
    create(&mut client, "Bia").await;
}

#[tokio::test]
async fn a_redis_that_is_away_is_told_with_when_to_ask_again() {
    if !has_redis("a_redis_that_is_away_is_told_with_when_to_ask_again") {
        return;
    }
    let mut redis = RedisServer::start(&[]).await;
    let (mut client, _life) = start_on(&redis, &[]).await;
    redis.kill();
    let away = client.criar_usuario(creation("Ana")).await.unwrap_err();
    assert_eq!(away.code(), Code::Unavailable);
    assert!(away.get_details_retry_info().unwrap().retry_delay.is_some());
    assert!(!away.message().contains("127.0.0.1"), "{away:?}");
}

#[tokio::test]
async fn a_redis_without_memory_is_a_full_store() {
    if !has_redis("a_redis_without_memory_is_a_full_store") {
        return;
    }
    let redis = RedisServer::start(&["--maxmemory-policy", "noeviction"]).await;
    let (mut client, _life) = start_on(&redis, &[]).await;
    let ana = create(&mut client, "Ana").await;
    redis.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    let full = client.criar_usuario(creation("Bia")).await.unwrap_err();
    assert_eq!(full.code(), Code::ResourceExhausted);
    let read = client
        .obter_usuario(ObterUsuarioRequest { id: ana.id.clone() })
        .await;
    assert_eq!(read.unwrap().into_inner().usuario, Some(ana));
}

#[tokio::test]
async fn a_password_is_used() {
    if !has_redis("a_password_is_used") {
        return;
    }
    // Its own probe would be refused too, so that it is set afterwards.
    let redis = RedisServer::start(&[]).await;
    redis.ask(&["CONFIG", "SET", "requirepass", "sésamo"]);
    let (mut client, _life) = start_on(&redis, &[("REDIS_PASSWORD", "sésamo")]).await;
    create(&mut client, "Ana").await;
}
