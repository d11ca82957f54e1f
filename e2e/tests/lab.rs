//! The journeys against the lab: what `cargo run` starts, and nothing else.
#![cfg(test)]

mod support;

use e2e::journeys::Context;
use e2e::tree::shaped;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use support::lab::Lab;
use support::{eventually, walk_all};

#[tokio::test]
async fn every_journey_succeeds_in_the_lab() {
    let lab = Lab::start().await;
    walk_all(lab.target.clone()).await;
    lab.end().await;
}

#[tokio::test]
async fn the_client_goes_on_while_the_server_is_killed_and_the_trace_shows_the_error() {
    let lab = Lab::start().await;
    let jaeger = Context::new(lab.target.clone()).unwrap().jaeger().unwrap();
    let killed = lab.servidor().await.unwrap()["pid"].as_i64().unwrap();
    kill(
        Pid::from_raw(i32::try_from(killed).unwrap()),
        Signal::SIGKILL,
    )
    .unwrap();

    let failed = jaeger
        .recent("desafio1-client", "a round that failed", |spans| {
            spans
                .iter()
                .any(|span| span.kind == "client" && span.failed())
        })
        .await
        .unwrap();
    shaped(
        &failed,
        "desafio1-client internal poll\n  desafio1-client client GET ERROR",
    )
    .unwrap();
    let client = failed.iter().find(|span| span.kind == "client").unwrap();
    assert!(client.attributes.contains_key("error.type"), "{client:?}");

    eventually("the server is back as another process", async || {
        let servidor = lab.servidor().await?;
        (servidor["pid"].as_i64()? != killed).then_some(())
    })
    .await;
    let since = failed.iter().map(|span| span.start).max().unwrap();
    jaeger
        .recent("desafio1-client", "a round that succeeds again", |spans| {
            spans.len() == 3
                && spans
                    .iter()
                    .all(|span| span.start > since && !span.failed())
        })
        .await
        .unwrap();
    lab.end().await;
}
