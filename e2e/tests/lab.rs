//! The journeys against the lab: what `cargo run` starts, and nothing else.
#![cfg(test)]

mod support;

use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};

use e2e::journeys::Trip;
use e2e::target::Target;
use e2e::tree::shaped;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use support::{eventually, walk};
use tokio::process::Child;
use url::Url;

/// The program `malha`, built as `cargo run` would.
fn malha() -> &'static str {
    static PATH: OnceLock<String> = OnceLock::new();
    PATH.get_or_init(|| {
        let built = Command::new(env!("CARGO"))
            .args([
                "build",
                "--package=lab",
                "--bin=malha",
                "--message-format=json",
            ])
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(built.status.success(), "the lab does not build");
        let messages = String::from_utf8(built.stdout).unwrap();
        let messages = messages
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let paths = messages.filter_map(|message| Some(message["executable"].as_str()?.to_owned()));
        paths.fold(None, |_, path| Some(path)).unwrap()
    })
}

/// Free ports below those that systems give to clients, so that none is taken by the time the
/// lab listens.
fn free<const N: usize>() -> [SocketAddr; N] {
    // Labs that start at once must not find the same ones.
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 22_000 + u16::try_from(std::process::id() % 900).unwrap() * 10;
    std::array::from_fn(|_| {
        loop {
            let port = first + NEXT.fetch_add(1, Ordering::Relaxed);
            let address = SocketAddr::from(([127, 0, 0, 1], port));
            if TcpListener::bind(address).is_ok() {
                return address;
            }
        }
    })
}

struct Lab {
    process: Child,
    target: Target,
    page: Url,
}

impl Lab {
    async fn start() -> Self {
        let [page, otlp, admin, servidor, servidor_admin, client_admin] = free();
        let text = |address: SocketAddr| address.to_string();
        let process = tokio::process::Command::new(malha())
            .env_remove("OTEL_EXPORTER_OTLP_ENDPOINT")
            .arg("desafio1")
            .envs([
                ("LAB_PAGE_LISTEN", text(page)),
                ("LAB_OTLP_LISTEN", text(otlp)),
                ("ADMIN_LISTEN", text(admin)),
                ("DESAFIO1_SERVIDOR_LISTEN", text(servidor)),
                ("DESAFIO1_SERVIDOR_ADMIN_LISTEN", text(servidor_admin)),
                ("DESAFIO1_CLIENT_ADMIN_LISTEN", text(client_admin)),
            ])
            .env("DESAFIO1_CLIENT_INTERVAL", "200ms")
            .env("DESAFIO1_CLIENT_MAX_BACKOFF", "400ms")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let url = |address: SocketAddr| Url::parse(&format!("http://{address}/")).unwrap();
        let target = Target {
            desafio1: Some(url(servidor)),
            jaeger: Some(url(page)),
        };
        let lab = Self {
            process,
            target,
            page: url(page),
        };
        let ready = url(admin).join("readyz").unwrap();
        eventually("every service of the lab is ready", async || {
            reqwest::get(ready.clone())
                .await
                .ok()?
                .status()
                .is_success()
                .then_some(())
        })
        .await;
        lab
    }

    /// What the page knows of the server.
    async fn servidor(&self) -> Option<Value> {
        let answer = reqwest::get(self.page.join("lab/services").unwrap())
            .await
            .ok()?;
        let state: Value = answer.json().await.ok()?;
        let services = state["services"].as_array()?.clone();
        services
            .into_iter()
            .find(|service| service["name"] == "desafio1-servidor")
    }

    async fn end(mut self) {
        let id = i32::try_from(self.process.id().unwrap()).unwrap();
        kill(Pid::from_raw(id), Signal::SIGTERM).unwrap();
        assert_eq!(self.process.wait().await.unwrap().code(), Some(0));
    }
}

#[tokio::test]
async fn every_journey_succeeds_in_the_lab() {
    let lab = Lab::start().await;
    walk(lab.target.clone(), &["desafio1"]).await;
    lab.end().await;
}

#[tokio::test]
async fn the_client_goes_on_while_the_server_is_killed_and_the_trace_shows_the_error() {
    let lab = Lab::start().await;
    let jaeger = Trip::new(lab.target.clone()).unwrap().jaeger().unwrap();
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
