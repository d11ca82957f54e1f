//! Several replicas of a service, over a real Redis, where one is installed.

use std::time::Duration;

use opentelemetry::trace::SpanId;
use serde_json::{Value, json};
use testing::{RedisServer, Signal, Spans, eventually, has_redis, listener};

use crate::support::Service;

/// What Redis wants to hear first.
const PASSWORD: &str = "for-tests";

async fn redis(test: &str) -> Option<RedisServer> {
    if !has_redis(test) {
        return None;
    }
    Some(RedisServer::start_with_password(PASSWORD).await)
}

async fn replica(redis: &RedisServer, name: &str, more: &[(&str, &str)]) -> Service {
    let own = [
        ("SERVICE_NAME", name),
        ("REDIS_URL", &redis.url()),
        ("REDIS_PASSWORD", PASSWORD),
        ("REPLICA_TIMEOUT", "500ms"),
    ];
    Service::alone(&[&own[..], more].concat()).await
}

fn place(welcome: &Value, cursor: &Value) -> String {
    format!(
        "epoch={}&cursor={cursor}",
        welcome["epoch"].as_str().unwrap()
    )
}

#[tokio::test]
async fn clients_of_all_replicas_and_of_the_peer_see_everything_once_and_in_one_order() {
    let Some(redis) = redis("clients of several replicas").await else {
        return;
    };
    let b = listener().await;
    let of_b = format!("http://{}/relay", b.local_addr().unwrap());
    let one = replica(&redis, "serviceA", &[("PEER_URL", &of_b)]).await;
    let two = replica(&redis, "serviceA", &[("PEER_URL", &of_b)]).await;
    let of_one = one.url("/relay");
    let b = Service::on(b, &[("SERVICE_NAME", "serviceB"), ("PEER_URL", &of_one)]);

    let (mut first, _) = one.v1(1, "session=s-1").await;
    first.frame_of("joined").await;
    let (mut second, _) = two.v1(2, "").await;
    second.frame_of("joined").await;
    b.knows_joined(2).await;
    let (mut far, _) = b.v1(3, "").await;
    for client in [&mut first, &mut second, &mut far] {
        while client.frame_of("joined").await["client"] != 3 {}
    }
    for n in 0..10 {
        first.send(&format!("a-{n}"), "de um").await;
        second.send(&format!("b-{n}"), "de dois").await;
        far.send(&format!("c-{n}"), "de longe").await;
    }
    let mut orders = Vec::new();
    for client in [&mut first, &mut second] {
        let mut order = Vec::new();
        while order.len() < 30 {
            let frame = client.frame().await;
            if frame["type"] == "message" || frame["type"] == "accepted" {
                order.push((frame["cursor"].clone(), frame["id"].clone()));
            }
        }
        orders.push(order);
    }
    assert_eq!(orders[0], orders[1]);
    let mut seen = Vec::new();
    while seen.len() < 20 {
        seen.push(
            far.frame_of("message").await["id"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    for prefix in ["a", "b"] {
        let of_one: Vec<_> = seen.iter().filter(|id| id.starts_with(prefix)).collect();
        let expected: Vec<_> = (0..10).map(|n| format!("{prefix}-{n}")).collect();
        assert_eq!(of_one, expected.iter().collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_sender_at_any_replica_is_told_when_the_peer_has_taken_its_message() {
    let Some(redis) = redis("receipts of several replicas").await else {
        return;
    };
    let b = Service::alone(&[("SERVICE_NAME", "serviceB")]).await;
    let of_b = b.url("/relay");
    let one = replica(&redis, "serviceA", &[("PEER_URL", &of_b)]).await;
    let two = replica(&redis, "serviceA", &[("PEER_URL", &of_b)]).await;
    for (number, replica) in (1..).zip([&one, &two]) {
        let (mut client, _) = replica.v1(number, "").await;
        let id = format!("m-{number}");
        client.send(&id, "olá").await;
        let accepted = client.frame_of("accepted").await;
        let delivered = client.frame_of("delivered").await;
        assert_eq!(
            (&delivered["id"], &delivered["service"]),
            (&json!(id), &json!("serviceB"))
        );
        assert_eq!(delivered["through"], accepted["cursor"]);
    }
}

#[tokio::test]
async fn a_client_comes_back_to_another_replica_and_misses_nothing() {
    let Some(redis) = redis("coming back to another replica").await else {
        return;
    };
    let (one, two) = (
        replica(&redis, "serviceA", &[]).await,
        replica(&redis, "serviceA", &[]).await,
    );
    let (mut client, welcome) = one.v1(1, "session=s-1").await;
    client.send("m-1", "antes").await;
    let cursor = client.frame_of("accepted").await["cursor"].clone();
    client.leave().await;
    let (mut other, _) = one.v1(2, "").await;
    other.send("m-2", "no meio").await;
    let last = other.frame_of("accepted").await["cursor"].clone();

    let query = format!("session=s-1&{}", place(&welcome, &cursor));
    let (mut back, again) = two.v1(1, &query).await;
    assert_eq!(
        (&again["recovered"], &again["epoch"]),
        (&json!(true), &welcome["epoch"])
    );
    assert_eq!(back.frame_of("message").await["id"], "m-2");
    // The id of its message is known here, too.
    back.send("m-1", "antes").await;
    while back.frame_of("accepted").await["duplicate"] != true {}
    // A newcomer to a replica that begins now sees the same past.
    let three = replica(&redis, "serviceA", &[]).await;
    let (_, late) = three.v1(3, "history=1000").await;
    assert!(late["behind"].as_u64() >= last.as_u64(), "{late}");
    assert_eq!(late["epoch"], welcome["epoch"]);
}

#[tokio::test]
async fn who_is_here_is_known_at_every_replica_also_when_one_dies() {
    let Some(redis) = redis("presence over replicas").await else {
        return;
    };
    let (one, two) = (
        replica(&redis, "serviceA", &[]).await,
        replica(&redis, "serviceA", &[]).await,
    );
    let (mut stays, _) = one.v1(1, "").await;
    stays.frame_of("joined").await;
    // As a replica leaves it that was killed: a session at one that says nothing.
    let gone = ["HSET", "{chat:serviceA}:here", "s-9", "dead 1 9"];
    redis.ask(&gone).unwrap();
    let left = stays.frame_of("left").await;
    assert_eq!(left["client"], 9);
    let (_, welcome) = two.v1(2, "").await;
    assert_eq!(
        welcome["presence"][0],
        json!({"service":"serviceA","count":1,"clients":[1]})
    );
    let (_, welcome) = one.v1(3, "").await;
    assert!(
        welcome["presence"][0]["count"].as_u64().unwrap() <= 2,
        "{welcome}"
    );
}

#[tokio::test]
async fn a_service_that_begins_before_its_redis_says_so_and_waits_for_it() {
    let Some(mut redis) = redis("a service that begins before its Redis").await else {
        return;
    };
    redis.kill();
    let env = [("REDIS_URL", &*redis.url()), ("REDIS_PASSWORD", PASSWORD)];
    let one = Service::alone(&env).await;
    let readiness = one.lifecycle.lifecycle().readiness().clone();
    eventually("a reason why it is not ready", async || {
        let report = readiness.report();
        let reason = report.checks.first()?.reason.clone()?;
        (!report.ready && reason.contains("refused")).then_some(())
    })
    .await;
    redis.restart().await;
    let (mut client, _) = one.v1(1, "").await;
    client.frame_of("joined").await;
    assert!(readiness.report().ready);
}

#[tokio::test]
async fn a_service_whose_redis_forgets_everything_ends_so_that_it_begins_anew() {
    let Some(redis) = redis("a Redis that forgets").await else {
        return;
    };
    let one = replica(&redis, "serviceA", &[]).await;
    let (mut client, _) = one.v1(1, "").await;
    client.frame_of("joined").await;
    redis.ask(&["FLUSHALL"]).unwrap();
    client.send("m-1", "olá").await;
    // Nobody knows what became of the message: it is asked again after the reconnection.
    assert_eq!(client.closed().await.0, 1011);
}

#[tokio::test]
async fn a_sender_is_told_by_the_peer_who_has_its_message_while_another_is_away() {
    let Some(redis) = redis("receipts of one of two peers").await else {
        return;
    };
    let b = Service::alone(&[("SERVICE_NAME", "serviceB")]).await;
    let nobody = listener().await.local_addr().unwrap();
    let peers = format!("{},http://{nobody}/relay", b.url("/relay"));
    let one = replica(&redis, "serviceA", &[("PEER_URL", &peers)]).await;
    let (mut client, _) = one.v1(1, "").await;
    client.send("m-1", "olá").await;
    let delivered = client.frame_of("delivered").await;
    assert_eq!(
        (&delivered["id"], &delivered["service"]),
        (&json!("m-1"), &json!("serviceB"))
    );
}

#[tokio::test]
async fn what_is_said_while_redis_does_not_answer_is_taken_once_when_it_does() {
    let Some(redis) = redis("a Redis that hangs").await else {
        return;
    };
    let hurry = [
        ("REDIS_TIMEOUT", "100ms"),
        ("REDIS_CONNECT_TIMEOUT", "100ms"),
    ];
    let one = replica(&redis, "serviceA", &hurry).await;
    let (mut client, _) = one.v1(1, "session=s-1").await;
    client.frame_of("joined").await;
    redis.signal(Signal::SIGSTOP);
    client.send("m-1", "olá").await;
    let readiness = one.lifecycle.lifecycle().readiness().clone();
    eventually("it is not ready", async || {
        (!readiness.report().ready).then_some(())
    })
    .await;
    redis.signal(Signal::SIGCONT);
    // Tries of which no answer came may have been taken: all of them together are one.
    let accepted = client.frame_of("accepted").await;
    assert_eq!(accepted["id"], "m-1");
    assert_eq!(redis.ask(&["XLEN", "{chat:serviceA}:log"]).unwrap(), "2");
}

/// Nobody is sent to a service that is not ready: it may not wait for somebody's message.
#[tokio::test]
async fn a_service_without_clients_is_ready_again_once_its_redis_is_back() {
    let Some(redis) = redis("a Redis that comes back to a service without clients").await else {
        return;
    };
    let one = replica(&redis, "serviceA", &[]).await;
    let readiness = one.lifecycle.lifecycle().readiness().clone();
    eventually("ready", async || readiness.report().ready.then_some(())).await;
    redis.signal(Signal::SIGSTOP);
    eventually("the log is missed", async || {
        let report = readiness.report();
        let mut missed = report.checks.iter().filter(|check| check.reason.is_some());
        missed.any(|check| check.name == "shared log").then_some(())
    })
    .await;
    redis.signal(Signal::SIGCONT);
    eventually("ready again", async || {
        readiness.report().ready.then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_replica_whose_redis_went_along_with_it_does_not_wait_for_its_deadline() {
    let Some(mut redis) = redis("a Redis that goes along").await else {
        return;
    };
    let one = replica(&redis, "serviceA", &[]).await;
    let (mut client, _) = one.v1(1, "").await;
    client.frame_of("joined").await;
    redis.kill();
    let readiness = one.lifecycle.lifecycle().readiness().clone();
    eventually("it is not ready", async || {
        (!readiness.report().ready).then_some(())
    })
    .await;
    one.lifecycle.drain();
    assert_eq!(one.lifecycle.end(Duration::from_mins(1)).await, 0);
}

#[tokio::test]
async fn a_heartbeat_makes_no_traces() {
    let spans = Spans::capture();
    let Some(redis) = redis("traces of a heartbeat").await else {
        return;
    };
    let one = replica(&redis, "serviceA", &[]).await;
    let beats = "db_client_operation_duration_seconds_count{db_system_name=\"redis\",db_operation_name=\"SET\",error_type=\"\"}";
    eventually("three heartbeats", async || {
        (one.metric(beats) >= 3).then_some(())
    })
    .await;
    let (mut client, _) = one.v1(1, "").await;
    client.frame_of("joined").await;
    let port = i64::from(redis.port());
    eventually("the span of a command", async || {
        (!spans.with("server.port", port).is_empty()).then_some(())
    })
    .await;
    let roots = spans.with("server.port", port).into_iter();
    let roots: Vec<_> = roots
        .filter(|span| span.parent == SpanId::INVALID)
        .collect();
    assert!(roots.is_empty(), "{roots:?}");
}

#[tokio::test]
async fn a_log_that_the_version_before_has_written_is_read() {
    let Some(redis) = redis("a log of the version before").await else {
        return;
    };
    let entry = r#"{"cursor":0,"id":"m-1","what":{"kind":"message","client":8,"text":"de antes"},"source":{"from":"own","session":"s-8"},"at":1700000000000}"#;
    for command in [
        &["SET", "{chat:serviceA}:epoch", "e-1"][..],
        &["HSET", "{chat:serviceA}:state", "cursor", "1"],
        &["XADD", "{chat:serviceA}:log", "1-0", "e", entry, "s", ""],
        &["SET", "{chat:serviceA}:said:s-7:m-2", "1"],
        &["HSET", "{chat:serviceA}:here", "s-7", "gone 0 7"],
    ] {
        redis.ask(command).unwrap();
    }
    let one = replica(&redis, "serviceA", &[]).await;
    let (mut client, welcome) = one.v1(7, "session=s-7&history=10").await;
    assert_eq!(welcome["epoch"], "e-1");
    let before = client.frame().await;
    assert_eq!(
        (&before["id"], &before["text"], &before["cursor"]),
        (&json!("m-1"), &json!("de antes"), &json!(1))
    );
    client.send("m-2", "o mesmo").await;
    assert_eq!(client.frame_of("accepted").await["duplicate"], true);
}
