//! Where each field of HTTP is described.

/// Fields by their names, in small letters, and the section of each.
const FIELDS: [(&str, &str); 61] = [
    (":authority", "RFC 9113, 8.3.1"),
    (":method", "RFC 9113, 8.3.1"),
    (":path", "RFC 9113, 8.3.1"),
    (":protocol", "RFC 8441, 4"),
    (":scheme", "RFC 9113, 8.3.1"),
    (":status", "RFC 9113, 8.3.2"),
    ("accept", "RFC 9110, 12.5.1"),
    ("accept-encoding", "RFC 9110, 12.5.3"),
    ("accept-language", "RFC 9110, 12.5.4"),
    ("accept-ranges", "RFC 9110, 14.3"),
    ("access-control-allow-headers", "Fetch, CORS protocol"),
    ("access-control-allow-methods", "Fetch, CORS protocol"),
    ("access-control-allow-origin", "Fetch, CORS protocol"),
    ("access-control-request-headers", "Fetch, CORS protocol"),
    ("access-control-request-method", "Fetch, CORS protocol"),
    ("age", "RFC 9111, 5.1"),
    ("allow", "RFC 9110, 10.2.1"),
    ("authorization", "RFC 9110, 11.6.2"),
    ("baggage", "W3C Baggage, 3"),
    ("cache-control", "RFC 9111, 5.2"),
    ("connection", "RFC 9110, 7.6.1"),
    ("content-encoding", "RFC 9110, 8.4"),
    ("content-language", "RFC 9110, 8.5"),
    ("content-length", "RFC 9110, 8.6"),
    ("content-location", "RFC 9110, 8.7"),
    ("content-security-policy", "CSP 3, 3.1"),
    ("content-type", "RFC 9110, 8.3"),
    ("cookie", "RFC 6265, 4.2"),
    ("date", "RFC 9110, 6.6.1"),
    ("etag", "RFC 9110, 8.8.3"),
    ("expect", "RFC 9110, 10.1.1"),
    ("forwarded", "RFC 7239, 4"),
    ("grpc-encoding", "gRPC over HTTP2, Message-Encoding"),
    ("grpc-message", "gRPC over HTTP2, Status-Message"),
    ("grpc-status", "gRPC over HTTP2, Status"),
    ("grpc-timeout", "gRPC over HTTP2, Timeout"),
    ("host", "RFC 9110, 7.2"),
    (
        "idempotency-key",
        "draft-ietf-httpapi-idempotency-key-header, 2",
    ),
    ("if-match", "RFC 9110, 13.1.1"),
    ("if-none-match", "RFC 9110, 13.1.2"),
    ("keep-alive", "RFC 2068, 19.7.1.1"),
    ("last-event-id", "HTML, Last-Event-ID"),
    ("location", "RFC 9110, 10.2.2"),
    ("origin", "RFC 6454, 7"),
    ("retry-after", "RFC 9110, 10.2.3"),
    ("sec-websocket-accept", "RFC 6455, 11.3.3"),
    ("sec-websocket-extensions", "RFC 6455, 11.3.2"),
    ("sec-websocket-key", "RFC 6455, 11.3.1"),
    ("sec-websocket-protocol", "RFC 6455, 11.3.4"),
    ("sec-websocket-version", "RFC 6455, 11.3.5"),
    ("server", "RFC 9110, 10.2.4"),
    ("set-cookie", "RFC 6265, 4.1"),
    ("te", "RFC 9110, 10.1.4"),
    ("traceparent", "W3C Trace Context, 3.2"),
    ("tracestate", "W3C Trace Context, 3.3"),
    ("trailer", "RFC 9110, 6.6.2"),
    ("transfer-encoding", "RFC 9112, 6.1"),
    ("upgrade", "RFC 9110, 7.8"),
    ("user-agent", "RFC 9110, 10.1.5"),
    ("vary", "RFC 9110, 12.5.5"),
    ("www-authenticate", "RFC 9110, 11.6.1"),
];

/// The section of a field, if it is known here.
pub(crate) fn section(name: &str) -> Option<&'static str> {
    let found = FIELDS
        .binary_search_by_key(&name, |(known, _)| *known)
        .ok()?;
    FIELDS.get(found).map(|(_, section)| *section)
}

/// The section of a part of the first line of HTTP/1.1.
pub(crate) fn part(name: &str) -> Option<&'static str> {
    match name {
        "method" => Some("RFC 9112, 3.1"),
        "target" => Some("RFC 9112, 3.2"),
        "status" => Some("RFC 9112, 4"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_in_order_each_once() {
        assert!(FIELDS.is_sorted_by(|(one, _), (next, _)| one < next));
    }

    #[test]
    fn each_field_is_described_in_its_own_section() {
        for (name, expected) in [
            ("host", "RFC 9110, 7.2"),
            ("content-length", "RFC 9110, 8.6"),
            ("accept", "RFC 9110, 12.5.1"),
            ("date", "RFC 9110, 6.6.1"),
            ("traceparent", "W3C Trace Context, 3.2"),
            ("connection", "RFC 9110, 7.6.1"),
            ("upgrade", "RFC 9110, 7.8"),
            ("sec-websocket-key", "RFC 6455, 11.3.1"),
            ("transfer-encoding", "RFC 9112, 6.1"),
            (":path", "RFC 9113, 8.3.1"),
        ] {
            assert_eq!(section(name), Some(expected), "{name}");
        }
        assert_eq!(section("x-own"), None);
        assert_eq!(part("target"), Some("RFC 9112, 3.2"));
    }

    #[test]
    fn each_part_of_a_first_line_is_described() {
        assert_eq!(part("method"), Some("RFC 9112, 3.1"));
        assert_eq!(part("status"), Some("RFC 9112, 4"));
        assert_eq!(part("reason"), None);
    }
}
