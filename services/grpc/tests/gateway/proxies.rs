//! Behind proxies, and called by pages of other origins.

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use testing::{Spans, TraceParent};

use crate::support::{Gateway, Server, header, problem};

/// A gateway with a server, which knows this path of a proxy.
async fn at(root_path: &str) -> (Gateway, Server) {
    let server = Server::start(&[]).await;
    let gateway = Gateway::start(&[server.address], &[("ROOT_PATH", root_path)]).await;
    (gateway, server)
}

async fn create(gateway: &Gateway, path: &str, proxy: &[(&str, &str)]) -> Response {
    let email = format!("{}@exemplo.com", uuid::Uuid::new_v4());
    let request = gateway.ask(Method::POST, path);
    let request = request.json(&json!({"nome": "Ana", "email": email}));
    with(request, proxy).send().await.unwrap()
}

fn with(request: RequestBuilder, headers: &[(&str, &str)]) -> RequestBuilder {
    headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    })
}

#[tokio::test]
async fn what_a_client_is_told_stays_below_the_path_of_the_proxy() {
    let (gateway, _server) = at("/api").await;
    let made = create(&gateway, "/usuarios", &[]).await;
    let location = header(&made, "location");
    assert!(location.starts_with("/api/usuarios/0"), "{location}");
    create(&gateway, "/usuarios", &[]).await;
    let page = gateway.get("/usuarios?limite=1").await;
    let link = header(&page, "link");
    let next = link.strip_prefix("</api/usuarios?limite=1&cursor=");
    assert!(
        next.is_some_and(|rest| rest.contains("</api/usuarios?limite=1>; rel=\"first\"")),
        "{link}"
    );
    for (from, to) in [
        ("/", "/api/docs"),
        ("/usuarios/", "/api/usuarios"),
        ("/docs/", "/api/docs"),
    ] {
        assert_eq!(header(&gateway.get(from).await, "location"), to, "{from}");
    }
    let document: Value = gateway.get("/openapi.json").await.json().await.unwrap();
    assert_eq!(document["servers"], json!([{"url": "/api"}]));
}

#[tokio::test]
async fn a_proxy_may_leave_its_path_where_it_is() {
    let (gateway, _server) = at("/api/").await;
    let made = create(&gateway, "/api/usuarios", &[]).await;
    let location = header(&made, "location");
    assert!(location.starts_with("/api/usuarios/0"), "{location}");
    assert_eq!(gateway.get(&location).await.status(), 200);
    for path in ["/api/docs", "/api/redoc", "/api/docs/start.js"] {
        assert_eq!(gateway.get(path).await.status(), 200, "{path}");
    }
    problem(gateway.get("/apis/usuarios").await, 404).await;
}

#[tokio::test]
async fn a_path_that_makes_no_difference_to_routes_is_no_trouble() {
    let (gateway, _server) = at("/usuarios").await;
    let made = create(&gateway, "/usuarios/usuarios", &[]).await;
    let location = header(&made, "location");
    assert!(location.starts_with("/usuarios/usuarios/0"), "{location}");
    assert_eq!(gateway.get(&location).await.status(), 200);
}

#[tokio::test]
async fn a_trusted_proxy_may_say_its_path_itself() {
    let server = Server::start(&[]).await;
    let prefix = [("x-forwarded-prefix", "/v1")];
    for (trust, begins) in [("127.0.0.0/8", "/v1/usuarios/0"), ("none", "/usuarios/0")] {
        let gateway = Gateway::start(&[server.address], &[("FORWARDED_TRUST", trust)]).await;
        let made = create(&gateway, "/usuarios", &prefix).await;
        let location = header(&made, "location");
        assert!(location.starts_with(begins), "{location}");
        let evil = [("x-forwarded-prefix", "//evil.example")];
        let made = create(&gateway, "/usuarios", &evil).await;
        assert!(header(&made, "location").starts_with("/usuarios/0"));
    }
}

#[tokio::test]
async fn each_client_of_a_trusted_proxy_has_a_rate_of_its_own() {
    let server = Server::start(&[]).await;
    let slow = [
        ("MAX_REQUESTS_PER_SECOND", "1"),
        ("MAX_REQUESTS_BURST", "1"),
    ];
    let asked = async |gateway: &Gateway, client: &str| {
        let request = gateway.ask(Method::GET, "/docs");
        let request = request.header("x-forwarded-for", client);
        request.send().await.unwrap().status().as_u16()
    };
    let gateway = Gateway::start(&[server.address], &slow).await;
    let mut answers = Vec::new();
    for client in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
        answers.push(asked(&gateway, client).await);
    }
    assert_eq!(answers, [200, 200, 200]);

    let none = [&slow[..], &[("FORWARDED_TRUST", "none")]].concat();
    let gateway = Gateway::start(&[server.address], &none).await;
    testing::eventually(
        "a client that names itself anew each time is refused",
        async || {
            let named = format!("192.0.2.{}", rand_part());
            (asked(&gateway, &named).await == 429).then_some(())
        },
    )
    .await;
}

