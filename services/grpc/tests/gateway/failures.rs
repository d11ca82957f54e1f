use std::sync::atomic::Ordering;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use testing::listener;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::failing::failing;
use crate::support::{Gateway, header, problem};

const USER: &str = "/usuarios/01a1fd20-4b5e-7c5d-9299-9e010b6a28bc";

#[tokio::test]
async fn each_status_of_the_server_is_an_answer_that_tells_nothing_of_its_inside() {
    for (code, status) in [
        (Code::NotFound, 404),
        (Code::AlreadyExists, 409),
        (Code::FailedPrecondition, 409),
        (Code::Aborted, 412),
        (Code::OutOfRange, 410),
        (Code::ResourceExhausted, 502), // without saying for how long
        (Code::Internal, 502),
        (Code::Unknown, 502),
        (Code::Unimplemented, 502),
        (Code::InvalidArgument, 502), // without saying of what
        (Code::Unavailable, 503),
        (Code::DeadlineExceeded, 504),
    ] {
        let (server, _, _life) = failing(Some(Status::new(code, "secret"))).await;
        let gateway = Gateway::start(&[server], &[]).await;
        let answer = gateway.get(USER).await;
        if status == 503 {
            assert_eq!(header(&answer, "retry-after"), "1");
        }
        let detail = problem(answer, status).await;
        assert!(!detail.contains("secret"), "{detail}");
    }
}

#[tokio::test]
async fn when_to_come_back_is_passed_on() {
    for (code, status) in [(Code::Unavailable, 503), (Code::ResourceExhausted, 429)] {
        let details = ErrorDetails::with_retry_info(Some(Duration::from_millis(2500)));
        let failed = Status::with_error_details(code, "not now", details);
        let (server, script, _life) = failing(Some(failed)).await;
        let gateway = Gateway::start(&[server], &[]).await;
        let answer = gateway.get(USER).await;
        assert_eq!(header(&answer, "retry-after"), "3");
        problem(answer, status).await;
        // The server has said when: it is not asked a second time.
        assert_eq!(script.calls.load(Ordering::Relaxed), 1);
    }
}

#[tokio::test]
async fn what_is_safe_is_asked_twice_and_what_is_not_once() {
    let user = json!({"nome": "Ana", "email": "ana@exemplo.com"});
    let cases = [
        (Method::GET, "/usuarios", vec![], 2),
        (Method::GET, USER, vec![], 2),
        (Method::GET, "/usuarios/mudancas", vec![], 2),
        (Method::POST, "/usuarios", vec![], 1),
        (Method::POST, "/usuarios", vec![("idempotency-key", "1")], 2),
        (Method::PUT, USER, vec![], 2),
        (Method::PUT, USER, vec![("if-match", "\"v1\"")], 1),
        (Method::PATCH, USER, vec![], 2),
        (Method::DELETE, USER, vec![], 1),
    ];
    for (method, path, headers, calls) in cases {
        let (server, script, _life) = failing(Some(Status::unavailable("away"))).await;
        let gateway = Gateway::start(&[server], &[]).await;
        let mut request = gateway.ask(method.clone(), path);
        if method != Method::GET {
            request = request.json(&user);
        }
        for (name, value) in &headers {
            request = request.header(*name, *value);
        }
        problem(request.send().await.unwrap(), 503).await;
        let asked = script.calls.load(Ordering::Relaxed);
        assert_eq!(asked, calls, "{method} {path} {headers:?}");
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_504_at_the_deadline() {
    let (server, _, _life) = failing(None).await;
    let gateway = Gateway::start(&[server], &[("REQUEST_DEADLINE", "100ms")]).await;
    problem(gateway.get(USER).await, 504).await;
    problem(gateway.get("/usuarios/mudancas").await, 504).await;
}

#[tokio::test]
async fn without_a_server_requests_fail_at_once_and_readiness_says_why() {
    let gateway = Gateway::without(&[("REQUEST_DEADLINE", "10m")]).await;
    gateway.until_ready(false).await;
    let answer = gateway.get(USER).await;
    assert_eq!(header(&answer, "retry-after"), "1");
    problem(answer, 503).await;

    let nobody = listener().await;
    gateway.name.set([nobody.local_addr().unwrap()]);
    drop(nobody);
    problem(gateway.get(USER).await, 503).await;
}
