//! Names of clients, and of everything that is made at random.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A client's number, as in `Client #261`. Every JavaScript number can hold it exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClientId(i64);

impl ClientId {
    /// The largest: 2^53 - 1. The smallest is its negative.
    const MAX: i64 = (1 << 53) - 1;

    /// A whole number in range, written in decimal.
    pub fn parse(text: &str) -> Option<Self> {
        let number: i64 = text.parse().ok()?;
        (-Self::MAX..=Self::MAX)
            .contains(&number)
            .then_some(Self(number))
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name of a message, a session, an epoch or a service: 1 to 64 of `A-Z a-z 0-9 _ -`.
///
/// No such name needs quoting in a header, a URL, JSON or a Redis key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Token(Arc<str>);

/// Why a text is no [`Token`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 1 to 64 of A-Z a-z 0-9 _ -")]
pub struct InvalidToken;

impl Token {
    /// The text, if it has the form.
    pub fn parse(text: &str) -> Result<Self, InvalidToken> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidToken)
        }
    }

    /// One that nobody has.
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().to_string().into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Token {
    type Error = InvalidToken;

    fn try_from(text: String) -> Result<Self, InvalidToken> {
        Self::parse(&text)
    }
}

impl From<Token> for String {
    fn from(token: Token) -> Self {
        token.0.as_ref().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_id_is_a_whole_number_that_javascript_can_hold() {
        for good in ["0", "261", "-7", "9007199254740991", "-9007199254740991"] {
            assert_eq!(ClientId::parse(good).unwrap().to_string(), good);
        }
        for bad in [
            "",
            "x",
            "1.5",
            "1 ",
            "9007199254740992",
            "99999999999999999999",
        ] {
            assert_eq!(ClientId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_token_needs_no_quoting_anywhere() {
        assert!(Token::parse("0197f3a2-A_z").is_ok());
        assert!(Token::parse(&"a".repeat(64)).is_ok());
        for bad in ["", "a b", "a:b", "ção", "a\n", &"a".repeat(65)] {
            assert_eq!(Token::parse(bad), Err(InvalidToken), "{bad}");
        }
        assert!(Token::parse(Token::random().as_str()).is_ok());
    }
}