/// One part of an address.
fn rand_part() -> u8 {
    uuid::Uuid::new_v4().as_bytes()[0]
}

#[tokio::test]
async fn a_span_tells_the_client_and_the_host_before_the_proxy() {
    let spans = Spans::capture();
    let (gateway, _server) = at("/").await;
    let caller = TraceParent::random();
    let request = gateway.ask(Method::GET, "/docs");
    let request = with(
        request.header("traceparent", caller.header()),
        &[
            ("x-forwarded-for", "192.0.2.7"),
            ("x-forwarded-host", "users.example"),
            ("x-forwarded-proto", "https"),
        ],
    );
    assert_eq!(request.send().await.unwrap().status(), 200);
    let spans = spans.of_trace(caller.trace_id, 1).await;
    for (name, value) in [
        ("client.address", "192.0.2.7".into()),
        ("server.address", "users.example".into()),
        ("server.port", 443.into()),
        ("url.scheme", "https".into()),
        ("network.peer.address", "127.0.0.1".into()),
    ] {
        assert_eq!(spans[0].attribute(name), Some(value), "{name}");
    }
}

const PAGE: &str = "https://app.example";

async fn open_to(origins: &str, more: &[(&str, &str)]) -> Gateway {
    let settings = [&[("CORS_ALLOW_ORIGINS", origins)][..], more].concat();
    Gateway::without(&settings).await
}

async fn preflight(gateway: &Gateway, origin: &str) -> Response {
    let request = gateway.ask(Method::OPTIONS, "/usuarios/x");
    let asks = [
        ("origin", origin),
        ("access-control-request-method", "PATCH"),
        (
            "access-control-request-headers",
            "content-type,if-match,traceparent",
        ),
    ];
    with(request, &asks).send().await.unwrap()
}

fn allowed(answer: &Response) -> Option<&str> {
    let value = answer.headers().get("access-control-allow-origin")?;
    value.to_str().ok()
}

#[tokio::test]
async fn a_page_of_a_named_origin_may_call_and_read_the_headers_it_needs() {
    let gateway = open_to("https://other.example, https://app.example", &[]).await;
    let answer = preflight(&gateway, PAGE).await;
    assert!(answer.status().is_success(), "{answer:?}");
    assert_eq!(allowed(&answer), Some(PAGE));
    let list = |name| header(&answer, name).to_ascii_lowercase();
    let methods = list("access-control-allow-methods");
    let headers = list("access-control-allow-headers");
    for method in ["get", "post", "put", "patch", "delete"] {
        assert!(methods.split(',').any(|each| each == method), "{methods}");
    }
    for name in ["content-type", "if-match", "idempotency-key", "traceparent"] {
        assert!(headers.split(',').any(|each| each == name), "{headers}");
    }
    assert_eq!(list("access-control-max-age"), "600");
    assert!(list("vary").contains("origin"));
    assert!(
        !answer
            .headers()
            .contains_key("access-control-allow-credentials")
    );

    // A refusal can be read as well.
    let request = gateway
        .ask(Method::GET, "/usuarios/x")
        .header("origin", PAGE);
    let answer = request.send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), allowed(&answer)),
        (422, Some(PAGE))
    );
    let exposed = header(&answer, "access-control-expose-headers").to_ascii_lowercase();
    for name in ["etag", "location", "link", "x-request-id", "retry-after"] {
        assert!(exposed.split(',').any(|each| each == name), "{exposed}");
    }
}

#[tokio::test]
async fn pages_of_other_origins_are_told_nothing() {
    let gateway = open_to(PAGE, &[]).await;
    for origin in ["https://evil.example", "http://app.example", "null"] {
        assert_eq!(
            allowed(&preflight(&gateway, origin).await),
            None,
            "{origin}"
        );
    }
    // Without the setting nothing is said to anybody, and OPTIONS is a method like others.
    let gateway = Gateway::without(&[]).await;
    let answer = preflight(&gateway, PAGE).await;
    assert_eq!((answer.status().as_u16(), allowed(&answer)), (405, None));
    let request = gateway.ask(Method::GET, "/docs").header("origin", PAGE);
    assert_eq!(allowed(&request.send().await.unwrap()), None);
}

#[tokio::test]
async fn any_page_may_call_where_the_setting_says_so_and_named_ones_with_their_cookies() {
    let gateway = open_to("*", &[]).await;
    assert_eq!(allowed(&preflight(&gateway, PAGE).await), Some("*"));
    let cookies = [
        ("CORS_ALLOW_CREDENTIALS", "true"),
        ("CORS_EXPOSE_HEADERS", "ETag"),
    ];
    let gateway = open_to(PAGE, &cookies).await;
    let answer = preflight(&gateway, PAGE).await;
    assert_eq!(allowed(&answer), Some(PAGE));
    assert_eq!(header(&answer, "access-control-allow-credentials"), "true");
}
