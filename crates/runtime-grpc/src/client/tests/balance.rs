use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::super::{GrpcClient, GrpcClientSettings, Resolve, Resolving};
use super::support::{Answers, Name, TestBackend, ask, client, patient, settings};
use testing::{TestLifecycle, eventually, listener};

/// Calls until every one of these servers has been reached.
async fn until_all_are_reached(client: &GrpcClient, servers: &[&TestBackend]) {
    let before: Vec<_> = servers.iter().map(|server| server.calls()).collect();
    eventually("every server is reached", async || {
        ask(client, patient()).await.unwrap();
        let mut reached = servers.iter().zip(&before);
        reached
            .all(|(server, before)| server.calls() > *before)
            .then_some(())
    })
    .await;
}

async fn readiness(lifecycle: &TestLifecycle, ready: bool) -> Option<String> {
    eventually(&format!("ready is {ready}"), async || {
        let report = lifecycle.lifecycle().readiness().report();
        let reason = report.checks[0].reason.clone();
        (report.ready == ready && reason.as_deref() != Some("not seen yet")).then_some(reason)
    })
    .await
}

#[tokio::test]
async fn calls_reach_every_server_behind_the_name() {
    let servers = [
        TestBackend::start().await,
        TestBackend::start().await,
        TestBackend::start().await,
    ];
    let all: Vec<_> = servers.iter().collect();
    let (client, _life) = client(&Name::of(&all));
    until_all_are_reached(&client, &all).await;
}

