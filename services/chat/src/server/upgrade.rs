//! The upgrade from HTTP to WebSocket (RFC 6455, 4.2).

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use hyper::upgrade::OnUpgrade;

use crate::wire::websocket::accept_key;

/// A request that asks for a WebSocket.
pub(super) struct Upgrade {
    /// Resolves to the connection once the answer is sent.
    pub(super) connection: OnUpgrade,
    accept: String,
    offered: Vec<String>,
    chosen: Option<&'static str>,
}

impl<S: Sync> FromRequestParts<S> for Upgrade {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let headers = &parts.headers;
        // The route for GET also gets HEAD.
        if parts.method != Method::GET {
            let answer = refused(StatusCode::METHOD_NOT_ALLOWED, "expected GET");
            return Err(([(header::ALLOW, "GET")], answer).into_response());
        }
        // HTTP/1.0 has no upgrades (RFC 9110, 7.8).
        if parts.version < Version::HTTP_11
            || !has_word(headers, header::CONNECTION, "upgrade")
            || !has_word(headers, header::UPGRADE, "websocket")
        {
            return Err(upgrade_required(
                "expected HTTP/1.1 with Connection: Upgrade and Upgrade: websocket, \
                 which a proxy has to pass on",
            ));
        }
        if headers.get(header::SEC_WEBSOCKET_VERSION) != Some(&VERSION) {
            return Err(upgrade_required("expected Sec-WebSocket-Version: 13"));
        }
        let key = headers.get(header::SEC_WEBSOCKET_KEY);
        let Some(accept) = key.and_then(|key| accept_key(key.as_bytes())) else {
            let answer = "expected 16 bytes in base64 as Sec-WebSocket-Key";
            return Err(refused(StatusCode::BAD_REQUEST, answer));
        };
        let offered = words(headers, header::SEC_WEBSOCKET_PROTOCOL);
        let offered = offered.map(str::to_owned).collect();
        let Some(connection) = parts.extensions.remove() else {
            return Err(upgrade_required(
                "this connection cannot become a WebSocket",
            ));
        };
        Ok(Self {
            connection,
            accept,
            offered,
            chosen: None,
        })
    }
}

impl Upgrade {
    /// Chooses a subprotocol if the client offers it. Returns whether it does.
    pub(super) fn choose(&mut self, protocol: &'static str) -> bool {
        let is_offered = self.offered.iter().any(|offered| offered == protocol);
        self.chosen = is_offered.then_some(protocol);
        is_offered
    }

    /// The answer, and the connection that follows it.
    pub(super) fn accept(self) -> (Response, OnUpgrade) {
        let mut answer = (
            StatusCode::SWITCHING_PROTOCOLS,
            [
                (header::CONNECTION, "upgrade"),
                (header::UPGRADE, "websocket"),
                (header::SEC_WEBSOCKET_ACCEPT, &*self.accept),
            ],
        )
            .into_response();
        if let Some(chosen) = self.chosen {
            let chosen = HeaderValue::from_static(chosen);
            let headers = answer.headers_mut();
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, chosen);
        }
        (answer, self.connection)
    }
}

const VERSION: HeaderValue = HeaderValue::from_static("13");

fn refused(status: StatusCode, expected: &str) -> Response {
    (status, format!("WebSocket: {expected}\n")).into_response()
}

/// An answer of 426 names the protocol that it wants (RFC 9110, 15.5.22; RFC 6455, 4.4).
fn upgrade_required(expected: &str) -> Response {
    let wanted = [
        (header::CONNECTION, HeaderValue::from_static("upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (header::SEC_WEBSOCKET_VERSION, VERSION),
    ];
    (wanted, refused(StatusCode::UPGRADE_REQUIRED, expected)).into_response()
}

/// Whether a list has this word. Case does not matter.
fn has_word(headers: &HeaderMap, name: HeaderName, wanted: &str) -> bool {
    words(headers, name).any(|word| word.eq_ignore_ascii_case(wanted))
}

/// The words of a list, which may be spread over several headers.
fn words(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lists = headers.get_all(name).into_iter();
    lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    async fn rejection(headers: &[(&'static str, &'static str)]) -> StatusCode {
        let mut request = Request::get("/ws/1");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        match Upgrade::from_request_parts(&mut parts, &()).await {
            Ok(_) => StatusCode::SWITCHING_PROTOCOLS,
            Err(answer) => answer.status(),
        }
    }

    #[tokio::test]
    async fn each_header_of_the_handshake_must_be_right() {
        let whole = [
            ("connection", "keep-alive, upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        // The headers are right, but this request has no connection to upgrade.
        assert_eq!(rejection(&whole).await, StatusCode::UPGRADE_REQUIRED);
        for (at, wrong, status) in [
            (0, "keep-alive", 426),
            (1, "h2c", 426),
            (2, "12", 426),
            (3, "c2hvcnQ=", 400),
        ] {
            let mut headers = whole;
            headers[at].1 = wrong;
            assert_eq!(rejection(&headers).await, status, "{wrong}");
        }
    }
}
