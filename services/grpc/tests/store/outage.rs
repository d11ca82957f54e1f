//! Redis away, hung, and back.

use std::time::Duration;

use grpc::Error;
use grpc::store::Store;
use testing::{RedisServer, Signal, eventually, has_redis};
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::backend::{Replicas, create, new, open_at_once};

/// Far beyond what an answer may take; without a limit it would never come.
const BOUND: Duration = Duration::from_secs(10);

/// Several times as long as one who looks waits before the next look.
const A_WHILE: Duration = Duration::from_millis(200);

/// A replica on this Redis. Other tests take their share of this machine, hence the time.
async fn on(server: &RedisServer) -> Replicas {
    let replica = at_once_on(server);
    replica.ready().await;
    replica
}

fn at_once_on(server: &RedisServer) -> Replicas {
    let time = [("REDIS_TIMEOUT", "1s"), ("REDIS_CONNECT_TIMEOUT", "900ms")];
    open_at_once(&[&[("REDIS_URL", &*server.url())], &time[..]].concat())
}

async fn is_unavailable(store: &Store, name: &str) -> bool {
    let outcome = timeout(BOUND, store.create(&new(name), None)).await;
    let outcome = outcome.expect("an answer in bounded time");
    matches!(outcome, Err(Error::Unavailable(_)))
}

async fn until_back(store: &Store, name: &str) {
    eventually("users are written again", async || {
        timeout(BOUND, store.create(&new(name), None))
            .await
            .unwrap()
            .ok()
    })
    .await;
}

#[tokio::test]
async fn a_redis_that_is_killed_is_told_at_once_and_found_again() {
    if !has_redis("a_redis_that_is_killed_is_told_at_once_and_found_again") {
        return;
    }
    let mut server = RedisServer::start(&[]).await;
    let replica = on(&server).await;
    let (store, lifecycle) = (&replica.stores[0], &replica.lives[0]);
    create(store, "antes").await;
    server.kill();
    assert!(is_unavailable(store, "durante").await);
    assert!(is_unavailable(store, "durante").await);
    let mut ready = lifecycle.lifecycle().readiness().watch();
    ready.wait_for(|ready| !ready).await.unwrap();
    assert!(lifecycle.lifecycle().liveness().report().0);

    server.restart().await;
    until_back(store, "depois").await;
    ready.wait_for(|ready| *ready).await.unwrap();
}

#[tokio::test]
async fn a_redis_that_hangs_is_told_in_time_and_nothing_waits_for_it() {
    if !has_redis("a_redis_that_hangs_is_told_in_time_and_nothing_waits_for_it") {
        return;
    }
    let server = RedisServer::start(&[]).await;
    let replica = on(&server).await;
    let store = &replica.stores[0];
    let ana = create(store, "antes").await;
    server.signal(Signal::SIGSTOP);
    for round in 0..5 {
        assert!(is_unavailable(store, &format!("durante{round}")).await);
    }
    server.signal(Signal::SIGCONT);
    until_back(store, "depois").await;
    assert_eq!(store.get(ana.id).await.unwrap(), ana);
}

#[tokio::test]
async fn a_server_starts_without_redis_and_serves_once_it_is_there() {
    if !has_redis("a_server_starts_without_redis_and_serves_once_it_is_there") {
        return;
    }
    let mut server = RedisServer::absent(&[]);
    let replica = at_once_on(&server);
    let store = &replica.stores[0];
    assert!(is_unavailable(store, "cedo").await);
    server.restart().await;
    until_back(store, "agora").await;
}

#[tokio::test]
async fn who_watches_goes_on_after_an_outage() {
    if !has_redis("who_watches_goes_on_after_an_outage") {
        return;
    }
    // What Redis has written to its log it has after its death.
    let log = ["--appendonly", "yes", "--appendfsync", "always"];
    let mut server = RedisServer::start(&log).await;
    let replica = on(&server).await;
    let store = &replica.stores[0];
    let mut subscription = store.subscribe(None).await.unwrap();
    let ana = create(store, "Ana").await;
    server.kill();
    server.restart().await;
    until_back(store, "Bia").await;
    for name in ["Ana", "Bia"] {
        let (_, change) = timeout(BOUND * 2, subscription.next())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(change.user.name.as_str(), name);
    }
    assert_eq!(store.get(ana.id).await.unwrap(), ana);
}

#[tokio::test]
async fn who_looks_whether_redis_is_back_is_one() {
    // In the place of Redis: takes connections and says nothing. A look lasts until it is ended here.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let replica = open_at_once(&[
        ("REDIS_URL", &*url),
        ("REDIS_TIMEOUT", "1h"),
        ("REDIS_CONNECT_TIMEOUT", "1h"),
        ("REDIS_MAX_BACKOFF", "50ms"),
    ]);
    for _ in 0..5 {
        let look = timeout(BOUND, listener.accept()).await;
        let _look = look.expect("a look in bounded time").unwrap();
        let asks = (0..50).map(|_| is_unavailable(&replica.stores[0], "x"));
        let all = futures_util::future::join_all(asks).await;
        assert!(all.into_iter().all(|unavailable| unavailable));
        let another = timeout(A_WHILE, listener.accept()).await;
        assert!(another.is_err(), "{another:?} while one looks");
    }
}
