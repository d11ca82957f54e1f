//! A gateway, the servers behind it, and what a test says to it.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use grpc::{Cliente, Servidor};
use reqwest::{Method, RequestBuilder, Response};
use runtime_grpc::client::{Resolve, Resolving};
use serde_json::{Value, json};
use testing::{TestLifecycle, eventually, listener, settings};

/// A name that has the addresses that the test gives it.
#[derive(Clone, Default)]
pub(crate) struct Name(Arc<Mutex<Vec<SocketAddr>>>);

impl Name {
    pub(crate) fn set(&self, addresses: impl IntoIterator<Item = SocketAddr>) {
        *self.0.lock().unwrap() = addresses.into_iter().collect();
    }
}

impl Resolve for Name {
    fn resolve(&self) -> Resolving<'_> {
        let found = self.0.lock().unwrap().clone();
        let found = if found.is_empty() {
            Err(io::Error::new(io::ErrorKind::NotFound, "no such name"))
        } else {
            Ok(found)
        };
        Box::pin(std::future::ready(found))
    }
}

/// A server of users in memory, on a free port.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) lifecycle: TestLifecycle,
}

impl Server {
    pub(crate) async fn start(environment: &[(&str, &str)]) -> Self {
        let (listener, lifecycle) = (listener().await, TestLifecycle::default());
        let address = listener.local_addr().unwrap();
        let settings = settings::<Servidor>(environment);
        lifecycle.lifecycle().spawn(grpc::server::serve(
            settings,
            listener,
            lifecycle.lifecycle().clone(),
        ));
        Self { address, lifecycle }
    }

    /// Ends it in order: what runs is finished.
    pub(crate) async fn end(self) {
        assert_eq!(self.lifecycle.end(Duration::from_secs(20)).await, 0);
    }
}

/// A gateway on a free port.
pub(crate) struct Gateway {
    pub(crate) url: String,
    pub(crate) lifecycle: TestLifecycle,
    pub(crate) name: Name,
    http: reqwest::Client,
}

impl Gateway {
    /// A gateway before these servers, once it is ready.
    pub(crate) async fn start(servers: &[SocketAddr], environment: &[(&str, &str)]) -> Self {
        let gateway = Self::without(environment).await;
        gateway.name.set(servers.iter().copied());
        gateway.until_ready(true).await;
        gateway
    }

    /// A gateway whose server's name nobody knows.
    pub(crate) async fn without(environment: &[(&str, &str)]) -> Self {
        let (listener, lifecycle, name) =
            (listener().await, TestLifecycle::default(), Name::default());
        let url = format!("http://{}", listener.local_addr().unwrap());
        // Tests wait for what happens at such times; none waits for what should not happen.
        let fast = [
            ("RESOLVE_INTERVAL", "20ms"),
            ("HEALTH_INTERVAL", "20ms"),
            ("REQUEST_DEADLINE", "20s"),
        ];
        let environment: Vec<_> = fast.iter().chain(environment).copied().collect();
        let settings = settings::<Cliente>(&environment);
        let serving = grpc::gateway::serve(
            settings,
            name.clone(),
            listener,
            lifecycle.lifecycle().clone(),
        );
        lifecycle.lifecycle().spawn(serving);
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            url,
            lifecycle,
            name,
            http,
        }
    }

    pub(crate) async fn until_ready(&self, ready: bool) {
        eventually(&format!("the gateway's readiness is {ready}"), async || {
            let report = self.lifecycle.lifecycle().readiness().report();
            (!report.checks.is_empty() && report.ready == ready).then_some(())
        })
        .await;
    }

    pub(crate) fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.ask(Method::GET, path).send().await.unwrap()
    }

    pub(crate) async fn post(&self, body: &Value) -> Response {
        let request = self.ask(Method::POST, "/usuarios").json(body);
        request.send().await.unwrap()
    }

    /// Creates a user and gives it, with its tag.
    pub(crate) async fn create(&self, nome: &str, email: &str) -> (Value, String) {
        let answer = self.post(&json!({"nome": nome, "email": email})).await;
        assert_eq!(answer.status(), 201);
        let tag = header(&answer, "etag");
        (answer.json().await.unwrap(), tag)
    }
}

/// A gateway before one server.
pub(crate) async fn pair() -> (Gateway, Server) {
    let server = Server::start(&[]).await;
    (Gateway::start(&[server.address], &[]).await, server)
}

pub(crate) fn header(answer: &Response, name: &str) -> String {
    let value = answer.headers().get(name);
    let value = value.unwrap_or_else(|| panic!("no {name} in {answer:?}"));
    value.to_str().unwrap().to_owned()
}

/// Holds an answer to be the problem of this status, and gives its detail.
pub(crate) async fn problem(answer: Response, status: u16) -> String {
    assert_eq!(answer.status().as_u16(), status, "{answer:?}");
    assert_eq!(header(&answer, "content-type"), "application/problem+json");
    assert!(!header(&answer, "x-request-id").is_empty());
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(
        (&problem["type"], &problem["status"]),
        (&json!("about:blank"), &json!(status))
    );
    assert!(problem["title"].is_string());
    problem["detail"].as_str().unwrap().to_owned()
}

/// Holds an answer to be FastAPI's 422, and gives kind and place of each thing that is wrong.
pub(crate) async fn invalid(answer: Response) -> Vec<(String, Value)> {
    assert_eq!(answer.status(), 422);
    assert_eq!(header(&answer, "content-type"), "application/json");
    let body: Value = answer.json().await.unwrap();
    let wrong = body["detail"].as_array().unwrap().iter().map(|wrong| {
        assert!(
            wrong["msg"].is_string() && wrong.get("input").is_some(),
            "{wrong}"
        );
        (
            wrong["type"].as_str().unwrap().to_owned(),
            wrong["loc"].clone(),
        )
    });
    wrong.collect()
}
