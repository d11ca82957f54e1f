//! What RFC 9110, 9112 and 3986 ask of a request's head, and hyper leaves to others.

use std::borrow::Cow;

use axum::http::header::{EXPECT, HOST, TRANSFER_ENCODING};
use axum::http::uri::{Authority, PathAndQuery};
use axum::http::{HeaderMap, Request, StatusCode, Uri, Version};
use axum::response::Response;

use super::problem;

/// A request whose head breaks the rules.
pub(super) struct RefusedHead {
    /// A bounded name, for metrics.
    pub(super) reason: &'static str,
    pub(super) answer: Response,
}

/// Why a request is refused for its head, which may have so many bytes.
pub(super) fn refused<B>(request: &Request<B>, max_bytes: u64) -> Option<RefusedHead> {
    let lines = Lines::read(request.headers());
    if first_line(request) + lines.size > max_bytes {
        return Some(RefusedHead {
            reason: "head_too_large",
            answer: problem::head_too_large(),
        });
    }
    let is_old = request.version() == Version::HTTP_10;
    // RFC 9112, 3.2: exactly one; HTTP/1.0 may do without.
    if !lines.are_hosts_right || lines.hosts > 1 || lines.hosts == 0 && !is_old {
        let said = "o pedido deve ter um só Host, com um nome ou endereço (RFC 9112, 3.2)";
        return Some(RefusedHead {
            reason: "bad_request",
            answer: problem::refusal(StatusCode::BAD_REQUEST, said),
        });
    }
    // HTTP/1.0 knows no expectations (RFC 9110, 10.1.1).
    if !lines.are_expectations_known && !is_old {
        let said = "de Expect só se conhece 100-continue";
        return Some(RefusedHead {
            reason: "bad_request",
            answer: problem::refusal(StatusCode::EXPECTATION_FAILED, said),
        });
    }
    // RFC 9112, 6.1: a body in another coding would be taken for what is in it.
    if !lines.are_codings_known {
        let said = "de Transfer-Encoding só se conhece chunked";
        return Some(RefusedHead {
            reason: "bad_request",
            answer: problem::refusal(StatusCode::NOT_IMPLEMENTED, said),
        });
    }
    None
}

/// What counts of the lines of a head, read in one pass: to look up a name takes as long as to pass over
/// several of them.
struct Lines {
    /// Their bytes, without spaces that may be left out, and with those of the empty line.
    size: u64,
    hosts: usize,
    are_hosts_right: bool,
    are_expectations_known: bool,
    are_codings_known: bool,
}

impl Lines {
    fn read(headers: &HeaderMap) -> Self {
        let mut size = "\r\n".len();
        let mut lines = Self {
            size: 0,
            hosts: 0,
            are_hosts_right: true,
            are_expectations_known: true,
            are_codings_known: true,
        };
        for (name, value) in headers {
            size += name.as_str().len() + value.len() + ": \r\n".len();
            if name == HOST {
                lines.hosts += 1;
                lines.are_hosts_right &= value.is_empty() || is_host(value.as_bytes());
            } else if name == EXPECT {
                let is_known = value.as_bytes().eq_ignore_ascii_case(b"100-continue");
                lines.are_expectations_known &= is_known;
            } else if name == TRANSFER_ENCODING {
                let is_known = value.as_bytes().eq_ignore_ascii_case(b"chunked");
                lines.are_codings_known &= is_known;
            }
        }
        lines.size = bytes(size);
        lines
    }
}

/// The bytes of a head's first line. hyper holds to its limit only while a head is not whole, and its
/// buffer may take in more at once.
fn first_line<B>(request: &Request<B>) -> u64 {
    let uri = request.uri();
    let scheme = uri.scheme_str().map_or(0, |scheme| scheme.len() + 3);
    let authority = uri.authority().map_or(0, |name| name.as_str().len());
    let path = uri.path_and_query().map_or(0, |path| path.as_str().len());
    let method = request.method().as_str().len();
    bytes(method + 1 + scheme + authority + path + " HTTP/1.1\r\n".len())
}

