//! What peers send. A request is authenticated, its entry is appended once, and the answer comes
//! after that.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use runtime::http::Routes;
use runtime::trace::Span;
use serde_json::{Value, json};

use crate::domain::log::{AppendOutcome, AppendRequest, Refusal, RelayPolicy};
use crate::domain::{Event, Source, Token};
use crate::hub::Hub;
use crate::metrics::ChatMetrics;
use crate::propagation;
use crate::wire::relay::{
    self, CHAT_SERVICE, Keys, RelayHeaders, SignatureError, VerifiedSignature,
};

/// The relay's routes, for peers that send to this room.
#[derive(Clone, Debug)]
pub struct Inbound(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    hub: Hub,
    keys: Option<Keys>,
    /// In seconds.
    tolerance: u64,
    replays: Mutex<ReplayCache>,
}

/// How many signatures are remembered: more than peers send within the tolerance.
const REPLAYS: usize = 100_000;

/// Why a request is not accepted.
enum Rejection {
    SignatureError(SignatureError),
    NotJson,
    RelayHeaders(String),
    Body(Value),
    Refused(Refusal),
}

impl Inbound {
    /// Accepts messages for this room from whoever has one of the keys. Without keys it accepts
    /// them from anybody.
    pub fn new(hub: Hub, keys: Option<Keys>, tolerance: std::time::Duration) -> Self {
        let tolerance = tolerance.as_secs();
        let replays = Mutex::new(ReplayCache::new(REPLAYS));
        Self(Arc::new(Inner {
            hub,
            keys,
            tolerance,
            replays,
        }))
    }

    /// `POST /relay` and `GET /relay/presence`.
    pub fn routes(self) -> Routes {
        Routes::new()
            .route("/relay", post(take))
            .route("/relay/presence", get(presence))
            .with_state(self)
    }

    /// Checks that a peer signed this request, and that the signature was not used before. Returns
    /// the signed id; none where there are no keys.
    fn authenticate(&self, headers: &HeaderMap, body: &[u8]) -> Result<Option<String>, Rejection> {
        let Some(keys) = &self.0.keys else {
            return Ok(None);
        };
        let now = relay::now_seconds();
        let tolerance = self.0.tolerance;
        let verified = keys
            .check(headers, body, now, tolerance)
            .and_then(|verified| {
                let id = verified.id.clone();
                let mut replays = self
                    .0
                    .replays
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                replays.note(verified, now.saturating_sub(tolerance))?;
                Ok(id)
            });
        verified.map(Some).map_err(Rejection::SignatureError)
    }

    async fn append(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Rejection> {
        let signed_id = self.authenticate(headers, body)?;
        if !is_json(headers) {
            return Err(Rejection::NotJson);
        }
        let relay_headers =
            RelayHeaders::read(headers).map_err(|bad| Rejection::RelayHeaders(bad.to_string()))?;
        if let (Some(signed_id), Some(relay_headers)) = (signed_id, &relay_headers)
            && signed_id != relay_headers.webhook_id()
        {
            // The signature is valid, but for another message than the one in the headers.
            return Err(Rejection::SignatureError(SignatureError::Wrong));
        }
        let body = relay::read_body(body).map_err(Rejection::Body)?;
        let (id, source) = match relay_headers {
            Some(relay_headers) => (
                relay_headers.id,
                Source::Peer {
                    origin: relay_headers.origin,
                    epoch: relay_headers.epoch,
                    sequence: relay_headers.sequence,
                },
            ),
            None => (Token::random(), Source::Original),
        };
        let request = AppendRequest {
            id,
            event: Event::from_line(&body.message),
            source,
            at: relay::read_at(headers).unwrap_or_else(relay::now_ms),
            trace: propagation::of_span(&Span::current()),
            relay: RelayPolicy::Never,
        };
        match self.0.hub.append(request).await {
            AppendOutcome::Appended(_) | AppendOutcome::Duplicate(_) => Ok(()),
            AppendOutcome::Refused(refusal) => Err(Rejection::Refused(refusal)),
            AppendOutcome::Unknown => Err(Rejection::Refused(Refusal::Unavailable)),
        }
    }

    fn answer(&self, not_taken: Rejection) -> Response {
        let (status, detail) = match not_taken {
            Rejection::SignatureError(why) => {
                ChatMetrics::count(&self.0.hub.metrics().unauthenticated, why.code());
                tracing::warn!(reason = why.code(), "a relayed request is not believed");
                (StatusCode::UNAUTHORIZED, json!({"detail": why.to_string()}))
            }
            Rejection::NotJson => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                json!({"detail": "Content-Type: expected application/json"}),
            ),
            Rejection::RelayHeaders(why) => (StatusCode::BAD_REQUEST, json!({"detail": why})),
            Rejection::Body(detail) => (StatusCode::UNPROCESSABLE_ENTITY, detail),
            Rejection::Refused(Refusal::Loop) => {
                tracing::error!("PEER_URL leads back to this very service");
                let detail = Refusal::Loop.to_string();
                (StatusCode::CONFLICT, json!({"detail": detail}))
            }
            Rejection::Refused(refusal) => (
                StatusCode::SERVICE_UNAVAILABLE,
                json!({"detail": refusal.to_string()}),
            ),
        };
        (status, self.headers(), Json(detail)).into_response()
    }

