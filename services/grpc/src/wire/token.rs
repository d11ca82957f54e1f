//! Tokens: opaque to callers, refused where they are none of ours.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::{Position, UserId};

/// What every token of a page begins with, so that one of another kind is refused.
const PAGE: u8 = b'p';

/// The same of a place among the changes.
const CHANGES: u8 = b'm';

/// The token of the page after this user.
pub fn of_page(after: UserId) -> String {
    encode(PAGE, after.bytes())
}

/// The user after whom a page begins, if this is a page's token.
pub fn page(token: &str) -> Option<UserId> {
    UserId::from_bytes(decode(PAGE, token)?.try_into().ok()?)
}

/// The token of the changes after this position.
pub fn of_changes(position: Position) -> String {
    encode(CHANGES, position.to_string().as_bytes())
}

/// The position of such a token, if this is one.
pub fn changes(token: &str) -> Option<Position> {
    Position::parse(std::str::from_utf8(&decode(CHANGES, token)?).ok()?)
}

fn encode(kind: u8, bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode([&[kind], bytes].concat())
}

fn decode(kind: u8, token: &str) -> Option<Vec<u8>> {
    if token.len() > LONGEST {
        return None;
    }
    let mut bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    (!bytes.is_empty() && bytes.remove(0) == kind).then_some(bytes)
}

/// Longer than any token of ours.
const LONGEST: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{RandomBits, Timestamp};

    #[test]
    fn tokens_are_read_again_and_not_taken_for_each_other() {
        let id = UserId::new(Timestamp(1_700_000_000_000), RandomBits([3; 10]));
        let position = Position {
            time: u64::MAX,
            number: u64::MAX,
        };
        assert_eq!(page(&of_page(id)), Some(id));
        assert_eq!(changes(&of_changes(position)), Some(position));
        assert_eq!(
            (page(&of_changes(position)), changes(&of_page(id))),
            (None, None)
        );
    }

    #[test]
    fn what_is_no_token_is_told() {
        for wrong in [
            "",
            "x",
            "não",
            "====",
            "cA",
            &"A".repeat(1000),
            &id_token(&"A".repeat(3)),
        ] {
            assert_eq!((page(wrong), changes(wrong)), (None, None), "{wrong}");
        }
    }

    fn id_token(more: &str) -> String {
        of_page(UserId::new(Timestamp(1), RandomBits([3; 10]))) + more
    }
}
