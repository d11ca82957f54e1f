use reqwest::Method;
use serde_json::json;

use crate::support::{Gateway, invalid, pair, problem};

#[tokio::test]
async fn everything_wrong_with_a_request_is_told_at_once_with_its_place() {
    let (gateway, _server) = pair().await;
    let request = gateway
        .ask(Method::PUT, "/usuarios/nobody")
        .header("if-match", "no tag")
        .json(&json!({"nome": 5, "email": "x"}));
    let wrong = invalid(request.send().await.unwrap()).await;
    let expected = [
        ("uuid_parsing", json!(["path", "id"])),
        ("value_error", json!(["header", "if-match"])),
        ("string_type", json!(["body", "nome"])),
        ("value_error", json!(["body", "email"])),
    ];
    let expected = expected.map(|(kind, loc)| (kind.to_owned(), loc));
    assert_eq!(wrong, expected);
}

#[tokio::test]
async fn wrong_queries_and_headers_are_422_where_the_gateway_or_the_server_finds_them() {
    let (gateway, _server) = pair().await;
    let told = |kind: &str, part: &str, name: &str| vec![(kind.to_owned(), json!([part, name]))];
    let wrong = invalid(gateway.get("/usuarios?limite=muitos").await).await;
    assert_eq!(wrong, told("int_parsing", "query", "limite"));
    let wrong = invalid(gateway.get("/usuarios?cursor=inventado").await).await;
    assert_eq!(wrong, told("value_error", "query", "cursor"));
    let request = gateway.ask(Method::GET, "/usuarios/mudancas");
    let request = request.header("last-event-id", "inventado");
    let wrong = invalid(request.send().await.unwrap()).await;
    assert_eq!(wrong, told("value_error", "header", "last-event-id"));
    let request = gateway
        .ask(Method::POST, "/usuarios")
        .header("idempotency-key", "x".repeat(65));
    let request = request.json(&json!({"nome": "Ana", "email": "ana@exemplo.com"}));
    let wrong = invalid(request.send().await.unwrap()).await;
    assert_eq!(wrong, told("value_error", "header", "idempotency-key"));
}

async fn post(gateway: &Gateway, kind: &str, body: &'static [u8]) -> reqwest::Response {
    let request = gateway
        .ask(Method::POST, "/usuarios")
        .header("content-type", kind);
    request.body(body).send().await.unwrap()
}

#[tokio::test]
async fn a_body_that_is_no_json_is_422_as_in_fastapi_and_another_type_415() {
    let (gateway, _server) = pair().await;
    for (body, at) in [
        (&b"{\"nome\": x}"[..], 9),
        (b"\xff", 0),
        (b"{\"nome\": \"Ana\"", 14),
        (b"{\"nome\": \"\\ud800\"}", 16),
    ] {
        let wrong = invalid(post(&gateway, "application/json", body).await).await;
        let [(kind, place)] = &wrong[..] else {
            panic!("{wrong:?}")
        };
        assert_eq!(
            (kind.as_str(), place),
            ("json_invalid", &json!(["body", at])),
            "{body:?}"
        );
    }
    let wrong = invalid(post(&gateway, "application/json", b"").await).await;
    assert_eq!(wrong, [("missing".to_owned(), json!(["body"]))]);
    let deep = invalid(post(&gateway, "application/json", &[b'['; 10_000]).await).await;
    assert_eq!(deep[0].0, "json_invalid");
    for kind in ["text/plain", "application/x-www-form-urlencoded", "json"] {
        problem(post(&gateway, kind, b"{}").await, 415).await;
    }
    let request = gateway.ask(Method::POST, "/usuarios").body("{}");
    problem(request.send().await.unwrap(), 415).await;
    let request = gateway.ask(Method::POST, "/usuarios").body("{}");
    let request = request.header("content-type", "application/json");
    let packed = request.header("content-encoding", "gzip").send().await;
    let packed = packed.unwrap();
    assert_eq!(packed.headers()["accept-encoding"], "identity");
    problem(packed, 415).await;
}