fn bytes(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
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

/// The name or address in a `Host`, and its port; none where it is no host.
pub(super) fn host_and_port(text: &str) -> Option<(Cow<'_, str>, Option<u16>)> {
    if is_plain_host(text.as_bytes()) {
        return Some(match text.split_once(':') {
            Some((name, port)) => (name.into(), port.parse().ok()),
            None => (text.into(), None),
        });
    }
    let authority: Authority = text.parse().ok()?;
    Some((authority.host().to_owned().into(), authority.port_u16()))
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

    fn size<B>(request: &Request<B>) -> u64 {
        first_line(request) + Lines::read(request.headers()).size
    }

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
    fn the_size_of_a_head_is_that_of_its_bytes() {
        let request = |uri: &str| {
            let request = Request::get(uri).header("host", "a").header("x", "");
            size(&request.body(()).unwrap())
        };
        for (uri, head) in [
            ("/a?b", "GET /a?b HTTP/1.1\r\nhost: a\r\nx: \r\n\r\n"),
            (
                "http://a/",
                "GET http://a/ HTTP/1.1\r\nhost: a\r\nx: \r\n\r\n",
            ),
        ] {
            assert_eq!(request(uri), head.len() as u64, "{uri}");
        }
    }

    #[test]
    fn a_head_that_breaks_the_rules_is_refused_and_counted_by_its_reason() {
        let (old, now) = (Version::HTTP_10, Version::HTTP_11);
        for (version, headers, expected) in [
            (now, &[("host", "a")][..], None),
            (now, &[("host", "")], None),
            (now, &[], Some(("bad_request", 400))),
            (
                now,
                &[("host", "a"), ("host", "a")],
                Some(("bad_request", 400)),
            ),
            (now, &[("host", "a b")], Some(("bad_request", 400))),
            (old, &[], None),
            (old, &[("host", "a b")], Some(("bad_request", 400))),
            (now, &[("host", "a"), ("expect", "100-Continue")], None),
            (
                now,
                &[("host", "a"), ("expect", "tea")],
                Some(("bad_request", 417)),
            ),
            (old, &[("expect", "tea")], None),
            (
                now,
                &[("host", "a"), ("transfer-encoding", "Chunked")],
                None,
            ),
            (
                now,
                &[("host", "a"), ("transfer-encoding", "gzip, chunked")],
                Some(("bad_request", 501)),
            ),
            (now, &[("host", "abc")], Some(("head_too_large", 431))),
        ] {
            let mut request = Request::get("/").version(version);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let request = request.body(()).unwrap();
            // One byte less than the last one has; the others are let in to their last byte.
            let most = match expected {
                Some(("head_too_large", _)) => size(&request) - 1,
                _ => size(&request),
            };
            let refused = refused(&request, most);
            let refused = refused.map(|head| (head.reason, head.answer.status().as_u16()));
            assert_eq!(refused, expected, "{version:?} {headers:?}");
        }
    }

    #[test]
    fn most_hosts_are_read_without_a_copy() {
        for text in ["a", "a-1.b_c:8080", "127.0.0.1", "a:1"] {
            assert!(is_plain_host(text.as_bytes()), "{text}");
            assert!(matches!(host_and_port(text), Some((Cow::Borrowed(_), _))));
        }
        for text in ["", ":80", "a:", "a:12345", "a:8x", "a b", "[::1]"] {
            assert!(!is_plain_host(text.as_bytes()), "{text}");
        }
        assert_eq!(host_and_port("a b"), None);
    }

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
        for right in ["a", "a:80", "[::1]:80", "127.0.0.1"] {
            assert!(is_host(right.as_bytes()), "{right}");
        }
        for (text, host, port) in [
            ("a", "a", None),
            ("a.b:8080", "a.b", Some(8080)),
            ("a:65535", "a", Some(65_535)),
            ("a:99999", "a", None),
            ("[::1]:80", "[::1]", Some(80)),
        ] {
            let read = host_and_port(text).unwrap();
            assert_eq!((&*read.0, read.1), (host, port), "{text}");
        }
        for wrong in ["a b", "u@a", "a/b", "a:b:c", "[::1"] {
            assert!(!is_host(wrong.as_bytes()), "{wrong}");
        }
    }
}
