//! A whole request to the lab's receiver: its content type, its encoding, its body. It is taken or
//! refused with a status of the client's fault, and the store stays within its bounds.

use axum::body::Body;
use bytesize::ByteSize;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use lab::collector::{Limits, SharedStore, http::routes};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

use crate::lines::lines;

/// What a body may have when it is decompressed: little, so that bombs are small too.
const MOST: ByteSize = ByteSize::kib(2);

thread_local! {
    /// Large exports are read on another thread, which a runtime has.
    static RUNTIME: Runtime = Builder::new_current_thread().build().expect("threads can be started");
}

/// Panics where it does not hold of a request of these: two lines of headers, and the body.
pub fn check(sent: &[u8]) {
    let ([content_type, encoding], body) = lines(sent);
    let mut request = Request::post("/v1/traces").header(CONTENT_TYPE, content_type);
    if !encoding.is_empty() {
        request = request.header(CONTENT_ENCODING, encoding);
    }
    let Ok(request) = request.body(Body::from(body.to_vec())) else {
        return; // no server of HTTP lets such a header through
    };
    let limits = Limits {
        traces: 4,
        spans_per_trace: 4,
        bytes: 4096,
    };
    let store = SharedStore::new(limits);
    let (status, answer) = RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let answer = routes(store.clone(), MOST).oneshot(request).await;
            let (head, body) = answer.expect("a router is infallible").into_parts();
            let body = body.collect().await.expect("it is whole");
            (head.status, body.to_bytes())
        })
    });
    assert!(!answer.is_empty() || status == StatusCode::OK);
    let expected = [
        StatusCode::OK,
        StatusCode::BAD_REQUEST,
        StatusCode::PAYLOAD_TOO_LARGE,
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
    ];
    assert!(expected.contains(&status), "{}", status);
    let services = store.lock().services();
    assert!(services.is_empty() || status == StatusCode::OK);
}
