//! What stands before every route: a request's id, its deadline, whether there is room, and an answer where
//! a handler panics.

use std::panic::AssertUnwindSafe;
use std::sync::PoisonError;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{HeaderName, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use opentelemetry::{Array, StringValue, Value};
use runtime::deadline;
use runtime::http::HoldBack;
use runtime::net::Place;
use runtime::trace::Span;
use tokio::time::Instant;

use super::client::Client;
use super::error::GatewayError;
use super::{Gateway, changes, input};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Lets a request in, or refuses it, and marks the answer with the request's id.
pub(super) async fn admit(
    State(gateway): State<Gateway>,
    request: Request,
    next: Next,
) -> Response {
    let id = request_id(request.headers());
    let span = Span::current();
    if let Ok(text) = id.to_str()
        && span.is_recorded()
    {
        let values = vec![StringValue::from(text.to_owned())];
        span.set_attribute(
            "http.request.header.x-request-id",
            Value::Array(Array::String(values)),
        );
    }
    let events = is_event_source(&request);
    let is_proxied = Client::is_proxied(request.extensions());
    let mut response = match enter(&gateway, &request) {
        Ok(_place) => {
            let deadline = Instant::now() + gateway.deadline;
            deadline::scope(Some(deadline), caught(next.run(request))).await
        }
        Err(failure) if events => changes::come_back(&failure),
        Err(failure) => refused(failure, is_proxied),
    };
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The longest that a client is made to wait which does not wait as it was told.
const LONGEST_HOLD: Duration = Duration::from_secs(1);

/// The answer to a request for which there is no room. Its connection is held to what it says, unless it is
/// that of a proxy.
fn refused(failure: GatewayError, is_proxied: bool) -> Response {
    let told = failure.retry_after();
    let mut response = failure.into_response();
    if let Some(told) = told.filter(|_| !is_proxied) {
        let hold = HoldBack(told.min(LONGEST_HOLD));
        response.extensions_mut().insert(hold);
    }
    response
}

/// The answer; where its handler panics, one without the details, which are in the log.
async fn caught(answer: impl Future<Output = Response>) -> Response {
    let answer = AssertUnwindSafe(answer).catch_unwind().await;
    answer.unwrap_or_else(|_panic| GatewayError::Broken.into_response())
}

/// Whether this is an `EventSource` on its stream, to which a refusal would be the end.
fn is_event_source(request: &Request) -> bool {
    request.uri().path() == changes::PATH && input::wants_events(request.headers())
}

/// A place among the requests under way, which is kept until the answer's head is there.
fn enter(gateway: &Gateway, request: &Request) -> Result<Place, GatewayError> {
    let client = Client::of(request.extensions());
    if let Some(address) = client.0 {
        let mut rates = gateway.rates.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = rates.take(address, Instant::now());
        taken.map_err(GatewayError::TooMuch)?;
    }
    let place = gateway.requests.take(client.0);
    place.ok_or(GatewayError::Busy)
}

/// The longest id that is taken over.
const LONGEST_ID: usize = 128;

/// The id that the client gave, where it can stand in a log line; else a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let given = headers.get(REQUEST_ID).filter(|value| {
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte);
        (1..=LONGEST_ID).contains(&value.len()) && value.as_bytes().iter().all(is_plain)
    });
    // `Uuid::new_v4` would ask the system for each: a call of its own, or a read of a file.
    let random = || uuid::Builder::from_random_bytes(rand::random()).into_uuid();
    let new = || HeaderValue::try_from(random().to_string());
    let given = given.cloned().map_or_else(new, Ok);
    given.unwrap_or_else(|_| HeaderValue::from_static("-"))
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    #[tokio::test]
    async fn a_handler_that_panics_is_answered_as_a_failure_of_the_service() {
        let answer = caught(async { panic!("with a secret") }).await;
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = axum::body::to_bytes(answer.into_body(), 1024).await;
        let body = String::from_utf8(body.unwrap().into()).unwrap();
        assert!(!body.contains("secret"), "{body}");
        assert!(body.contains("status"), "{body}");
    }

    #[test]
    fn who_is_refused_is_held_to_the_wait_that_it_is_told_but_no_proxy_is() {
        let hold = |failure, is_proxied| {
            let answer = refused(failure, is_proxied);
            answer.extensions().get().map(|HoldBack(hold)| *hold)
        };
        let (short, long) = (Duration::from_millis(20), Duration::from_mins(1));
        assert_eq!(hold(GatewayError::Busy, false), Some(LONGEST_HOLD));
        assert_eq!(hold(GatewayError::TooMuch(short), false), Some(short));
        assert_eq!(hold(GatewayError::TooMuch(long), false), Some(LONGEST_HOLD));
        assert_eq!(hold(GatewayError::Busy, true), None);
    }

    fn id_of(given: &str) -> String {
        let headers = HeaderMap::from_iter([(REQUEST_ID, HeaderValue::from_str(given).unwrap())]);
        request_id(&headers).to_str().unwrap().to_owned()
    }

    #[test]
    fn a_plain_id_is_taken_over_and_any_other_replaced() {
        assert_eq!(id_of("abc-123_x.y:z"), "abc-123_x.y:z");
        for other in ["", "a b", "a\"b", &"x".repeat(129)] {
            assert_eq!(id_of(other).len(), 36, "{other}");
        }
        assert_ne!(request_id(&HeaderMap::new()), request_id(&HeaderMap::new()));
    }
}
