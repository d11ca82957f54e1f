//! Every lesson of the lab, and the symptom that it promises.
#![cfg(test)]

mod support;

use e2e::chat::{Socket, join, say};
use e2e::jaeger::Jaeger;
use e2e::journeys::Context;
use e2e::span::Span;
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use support::chat::{heard, sees};
use support::eventually;
use support::lab::Lab;
use url::Url;

/// A lesson that is given in a lab of its own.
struct LessonRun {
    lab: Lab,
    jaeger: Jaeger,
}

impl LessonRun {
    /// Begins a lesson in a lab of its exercise, with these settings.
    async fn begin(lesson: &str, environment: &[(&str, &str)]) -> Self {
        let exercise = lesson.split('-').next().unwrap();
        let lab = Lab::of(exercise, environment).await;
        let jaeger = Context::new(lab.target.clone()).unwrap().jaeger().unwrap();
        let run = Self { lab, jaeger };
        run.start(lesson).await;
        run
    }

    async fn start(&self, lesson: &str) {
        let running = self.ask("POST", &format!("/lab/lessons/{lesson}")).await;
        assert_eq!(running["running"]["id"], lesson, "{running}");
    }

    /// The next step, whose actions are done then.
    async fn next(&self) {
        self.ask("POST", "/lab/lessons/next").await;
    }

    /// Ends it, and looks whether everything is right again.
    async fn end(self) {
        self.ask("DELETE", "/lab/lessons").await;
        let faults = self.ask("GET", "/lab/faults").await;
        let faults = faults["faults"].as_array().unwrap();
        let mut left = faults.iter().filter(|fault| fault["ended"].is_null());
        assert_eq!(left.next(), None);
        eventually("everything is ready again", async || {
            let state = self.ask("GET", "/lab/services").await;
            let services = state["services"].as_array().unwrap().clone();
            services
                .iter()
                .all(|service| service["ready"] == true)
                .then_some(())
        })
        .await;
        self.lab.end().await;
    }

    async fn ask(&self, method: &str, path: &str) -> Value {
        let url = format!("http://{}{path}", self.lab.page_address());
        let request = reqwest::Client::new().request(method.parse().unwrap(), url);
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{method} {path}: {status} {body}");
        body
    }

    /// Waits until a service is not ready for a reason with this in it.
    async fn trouble(&self, service: &str, reason: &str) {
        eventually(&format!("{service}: {reason}"), async || {
            let service = self.lab.service(service).await?;
            service["trouble"].as_str()?.contains(reason).then_some(())
        })
        .await;
    }

    /// Waits for a line of a service that ends so.
    async fn printed(&self, service: &str, end: &str) {
        eventually(&format!("{service} prints {end}"), async || {
            let printed = self.lab.printed();
            let mut lines = printed.lines();
            lines
                .any(|line| line.starts_with(service) && line.ends_with(end))
                .then_some(())
        })
        .await;
    }

    /// Waits for a recent trace of a service that is so.
    async fn trace(&self, service: &str, what: &str, is: impl Fn(&[Span]) -> bool) {
        self.jaeger.recent(service, what, is).await.unwrap();
    }

    /// The status of a read of the users.
    async fn read(&self) -> u16 {
        let users = self.users();
        reqwest::get(users).await.unwrap().status().as_u16()
    }

    /// Waits until the users are read.
    async fn readable(&self) {
        eventually("users are read", async || {
            (self.read().await == 200).then_some(())
        })
        .await;
    }

    fn users(&self) -> Url {
        let gateway = self.lab.target.usuarios.as_ref().unwrap();
        gateway.join("usuarios").unwrap()
    }

    /// One client at each of the two services, who see each other.
    async fn both(&self) -> (Socket, Socket) {
        let target = &self.lab.target;
        let (at_a, at_b) = (target.chat_a.as_ref(), target.chat_b.as_ref());
        let mut there = join(at_b.unwrap(), 2, "", None).await.unwrap();
        let here = join(at_a.unwrap(), 1, "", None).await.unwrap();
        sees(&mut there, 1).await;
        (here, there)
    }
}

/// Whether a client's span failed in this way.
fn failed(span: &Span, how: &str) -> bool {
    span.kind == "client" && span.has("error.type", how).is_ok()
}

fn is_of(span: &Span, service: &str) -> bool {
    span.service == service && span.kind == "server"
}

/// Whether a message was tried in vain.
fn tried_in_vain(spans: &[Span]) -> bool {
    let mut tries = spans.iter();
    tries.any(|span| span.kind == "client" && span.failed())
}

