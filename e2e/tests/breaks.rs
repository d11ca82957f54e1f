//! What the guides break, and the symptom that they promise.
#![cfg(test)]

mod support;

use std::process::Command;

use e2e::chat::{Socket, join, next, say};
use e2e::journeys::Context;
use support::eventually;
use support::lab::{Lab, malha};

/// Runs a command of the lab's beside it.
fn command(lab: &Lab, line: &str) {
    let page = lab.page_address();
    let output = Command::new(malha())
        .args(line.split(' '))
        .args(["--at", &page])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {said}");
}

/// The next text with this client's number in it that is no joining.
async fn heard(socket: &mut Socket, client: u32) -> String {
    loop {
        let text = next(socket).await.unwrap();
        if text.starts_with(&format!("Client #{client}: ")) {
            return text;
        }
    }
}

/// Waits until somebody in the chat hears that this client has joined.
async fn sees(socket: &mut Socket, client: u32) {
    let joined = format!("Client #{client} joined the chat");
    while next(socket).await.unwrap() != joined {}
}

#[tokio::test]
async fn what_is_said_while_the_cable_is_out_arrives_once_and_in_order() {
    let lab = Lab::start().await;
    let target = lab.target.clone();
    let (at_a, at_b) = (
        target.chat_a.clone().unwrap(),
        target.chat_b.clone().unwrap(),
    );
    let jaeger = Context::new(target).unwrap().jaeger().unwrap();
    let mut there = join(&at_b, 1702, "", None).await.unwrap();
    let mut here = join(&at_a, 1701, "", None).await.unwrap();
    sees(&mut there, 1701).await;

    command(&lab, "break serviceA-to-serviceB cut");
    for text in ["um", "dois", "três"] {
        say(&mut here, text).await.unwrap();
    }
    let failed = jaeger.recent("serviceA", "a relay that failed", |spans| {
        let is_relay = |span: &e2e::span::Span| span.kind == "client" && span.failed();
        spans.iter().any(is_relay)
    });
    failed.await.unwrap();
    command(&lab, "mend serviceA-to-serviceB");
    for text in ["um", "dois", "três"] {
        assert_eq!(
            heard(&mut there, 1701).await,
            format!("Client #1701: {text}")
        );
    }

    // The answer is lost: B has the message, A does not know, and B has it once.
    command(&lab, "break serviceA-to-serviceB drop-answer");
    say(&mut here, "uma vez").await.unwrap();
    assert_eq!(heard(&mut there, 1701).await, "Client #1701: uma vez");
    let repeated = jaeger.recent("serviceA", "a relay that was done and failed", |spans| {
        let tries = spans
            .iter()
            .filter(|span| span.kind == "client" && span.failed());
        let done = spans
            .iter()
            .filter(|span| span.service == "serviceB" && span.kind == "server");
        tries.count() > 1 && done.count() > 1
    });
    repeated.await.unwrap();
    command(&lab, "mend");
    say(&mut here, "depois").await.unwrap();
    assert_eq!(heard(&mut there, 1701).await, "Client #1701: depois");
    lab.end().await;
}

#[tokio::test]
async fn a_peer_that_is_stopped_stays_so_and_gets_its_messages_when_it_is_back() {
    let lab = Lab::start().await;
    let target = lab.target.clone();
    let at_a = target.chat_a.clone().unwrap();
    let jaeger = Context::new(target).unwrap().jaeger().unwrap();
    let mut here = join(&at_a, 1711, "", None).await.unwrap();
    sees(&mut here, 1711).await;
    command(&lab, "stop serviceB");
    say(&mut here, "espera").await.unwrap();
    jaeger
        .recent("serviceA", "a relay that failed", |spans| {
            spans
                .iter()
                .any(|span| span.kind == "client" && span.failed())
        })
        .await
        .unwrap();
    command(&lab, "start serviceB");
    jaeger
        .recent(
            "serviceB",
            "a message that was tried before it arrived",
            |spans| {
                let failed = spans
                    .iter()
                    .any(|span| span.kind == "client" && span.failed());
                failed && spans.iter().any(|span| span.service == "serviceB")
            },
        )
        .await
        .unwrap();
    lab.end().await;
}

#[tokio::test]
async fn a_frozen_server_is_a_timeout_and_a_dead_one_a_refusal() {
    let lab = Lab::start().await;
    let users = lab
        .target
        .usuarios
        .clone()
        .unwrap()
        .join("usuarios")
        .unwrap();
    let status = async || Some(reqwest::get(users.clone()).await.ok()?.status().as_u16());
    command(&lab, "freeze grpc-servidor");
    assert_eq!(status().await, Some(504));
    command(&lab, "resume grpc-servidor");
    eventually("users are read again", async || {
        status().await.filter(|status| *status == 200)
    })
    .await;
    command(&lab, "kill grpc-servidor for=1m");
    let refused = eventually("nobody listens", async || {
        let answer = reqwest::get(users.clone()).await.ok()?;
        (answer.status().as_u16() == 503).then_some(answer)
    })
    .await;
    assert!(refused.headers().contains_key("retry-after"));
    command(&lab, "start grpc-servidor");
    eventually("users are read again", async || {
        status().await.filter(|status| *status == 200)
    })
    .await;

    let jaeger = Context::new(lab.target.clone()).unwrap().jaeger().unwrap();
    command(&lab, "freeze desafio1-servidor");
    let timed_out = jaeger.recent("desafio1-client", "a round without an answer", |spans| {
        let is_late = |span: &e2e::span::Span| span.has("error.type", "timeout").is_ok();
        spans.iter().any(is_late)
    });
    timed_out.await.unwrap();
    command(&lab, "resume desafio1-servidor");
    lab.end().await;
}
