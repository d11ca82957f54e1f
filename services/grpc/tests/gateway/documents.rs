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

#[tokio::test]
async fn every_operation_of_the_document_is_a_route_and_no_path_has_others() {
    let gateway = Gateway::without(&[]).await;
    let methods = ["get", "put", "post", "delete", "patch"];
    for (template, item) in kept()["paths"].as_object().unwrap() {
        let path = template.replace("{id}", "01941f29-7c00-7000-8000-000000000000");
        for name in methods {
            let method = Method::from_bytes(name.to_uppercase().as_bytes()).unwrap();
            let status = gateway.ask(method, &path).send().await.unwrap().status();
            let is_known = item.get(name).is_some();
            // Without a server no user is found, but a route is.
            assert_eq!(status == 405, !is_known, "{name} {template}: {status}");
            assert_ne!(status, 404, "{name} {template}");
        }
    }
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
    for packed in ["br;q=1, gzip;q=0.1", "*"] {
        assert_eq!(asked(packed).await.status(), 200, "{packed}");
    }
    for other in [
        "identity",
        "gzip;q=0",
        "gzip;q=0.0, *;q=1",
        "identity, *;q=0",
    ] {
        problem(asked(other).await, 406).await;
    }
}

#[test]
fn a_change_is_a_plain_object_whose_members_may_be_null() {
    let document = kept();
    let change = &document["components"]["schemas"]["AlteracaoUsuario"];
    assert_eq!(
        (&change["type"], &change["minProperties"]),
        (&"object".into(), &1.into())
    );
    for other in ["anyOf", "oneOf", "allOf", "required"] {
        assert_eq!(change.get(other), None);
    }
    // None of them, or null alone, is a change of nothing.
    let no_text = serde_json::json!({"not": {"type": "string"}});
    let nothing = serde_json::json!({"properties": {"nome": no_text, "email": no_text}});
    assert_eq!(change["not"], nothing);
    for name in ["nome", "email"] {
        let kinds = serde_json::json!(["string", "null"]);
        assert_eq!(change["properties"][name]["type"], kinds);
    }
}

#[test]
fn every_header_that_is_text_has_a_pattern() {
    let document = kept();
    let operations = document["paths"].as_object().unwrap().values();
    let operations = operations.flat_map(|item| item.as_object().unwrap().values());
    let mut seen = 0;
    for operation in operations {
        let asked = operation["parameters"].as_array().into_iter().flatten();
        let asked = asked.filter(|parameter| parameter["in"] == "header");
        let answers = operation["responses"].as_object().unwrap().values();
        let told = answers.filter_map(|answer| answer["headers"].as_object());
        for header in asked.chain(told.flat_map(|headers| headers.values())) {
            let schema = &header["schema"];
            assert!(
                schema["type"] == "integer" || schema["pattern"].is_string(),
                "{header}"
            );
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}
