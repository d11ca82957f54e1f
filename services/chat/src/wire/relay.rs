//! `POST /relay`: the original's body, and our headers beside it.

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

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

#[cfg(test)]
mod tests {
    use super::*;

    fn relay_headers() -> RelayHeaders {
        let token = |text| Token::parse(text).unwrap();
        RelayHeaders {
            id: token("m"),
            origin: token("serviceA"),
            epoch: token("e"),
            sequence: 17,
        }
    }

    #[test]
    fn a_stamp_is_read_back_from_its_headers() {
        let mut headers = HeaderMap::new();
        assert_eq!(RelayHeaders::read(&headers), Ok(None));
        relay_headers().write(&mut headers);
        assert_eq!(RelayHeaders::read(&headers), Ok(Some(relay_headers())));
        assert_eq!(relay_headers().webhook_id(), "serviceA:e:17:m");
    }

    #[test]
    fn half_a_stamp_is_refused_with_what_is_wrong() {
        for (name, value, wrong) in [
            (CHAT_ID, "", "Chat-Id"),
            (CHAT_ORIGIN, "a:b", "Chat-Origin"),
            (CHAT_EPOCH, "a b", "Chat-Epoch"),
            (CHAT_SEQUENCE, "0", "Chat-Sequence"),
            (CHAT_SEQUENCE, "-1", "Chat-Sequence"),
        ] {
            let mut headers = HeaderMap::new();
            relay_headers().write(&mut headers);
            headers.insert(name.clone(), HeaderValue::from_static(value));
            assert_eq!(RelayHeaders::read(&headers), Err(BadRelayHeaders(wrong)));
            headers.remove(name);
            assert_eq!(RelayHeaders::read(&headers), Err(BadRelayHeaders(wrong)));
        }
    }

    #[test]
    fn a_presence_counts_when_nothing_is_under_way() {
        let presence = |sequence, waiting| PresenceReport {
            service: Token::parse("serviceB").unwrap(),
            epoch: Token::parse("e").unwrap(),
            sequence,
            waiting,
            clients: Vec::new(),
        };
        assert!(presence(7, 0).is_settled(7) && presence(7, 3).is_settled(7));
        assert!(!presence(7, 0).is_settled(6) && !presence(7, 0).is_settled(8));
        // This side is new: what it was told before, it has forgotten.
        assert!(presence(7, 0).is_settled(0) && !presence(7, 1).is_settled(0));
    }

    #[test]
    fn bodies_of_another_shape_get_fastapis_words() {
        let detail = |bytes: &[u8]| read_body(bytes).unwrap_err()["detail"][0].clone();
        assert_eq!(
            detail(b"{\"m\":1}"),
            json!({"type":"missing","loc":["body","message"],"msg":"Field required","input":{"m":1}})
        );
        assert_eq!(detail(b"{\"message\":1}")["type"], "string_type");
        assert_eq!(detail(b"[]")["type"], "model_attributes_type");
        assert_eq!(detail(b"{\"message\"")["type"], "json_invalid");
        assert_eq!(detail(b"")["type"], "json_invalid");
        let body = read_body("{\"message\":\"olá\",\"more\":1}".as_bytes()).unwrap();
        assert_eq!(body.message, "olá");
    }
}
