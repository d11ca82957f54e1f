//! What a request says, part by part, or what is wrong with it.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::{FromRequestParts, Path};
use axum::http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use runtime::deadline;
use serde_json::Value;
use tokio::time::timeout_at;
use uuid::Uuid;

use super::accept;
use super::error::GatewayError;
use super::validation::{Findings, ValidationError};
use crate::domain::{MAX_PAGE, RequestId};
use crate::texts::expected;

/// The id in a path, or what is wrong with it.
pub(super) struct PathId(pub(super) Result<Uuid, ValidationError>);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let text = Path::<String>::from_request_parts(parts, state).await;
        Ok(Self(match text {
            Ok(Path(text)) => id(&text),
            // Octets that are no UTF-8, which stand here as they were sent.
            Err(_) => id(parts.uri.path().rsplit('/').next().unwrap_or_default()),
        }))
    }
}

/// A UUID in any form that its RFC, or pydantic, knows.
fn id(text: &str) -> Result<Uuid, ValidationError> {
    text.parse().map_err(|error: uuid::Error| {
        let said = format!("Input should be a valid UUID, {error}");
        ValidationError::at("path", "id", "uuid_parsing", said)
            .input(text)
            .limit("error", error.to_string())
    })
}

/// Users on a page where nobody says.
const PAGE: i32 = 50;

/// A page's size and its cursor.
pub(super) fn page(uri: &Uri, findings: &mut Findings) -> Option<(i32, String)> {
    let query = uri.query().unwrap_or_default();
    let (mut size, mut cursor) = (Some(PAGE), String::new());
    // Of a name that comes twice, the last counts, as in FastAPI; other names are passed over.
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "limite" => size = findings.take(page_size(&value)),
            "cursor" => cursor = value.into_owned(),
            _ => {}
        }
    }
    Some((size?, cursor))
}

fn page_size(text: &str) -> Result<i32, ValidationError> {
    let wrong = |kind, said: String| ValidationError::at("query", "limite", kind, said).input(text);
    let number: i64 = text.trim().parse().map_err(|_| {
        let said = "Input should be a valid integer, unable to parse string as an integer";
        wrong("int_parsing", said.to_owned())
    })?;
    if number < 1 {
        let said = "Input should be greater than or equal to 1".to_owned();
        return Err(wrong("greater_than_equal", said).limit("ge", 1));
    }
    let fits = i32::try_from(number).ok();
    let fits = fits.filter(|number| usize::try_from(*number).is_ok_and(|n| n <= MAX_PAGE));
    fits.ok_or_else(|| {
        let said = format!("Input should be less than or equal to {MAX_PAGE}");
        wrong("less_than_equal", said).limit("le", MAX_PAGE)
    })
}

/// `Idempotency-Key`, empty where there is none.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<String, ValidationError> {
    const NAME: &str = "idempotency-key";
    let Some(value) = headers.get(NAME) else {
        return Ok(String::new());
    };
    let text = String::from_utf8_lossy(value.as_bytes());
    match RequestId::new(&text) {
        Some(id) => Ok(id.as_str().to_owned()),
        None => Err(ValidationError::rule("header", NAME, expected::REQUEST_ID).input(&*text)),
    }
}

/// `Last-Event-ID`, empty where there is none. What it means is the server's affair.
pub(super) fn last_event_id(headers: &HeaderMap) -> Result<String, ValidationError> {
    const NAME: HeaderName = HeaderName::from_static("last-event-id");
    let Some(value) = headers.get(NAME) else {
        return Ok(String::new());
    };
    value.to_str().map(str::to_owned).map_err(|_| {
        let text = String::from_utf8_lossy(value.as_bytes());
        ValidationError::rule("header", NAME.as_str(), expected::EVENT_ID).input(&*text)
    })
}

/// Whether the client reads server-sent events by its own words, as every `EventSource` says.
pub(super) fn wants_events(headers: &HeaderMap) -> bool {
    accept::quality(headers, &ACCEPT, "text/event-stream").is_some_and(|quality| quality > 0)
}

