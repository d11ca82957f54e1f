//! Refusals of the HTTP layer itself, as problems (RFC 9457).

use std::sync::LazyLock;

use axum::http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// The media type of a problem.
const PROBLEM_JSON: &str = "application/problem+json";

/// A refusal with its reason.
pub(super) fn refusal(status: StatusCode, detail: &str) -> Response {
    let mut response = (status, body(status, detail)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    response
}

fn body(status: StatusCode, detail: &str) -> String {
    let title = status.canonical_reason().unwrap_or_default();
    let told = json!({
        "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail,
    });
    told.to_string()
}

const HEAD_TOO_LARGE: &str = "o cabeçalho do pedido é grande demais";

/// The answer to a head that is whole, and larger than it may be.
pub(super) fn head_too_large() -> Response {
    refusal(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, HEAD_TOO_LARGE)
}

/// The answer to a request whose body took too long.
pub(super) fn body_too_slow() -> Response {
    let said = "o corpo do pedido não chegou a tempo";
    let mut response = refusal(StatusCode::REQUEST_TIMEOUT, said);
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    response
}

/// The answer to a connection for which there is no room, as bytes. It is written once: thousands may
/// be refused in a second.
pub(super) fn no_room() -> &'static [u8] {
    static NO_ROOM: LazyLock<Vec<u8>> =
        LazyLock::new(|| unavailable("há conexões demais: tente de novo mais tarde"));
    &NO_ROOM
}

/// The answer to a connection, or to a head, for which there is no memory, as bytes.
pub(super) fn no_memory() -> &'static [u8] {
    static NO_MEMORY_LEFT: LazyLock<Vec<u8>> = LazyLock::new(|| unavailable(NO_MEMORY));
    &NO_MEMORY_LEFT
}

/// The first bytes of a client that speaks HTTP/2 without asking (RFC 9113, 3.4).
pub(super) const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The answer to a client of HTTP/2, as bytes: it is on the wrong port, and its own error says so.
pub(super) fn not_http2() -> &'static [u8] {
    static NOT_HTTP2: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let said = "aqui se fala HTTP/1.1, e não HTTP/2 nem gRPC";
        let body = body(StatusCode::HTTP_VERSION_NOT_SUPPORTED, said);
        let head = format!(
            "HTTP/1.1 505 HTTP Version Not Supported\r\nconnection: close\r\n\
             content-type: {PROBLEM_JSON}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        (head + &body).into_bytes()
    });
    &NOT_HTTP2
}

const NO_MEMORY: &str = "não há memória para mais pedidos: tente de novo mais tarde";

/// The answer to a request for whose body, or for whose own answer, there is no memory.
pub(super) fn no_memory_for_request() -> Response {
    let mut response = refusal(StatusCode::SERVICE_UNAVAILABLE, NO_MEMORY);
    let headers = response.headers_mut();
    headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn unavailable(detail: &str) -> Vec<u8> {
    let body = body(StatusCode::SERVICE_UNAVAILABLE, detail);
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\
         content-type: {PROBLEM_JSON}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    (head + &body).into_bytes()
}

/// An answer that hyper gives by itself to a head that it cannot read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OwnAnswer {
    /// With a body.
    pub(super) bytes: Vec<u8>,
    /// A bounded name, for metrics.
    pub(super) reason: &'static str,
}

/// hyper's own answer, or none where this is not one. hyper gives them without asking anybody, and
/// empty.
pub(super) fn own_answer(written: &[u8]) -> Option<OwnAnswer> {
    const EMPTY: &str = "content-length: 0\r\n";
    let start = written
        .windows(9)
        .rposition(|bytes| bytes == b"HTTP/1.1 ")?;
    let head = std::str::from_utf8(&written[start..]).ok()?;
    if !head.ends_with("\r\n\r\n") || !head.contains(EMPTY) {
        return None;
    }
    let status: StatusCode = head.get(9..12)?.parse().ok()?;
    let (reason, detail) = match status {
        StatusCode::BAD_REQUEST => ("bad_request", "o pedido não é HTTP/1.1"),
        StatusCode::URI_TOO_LONG => ("uri_too_long", "o caminho do pedido é longo demais"),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => ("head_too_large", HEAD_TOO_LARGE),
        _ => return None,
    };
    let body = body(status, detail);
    let told = format!(
        "content-type: {PROBLEM_JSON}\r\ncontent-length: {}\r\n",
        body.len()
    );
    let head = head.replacen(EMPTY, &told, 1);
    let bytes = [&written[..start], head.as_bytes(), body.as_bytes()].concat();
    Some(OwnAnswer { bytes, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hypers_own_answer_gets_a_body() {
        let own = own_answer(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\ndate: x\r\n\r\n");
        let OwnAnswer { bytes, reason } = own.unwrap();
        assert_eq!(reason, "bad_request");
        let told = String::from_utf8(bytes).unwrap();
        let (head, body) = told.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with("\r\ndate: x"), "{head}");
        assert!(
            head.contains(&format!("content-length: {}\r\n", body.len())),
            "{head}"
        );
        assert!(body.contains("\"status\":400"), "{body}");
        for other in [
            &b""[..],
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 1\r\n\r\nx",
            b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\nmore",
            b"HTTP/1.1 ",
        ] {
            assert_eq!(own_answer(other), None, "{other:?}");
        }
    }
}
