//! What a client accepts, with its weights (RFC 9110, 12.4.2).
//!
//! Every route has one media type, and gives it whatever `Accept` says, as FastAPI does: an answer
//! that nobody asked for in this form can still be read, and a 406 cannot.

use axum::http::HeaderMap;
use axum::http::header::HeaderName;

/// The weight of this very value in thousandths, or none where it is not named.
pub(super) fn quality(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> Option<u16> {
    let lines = headers.get_all(name).iter();
    let lines = lines.filter_map(|line| line.to_str().ok());
    let mut items = lines.flat_map(|line| line.split(','));
    items.find_map(|item| {
        let mut parts = item.split(';').map(str::trim);
        if !parts.next()?.eq_ignore_ascii_case(wanted) {
            return None;
        }
        let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
        Some(weight.map_or(MOST, thousandths))
    })
}

const MOST: u16 = 1000;

/// `0.25` as 250. What is no weight counts as none at all: the value was named.
fn thousandths(text: &str) -> u16 {
    match text.split_once('.').unwrap_or((text, "")) {
        ("0", digits) if digits.len() <= 3 => format!("{digits:0<3}").parse().unwrap_or(MOST),
        _ => MOST,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::ACCEPT_ENCODING;

    use super::*;

    #[test]
    fn weights_are_read_from_lists_and_zero_means_no() {
        let read = |text: &'static str| {
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, text.parse().unwrap())]);
            quality(&headers, &ACCEPT_ENCODING, "gzip")
        };
        for (text, weight) in [
            ("gzip", Some(1000)),
            ("br, GZIP ; q=0.5", Some(500)),
            ("gzip;q=0", Some(0)),
            ("gzip;q=0.000, *", Some(0)),
            ("gzip;q=1.0", Some(1000)),
            ("gzip;q=x", Some(1000)),
            ("gzipped, xgzip", None),
            ("*", None),
        ] {
            assert_eq!(read(text), weight, "{text}");
        }
    }
}
