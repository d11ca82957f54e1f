//! What callers name users by: each is what it becomes when it is read again, two spellings of one
//! address have one key, and a token, an id or an etag has one text.

use grpc::domain::{Email, Name, Position, RequestId, UserId, Version};
use grpc::wire::token;

/// Panics where it does not hold of this text.
pub fn check(sent: &[u8]) {
    let Ok(text) = std::str::from_utf8(sent) else {
        return;
    };
    if let Some(name) = Name::new(text) {
        assert!((1..=100).contains(&name.as_str().chars().count()));
        assert_eq!(Name::new(name.as_str()), Some(name));
    }
    if let Some(email) = Email::new(text) {
        assert!(email.as_str().len() <= 254 && !email.as_str().contains(char::is_whitespace));
        let key = email.key();
        assert_eq!(Email::new(email.as_str()), Some(email));
        if let Some(key_as_address) = Email::new(&key) {
            assert_eq!(key_as_address.key(), key, "a key is its own key");
        }
    }
    if let Some(id) = RequestId::new(text) {
        assert_eq!(id.as_str(), text);
    }
    if let Some(id) = UserId::parse(text) {
        assert_eq!(id.to_string(), text.to_ascii_lowercase());
        assert_eq!(token::page(&token::of_page(id)), Some(id));
    }
    if let Some(position) = Position::parse(text) {
        assert_eq!(position.to_string(), text);
        assert_eq!(token::changes(&token::of_changes(position)), Some(position));
    }
    if let Some(user) = token::page(text) {
        assert_eq!(token::of_page(user), text);
    }
    if let Some(position) = token::changes(text) {
        assert_eq!(token::of_changes(position), text);
    }
    let version = Version::of_etag(text);
    assert!(version == Version(0) || version.etag() == text);
}
