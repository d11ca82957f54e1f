//! Links over real sockets, by toxiproxy's API as its clients use it.
#![cfg(test)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use link::{Capture, Direction, Ended, Links, Passed, Tap, api};
use runtime::http::{HttpLimits, serve_untraced};
use serde_json::{Value, json};
use testing::{TestLifecycle, eventually, listener};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The API, one link `echo` to a server that sends back what it is sent, and what passed it.
struct Mesh {
    lifecycle: TestLifecycle,
    api: String,
    capture: Capture,
    client: reqwest::Client,
}

impl Mesh {
    async fn start() -> Self {
        let lifecycle = TestLifecycle::default();
        let capture = Capture::new(1 << 20);
        let shown = capture.clone();
        let links = Links::new(lifecycle.lifecycle(), move |_| {
            Arc::new(shown.clone()) as Arc<dyn Tap>
        });
        let (listener, serving) = (listener().await, lifecycle.lifecycle().clone());
        let api = format!("http://{}", listener.local_addr().unwrap());
        lifecycle.lifecycle().spawn(async move {
            let limits = HttpLimits::of_admin();
            serve_untraced("links", listener, api::routes(links), limits, &serving).await;
        });
        let mesh = Self {
            lifecycle,
            api,
            capture,
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
        };
        let upstream = mesh.echo_server().await;
        let link = json!({"name": "echo", "listen": "127.0.0.1:0", "upstream": upstream});
        let (status, _) = mesh.post("/proxies", link).await;
        assert_eq!(status, 201);
        mesh
    }

    async fn echo_server(&self) -> String {
        let listener = listener().await;
        let address = listener.local_addr().unwrap().to_string();
        let serving = self.lifecycle.lifecycle().clone();
        self.lifecycle.lifecycle().spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                serving.spawn(async move {
                    let (mut read, mut write) = stream.split();
                    _ = tokio::io::copy(&mut read, &mut write).await;
                });
            }
        });
        address
    }

    async fn send(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.client.request(method, format!("{}{path}", self.api));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let body = response.bytes().await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(reqwest::Method::POST, path, Some(body)).await
    }

    async fn get(&self, path: &str) -> Value {
        self.send(reqwest::Method::GET, path, None).await.1
    }

    async fn address(&self) -> SocketAddr {
        let link = self.get("/proxies/echo").await;
        link["listen"].as_str().unwrap().parse().unwrap()
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address().await).await.unwrap()
    }

    async fn toxic(&self, toxic: Value) {
        let (status, body) = self.post("/proxies/echo/toxics", toxic).await;
        assert_eq!(status, 200, "{body}");
    }
}

async fn echoed(stream: &mut TcpStream, text: &str) -> String {
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = vec![0; text.len()];
    stream.read_exact(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn bytes_and_ends_pass_both_ways_and_are_remembered() {
    let mesh = Mesh::start().await;
    let mut stream = mesh.connect().await;
    stream.write_all("João".as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "João");
    let exchange = eventually("the connection's end", async || {
        let exchanges = mesh.capture.exchanges();
        exchanges.into_iter().find(|each| each.ended.is_some())
    })
    .await;
    assert_eq!(exchange.ended.unwrap().1, Ended::Closed);
    let up = (Direction::Upstream, "João".as_bytes());
    let first = exchange.passed.first().map(|(_, passed)| passed.clone());
    assert_eq!(first, Some(Passed::Bytes(up.0, up.1.into())));
}

#[tokio::test]
async fn latency_is_added_to_a_connection_that_is_open_and_taken_away_again() {
    let mesh = Mesh::start().await;
    let mut stream = mesh.connect().await;
    assert_eq!(echoed(&mut stream, "antes").await, "antes");
    let latency = json!({"type": "latency", "attributes": {"latency": 400}});
    mesh.toxic(latency).await;
    let began = Instant::now();
    assert_eq!(echoed(&mut stream, "durante").await, "durante");
    assert!(began.elapsed() >= Duration::from_millis(400));
    let delete = reqwest::Method::DELETE;
    let path = "/proxies/echo/toxics/latency_downstream";
    assert_eq!(mesh.send(delete, path, None).await.0, 204);
    assert_eq!(echoed(&mut stream, "depois").await, "depois");
    assert_eq!(mesh.get("/proxies/echo/toxics").await, json!([]));
}

#[tokio::test]
async fn a_connection_is_reset_in_the_middle_of_an_answer() {
    let mesh = Mesh::start().await;
    mesh.toxic(json!({"type": "reset_after", "attributes": {"bytes": 3}}))
        .await;
    let mut stream = mesh.connect().await;
    stream.write_all(b"abcdef").await.unwrap();
    let mut answer = Vec::new();
    let error = stream.read_to_end(&mut answer).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_limit_closes_the_connection_after_so_many_bytes() {
    let mesh = Mesh::start().await;
    mesh.toxic(json!({"type": "limit_data", "attributes": {"bytes": 3}}))
        .await;
    let mut stream = mesh.connect().await;
    stream.write_all(b"abc").await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, b"abc");
}

#[tokio::test]
async fn a_disabled_link_refuses_and_cuts_and_reset_puts_all_right() {
    let mesh = Mesh::start().await;
    let mut stream = mesh.connect().await;
    assert_eq!(echoed(&mut stream, "a").await, "a");
    let (address, off) = (mesh.address().await, json!({"enabled": false}));
    let (status, link) = mesh.post("/proxies/echo", off).await;
    assert_eq!((status, &link["enabled"]), (200, &json!(false)));
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap_or(0), 0);
    let refused = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);

    mesh.toxic(json!({"type": "timeout", "stream": "upstream"}))
        .await;
    assert_eq!(mesh.post("/reset", json!({})).await.0, 204);
    let link = mesh.get("/proxies/echo").await;
    assert_eq!(
        (&link["enabled"], &link["toxics"]),
        (&json!(true), &json!([]))
    );
    assert_eq!(mesh.address().await, address);
    assert_eq!(echoed(&mut mesh.connect().await, "b").await, "b");
}

