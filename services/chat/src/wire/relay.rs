//! `POST /relay`: the body of the original, headers of our own, and a signature after Standard
//! Webhooks (<https://github.com/standard-webhooks/standard-webhooks>, symmetric, `v1`). The
//! signature covers the body and, through `webhook-id`, the headers that name the message.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use http::{HeaderMap, HeaderName, HeaderValue};
use runtime::settings::{FromSetting, Secret};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::domain::{ClientId, Entry, Source, Token};

/// Header: the id of the message.
pub const CHAT_ID: HeaderName = HeaderName::from_static("chat-id");
/// Header: the service where it was sent.
pub const CHAT_ORIGIN: HeaderName = HeaderName::from_static("chat-origin");
/// Header: the epoch of the origin's sequence.
pub const CHAT_EPOCH: HeaderName = HeaderName::from_static("chat-epoch");
/// Header: its sequence number within the epoch.
pub const CHAT_SEQUENCE: HeaderName = HeaderName::from_static("chat-sequence");
/// Header: when the origin accepted it, in milliseconds since 1970.
pub const CHAT_AT: HeaderName = HeaderName::from_static("chat-at");
/// Header of an answer: the service that gives it.
pub const CHAT_SERVICE: HeaderName = HeaderName::from_static("chat-service");

/// The body, as the original sends it.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Body {
    /// A line in the original's words.
    pub message: String,
}

/// The headers that say which message a request carries.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct RelayHeaders {
    pub id: Token,
    pub origin: Token,
    pub epoch: Token,
    /// 1 or more.
    pub sequence: u64,
}

/// A header that is missing or malformed, where others of the set are there.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}: missing or not of its form, though another Chat- header is there")]
pub struct BadRelayHeaders(&'static str);

impl RelayHeaders {
    /// The headers for an entry of this service; none where it has no sequence number.
    pub fn of(service: &Token, epoch: &Token, entry: &Entry) -> Option<Self> {
        match entry.source {
            Source::Own { sequence, .. } => Some(Self {
                id: entry.id.clone(),
                origin: service.clone(),
                epoch: epoch.clone(),
                sequence: sequence?,
            }),
            _ => None,
        }
    }

    /// Reads the headers of a request; none where an original sent it.
    pub fn read(headers: &HeaderMap) -> Result<Option<Self>, BadRelayHeaders> {
        let stamped = [CHAT_ID, CHAT_ORIGIN, CHAT_EPOCH, CHAT_SEQUENCE];
        if stamped.iter().all(|name| !headers.contains_key(name)) {
            return Ok(None);
        }
        let text = |name: &HeaderName| headers.get(name)?.to_str().ok();
        let token = |name, label| {
            let token = text(&name).and_then(|text| Token::parse(text).ok());
            token.ok_or(BadRelayHeaders(label))
        };
        let sequence = text(&CHAT_SEQUENCE)
            .and_then(|text| text.parse().ok())
            .filter(|&sequence| sequence > 0)
            .ok_or(BadRelayHeaders("Chat-Sequence"))?;
        Ok(Some(Self {
            id: token(CHAT_ID, "Chat-Id")?,
            origin: token(CHAT_ORIGIN, "Chat-Origin")?,
            epoch: token(CHAT_EPOCH, "Chat-Epoch")?,
            sequence,
        }))
    }

    /// Adds them to the headers of a request.
    pub fn write(&self, headers: &mut HeaderMap) {
        let sequence = self.sequence.to_string();
        for (name, text) in [
            (CHAT_ID, self.id.as_str()),
            (CHAT_ORIGIN, self.origin.as_str()),
            (CHAT_EPOCH, self.epoch.as_str()),
            (CHAT_SEQUENCE, &sequence),
        ] {
            // Tokens and numbers are always valid as values of headers.
            if let Ok(value) = HeaderValue::from_str(text) {
                headers.insert(name, value);
            }
        }
    }

    /// The id under which the request is signed.
    pub fn webhook_id(&self) -> String {
        let Self {
            id,
            origin,
            epoch,
            sequence,
        } = self;
        format!("{origin}:{epoch}:{sequence}:{id}")
    }
}

/// Reads when the origin accepted the message, according to the origin.
pub fn read_at(headers: &HeaderMap) -> Option<u64> {
    headers.get(CHAT_AT)?.to_str().ok()?.parse().ok()
}

/// The answer to `GET /relay/presence`: who is connected to a service.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct PresenceReport {
    /// The service that reports.
    pub service: Token,
    /// The epoch of its sequence.
    pub epoch: Token,
    /// The last sequence number that it had given when it made the report.
    pub sequence: u64,
    /// How many entries wait for its slowest peer.
    pub waiting: usize,
    /// Its clients, each with the number of its connections.
    pub clients: Vec<(ClientId, usize)>,
}

impl PresenceReport {
    /// Whether this report may replace what the relayed entries said. `taken` is the last sequence
    /// number taken from that service. If entries are still under way, they would count twice.
    pub fn is_settled(&self, taken: u64) -> bool {
        taken == self.sequence || (taken == 0 && self.waiting == 0)
    }
}

/// The answer to an accepted request.
pub fn ok() -> Value {
    json!({"status": "ok"})
}

