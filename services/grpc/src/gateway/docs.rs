//! `/docs` and `/redoc`: readers of `/openapi.json`, from files in this program.

use axum::http::HeaderMap;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY,
};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use runtime::http::Routes;

use super::accept;
use super::error::GatewayError;
use super::root::Root;

/// What the pages may load: what they bring, and nothing from elsewhere. Both libraries set
/// styles by themselves; `ReDoc` searches in a worker that it makes from a blob.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src blob:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";

/// Where the pages are.
pub(super) const PAGES: [&str; 3] = ["/docs", "/redoc", "/openapi.json"];

/// The pages and their files.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Routes<S> {
    let page = |html: &'static str| {
        get(async move || {
            let headers = [(CONTENT_TYPE, HTML), (CONTENT_SECURITY_POLICY, POLICY)];
            (headers, html)
        })
    };
    let script = |text: &'static str| get(async move || ([(CONTENT_TYPE, JS)], text));
    let style = |text: &'static str| get(async move || ([(CONTENT_TYPE, CSS)], text));
    let packed = |kind: &'static str, bytes: &'static [u8]| {
        get(async move |headers: HeaderMap| packed(&headers, kind, bytes))
    };
    Routes::new()
        .route("/", get(async |root: Root| root.redirect("/docs")))
        .route("/docs", page(include_str!("assets/docs.html")))
        .route("/docs/start.js", script(include_str!("assets/docs.js")))
        .route("/docs/start.css", style(include_str!("assets/docs.css")))
        .route(
            "/docs/swagger-ui-bundle.js",
            packed(JS, include_bytes!("assets/swagger-ui-bundle.js.gz")),
        )
        .route(
            "/docs/swagger-ui.css",
            packed(CSS, include_bytes!("assets/swagger-ui.css.gz")),
        )
        .route("/redoc", page(include_str!("assets/redoc.html")))
        .route("/redoc/start.js", script(include_str!("assets/redoc.js")))
        .route(
            "/redoc/redoc.standalone.js",
            packed(JS, include_bytes!("assets/redoc.standalone.js.gz")),
        )
}

/// A file that is kept, and sent, in gzip alone: there is no browser that cannot read it.
fn packed(headers: &HeaderMap, kind: &'static str, bytes: &'static [u8]) -> Response {
    let weight = |name| accept::quality(headers, &ACCEPT_ENCODING, name);
    let said = headers.contains_key(ACCEPT_ENCODING);
    let weight = weight("gzip")
        .or_else(|| weight("x-gzip"))
        .or_else(|| weight("*"));
    if said && weight.unwrap_or(0) == 0 {
        return GatewayError::NotAcceptable.into_response();
    }
    let headers = [
        (CONTENT_TYPE, kind),
        (CONTENT_ENCODING, "gzip"),
        (VARY, "accept-encoding"),
        (CACHE_CONTROL, "public, max-age=3600"),
    ];
    (headers, bytes).into_response()
}
