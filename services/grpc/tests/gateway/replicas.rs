use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::Method;
use serde_json::Value;
use testing::eventually;

use crate::support::{Gateway, Server, problem};

/// Waits until this many servers, each with users of its own, have given their lists.
async fn until_lists_differ(gateway: &Gateway, servers: usize) {
    let mut lists = Vec::new();
    eventually(&format!("{servers} servers answer"), async || {
        let list: Value = gateway.get("/usuarios").await.json().await.unwrap();
        if !lists.contains(&list) {
            lists.push(list);
        }
        (lists.len() == servers).then_some(())
    })
    .await;
}

#[tokio::test]
async fn servers_that_come_are_asked_and_those_that_go_are_missed_by_nobody() {
    let first = Server::start(&[]).await;
    let gateway = Arc::new(Gateway::start(&[first.address], &[]).await);
    gateway.create("Ana", "ana@exemplo.com").await;

    // A second replica, with a store of its own so that it can be told apart.
    let second = Server::start(&[]).await;
    gateway.name.set([first.address, second.address]);
    until_lists_differ(&gateway, 2).await;

    // The first one leaves in order while requests keep coming.
    let asked = Arc::new(AtomicUsize::new(0));
    let asking = {
        let (gateway, asked) = (Arc::clone(&gateway), Arc::clone(&asked));
        let lifecycle = gateway.lifecycle.lifecycle().clone();
        lifecycle.spawn(async move {
            for _ in 0..300 {
                assert_eq!(gateway.get("/usuarios").await.status(), 200);
                asked.fetch_add(1, Ordering::Relaxed);
            }
        })
    };
    eventually("requests are under way", async || {
        (asked.load(Ordering::Relaxed) > 20).then_some(())
    })
    .await;
    first.end().await;
    gateway.name.set([second.address]);
    asking.await.unwrap();
    let list: Value = gateway.get("/usuarios").await.json().await.unwrap();
    assert_eq!(list["items"], serde_json::json!([]));
}

#[tokio::test]
async fn readiness_follows_the_server_and_comes_back_with_it() {
    let server = Server::start(&[]).await;
    let gateway = Gateway::start(&[server.address], &[]).await;
    server.end().await;
    gateway.until_ready(false).await;
    problem(
        gateway.ask(Method::GET, "/usuarios").send().await.unwrap(),
        503,
    )
    .await;
    // The documentation does not need it.
    assert_eq!(gateway.get("/docs").await.status(), 200);
    let server = Server::start(&[]).await;
    gateway.name.set([server.address]);
    gateway.until_ready(true).await;
    assert_eq!(gateway.get("/usuarios").await.status(), 200);
}