/// Reads a body, or says what is wrong with it as `detail` in FastAPI's form.
pub fn read_body(bytes: &[u8]) -> Result<Body, Value> {
    let detail = |kind: &str, loc: Value, msg: &str, input: Value| json!({"detail": [{"type": kind, "loc": loc, "msg": msg, "input": input}]});
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        let loc = json!(["body", error.column().saturating_sub(1)]);
        detail("json_invalid", loc, "JSON decode error", json!({}))
    })?;
    let Value::Object(fields) = &value else {
        let msg = "Input should be a valid dictionary or object to extract fields from";
        return Err(detail("model_attributes_type", json!(["body"]), msg, value));
    };
    match fields.get("message") {
        Some(Value::String(message)) => Ok(Body {
            message: message.clone(),
        }),
        Some(other) => {
            let loc = json!(["body", "message"]);
            let msg = "Input should be a valid string";
            Err(detail("string_type", loc, msg, other.clone()))
        }
        None => {
            let loc = json!(["body", "message"]);
            Err(detail("missing", loc, "Field required", value))
        }
    }
}

/// The time since 1970, by this machine's clock.
fn now() -> Duration {
    // A clock before 1970 is wrong anyway, and every check of a time then fails.
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    u64::try_from(now().as_millis()).unwrap_or(u64::MAX)
}

/// Seconds since 1970.
pub(crate) fn now_seconds() -> u64 {
    now().as_secs()
}

/// Header: the id of a signed request.
pub const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
/// Header: when it was signed, in seconds since 1970.
pub const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
/// Header: `v1,` and the signature. Several are separated by spaces.
pub const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// The secrets that peers share. The first one signs; each of them verifies, so that a secret can
/// be changed while the services run.
#[derive(Clone)]
pub struct Keys(Vec<Vec<u8>>);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

impl FromSetting for Keys {
    const EXPECTED: &'static str =
        "one or more secrets with commas between: whsec_ and base64, or a text of 16 bytes or more";

    fn from_setting(text: &str) -> Option<Self> {
        let key = |text: &str| match text.strip_prefix("whsec_") {
            Some(encoded) => STANDARD.decode(encoded).ok(),
            None => Some(text.as_bytes().to_vec()),
        };
        let keys = text.split(',').map(str::trim).map(key);
        let keys = keys.collect::<Option<Vec<_>>>()?;
        keys.iter().all(|key| key.len() >= 16).then_some(Self(keys))
    }
}

impl TryFrom<&Secret> for Keys {
    type Error = &'static str;

    fn try_from(secret: &Secret) -> Result<Self, Self::Error> {
        // It is revealed only to be decoded, and kept in a type that shows nothing either.
        Self::from_setting(secret.reveal()).ok_or(Self::EXPECTED)
    }
}

/// Why a request fails authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A header is missing or malformed.
    #[error("the request is not signed")]
    Unsigned,
    /// None of the secrets gives this signature for this request.
    #[error("the signature is wrong")]
    Wrong,
    /// It was signed too long ago, or too far in the future.
    #[error("the signature is too old, or one of the clocks is wrong")]
    Old,
    /// The same signature was used before.
    #[error("the signature was used before")]
    Replayed,
}

impl SignatureError {
    /// A bounded name, for metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::Wrong => "wrong",
            Self::Old => "old",
            Self::Replayed => "replayed",
        }
    }
}

/// A signature that has been verified.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VerifiedSignature {
    /// The id of the request.
    pub id: String,
    /// When it was signed: seconds since 1970.
    pub timestamp: u64,
}

impl Keys {
    /// Signs a request. `now` is in seconds since 1970.
    pub fn sign(&self, headers: &mut HeaderMap, id: &str, now: u64, body: &[u8]) {
        let Some(mac) = self.0.first().and_then(|key| mac(key, id, now, body)) else {
            return;
        };
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        for (name, text) in [
            (WEBHOOK_ID, id.to_owned()),
            (WEBHOOK_TIMESTAMP, now.to_string()),
            (WEBHOOK_SIGNATURE, format!("v1,{signature}")),
        ] {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(name, value);
            }
        }
    }

    /// Verifies that a peer signed this request within `tolerance` seconds of `now`.
    pub fn check(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: u64,
        tolerance: u64,
    ) -> Result<VerifiedSignature, SignatureError> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let (Some(id), Some(timestamp), Some(signatures)) = (
            text(WEBHOOK_ID),
            text(WEBHOOK_TIMESTAMP).and_then(|text| text.parse::<u64>().ok()),
            text(WEBHOOK_SIGNATURE),
        ) else {
            return Err(SignatureError::Unsigned);
        };
        let signatures = signatures
            .split(' ')
            .filter_map(|signature| signature.strip_prefix("v1,"))
            .filter_map(|encoded| STANDARD.decode(encoded).ok())
            .take(MAX_SIGNATURES);
        // The `hmac` crate compares in constant time.
        let right = |signature: &Vec<u8>| {
            self.0.iter().any(|key| {
                mac(key, id, timestamp, body).is_some_and(|mac| mac.verify_slice(signature).is_ok())
            })
        };
        if !signatures.into_iter().any(|signature| right(&signature)) {
            return Err(SignatureError::Wrong);
        }
        if timestamp.abs_diff(now) > tolerance {
            return Err(SignatureError::Old);
        }
        Ok(VerifiedSignature {
            id: id.to_owned(),
            timestamp,
        })
    }
}

/// How many signatures of a request are looked at: more than any change of secrets needs.
const MAX_SIGNATURES: usize = 8;

/// HMAC-SHA256 over `id.timestamp.body`. Keys of every length are valid.
fn mac(key: &[u8], id: &str, timestamp: u64, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    Some(mac)
}

#[cfg(test)]
mod tests;
