//! Signatures over relayed messages, in the form of Standard Webhooks
//! (<https://github.com/standard-webhooks/standard-webhooks>, symmetric signatures, `v1`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use http::{HeaderMap, HeaderName, HeaderValue};
use runtime::settings::{FromSetting, Secret};
use sha2::Sha256;

/// What the request is called.
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
mod tests {
    use super::*;

    const NOW: u64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;

    fn keys(text: &str) -> Keys {
        Keys::from_setting(text).unwrap()
    }

    fn signed(keys: &Keys) -> HeaderMap {
        let mut headers = HeaderMap::new();
        keys.sign(&mut headers, "msg_p5jXN8AQM9LWM0D4loKWxJek", NOW, BODY);
        headers
    }

    #[test]
    fn the_signature_is_the_one_of_the_standards_own_example() {
        let keys = keys("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signature = &signed(&keys)[WEBHOOK_SIGNATURE];
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn what_a_peer_signed_is_believed_under_the_old_and_the_new_secret() {
        let old = keys("the old secret of the peers");
        let both = keys("the new secret of the peers, the old secret of the peers");
        let headers = signed(&old);
        assert!(both.check(&headers, BODY, NOW + 60, 60).is_ok());
        assert_eq!(
            old.check(&signed(&both), BODY, NOW, 60),
            Err(SignatureError::Wrong)
        );
    }

    #[test]
    fn whatever_is_changed_is_no_longer_believed() {
        let keys = keys("the secret of the peers");
        let check = |headers: &HeaderMap, body, now| keys.check(headers, body, now, 60);
        let headers = signed(&keys);
        assert_eq!(check(&headers, b"{}", NOW), Err(SignatureError::Wrong));
        assert_eq!(check(&headers, BODY, NOW + 61), Err(SignatureError::Old));
        assert_eq!(check(&headers, BODY, NOW - 61), Err(SignatureError::Old));
        assert_eq!(
            check(&HeaderMap::new(), BODY, NOW),
            Err(SignatureError::Unsigned)
        );
        for (name, value, why) in [
            (WEBHOOK_ID, "another", SignatureError::Wrong),
            (WEBHOOK_TIMESTAMP, "1614265331", SignatureError::Wrong),
            (WEBHOOK_TIMESTAMP, "soon", SignatureError::Unsigned),
            (WEBHOOK_SIGNATURE, "v1,AAAA v2,g0hM", SignatureError::Wrong),
            (WEBHOOK_SIGNATURE, "", SignatureError::Wrong),
        ] {
            let mut changed = headers.clone();
            changed.insert(name, HeaderValue::from_static(value));
            assert_eq!(check(&changed, BODY, NOW), Err(why), "{value}");
        }
    }

    #[test]
    fn short_secrets_are_refused_and_never_shown() {
        for bad in [
            "short",
            "whsec_AAAA",
            "whsec_***",
            "the secret of the peers,x",
        ] {
            assert!(Keys::from_setting(bad).is_none(), "{bad}");
        }
        assert_eq!(
            format!("{:?}", keys("the secret of the peers")),
            "1 secrets"
        );
    }
}