    /// The headers of every answer: they name this service.
    fn headers(&self) -> HeaderMap {
        let name = HeaderValue::from_str(self.0.hub.service().as_str());
        name.map(|name| (CHAT_SERVICE, name)).into_iter().collect()
    }
}

async fn take(State(inbound): State<Inbound>, headers: HeaderMap, body: Bytes) -> Response {
    match inbound.append(&headers, &body).await {
        Ok(()) => (inbound.headers(), Json(relay::ok())).into_response(),
        Err(not_taken) => inbound.answer(not_taken),
    }
}

async fn presence(State(inbound): State<Inbound>, headers: HeaderMap) -> Response {
    if let Err(not_taken) = inbound.authenticate(&headers, b"") {
        return inbound.answer(not_taken);
    }
    let hub = &inbound.0.hub;
    (inbound.headers(), Json(hub.presence())).into_response()
}

/// Whether the body is declared as JSON. A browser lets a page send text to any host without a
/// preflight request, but not JSON.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return true; // FastAPI accepts this too
    };
    let kind = value.to_str().unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

/// The signatures that were used lately.
#[derive(Debug)]
struct ReplayCache {
    max: usize,
    seen: HashSet<VerifiedSignature>,
    order: VecDeque<VerifiedSignature>,
}

impl ReplayCache {
    /// A cache of at most `max` signatures. One that is forgotten too early does no harm: its
    /// message is in the log, which takes no message twice.
    fn new(max: usize) -> Self {
        Self {
            max,
            seen: HashSet::new(),
            order: VecDeque::new(),
        }
    }

    /// Notes a verified signature, or refuses it because it was used before. Signatures older than
    /// `oldest`, in seconds since 1970, are forgotten: they are refused for their age.
    fn note(&mut self, verified: VerifiedSignature, oldest: u64) -> Result<(), SignatureError> {
        let forgotten = |front: &VerifiedSignature| front.timestamp < oldest;
        while self.order.len() >= self.max || self.order.front().is_some_and(forgotten) {
            let Some(front) = self.order.pop_front() else {
                break;
            };
            self.seen.remove(&front);
        }
        if !self.seen.insert(verified.clone()) {
            return Err(SignatureError::Replayed);
        }
        self.order.push_back(verified);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verified(id: &str, timestamp: u64) -> VerifiedSignature {
        VerifiedSignature {
            id: id.to_owned(),
            timestamp,
        }
    }

    #[test]
    fn a_signature_is_used_once_and_a_later_one_of_the_same_message_again() {
        let mut replays = ReplayCache::new(10);
        assert_eq!(replays.note(verified("a", 100), 40), Ok(()));
        assert_eq!(
            replays.note(verified("a", 100), 40),
            Err(SignatureError::Replayed)
        );
        assert_eq!(replays.note(verified("a", 101), 40), Ok(()));
        assert_eq!(
            replays.note(verified("a", 100), 100),
            Err(SignatureError::Replayed),
            "it is just young enough to be believed"
        );
    }

    #[test]
    fn a_body_is_json_unless_it_says_that_it_is_something_else() {
        for (kind, expected) in [
            (None, true),
            (Some("application/json"), true),
            (Some("Application/JSON; charset=utf-8"), true),
            (Some("text/plain"), false),
            (Some("application/json-seq"), false),
            (Some(""), false),
        ] {
            let headers = kind
                .map(|kind| (CONTENT_TYPE, HeaderValue::from_static(kind)))
                .into_iter()
                .collect();
            assert_eq!(is_json(&headers), expected, "{kind:?}");
        }
    }

    #[test]
    fn what_is_too_old_to_be_believed_is_forgotten_and_memory_is_bounded() {
        let mut replays = ReplayCache::new(3);
        for second in 100..110 {
            replays.note(verified("a", second), 0).unwrap();
        }
        assert_eq!((replays.order.len(), replays.seen.len()), (3, 3));
        replays.note(verified("b", 200), 150).unwrap();
        assert_eq!((replays.order.len(), replays.seen.len()), (1, 1));
    }
}
