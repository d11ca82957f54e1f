//! What the guides break, and the symptom that they promise.
//!
//! The other experiments of "Break it" are held elsewhere, each where it is cheapest:
//!
//! | guide | experiment | held by |
//! |---|---|---|
//! | desafio1 | 1 a name that does not exist, 2 a server that does not answer | here |
//! | | 3 a server that dies | `lessons.rs`; `lab/tests/malha/deaths.rs`, `links.rs` |
//! | | 4 and 5, in Kubernetes | `cluster/desafio1.rs`, `cluster/policies.rs` |
//! | hello | 1 silence, 5 hostile names | `services/hello/tests/exchange` |
//! | | 2 a pause in the wrong place | `readme.rs`, which runs the guides' sessions |
//! | | 3 a frozen server, 7 an answer too late | `lessons.rs` |
//! | | 4 a header that the server does not understand | here |
//! | | 6 Telnet | `services/hello/src/wire.rs` |
//! | sockets | 1 and 2, two numbers in one, too long | `readme.rs` |
//! | | 3 a server that comes and goes, 4 the port is taken | here |
//! | | 5 numbers that deceive | `services/sockets/src/domain` |
//! | | 6 cut short, 7 one byte late | `lessons.rs` |
//! | grpc | 1 a short TTL, 4 a frozen Redis | `lessons.rs` |
//! | | 2 and 3, a frozen and a dead server | here, `lessons.rs` |
//! | | 5, in Kubernetes | `cluster/users.rs` |
//! | | 6 a page of another origin | `services/grpc/tests/gateway/proxies.rs` |
//! | chat | 1 B dies, the cable | here, `lessons.rs` |
//! | | 2 the page loses its connection | `services/chat/tests/page/outage.rs` |
//! | | 3 a repetition | here, `lessons.rs`; `services/chat/tests/exchange/resume.rs` |
//! | | 4 too fast, 5 an impostor | `services/chat/tests/exchange/limits.rs`, `relay.rs`, `tests/page/hostile.rs` |
//! | | 6 a goodbye | `services/chat/tests/exchange/resume.rs`, `cluster/chat.rs` |
//! | | 7 at most once | `lessons.rs`, `services/chat/tests/exchange/relay.rs` |
#![cfg(test)]

mod support;

use e2e::chat::{join, say};
use e2e::journeys::Context;
use support::chat::{heard, sees};
use support::lab::{Lab, Printing, alone};
use support::{eventually, root};
use tokio::process::Command;

fn command(lab: &Lab, line: &str) {
    lab.command(line);
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
    // One try: no connection is left, so there is nobody to read from a second time.
    assert_eq!(status().await, Some(503));
    let jaeger = Context::new(lab.target.clone()).unwrap().jaeger().unwrap();
    let tries = |spans: &[e2e::span::Span]| {
        let ended = |span: &&e2e::span::Span| {
            span.kind == "client" && span.has("rpc.status_code", "UNAVAILABLE").is_ok()
        };
        spans.iter().filter(ended).count()
    };
    let unserved = jaeger.recent(
        "grpc-cliente",
        "a read for which there is nobody",
        |spans| tries(spans) == 1,
    );
    unserved.await.unwrap();
    command(&lab, "start grpc-servidor");
    eventually("users are read again", async || {
        status().await.filter(|status| *status == 200)
    })
    .await;

    command(&lab, "freeze desafio1-servidor");
    let timed_out = jaeger.recent("desafio1-client", "a round without an answer", |spans| {
        let is_late = |span: &e2e::span::Span| span.has("error.type", "timeout").is_ok();
        spans.iter().any(is_late)
    });
    timed_out.await.unwrap();
    command(&lab, "resume desafio1-servidor");
    lab.end().await;
}

