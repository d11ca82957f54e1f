//! A Redis that answers, and does not do what it is asked.

use grpc::Error;
use grpc::domain::Refusal;
use grpc::store::Store;
use testing::{RedisServer, TestLifecycle, eventually, has_redis, listener};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::backend::{Replicas, create, new, open, open_at_once};

/// A replica on this Redis.
async fn on(server: &RedisServer) -> Replicas {
    let url = server.url();
    // Whatever else this machine does meanwhile is not what these tests are about.
    open(&[
        ("REDIS_URL", &*url),
        ("REDIS_TIMEOUT", "30s"),
        ("REDIS_CONNECT_TIMEOUT", "30s"),
        ("REDIS_CHECK_INTERVAL", "50ms"),
    ])
    .await
}

fn reason(replica: &Replicas) -> Option<String> {
    let report = replica.lives[0].lifecycle().readiness().report();
    let redis = report
        .checks
        .into_iter()
        .find(|check| check.name == "redis");
    redis.and_then(|check| check.reason)
}

async fn refuses(store: &Store) -> bool {
    let outcome = store.create(&new("Bia"), None).await;
    matches!(outcome, Err(Error::StoreRefuses(_)))
}

/// It is not ready, for this reason and no other, however often somebody writes.
async fn is_not_ready_and_stays_so(replica: &Replicas, expected: &str) {
    let store = &replica.stores[0];
    eventually("it is not ready", async || {
        assert!(refuses(store).await);
        reason(replica).filter(|reason| reason.contains(expected))
    })
    .await;
    let mut ready = replica.lives[0].lifecycle().readiness().watch();
    ready.mark_unchanged();
    for _ in 0..20 {
        assert!(refuses(store).await);
        let reason = reason(replica).unwrap();
        assert!(reason.contains(expected), "{reason}");
    }
    assert!(!ready.has_changed().unwrap());
}

#[tokio::test]
async fn a_replica_is_not_ready_for_it_takes_no_writes_and_reads_go_on() {
    if !has_redis("a_replica_is_not_ready_for_it_takes_no_writes_and_reads_go_on") {
        return;
    }
    let server = RedisServer::start(&[]).await;
    let replica = on(&server).await;
    let store = &replica.stores[0];
    let ana = create(store, "Ana").await;
    server.ask(&["REPLICAOF", "127.0.0.1", "1"]);
    is_not_ready_and_stays_so(&replica, "READONLY").await;
    assert_eq!(store.get(ana.id).await.unwrap(), ana);

    server.ask(&["REPLICAOF", "NO", "ONE"]);
    replica.ready().await;
    create(store, "Bia").await;
}

#[tokio::test]
async fn who_may_not_write_is_not_ready_until_it_may() {
    if !has_redis("who_may_not_write_is_not_ready_until_it_may") {
        return;
    }
    let server = RedisServer::start(&[]).await;
    let replica = on(&server).await;
    let store = &replica.stores[0];
    let ana = create(store, "Ana").await;
    server.ask(&["ACL", "SETUSER", "default", "-@write"]);
    is_not_ready_and_stays_so(&replica, "Redis refuses this").await;
    assert_eq!(store.get(ana.id).await.unwrap(), ana);

    server.ask(&["ACL", "SETUSER", "default", "+@all"]);
    replica.ready().await;
    create(store, "Bia").await;
}

/// The probe uses other commands.
#[tokio::test]
async fn one_command_that_is_refused_makes_nothing_flap() {
    if !has_redis("one_command_that_is_refused_makes_nothing_flap") {
        return;
    }
    let server = RedisServer::start(&[]).await;
    let replica = on(&server).await;
    let ready = replica.lives[0].lifecycle().readiness().watch();
    server.ask(&["ACL", "SETUSER", "default", "-evalsha"]);
    for _ in 0..20 {
        assert!(refuses(&replica.stores[0]).await);
    }
    assert!(!ready.has_changed().unwrap());
}

#[tokio::test]
async fn one_without_memory_stays_ready_for_it_reads_and_removes() {
    if !has_redis("one_without_memory_stays_ready_for_it_reads_and_removes") {
        return;
    }
    let server = RedisServer::start(&["--maxmemory-policy", "noeviction"]).await;
    let replica = on(&server).await;
    let store = &replica.stores[0];
    let ana = create(store, "Ana").await;
    let ready = replica.lives[0].lifecycle().readiness().watch();
    server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    for _ in 0..20 {
        let full = store.create(&new("Bia"), None).await.unwrap_err();
        assert!(matches!(full, Error::Refused(Refusal::Full)), "{full:?}");
    }
    assert_eq!(store.get(ana.id).await.unwrap(), ana);
    store.remove(ana.id, None).await.unwrap();
    assert!(!ready.has_changed().unwrap());
}

#[tokio::test]
async fn one_that_gives_no_session_says_why() {
    if !has_redis("one_that_gives_no_session_says_why") {
        return;
    }
    let server = RedisServer::start_with_password("certa").await;
    let (plain, http) = (server.url(), listener().await);
    let http_url = format!("redis://{}", http.local_addr().unwrap());
    let lifecycle = TestLifecycle::default();
    lifecycle.lifecycle().spawn(async move {
        while let Ok((mut stream, _)) = http.accept().await {
            // It answers what it takes for a request, and closes.
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let database = format!("{plain}/99");
    for (settings, expected) in [
        (
            &[("REDIS_URL", &*plain)][..],
            "REDIS_PASSWORD) is not taken: NOAUTH",
        ),
        (
            &[("REDIS_URL", &plain), ("REDIS_PASSWORD", "errada")],
            "REDIS_PASSWORD) is not taken: ",
        ),
        (
            &[("REDIS_URL", &database), ("REDIS_PASSWORD", "certa")],
            "no such database (REDIS_URL): ERR DB index is out of range",
        ),
        (&[("REDIS_URL", &http_url)], "not Redis"),
        (&[("REDIS_URL", "redis://nao.existe.invalid")], "lookup"),
    ] {
        let replica = open_at_once(settings);
        eventually(expected, async || {
            reason(&replica).filter(|reason| reason.contains(expected))
        })
        .await;
    }
}