const QUICK: [(&str, &str); 2] = [
    ("DESAFIO1_CLIENT_TIMEOUT", "500ms"),
    ("HELLO_CLIENT_TIMEOUT", "500ms"),
];

#[tokio::test]
async fn desafio1_refused_or_silent() {
    let run = LessonRun::begin("desafio1-refused-or-silent", &QUICK).await;
    let without_server = |how: &'static str| {
        move |spans: &[Span]| {
            let mut spans = spans.iter();
            spans.clone().any(|span| failed(span, how))
                && !spans.any(|span| is_of(span, "desafio1-servidor"))
        }
    };
    let client = "desafio1-client";
    run.trace(client, "a round that is refused", without_server("connect"))
        .await;
    run.trouble(client, "Connection refused").await;
    run.next().await;
    let silent = without_server("timeout");
    run.trace(client, "a round without an answer", silent).await;
    run.trouble(client, "in time").await;
    run.end().await;
}

#[tokio::test]
async fn hello_frozen() {
    let run = LessonRun::begin("hello-frozen", &QUICK).await;
    eventually("the client gives up once", async || {
        run.lab.printed().contains("no answer").then_some(())
    })
    .await;
    run.next().await;
    let what = "tries that timed out, each done by the server in the end";
    let is_done_in_vain = |spans: &[Span]| {
        let late = spans.iter().filter(|span| failed(span, "timeout")).count();
        let done = spans.iter().filter(|span| is_of(span, "hello-server"));
        let mut tries = spans.iter().filter(|span| span.kind == "client");
        late > 0 && done.count() == late + 1 && tries.any(|span| !span.failed())
    };
    run.trace("hello-client", what, is_done_in_vain).await;
    run.end().await;
}

#[tokio::test]
async fn hello_late() {
    let run = LessonRun::begin("hello-late", &QUICK).await;
    let what = "tries that timed out while the server did well";
    let is_in_vain = |spans: &[Span]| {
        let served = spans.iter().filter(|span| is_of(span, "hello-server"));
        let well = served.filter(|span| span.has("malha.outcome", "ok").is_ok());
        well.count() > 1 && spans.iter().any(|span| failed(span, "timeout"))
    };
    run.trace("hello-client", what, is_in_vain).await;
    run.end().await;
}

#[tokio::test]
async fn sockets_cut_short() {
    let settings = [("SOCKETS_CLIENT_NUMBER", "2")];
    let run = LessonRun::begin("sockets-cut-short", &settings).await;
    run.printed("sockets-client", "| PA").await;
    run.end().await;
}

#[tokio::test]
async fn sockets_one_byte_late() {
    let settings = [("SOCKETS_CLIENT_NUMBER", "258")];
    let run = LessonRun::begin("sockets-one-byte-late", &settings).await;
    // By its first byte, 1.
    run.printed("sockets-client", "| ÍMPAR").await;
    run.end().await;
}

#[tokio::test]
async fn grpc_short_lives() {
    let run = LessonRun::begin("grpc-short-lives", &[]).await;
    run.readable().await;
    let changes = run.users().join("usuarios/mudancas").unwrap();
    let mut changes = reqwest::get(changes).await.unwrap();
    let body = json!({"nome": "Ana", "email": "ana@example.com"}).to_string();
    let create = reqwest::Client::new().post(run.users()).body(body);
    let create = create.header("content-type", "application/json");
    let created: Value = create.send().await.unwrap().json().await.unwrap();
    let mut said = String::new();
    while !said.contains("\"tipo\":\"expirado\"") {
        let chunk = changes.chunk().await.unwrap().unwrap();
        said.push_str(&String::from_utf8_lossy(&chunk));
    }
    let id = created["id"].as_str().unwrap();
    let user = run.users().join(&format!("usuarios/{id}")).unwrap();
    assert_eq!(reqwest::get(user).await.unwrap().status(), 404);
    drop(changes);
    run.end().await;
}

#[tokio::test]
async fn grpc_frozen() {
    let run = LessonRun::begin("grpc-frozen", &[]).await;
    assert_eq!(run.read().await, 504);
    let is_late = |spans: &[Span]| {
        let mut spans = spans.iter();
        spans.clone().any(|span| failed(span, "DEADLINE_EXCEEDED"))
            && !spans.any(|span| is_of(span, "grpc-servidor"))
    };
    run.trace("grpc-cliente", "a read whose time was over", is_late)
        .await;
    run.next().await;
    run.readable().await;
    run.end().await;
}

