//! `POST /relay`: the original's body, our headers beside it, and a signature over both in the form
//! of Standard Webhooks (<https://github.com/standard-webhooks/standard-webhooks>, symmetric, `v1`).

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

/// The message's id.
pub const CHAT_ID: HeaderName = HeaderName::from_static("chat-id");
/// The service where it was sent.
pub const CHAT_ORIGIN: HeaderName = HeaderName::from_static("chat-origin");
/// The epoch of the origin's sequence.
pub const CHAT_EPOCH: HeaderName = HeaderName::from_static("chat-epoch");
/// Its number within the epoch.
pub const CHAT_SEQUENCE: HeaderName = HeaderName::from_static("chat-sequence");
/// When the origin took it.
pub const CHAT_AT: HeaderName = HeaderName::from_static("chat-at");
/// The service that answers.
pub const CHAT_SERVICE: HeaderName = HeaderName::from_static("chat-service");

/// The body, as the original has it.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Body {
    /// The line.
    pub message: String,
}

/// Which message of whom a request carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayHeaders {
    /// The message's id.
    pub id: Token,
    /// The service where it was sent.
    pub origin: Token,
    /// The epoch of the origin's sequence.
    pub epoch: Token,
    /// Its number within the epoch, 1 or more.
    pub sequence: u64,
}

/// Why the headers are not ours.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}: missing or not of its form, though another Chat- header is there")]
pub struct BadRelayHeaders(&'static str);

impl RelayHeaders {
    /// Of an own entry that has a sequence number.
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

    /// Of the headers of a request; none where the peer is an original.
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

    /// Writes it into the headers of a request.
    pub fn write(&self, headers: &mut HeaderMap) {
        let sequence = self.sequence.to_string();
        for (name, text) in [
            (CHAT_ID, self.id.as_str()),
            (CHAT_ORIGIN, self.origin.as_str()),
            (CHAT_EPOCH, self.epoch.as_str()),
            (CHAT_SEQUENCE, &sequence),
        ] {
            // A token is a header's value in every case.
            if let Ok(value) = HeaderValue::from_str(text) {
                headers.insert(name, value);
            }
        }
    }

    /// What the signature calls the request.
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

/// When the origin took it, as it says.
pub fn read_at(headers: &HeaderMap) -> Option<u64> {
    headers.get(CHAT_AT)?.to_str().ok()?.parse().ok()
}

/// `GET /relay/presence`: who is at a service.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct PresenceReport {
    /// The service.
    pub service: Token,
    /// The epoch of its sequence.
    pub epoch: Token,
    /// What it has given its peers to take, as of which this holds.
    pub sequence: u64,
    /// How much of that waits for the slowest peer.
    pub waiting: usize,
    /// Its clients, each with the number of its connections.
    pub clients: Vec<(ClientId, usize)>,
}

impl PresenceReport {
    /// Whether this may replace what was learned from the messages themselves, given that `taken`
    /// is the last number that was taken of them. Otherwise some are under way, and would count
    /// twice.
    pub fn is_settled(&self, taken: u64) -> bool {
        taken == self.sequence || (taken == 0 && self.waiting == 0)
    }
}

/// The answer to what was taken.
pub fn ok() -> Value {
    json!({"status": "ok"})
}

/// Reads a body, or gives FastAPI's `detail` on what is wrong with it.
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

/// Since 1970, by this machine's clock.
fn now() -> Duration {
    // A clock before 1970 is wrong in any case; every check of times then says so.
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

/// What a signed request is called.
pub const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
/// When it was signed: seconds since 1970.
pub const WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
/// `v1,` and the signature; several with a space between.
pub const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// The secrets that peers share: the first signs, any of them is right. Two while they are changed.
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
        // Revealed to be decoded here, and kept in a type that shows nothing either.
        Self::from_setting(secret.reveal()).ok_or(Self::EXPECTED)
    }
}

/// Why a request is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A header is missing or not of its form.
    #[error("the request is not signed")]
    Unsigned,
    /// The signature is none of these secrets', or not of this request.
    #[error("the signature is wrong")]
    Wrong,
    /// Signed too long ago, or too far in the future.
    #[error("the signature is too old, or one of the clocks is wrong")]
    Old,
    /// This very signature was used before.
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

/// A request's signature that was found to be right.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VerifiedSignature {
    /// What the request is called.
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

    /// Whether a request is what a peer signed within `tolerance` seconds of `now`.
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
        // Compared in constant time, by the `hmac` crate.
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

/// More than any change of secrets needs.
const MAX_SIGNATURES: usize = 8;

/// HMAC-SHA256 over `id.timestamp.body`. There is one for keys of every length.
fn mac(key: &[u8], id: &str, timestamp: u64, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    Some(mac)
}

#[cfg(test)]
mod tests;