#[tokio::test]
async fn a_frozen_server_of_numbers_answers_every_try_of_one_trace_in_the_end() {
    let settings = [("SOCKETS_CLIENT_TIMEOUT", "500ms")];
    let lab = Lab::of("sockets", &settings).await;
    let jaeger = Context::new(lab.target.clone()).unwrap().jaeger().unwrap();
    command(&lab, "freeze sockets-server");
    eventually("the client gives up once", async || {
        lab.printed().contains("no answer").then_some(())
    })
    .await;
    command(&lab, "resume sockets-server");
    let answered = jaeger.recent("sockets-client", "a number that was tried again", |spans| {
        let is_late = |span: &e2e::span::Span| span.has("error.type", "timeout").is_ok();
        let late = spans.iter().filter(|span| is_late(span)).count();
        let done = spans.iter().filter(|span| span.kind == "server").count();
        late > 0 && done == late + 1
    });
    answered.await.unwrap();
    lab.end().await;
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_told_from_a_port_where_nobody_listens() {
    let nobody = format!("http://localhost:{}/", testing::address().port());
    for (args, symptom) in [
        (&[][..], "failed to lookup address information"),
        (&["--server-url", &nobody], "Connection refused"),
    ] {
        let mut client = alone("desafio1-client");
        client.args(["--admin-listen", "127.0.0.1:0"]).args(args);
        let client = Printing::start(client);
        client.says(&["no answer", symptom, "retry_in"]).await;
    }
}

/// The server in Python that a guide shows.
fn python_of(guide: &str, port: u16) -> String {
    let text = std::fs::read_to_string(root().join(guide)).unwrap();
    let (_, block) = text.split_once("```python\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    assert!(block.contains("9000"), "{guide}: {block}");
    block.replace("9000", &port.to_string())
}

#[tokio::test]
async fn a_header_kills_a_server_that_does_not_understand_it() {
    if !testing::has_python(&testing::this_test()) {
        return;
    }
    let collector = testing::Collector::start().await;
    for guide in ["docs/guides/hello.md", "docs/guias/hello.md"] {
        let port = testing::address().port();
        let mut python = Command::new("python3");
        python.args(["-c", &python_of(guide, port)]);
        let server = Printing::start(python);
        let client = |context: &str| {
            let mut client = alone("hello-client");
            let at = format!("localhost:{port}");
            client
                .args(["--name", "João", "--server-address", &at])
                .env("TRACE_CONTEXT", context)
                .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint());
            client
        };
        let greeted = Printing::start(client("off"));
        greeted.says(&["Olá, João!"]).await;
        // It tries for a while: nobody is there any more.
        let _refused = Printing::start(client("proxy"));
        server
            .says(&["UnicodeDecodeError", "byte 0xe0 in position 16"])
            .await;
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_by_a_second_server() {
    let lab = Lab::of("sockets", &[]).await;
    let port = lab.target.sockets.clone().unwrap();
    let (_, port) = port.rsplit_once(':').unwrap();
    let mut second = alone("sockets-server");
    let output = second
        .args(["--admin-listen", "127.0.0.1:0"])
        .env("LISTEN", format!("[::]:{port}"))
        .output();
    let output = output.await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    let expected = format!("LISTEN=[::]:{port}: something else listens there");
    assert!(said.contains(&expected), "{said}");
    lab.end().await;
}

/// The numbers of the experiments that the table above names, guide by guide.
fn held(guide: &str) -> Vec<u32> {
    let rows = include_str!("breaks.rs").lines();
    let rows = rows.filter_map(|line| line.strip_prefix("//! | "));
    let (mut of, mut numbers) = ("", Vec::new());
    for row in rows {
        let [name, experiments, _] = row.split('|').map(str::trim).collect::<Vec<_>>()[..3] else {
            continue;
        };
        of = if name.is_empty() { of } else { name };
        if of == guide {
            let words = experiments.split([' ', ',']);
            numbers.extend(words.filter_map(|word| word.parse::<u32>().ok()));
        }
    }
    numbers.sort_unstable();
    numbers
}

#[test]
fn every_experiment_of_every_guide_is_held_by_a_test() {
    for guide in ["desafio1", "hello", "sockets", "grpc", "chat"] {
        for language in ["guides", "guias"] {
            let path = format!("docs/{language}/{guide}.md");
            let text = std::fs::read_to_string(root().join(&path)).unwrap();
            let titles = text.lines().filter_map(|line| line.strip_prefix("**"));
            let numbers = titles.filter_map(|title| title.split_once('.')?.0.parse::<u32>().ok());
            assert_eq!(numbers.collect::<Vec<_>>(), held(guide), "{path}");
        }
    }
}