#[tokio::test]
async fn grpc_redis_cut_and_frozen() {
    if !testing::has_redis("grpc_redis_cut_and_frozen") {
        return;
    }
    let redis = testing::RedisServer::start(&[]).await;
    let url = redis.url();
    let run = LessonRun::begin("grpc-redis-cut", &[("GRPC_SERVIDOR_REDIS_URL", &url)]).await;
    let refused = eventually("the store is away", async || {
        let answer = reqwest::get(run.users()).await.ok()?;
        (answer.status() == 503).then_some(answer)
    })
    .await;
    assert!(refused.headers().contains_key("retry-after"));
    run.trouble("grpc-servidor", "Redis").await;
    let is_unavailable = |spans: &[Span]| spans.iter().any(|span| failed(span, "UNAVAILABLE"));
    run.trace("grpc-cliente", "a read without a store", is_unavailable)
        .await;
    run.next().await;
    run.readable().await;

    // The guide's frozen Redis: the server learns that it does not answer, and recovers by itself.
    redis.signal(Signal::SIGSTOP);
    eventually("the server has learnt that nobody answers", async || {
        let status = run.read().await;
        let server = run.lab.service("grpc-servidor").await?;
        let trouble = server["trouble"].as_str()?;
        let is_learnt = trouble.contains("Redis does not answer");
        (status == 503 && is_learnt).then_some(())
    })
    .await;
    redis.signal(Signal::SIGCONT);
    run.readable().await;
    run.end().await;
}

#[tokio::test]
async fn chat_killed() {
    let run = LessonRun::begin("chat-killed", &[]).await;
    let at_a = run.lab.target.chat_a.clone().unwrap();
    let mut here = join(&at_a, 1, "", None).await.unwrap();
    sees(&mut here, 1).await;
    say(&mut here, "espera").await.unwrap();
    run.trace("serviceA", "a relay in vain", tried_in_vain)
        .await;
    run.next().await;
    let what = "a message that was tried before it arrived";
    let is_late =
        |spans: &[Span]| tried_in_vain(spans) && spans.iter().any(|span| is_of(span, "serviceB"));
    run.trace("serviceB", what, is_late).await;
    run.end().await;
}

#[tokio::test]
async fn chat_cable_and_lost_answer() {
    let lab = Lab::of("chat", &[]).await;
    let jaeger = Context::new(lab.target.clone()).unwrap().jaeger().unwrap();
    let run = LessonRun { lab, jaeger };
    let (mut here, mut there) = run.both().await;
    sees(&mut here, 1).await;
    run.start("chat-cable").await;
    for text in ["um", "dois", "três"] {
        say(&mut here, text).await.unwrap();
    }
    say(&mut there, "de lá").await.unwrap();
    for service in ["serviceA", "serviceB"] {
        run.trace(service, "a relay in vain", tried_in_vain).await;
    }
    run.next().await;
    for text in ["um", "dois", "três"] {
        assert_eq!(heard(&mut there, 1).await, format!("Client #1: {text}"));
    }
    assert_eq!(heard(&mut here, 2).await, "Client #2: de lá");
    run.next().await;

    run.start("chat-lost-answer").await;
    say(&mut here, "uma vez").await.unwrap();
    assert_eq!(heard(&mut there, 1).await, "Client #1: uma vez");
    let is_repeated = |spans: &[Span]| {
        let tries = spans
            .iter()
            .filter(|span| span.kind == "client" && span.failed());
        let done = spans.iter().filter(|span| is_of(span, "serviceB"));
        tries.count() > 1 && done.count() > 1
    };
    run.trace("serviceA", "a relay done and repeated", is_repeated)
        .await;
    run.next().await;
    say(&mut here, "depois").await.unwrap();
    assert_eq!(heard(&mut there, 1).await, "Client #1: depois");
    run.end().await;
}

#[tokio::test]
async fn chat_at_most_once() {
    let run = LessonRun::begin("chat-at-most-once", &[]).await;
    let (mut here, mut there) = run.both().await;
    run.next().await;
    say(&mut here, "perdida").await.unwrap();
    eventually("A says that it is lost", async || {
        let printed = run.lab.printed();
        printed.contains("a message is lost").then_some(())
    })
    .await;
    run.next().await;
    say(&mut here, "quarta").await.unwrap();
    assert_eq!(heard(&mut there, 1).await, "Client #1: quarta");
    run.end().await;
}
