use std::path::Path;

use reqwest::Method;
use serde_json::Value;

use crate::support::{Gateway, header, problem};

/// `openapi.json` beside `Cargo.toml`, where it can be read and compared without running anything.
fn kept() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_document_beside_the_code_is_the_one_that_the_code_gives() {
    assert_eq!(
        grpc::gateway::document(),
        kept(),
        "see services/grpc/README.md on how to renew openapi.json"
    );
}

#[tokio::test]
async fn the_document_is_answered_and_needs_no_server() {
    let gateway = Gateway::without(&[]).await;
    let answer = gateway.get("/openapi.json").await;
    assert_eq!(header(&answer, "content-type"), "application/json");
    assert_eq!(answer.json::<Value>().await.unwrap(), kept());
}

#[test]
fn every_reference_in_the_document_leads_somewhere() {
    fn check(value: &Value, whole: &Value) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    let target = whole.pointer(reference.trim_start_matches('#'));
                    assert!(target.is_some(), "{reference}");
                }
                members.values().for_each(|value| check(value, whole));
            }
            Value::Array(values) => values.iter().for_each(|value| check(value, whole)),
            _ => {}
        }
    }
    let document = kept();
    assert_eq!(document["openapi"], "3.1.0");
    check(&document, &document);
}

#[tokio::test]
async fn the_pages_load_nothing_but_what_the_gateway_has() {
    let gateway = Gateway::without(&[]).await;
    let start = gateway.get("/").await;
    assert_eq!(
        (start.status().as_u16(), header(&start, "location")),
        (307, "/docs".to_owned())
    );
    for page in ["/docs", "/redoc"] {
        let answer = gateway.get(page).await;
        assert_eq!(header(&answer, "content-type"), "text/html; charset=utf-8");
        let policy = header(&answer, "content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            "{policy}"
        );
        let html = answer.text().await.unwrap();
        let marks = ["src=\"", "href=\""];
        let links = marks.iter().flat_map(|mark| html.split(mark).skip(1));
        let mut files = 0;
        for link in links.map(|rest| rest.split('"').next().unwrap()) {
            if link.starts_with("data:") {
                continue;
            }
            let file = gateway.get(&format!("/{link}")).await;
            assert_eq!(file.status(), 200, "{page}: {link}");
            files += 1;
        }
        assert!(files >= 2, "{html}");
    }
}

#[tokio::test]
async fn the_files_are_sent_packed_and_not_to_those_who_cannot_unpack_them() {
    let gateway = Gateway::without(&[]).await;
    let asked = async |encoding: &str| {
        let request = gateway.ask(Method::GET, "/docs/swagger-ui-bundle.js");
        request
            .header("accept-encoding", encoding)
            .send()
            .await
            .unwrap()
    };
    let answer = asked("gzip, br").await;
    assert_eq!(header(&answer, "content-encoding"), "gzip");
    assert_eq!(&answer.bytes().await.unwrap()[..2], b"\x1f\x8b");
    problem(asked("identity").await, 406).await;
}
