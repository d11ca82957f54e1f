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