#[tokio::test]
async fn other_paths_are_404_and_other_methods_405_with_those_that_are_right() {
    let (gateway, _server) = pair().await;
    for path in [
        "/nothing",
        "/nothing/",
        "/usuarios/a/b",
        "/docs/nothing",
        "/%FF",
    ] {
        problem(gateway.get(path).await, 404).await;
    }
    for (method, path, allow) in [
        (Method::DELETE, "/usuarios", "POST,GET,HEAD"),
        (Method::POST, "/usuarios/mudancas", "GET,HEAD"),
        (Method::POST, "/usuarios/x", "GET,HEAD,PUT,PATCH,DELETE"),
        (Method::POST, "/docs", "GET,HEAD"),
    ] {
        let answer = gateway.ask(method, path).send().await.unwrap();
        let told = crate::support::header(&answer, "allow");
        let (mut told, mut allow): (Vec<_>, Vec<_>) =
            (told.split(',').collect(), allow.split(',').collect());
        told.sort_unstable();
        allow.sort_unstable();
        assert_eq!(told, allow, "{path}");
        problem(answer, 405).await;
    }
}

#[tokio::test]
async fn a_requests_id_is_given_back_or_made_up() {
    let (gateway, _server) = pair().await;
    let asked = async |id: &str| {
        let request = gateway
            .ask(Method::GET, "/usuarios")
            .header("x-request-id", id);
        crate::support::header(&request.send().await.unwrap(), "x-request-id")
    };
    assert_eq!(asked("pedido-1").await, "pedido-1");
    let made_up = asked("two words").await;
    assert_eq!(made_up.len(), 36);
    assert_ne!(asked("two words").await, made_up);
}

#[tokio::test]
async fn a_slash_too_many_leads_to_the_path_without_it_as_in_fastapi() {
    let gateway = Gateway::without(&[]).await;
    for (from, to) in [
        ("/usuarios/", "/usuarios"),
        ("/usuarios/?limite=1", "/usuarios?limite=1"),
        ("/usuarios/mudancas//", "/usuarios/mudancas"),
        ("/usuarios/x/", "/usuarios/x"),
        ("/docs/", "/docs"),
    ] {
        for method in [Method::GET, Method::POST] {
            let answer = gateway.ask(method, from).send().await.unwrap();
            let led = (
                answer.status().as_u16(),
                crate::support::header(&answer, "location"),
            );
            assert_eq!(led, (307, to.to_owned()), "{from}");
        }
    }
}

#[tokio::test]
async fn a_path_of_octets_that_are_no_text_is_told_as_a_wrong_id() {
    let gateway = Gateway::without(&[]).await;
    for method in [Method::GET, Method::DELETE] {
        let answer = gateway.ask(method, "/usuarios/%FF").send().await.unwrap();
        let told = ("uuid_parsing".to_owned(), json!(["path", "id"]));
        assert_eq!(invalid(answer).await, [told]);
    }
}

#[tokio::test]
async fn a_byte_order_mark_before_json_is_passed_over_as_in_fastapi() {
    let (gateway, _server) = pair().await;
    let body = "\u{feff}{\"nome\": \"Ana\", \"email\": \"ana@exemplo.com\"}";
    let answer = post(&gateway, "application/json", body.as_bytes()).await;
    assert_eq!(answer.status(), 201);
    for (body, place) in [("\u{feff}\u{feff}{}", 0), ("\u{feff}", 0)] {
        let wrong = invalid(post(&gateway, "application/json", body.as_bytes()).await).await;
        let told = ("json_invalid".to_owned(), json!(["body", place]));
        assert_eq!(wrong, [told]);
    }
}

#[tokio::test]
async fn what_is_accepted_changes_nothing_for_there_is_one_form_of_each() {
    let (gateway, _server) = pair().await;
    for accept in [
        "text/html",
        "application/json;q=0, text/html",
        "image/*;q=0.1",
    ] {
        let request = gateway
            .ask(Method::GET, "/usuarios")
            .header("accept", accept);
        let answer = request.send().await.unwrap();
        let kind = crate::support::header(&answer, "content-type");
        assert_eq!(
            (answer.status().as_u16(), kind.as_str()),
            (200, "application/json")
        );
    }
}
