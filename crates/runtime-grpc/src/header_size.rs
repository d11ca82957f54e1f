//! The limit on a call's head.
//!
//! hyper answers a head beyond its own limit by a bare 431, of which clients make `UNKNOWN` or
//! `INTERNAL`, and some do not even send it. So hyper takes more than the setting says, and what is
//! between the two gets a status.

use http::Request;
use tonic::Status;

/// So many times the limit is read, only to be refused by a status.
const READ: u64 = 4;

/// Of each header beside its name and value (RFC 9113, 6.5.2).
const OVERHEAD: usize = 32;

/// hyper's limit where this is ours.
pub(super) fn on_the_wire(limit: u64) -> u32 {
    u32::try_from(limit.saturating_mul(READ)).unwrap_or(u32::MAX)
}

/// The size of a head, which is refused beyond the limit.
pub(super) fn within<B>(request: &Request<B>, limit: u64) -> Result<usize, Status> {
    let size = size(request);
    if size as u64 <= limit {
        return Ok(size);
    }
    Err(Status::resource_exhausted(format!(
        "the metadata has {size} bytes, more than the {limit} that this server takes"
    )))
}

/// The size of a head, as RFC 9113 counts it.
fn size<B>(request: &Request<B>) -> usize {
    let uri = request.uri();
    let pseudo = [
        (":method", request.method().as_str()),
        (":scheme", uri.scheme_str().unwrap_or_default()),
        (
            ":authority",
            uri.authority().map_or("", http::uri::Authority::as_str),
        ),
        (
            ":path",
            uri.path_and_query().map_or("", |path| path.as_str()),
        ),
    ];
    let pseudo = pseudo.map(|(name, value)| name.len() + value.len() + OVERHEAD);
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| name.as_str().len() + value.len() + OVERHEAD);
    pseudo.iter().sum::<usize>() + headers.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_counted_as_http_2_counts_it() {
        let request = Request::post("http://servidor:50051/a.B/C")
            .header("te", "trailers")
            .header("x", "")
            .body(())
            .unwrap();
        let own = [
            ":method",
            "POST",
            ":scheme",
            "http",
            ":authority",
            "servidor:50051",
            ":path",
            "/a.B/C",
            "te",
            "trailers",
            "x",
            "",
        ];
        let own = own.map(str::len).iter().sum::<usize>() + 6 * OVERHEAD;
        assert_eq!(size(&request), own);
        let own = own as u64;
        assert!(within(&request, own).is_ok());
        let refused = within(&request, own - 1).unwrap_err();
        assert_eq!(refused.code(), tonic::Code::ResourceExhausted);
        let text = format!("{own} bytes, more than the {}", own - 1);
        assert!(refused.message().contains(&text), "{refused:?}");
    }

    #[test]
    fn what_hyper_reads_is_bounded() {
        assert_eq!(on_the_wire(16 * 1024), 64 * 1024);
        assert_eq!(on_the_wire(u64::MAX), u32::MAX);
    }
}