#[tokio::test]
async fn a_server_that_comes_gets_calls_and_one_that_leaves_the_name_gets_none() {
    let (old, new) = (TestBackend::start().await, TestBackend::start().await);
    let name = Name::of(&[&old]);
    let (client, _life) = client(&name);
    ask(&client, patient()).await.unwrap();

    name.set([old.address, new.address]);
    until_all_are_reached(&client, &[&old, &new]).await;

    name.set([new.address]);
    eventually("ten calls in a row pass the old one by", async || {
        let before = old.calls();
        for _ in 0..10 {
            ask(&client, patient()).await.unwrap();
        }
        (old.calls() == before).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_address_where_nothing_listens_fails_no_call() {
    let (server, nobody) = (TestBackend::start().await, listener().await);
    let name = Name::of(&[&server]);
    name.set([server.address, nobody.local_addr().unwrap()]);
    drop(nobody);
    let (client, _life) = client(&name);
    for _ in 0..50 {
        ask(&client, patient()).await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_dies_under_load_fails_no_call_that_can_be_repeated() {
    let (mut one, other) = (TestBackend::start().await, TestBackend::start().await);
    let (client, lifecycle) = client(&Name::of(&[&one, &other]));
    until_all_are_reached(&client, &[&one, &other]).await;
    let begun = Arc::new(AtomicUsize::new(0));
    let asking: Vec<_> = (0..40)
        .map(|_| {
            let (client, begun) = (client.clone(), Arc::clone(&begun));
            lifecycle.lifecycle().spawn(async move {
                for _ in 0..25 {
                    begun.fetch_add(1, Ordering::Relaxed);
                    ask(&client, patient().repeatable(true)).await.unwrap();
                }
            })
        })
        .collect();
    eventually("calls are under way", async || {
        (begun.load(Ordering::Relaxed) > 200).then_some(())
    })
    .await;
    one.kill();
    for asking in asking {
        asking.await.unwrap();
    }
}

/// An address that a pod has left behaves alike: whoever connects to it hears nothing.
#[tokio::test]
async fn no_call_waits_for_an_address_that_its_server_has_left() {
    let (mut gone, other) = (TestBackend::start().await, TestBackend::start().await);
    // Nothing but the connection itself says that it has ended.
    let settings = GrpcClientSettings {
        health_interval: Duration::from_hours(1),
        ..settings()
    };
    let lifecycle = TestLifecycle::default();
    let name = Name::of(&[&gone, &other]);
    let client = GrpcClient::start("servidor", settings, name, lifecycle.lifecycle());
    until_all_are_reached(&client, &[&gone, &other]).await;
    gone.kill();
    let _silent = eventually("the address is free", async || {
        tokio::net::TcpListener::bind(gone.address).await.ok()
    })
    .await;
    for _ in 0..50 {
        ask(&client, patient().repeatable(true)).await.unwrap();
    }
}

#[tokio::test]
async fn calls_wait_for_the_server_that_the_name_has_in_the_place_of_the_one_that_went() {
    let mut one = TestBackend::start().await;
    let name = Name::of(&[&one]);
    let seldom = GrpcClientSettings {
        resolve_interval: Duration::from_mins(10),
        health_interval: Duration::from_mins(10),
        ..settings()
    };
    let lifecycle = TestLifecycle::default();
    let client = GrpcClient::start("servidor", seldom, name.clone(), lifecycle.lifecycle());
    ask(&client, patient()).await.unwrap();
    let other = TestBackend::start().await;
    name.set([other.address]);
    one.kill();
    for _ in 0..20 {
        let call = patient().repeatable(true);
        ask(&client, call).await.unwrap();
    }
    assert_eq!(other.calls(), 20);
}

#[tokio::test]
async fn a_server_that_stops_finishes_the_call_under_way() {
    let server = TestBackend::start().await;
    server.answers(Answers::OnceReleased);
    let (client, lifecycle) = client(&Name::of(&[&server]));
    let asking = lifecycle
        .lifecycle()
        .spawn(async move { ask(&client, patient()).await });
    eventually("the call has begun", async || {
        (server.calls() == 1).then_some(())
    })
    .await;
    server.stop();
    server.behaviour.released.notify_one();
    asking.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_server_that_drains_is_passed_by_while_there_is_another_one() {
    let (old, new) = (TestBackend::start().await, TestBackend::start().await);
    let (client, _life) = client(&Name::of(&[&old, &new]));
    until_all_are_reached(&client, &[&old, &new]).await;
    old.behaviour.drains.store(true, Ordering::Relaxed);
    eventually("ten calls in a row pass it by", async || {
        let before = old.calls();
        for _ in 0..10 {
            ask(&client, patient()).await.unwrap();
        }
        (old.calls() == before).then_some(())
    })
    .await;

    // Where all drain, any will do.
    new.behaviour.drains.store(true, Ordering::Relaxed);
    until_all_are_reached(&client, &[&old, &new]).await;
}

#[tokio::test]
async fn readiness_follows_the_servers_and_says_why() {
    let mut server = TestBackend::start().await;
    let address = server.address;
    let (client, lifecycle) = client(&Name::of(&[&server]));
    assert_eq!(readiness(&lifecycle, true).await, None);
    server.kill();
    eventually("it says who refuses", async || {
        let why = readiness(&lifecycle, false).await?;
        (why.contains(&address.to_string()) && why.contains("refused")).then_some(())
    })
    .await;
    let _server = TestBackend::at(address).await;
    readiness(&lifecycle, true).await;
    ask(&client, patient()).await.unwrap();
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_told_as_such_and_servers_outlive_it() {
    let name = Name::default();
    let (client, lifecycle) = client(&name);
    let why = readiness(&lifecycle, false).await.unwrap();
    assert!(why.contains("servidor is unknown: no such name"), "{why}");

    let server = TestBackend::start().await;
    name.set([server.address]);
    readiness(&lifecycle, true).await;
    // The name is gone again, its server is not.
    name.set([]);
    for _ in 0..20 {
        ask(&client, patient()).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_without_an_address_is_looked_up_every_second_however_long_it_has_none() {
    struct Unknown(Arc<AtomicUsize>);
    impl Resolve for Unknown {
        fn resolve(&self) -> Resolving<'_> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Box::pin(std::future::ready(Ok(Vec::new())))
        }
    }
    let asked = Arc::<AtomicUsize>::default();
    let seldom = GrpcClientSettings {
        resolve_interval: Duration::from_mins(10),
        ..settings()
    };
    let lifecycle = TestLifecycle::default();
    let resolver = Unknown(Arc::clone(&asked));
    let _client = GrpcClient::start("servidor", seldom, resolver, lifecycle.lifecycle());
    tokio::time::sleep(Duration::from_mins(1)).await;
    let asked = asked.load(Ordering::Relaxed);
    assert!(asked >= 60, "{asked} look-ups in a minute");
}
