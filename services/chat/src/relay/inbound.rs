//! What peers send: believed, taken once, answered when taken.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tracing::Span;

use super::replays::Replays;
use crate::domain::log::{Offer, Passing, Refusal, Verdict};
use crate::domain::{Source, Token, What};
use crate::hub::Hub;
use crate::metrics::ChatMetrics;
use crate::wire::relay::{self, CHAT_SERVICE, Stamp};
use crate::wire::signature::{Keys, Unbelieved};
use crate::{carried, clock};

/// Who may relay, and to whom.
#[derive(Clone, Debug)]
pub struct Inbound(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    hub: Hub,
    keys: Option<Keys>,
    /// In seconds.
    tolerance: u64,
    replays: Mutex<Replays>,
}

/// More than peers send within the tolerance.
const REPLAYS: usize = 100_000;

/// Why a request is not taken.
enum NotTaken {
    Unbelieved(Unbelieved),
    NotJson,
    Stamp(String),
    Body(Value),
    Refused(Refusal),
}

impl Inbound {
    /// Takes messages into this room from whoever has a secret, or from anybody where there is none.
    pub fn new(hub: Hub, keys: Option<Keys>, tolerance: std::time::Duration) -> Self {
        let tolerance = tolerance.as_secs();
        let replays = Mutex::new(Replays::new(REPLAYS));
        Self(Arc::new(Parts {
            hub,
            keys,
            tolerance,
            replays,
        }))
    }

    /// `POST /relay` and `GET /relay/presence`.
    pub fn routes(self) -> Router {
        Router::new()
            .route("/relay", post(take))
            .route("/relay/presence", get(presence))
            .with_state(self)
    }

    /// Whether a peer sent this, and for the first time.
    fn believe(&self, headers: &HeaderMap, body: &[u8]) -> Result<Option<String>, NotTaken> {
        let Some(keys) = &self.0.keys else {
            return Ok(None);
        };
        let now = clock::now_seconds();
        let tolerance = self.0.tolerance;
        let believed = keys
            .check(headers, body, now, tolerance)
            .and_then(|believed| {
                let id = believed.id.clone();
                let mut replays = self
                    .0
                    .replays
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                replays.note(believed, now.saturating_sub(tolerance))?;
                Ok(id)
            });
        believed.map(Some).map_err(NotTaken::Unbelieved)
    }

    async fn offer(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), NotTaken> {
        let signed_id = self.believe(headers, body)?;
        if !is_json(headers) {
            return Err(NotTaken::NotJson);
        }
        let stamp = Stamp::read(headers).map_err(|bad| NotTaken::Stamp(bad.to_string()))?;
        if let (Some(signed_id), Some(stamp)) = (signed_id, &stamp)
            && signed_id != stamp.webhook_id()
        {
            // The signature holds for another message than the headers name.
            return Err(NotTaken::Unbelieved(Unbelieved::Wrong));
        }
        let body = relay::read_body(body).map_err(NotTaken::Body)?;
        let (id, source) = match stamp {
            Some(stamp) => (
                stamp.id,
                Source::Peer {
                    origin: stamp.origin,
                    epoch: stamp.epoch,
                    sequence: stamp.sequence,
                },
            ),
            None => (Token::random(), Source::Original),
        };
        let offer = Offer {
            id,
            what: What::of_line(&body.message),
            source,
            at: relay::read_at(headers).unwrap_or_else(clock::now_ms),
            trace: carried::of_span(&Span::current()),
            passing: Passing::Never,
        };
        match self.0.hub.offer(offer).await {
            Verdict::Taken(_) | Verdict::Duplicate(_) => Ok(()),
            Verdict::Refused(refusal) => Err(NotTaken::Refused(refusal)),
            Verdict::Unknown => Err(NotTaken::Refused(Refusal::Unavailable)),
        }
    }

    fn answer(&self, not_taken: NotTaken) -> Response {
        let (status, detail) = match not_taken {
            NotTaken::Unbelieved(why) => {
                ChatMetrics::count(&self.0.hub.metrics().unbelieved, why.code());
                tracing::warn!(reason = why.code(), "a relayed request is not believed");
                (StatusCode::UNAUTHORIZED, json!({"detail": why.to_string()}))
            }
            NotTaken::NotJson => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                json!({"detail": "Content-Type: expected application/json"}),
            ),
            NotTaken::Stamp(why) => (StatusCode::BAD_REQUEST, json!({"detail": why})),
            NotTaken::Body(detail) => (StatusCode::UNPROCESSABLE_ENTITY, detail),
            NotTaken::Refused(Refusal::Loop) => {
                tracing::error!("PEER_URL leads back to this very service");
                let detail = Refusal::Loop.to_string();
                (StatusCode::CONFLICT, json!({"detail": detail}))
            }
            NotTaken::Refused(refusal) => (
                StatusCode::SERVICE_UNAVAILABLE,
                json!({"detail": refusal.to_string()}),
            ),
        };
        (status, self.headers(), Json(detail)).into_response()
    }

    /// Who answers.
    fn headers(&self) -> HeaderMap {
        let name = HeaderValue::from_str(self.0.hub.service().as_str());
        name.map(|name| (CHAT_SERVICE, name)).into_iter().collect()
    }
}

async fn take(State(inbound): State<Inbound>, headers: HeaderMap, body: Bytes) -> Response {
    match inbound.offer(&headers, &body).await {
        Ok(()) => (inbound.headers(), Json(relay::ok())).into_response(),
        Err(not_taken) => inbound.answer(not_taken),
    }
}

async fn presence(State(inbound): State<Inbound>, headers: HeaderMap) -> Response {
    if let Err(not_taken) = inbound.believe(&headers, b"") {
        return inbound.answer(not_taken);
    }
    let hub = &inbound.0.hub;
    (inbound.headers(), Json(hub.presence())).into_response()
}

/// A page of another host can send text to any URL without asking, but not JSON.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return true; // as FastAPI has it
    };
    let kind = value.to_str().unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}
