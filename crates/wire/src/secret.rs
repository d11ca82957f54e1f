//! Which values nobody may see.

/// What stands in their place.
pub(crate) const MASK: &str = "•••";

/// Whether a header's value is a secret.
pub(crate) fn is_secret(header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    let whole = [
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "x-api-key",
    ];
    whole.contains(&header.as_str())
        || ["signature", "secret", "token", "password"]
            .iter()
            .any(|part| header.contains(part))
}

/// Overwrites bytes with asterisks.
pub(crate) fn mask(bytes: &mut [u8], start: usize, end: usize) {
    if let Some(part) = bytes.get_mut(start..end) {
        part.fill(b'*');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lets_somebody_in_is_a_secret() {
        for header in [
            "Authorization",
            "proxy-authorization",
            "cookie",
            "Set-Cookie",
            "X-Api-Key",
            "webhook-signature",
            "x-client-secret",
            "csrf-token",
            "Password",
        ] {
            assert!(is_secret(header), "{header}");
        }
        for header in ["accept", "content-type", "x-api-keys", "cookies"] {
            assert!(!is_secret(header), "{header}");
        }
    }

    #[test]
    fn only_the_bytes_in_between_are_overwritten() {
        let mut bytes = *b"abcdef";
        mask(&mut bytes, 2, 4);
        assert_eq!(&bytes, b"ab**ef");
        mask(&mut bytes, 4, 7);
        assert_eq!(&bytes, b"ab**ef", "there are no such bytes");
    }
}