#[tokio::test]
async fn a_server_that_is_away_shows_as_a_reset() {
    let mesh = Mesh::start().await;
    let nobody = listener().await.local_addr().unwrap().to_string();
    mesh.post("/proxies/echo", json!({ "upstream": nobody }))
        .await;
    let mut stream = mesh.connect().await;
    let error = stream.read(&mut [0; 8]).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn errors_are_toxiproxys() {
    let mesh = Mesh::start().await;
    let upstream = json!({"name": "echo", "upstream": "127.0.0.1:1"});
    for (path, body, expected) in [
        (
            "/proxies",
            json!({"upstream": "a:1"}),
            "missing required field: name",
        ),
        (
            "/proxies",
            json!({"name": "a"}),
            "missing required field: upstream",
        ),
        ("/proxies", upstream, "proxy already exists"),
        ("/proxies/nobody", json!({}), "proxy not found"),
        ("/proxies/echo/toxics/none", json!({}), "toxic not found"),
        (
            "/populate",
            json!([{"name": "a", "upstream": "b:1"}, {"name": "c"}]),
            "missing required field: upstream at proxy 2",
        ),
    ] {
        let (status, answer) = mesh.post(path, body).await;
        assert_eq!(answer["error"], expected);
        assert_eq!(answer["status"], status);
    }
    let (status, answer) = mesh.post("/proxies", json!([])).await;
    assert_eq!(status, 400);
    let error = answer["error"].as_str().unwrap();
    assert!(error.starts_with("bad request body: "), "{error}");
}

#[tokio::test]
async fn populate_makes_links_and_leaves_those_that_are_as_asked() {
    let mesh = Mesh::start().await;
    let echo = mesh.get("/proxies/echo").await;
    mesh.toxic(json!({"type": "slow_close", "name": "kept"}))
        .await;
    let same = json!({"name": "echo", "listen": echo["listen"], "upstream": echo["upstream"]});
    let other = json!({"name": "other", "upstream": echo["upstream"], "enabled": false});
    let (status, answer) = mesh.post("/populate", json!([same, other])).await;
    assert_eq!(status, 201);
    assert_eq!(answer["proxies"][0]["toxics"][0]["name"], "kept");
    assert_eq!(answer["proxies"][1]["enabled"], false);
    let all = mesh.get("/proxies").await;
    let names: Vec<_> = all.as_object().unwrap().keys().collect();
    assert_eq!(names, ["echo", "other"]);
}

#[tokio::test]
async fn a_link_without_a_server_refuses_and_one_that_refuses_keeps_what_is_connected() {
    let lifecycle = TestLifecycle::default();
    let mesh = Mesh::start().await;
    let links = Links::new(lifecycle.lifecycle(), |_| Arc::new(Capture::new(1000)));
    let config = link::LinkConfig {
        name: "later".to_owned(),
        listen: "127.0.0.1:0".to_owned(),
        upstream: mesh.address().await.to_string(),
        enabled: true,
    };
    let link = links.add_unavailable(config).await.unwrap();
    assert_eq!(link.address().await, None);
    link.set_available(true).await.unwrap();
    let address = link.address().await.unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    assert_eq!(echoed(&mut stream, "one").await, "one");
    link.set_refusing(true).await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
    assert_eq!(echoed(&mut stream, "two").await, "two");
    // What was connected before is cut too.
    link.close().await;
    assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0);
    link.mend().await.unwrap();
    assert!(TcpStream::connect(address).await.is_ok());
}

