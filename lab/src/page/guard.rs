//! Who may ask, and what a browser may do with the answers.
//!
//! The page is for this machine alone. A foreign site whose name was made to point at 127.0.0.1
//! (DNS rebinding) asks by its own name, hence the look at `Host`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};

/// The host names by which this server may be asked.
#[derive(Clone, Debug)]
pub struct Hosts(Arc<Vec<String>>);

impl Hosts {
    /// This machine's own names, and these.
    pub fn new(more: &[String]) -> Self {
        let own = ["localhost", "127.0.0.1", "[::1]"]
            .map(str::to_owned)
            .into_iter();
        Self(Arc::new(
            own.chain(more.iter().map(|name| name.to_lowercase()))
                .collect(),
        ))
    }

    /// Whether `name` or `name:port` is one of them.
    fn know(&self, authority: &str) -> bool {
        let without_port = match authority.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => authority,
        };
        self.0
            .iter()
            .any(|name| name.eq_ignore_ascii_case(without_port))
    }
}

/// Puts the guard before every route.
pub fn guarded(routes: Router, hosts: Hosts) -> Router {
    routes.layer(middleware::from_fn_with_state(hosts, guard))
}

async fn guard(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    let mut response = match refusal(&hosts, request.method(), request.headers()) {
        Some(reason) => (StatusCode::FORBIDDEN, reason).into_response(),
        None => next.run(request).await,
    };
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// What every answer says to a browser.
const HEADERS: [(HeaderName, &str); 7] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-cache"), // kept, but asked about each time
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Own files and own JSON, nothing else and nothing inline; and the chat's WebSockets, which are on
/// other ports of this machine.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self' ws://localhost:* ws://127.0.0.1:*; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

fn refusal(hosts: &Hosts, method: &Method, headers: &HeaderMap) -> Option<&'static str> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    if !host.is_some_and(|host| hosts.know(host)) {
        return Some("this host name is not served; LAB_HOSTS names further ones\n");
    }
    let changes = !matches!(*method, Method::GET | Method::HEAD);
    let origin = headers.get(ORIGIN).filter(|_| changes)?;
    let own = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.split_once("://"));
    match own {
        Some((_, authority)) if hosts.know(authority) => None,
        _ => Some("this origin may not send anything here\n"),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    async fn ask(method: Method, headers: &[(&str, &str)]) -> Response {
        let routes = Router::new().route("/", get(|| async { "yes" }).post(|| async { "done" }));
        let routes = guarded(routes, Hosts::new(&["Lab.example".to_owned()]));
        let mut request = Request::builder().method(method).uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        routes
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn only_known_host_names_are_served() {
        for host in [
            "localhost:8888",
            "127.0.0.1",
            "[::1]:8888",
            "LOCALHOST",
            "lab.example:1",
        ] {
            assert_eq!(
                ask(Method::GET, &[("host", host)]).await.status(),
                200,
                "{host}"
            );
        }
        for host in [
            "evil.example",
            "localhost.evil.example:8888",
            "127.0.0.1.nip.io",
            "",
        ] {
            assert_eq!(
                ask(Method::GET, &[("host", host)]).await.status(),
                403,
                "{host}"
            );
        }
        assert_eq!(ask(Method::GET, &[]).await.status(), 403);
    }

    #[tokio::test]
    async fn a_foreign_site_may_send_nothing() {
        let host = ("host", "localhost:8888");
        let post = |origin| ask(Method::POST, vec![host, ("origin", origin)].leak());
        assert_eq!(post("http://localhost:8888").await.status(), 200);
        assert_eq!(post("https://evil.example").await.status(), 403);
        assert_eq!(post("null").await.status(), 403);
        assert_eq!(ask(Method::POST, &[host]).await.status(), 200);
    }

    #[tokio::test]
    async fn every_answer_forbids_what_is_inline_and_framed() {
        for host in ["localhost", "evil.example"] {
            let answer = ask(Method::GET, &[("host", host)]).await;
            let policy = answer.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"));
            assert_eq!(answer.headers()[X_FRAME_OPTIONS], "DENY");
        }
    }
}