/// The body as JSON.
pub(super) async fn json(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
) -> Result<Value, GatewayError> {
    if !is_json(headers) {
        return Err(GatewayError::NotJson);
    }
    if is_encoded(headers) {
        return Err(GatewayError::Encoded);
    }
    if announced(headers).is_some_and(|size| size > limit) {
        return Err(GatewayError::TooLarge(limit)); // before a client that waits for it sends any
    }
    let whole = Limited::new(body, limit).collect();
    let whole = match deadline::current() {
        Some(deadline) => timeout_at(deadline, whole)
            .await
            .map_err(|_| GatewayError::Slow)?,
        None => whole.await,
    };
    let whole = whole.map_err(|error| {
        if error.is::<LengthLimitError>() {
            GatewayError::TooLarge(limit)
        } else {
            GatewayError::Unreadable
        }
    })?;
    let whole = whole.to_bytes();
    // As Python's `json.loads` does, and so FastAPI, for editors and C# that put it there.
    let bytes = whole.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&whole);
    if whole.is_empty() {
        return Err(ValidationError::with("body", "missing", "Field required").into());
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let at = if error.is_eof() {
            characters(bytes)
        } else {
            characters_before(bytes, error.line(), error.column())
        };
        // Without the place, which is told beside it.
        let text = error.to_string();
        let said = text.split(" at line ").next().unwrap_or_default();
        ValidationError::no_json(at, said).into()
    })
}

/// How large the body is, where its head tells.
fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// `application/json`, or any type that says it is JSON (RFC 6839).
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let kind = value.and_then(|value| value.split(';').next());
    kind.is_some_and(|kind| {
        let kind = kind.trim().to_ascii_lowercase();
        kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
    })
}

/// Whether the body is in a content coding, of which none is undone here (RFC 9110, 8.4).
fn is_encoded(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(CONTENT_ENCODING).iter();
    codings.any(|value| !value.is_empty() && !value.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// How many characters stand before a place that is known by line and column in bytes, from 1.
fn characters_before(bytes: &[u8], line: usize, column: usize) -> u64 {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let start: usize = lines.take(line.saturating_sub(1)).map(<[u8]>::len).sum();
    let end = (start + column.saturating_sub(1)).min(bytes.len());
    characters(&bytes[..end])
}

fn characters(bytes: &[u8]) -> u64 {
    let count = String::from_utf8_lossy(bytes).chars().count();
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_a_size_within_bounds_and_a_default() {
        let read = |query: &str| {
            let mut findings = Findings::default();
            let uri: Uri = format!("/usuarios?{query}").parse().unwrap();
            let page = page(&uri, &mut findings);
            page.ok_or_else(|| findings.into_result().unwrap_err().detail.remove(0).kind)
        };
        assert_eq!(read(""), Ok((50, String::new())));
        assert_eq!(
            read("limite=1000&cursor=a%2Fb&x=1"),
            Ok((1000, "a/b".to_owned()))
        );
        assert_eq!(read("limite=1&limite=2"), Ok((2, String::new())));
        assert_eq!(read("limite=x"), Err("int_parsing"));
        assert_eq!(read("limite="), Err("int_parsing"));
        assert_eq!(read("limite=0"), Err("greater_than_equal"));
        assert_eq!(read("limite=1001"), Err("less_than_equal"));
        assert_eq!(read("limite=9999999999"), Err("less_than_equal"));
    }

    #[test]
    fn the_place_of_a_mistake_is_counted_in_characters() {
        let body = "{\n  \"é\": x}".as_bytes();
        let error = serde_json::from_slice::<Value>(body).unwrap_err();
        let at = characters_before(body, error.line(), error.column());
        assert_eq!(
            "{\n  \"é\": x}".chars().nth(usize::try_from(at).unwrap()),
            Some('x')
        );
    }

    #[test]
    fn json_has_several_media_types() {
        for (kind, right) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/merge-patch+json", true),
            ("text/json", false),
            ("application/x-www-form-urlencoded", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, kind.parse().unwrap())]);
            assert_eq!(is_json(&headers), right, "{kind}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }

    #[test]
    fn no_coding_is_undone_but_that_which_does_nothing() {
        for (coding, is_one) in [
            ("gzip", true),
            ("x, identity", true),
            ("Identity", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_ENCODING, coding.parse().unwrap())]);
            assert_eq!(is_encoded(&headers), is_one, "{coding}");
        }
        assert!(!is_encoded(&HeaderMap::new()));
    }
}
