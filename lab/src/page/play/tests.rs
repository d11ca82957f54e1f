use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tower::ServiceExt;

use super::*;
use crate::collector::SharedStore;
use crate::collector::fixture::ROOMY;
use crate::collector::id::trace_id_from_hex;
use crate::collector::span::Status;
use crate::plan::Planned;
use crate::supervisor::log_book::LogBook;
use crate::supervisor::status::StatusRegistry;

/// A lab of one service.
fn lab(listen: SocketAddr, http: bool) -> (SharedStore, Router) {
    let planned = Planned {
        http,
        listen: Some(listen),
        admin: listen,
        ..Planned::example("server")
    };
    let registry = StatusRegistry::new(&[planned]);
    registry.started("server", Some(1));
    let store = SharedStore::new(ROOMY);
    let shown = Shown {
        plans: [].into(),
        samples: crate::samples::Samples::default(),
        logs: LogBook::default(),
        registry,
        store: store.clone(),
        client: reqwest::Client::new(),
        spans_elsewhere: None,
    };
    (store, crate::page::routes(shown))
}

async fn ask(lab: &Router, method: &str, path: &str, body: &'static str) -> Response {
    let request = Request::builder().method(method).uri(path);
    let request = request.body(Body::from(body)).unwrap();
    lab.clone().oneshot(request).await.unwrap()
}

async fn text(answer: Response) -> String {
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

fn status(store: &SharedStore, answer: &Response) -> Status {
    let id = answer.headers()[TRACE].to_str().unwrap();
    let trace = store.lock().trace(trace_id_from_hex(id).unwrap()).unwrap();
    trace.spans[0].status
}

#[tokio::test]
async fn bytes_go_out_behind_the_trace_s_context_and_the_answer_comes_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (store, lab) = lab(listener.local_addr().unwrap(), false);
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        stream.read_to_end(&mut request).await.unwrap();
        stream.write_all("Olá".as_bytes()).await.unwrap();
        request
    };
    let asked = ask(&lab, "POST", "/lab/play/server/bytes", "João");
    let (request, answer) = tokio::join!(server, asked);
    let trace = answer.headers()[TRACE].to_str().unwrap().to_owned();
    assert_eq!(status(&store, &answer), Status::Unset);
    assert_eq!(text(answer).await, "Olá");
    let runtime_tcp::proxy::Decoded::Header { length, context } =
        runtime_tcp::proxy::decode(&request)
    else {
        panic!("no header: {request:?}");
    };
    assert_eq!(&request[length..], "João".as_bytes());
    assert_eq!(context.unwrap().trace_id().to_string(), trace);
}

#[tokio::test]
async fn a_request_is_handed_on_with_its_path_and_a_traceparent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (store, lab) = lab(listener.local_addr().unwrap(), true);
    let asked = ask(&lab, "GET", "/lab/play/server/http/a%20b?x=1", "");
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let length = stream.read(&mut request).await.unwrap();
        let answer = b"HTTP/1.1 418 \r\ncontent-length: 3\r\nset-cookie: a=b\r\n\r\nabc";
        stream.write_all(answer).await.unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    };
    let (request, answer) = tokio::join!(server, asked);
    let trace = answer.headers()[TRACE].to_str().unwrap().to_owned();
    assert!(request.starts_with("GET /a%20b?x=1 HTTP/1.1"), "{request}");
    assert!(
        request.contains(&format!("traceparent: 00-{trace}-")),
        "{request}"
    );
    assert_eq!(answer.status(), 418);
    assert!(!answer.headers().contains_key("set-cookie"));
    assert_eq!(status(&store, &answer), Status::Unset);
    assert_eq!(text(answer).await, "abc");
}

/// What a service is asked, in lower case, and what comes back, where somebody asks in this context.
async fn asked_within(traceparent: &str) -> (SharedStore, String, Response) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (store, lab) = lab(listener.local_addr().unwrap(), true);
    let request = Request::builder().uri("/lab/play/server/http/");
    let request = request.header("traceparent", traceparent);
    let request = request.header("idempotency-key", "pedido-1");
    let asked = lab.oneshot(request.body(Body::empty()).unwrap());
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let length = stream.read(&mut request).await.unwrap();
        let answer = b"HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        String::from_utf8_lossy(&request[..length]).to_lowercase()
    };
    let (request, answer) = tokio::join!(server, asked);
    (store, request, answer.unwrap())
}

const OWN: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[tokio::test]
async fn a_request_within_somebody_s_own_trace_goes_on_in_it_and_keeps_its_key() {
    let context = format!("00-{OWN}-00f067aa0ba902b7-01");
    let (store, request, answer) = asked_within(&context).await;
    assert_eq!(answer.headers()[TRACE], OWN);
    let trace = store.lock().trace(trace_id_from_hex(OWN).unwrap()).unwrap();
    let [span] = &trace.spans[..] else {
        panic!("not one span: {:?}", trace.spans);
    };
    assert_eq!(span.parent.unwrap().to_string(), "00f067aa0ba902b7");
    let sent = format!("traceparent: 00-{OWN}-{}-01\r\n", span.span_id);
    assert!(request.contains(&sent), "{request}");
    assert_eq!(request.matches("traceparent:").count(), 1, "{request}");
    assert!(request.contains("idempotency-key: pedido-1\r\n"));
}

#[tokio::test]
async fn what_somebody_wants_no_record_of_is_not_recorded() {
    let context = format!("00-{OWN}-00f067aa0ba902b7-00");
    let (store, request, answer) = asked_within(&context).await;
    assert_eq!(answer.headers()[TRACE], OWN);
    let own = trace_id_from_hex(OWN).unwrap();
    assert!(store.lock().trace(own).is_none());
    let (_, flags) = request
        .split_once(&format!("traceparent: 00-{OWN}-"))
        .unwrap();
    assert_eq!(&flags[16..21], "-00\r\n", "{request}");
}

#[tokio::test]
async fn a_context_that_is_none_begins_a_trace_as_none_does() {
    for context in [
        "00-1-2-01".to_owned(),
        format!("00-{OWN}-0000000000000000-01"),
        format!("00-{}-00f067aa0ba902b7-01", OWN.to_uppercase()),
    ] {
        let (store, request, answer) = asked_within(&context).await;
        let trace = answer.headers()[TRACE].to_str().unwrap();
        assert_ne!(trace, OWN, "{context}");
        assert!(
            request.contains(&format!("traceparent: 00-{trace}-")),
            "{request}"
        );
        assert_eq!(status(&store, &answer), Status::Unset);
    }
}

#[tokio::test]
async fn who_does_not_answer_is_named_and_the_trace_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    for (http, path) in [(false, "bytes"), (true, "http/")] {
        let (store, lab) = lab(address, http);
        let answer = ask(&lab, "POST", &format!("/lab/play/server/{path}"), "x").await;
        assert_eq!(answer.status(), 502, "{path}");
        assert_eq!(status(&store, &answer), Status::Error);
        assert!(text(answer).await.contains("server does not answer"));
    }
}

#[tokio::test]
async fn only_the_lab_s_own_services_are_asked() {
    let (_, lab) = lab(([127, 0, 0, 1], 1).into(), true);
    let unknown = ask(&lab, "GET", "/lab/play/example.org/http/x", "").await;
    assert_eq!(unknown.status(), 404);
    // It speaks HTTP: bytes alone are not for it.
    assert_eq!(
        ask(&lab, "POST", "/lab/play/server/bytes", "x")
            .await
            .status(),
        404
    );
}
