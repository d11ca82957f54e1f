//! What RFC 9110, 9112 and 3986 ask of a request's head, and hyper leaves to others.

use axum::http::header::{EXPECT, HOST};
use axum::http::uri::{Authority, PathAndQuery};
use axum::http::{HeaderMap, Request, StatusCode, Uri, Version};
use axum::response::Response;

use super::problem;

/// The answer to a request whose head breaks the rules.
pub(super) fn refused<B>(request: &Request<B>) -> Option<Response> {
    let headers = request.headers();
    if !has_host(headers, request.version()) {
        let said = "o pedido deve ter um só Host, com um nome ou endereço (RFC 9112, 3.2)";
        return Some(problem::refusal(StatusCode::BAD_REQUEST, said));
    }
    // HTTP/1.0 knows no expectations (RFC 9110, 10.1.1).
    let known = |value: &http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"100-continue");
    if request.version() != Version::HTTP_10 && !headers.get_all(EXPECT).iter().all(known) {
        let said = "de Expect só se conhece 100-continue";
        return Some(problem::refusal(StatusCode::EXPECTATION_FAILED, said));
    }
    None
}

/// RFC 9112, 3.2: exactly one, of the right form; HTTP/1.0 may do without.
fn has_host(headers: &HeaderMap, version: Version) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => version == Version::HTTP_10,
        (Some(host), None) => host.is_empty() || is_host(host.as_bytes()),
        (Some(_), Some(_)) => false,
    }
}

fn is_host(text: &[u8]) -> bool {
    is_plain_host(text) || !text.contains(&b'@') && Authority::try_from(text).is_ok()
}

/// What most of them are, found without a copy: a name or an address of IPv4, perhaps with a port.
fn is_plain_host(text: &[u8]) -> bool {
    let (name, port) = match text.iter().position(|byte| *byte == b':') {
        Some(colon) => (&text[..colon], &text[colon + 1..]),
        None => (text, &b"80"[..]),
    };
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_".contains(byte);
    !name.is_empty()
        && name.iter().all(is_of_name)
        && (1..=4).contains(&port.len())
        && port.iter().all(u8::is_ascii_digit)
}

/// Gives paths that mean the same one form (RFC 3986, 6.2.2): what needs no escape has none, and
/// other escapes are in capitals.
pub(super) fn normalize(uri: &mut Uri) {
    if !uri.path().contains('%') {
        return;
    }
    let path = normal(uri.path());
    let path = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = PathAndQuery::try_from(path).ok();
    if let Ok(normal) = Uri::from_parts(parts) {
        *uri = normal;
    }
}

fn normal(path: &str) -> String {
    let mut pieces = path.split('%');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.get(..2).and_then(octet) {
            Some(byte) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                text.push(char::from(byte));
                text.push_str(&piece[2..]);
            }
            Some(_) => {
                text.push('%');
                text.push_str(&piece[..2].to_ascii_uppercase());
                text.push_str(&piece[2..]);
            }
            None => {
                text.push('%');
                text.push_str(piece);
            }
        }
    }
    text
}

fn octet(digits: &str) -> Option<u8> {
    let are_digits = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    are_digits.then(|| u8::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_mean_the_same_have_one_form() {
        for (path, same) in [
            ("/%61%7e%2D?%61", "/a~-?%61"),
            ("/%c3%a9", "/%C3%A9"),
            ("/a%2fb%25", "/a%2Fb%25"),
            ("/%zz%4", "/%zz%4"),
            ("/%+1", "/%+1"),
            ("http://a/%61", "http://a/a"),
        ] {
            let mut uri: Uri = path.parse().unwrap();
            normalize(&mut uri);
            assert_eq!(uri.to_string(), same, "{path}");
        }
    }

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
        for right in ["a", "a:80", "[::1]:80", "127.0.0.1"] {
            assert!(is_host(right.as_bytes()), "{right}");
        }
        for wrong in ["a b", "u@a", "a/b", "a:b:c", "[::1"] {
            assert!(!is_host(wrong.as_bytes()), "{wrong}");
        }
    }
}