/// Requests as real clients send them: the client, the first line, the header lines that are its own,
/// the body, the status of the answer, and a part of it.
const OF_CLIENTS: &[(&str, &str, &str, &str, u16, &str)] = &[
    // toxiproxy-cli 2.12.0
    (
        "cli: toxic add",
        "POST /proxies/echo/toxics",
        CLI,
        r#"{"name":"c","type":"latency","stream":"downstream","toxicity":1,"attributes":{"latency":1}}"#,
        200,
        r#""latency":1"#,
    ),
    (
        "cli: toxic update",
        "PATCH /proxies/echo/toxics/c",
        CLI,
        r#"{"attributes":{"jitter":25},"toxicity":1}"#,
        200,
        r#""jitter":25"#,
    ),
    (
        "cli: toggle",
        "POST /proxies/echo",
        CLI,
        r#"{"name":"echo","listen":"127.0.0.1:0","upstream":"127.0.0.1:9","enabled":false,"toxics":[]}"#,
        200,
        r#""enabled":false"#,
    ),
    (
        "cli: create",
        "POST /proxies",
        CLI,
        r#"{"name":"mine","listen":"127.0.0.1:0","upstream":"127.0.0.1:9","enabled":true,"toxics":null}"#,
        201,
        r#""name":"mine""#,
    ),
    (
        "cli: toxic remove",
        "DELETE /proxies/echo/toxics/c",
        CLI,
        "",
        204,
        "",
    ),
    ("cli: delete", "DELETE /proxies/mine", CLI, "", 204, ""),
    // toxiproxy-python 0.1.1, over requests 2.34
    (
        "python: add_toxic",
        "POST /proxies/echo/toxics",
        PYTHON,
        r#"{"name": "latency_downstream", "type": "latency", "stream": "downstream", "toxicity": 1.0, "attributes": {"latency": 100, "jitter": 5}}"#,
        200,
        r#""name":"latency_downstream""#,
    ),
    (
        "python: add_toxic again",
        "POST /proxies/echo/toxics",
        PYTHON,
        r#"{"name": "latency_downstream", "type": "latency", "stream": "downstream", "toxicity": 1.0, "attributes": {"latency": 100}}"#,
        409,
        "toxic already exists",
    ),
    (
        "python: enable",
        "POST /proxies/echo",
        PYTHON,
        r#"{"enabled": true}"#,
        200,
        r#""enabled":true"#,
    ),
    (
        "python: create",
        "POST /proxies",
        PYTHON,
        r#"{"upstream": "127.0.0.1:9", "name": "py", "listen": "127.0.0.1:0"}"#,
        201,
        r#""enabled":true"#,
    ),
    (
        "python: destroy_toxic",
        "DELETE /proxies/echo/toxics/latency_downstream",
        PYTHON,
        "",
        204,
        "",
    ),
    ("python: reset", "POST /reset", PYTHON, "", 204, ""),
    // toxiproxy-node-client 4.1.0, over fetch
    ("node: getVersion", "GET /version", NODE, "", 200, "2.12.0"),
    (
        "node: addToxic",
        "POST /proxies/echo/toxics",
        NODE,
        r#"{"type":"reset_peer","name":"rp","stream":"upstream","toxicity":1,"attributes":{"timeout":100}}"#,
        200,
        r#""type":"reset_peer""#,
    ),
    (
        "node: update of a toxic",
        "POST /proxies/echo/toxics/rp",
        NODE,
        r#"{"name":"rp","stream":"upstream","type":"reset_peer","toxicity":1,"attributes":{"timeout":300}}"#,
        200,
        r#""timeout":300"#,
    ),
    (
        "node: populate",
        "POST /populate",
        NODE,
        r#"[{"name":"node","listen":"127.0.0.1:0","upstream":"127.0.0.1:9"},{"name":"node2","listen":"127.0.0.1:0","upstream":"127.0.0.1:9","enabled":false}]"#,
        201,
        r#""proxies":["#,
    ),
    (
        "node: get",
        "GET /proxies/none",
        NODE,
        "",
        404,
        "proxy not found",
    ),
];

const CLI: &str = "User-Agent: toxiproxy-cli/git (linux/amd64)\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\n";
const PYTHON: &str = "User-Agent: python-requests/2.34.2\r\nAccept-Encoding: gzip, deflate\r\nAccept: */*\r\nContent-Type: application/json\r\n";
const NODE: &str = "Content-Type: application/json\r\naccept: */*\r\naccept-language: *\r\nsec-fetch-mode: cors\r\nuser-agent: node\r\naccept-encoding: gzip, deflate\r\n";

#[tokio::test]
async fn requests_of_real_clients_are_answered_as_by_toxiproxy() {
    let mesh = Mesh::start().await;
    let address = mesh.api.trim_start_matches("http://");
    for (what, line, own, body, status, part) in OF_CLIENTS {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let length = body.len();
        let request = format!(
            "{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{own}Content-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let begin = format!("HTTP/1.1 {status} ");
        assert!(
            answer.starts_with(&begin) && answer.contains(part),
            "{what}: {answer}"
        );
    }
}
