//! The hand-written HTML, CSS and scripts, embedded in the program.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

const INDEX: &str = include_str!("assets/index.html");

/// Path, type and content of every file.
const FILES: [(&str, &str, &str); 11] = [
    ("/", HTML, INDEX),
    // The same page, of one trace: a path as in Jaeger's.
    ("/trace/{id}", HTML, INDEX),
    ("/page.css", CSS, include_str!("assets/page.css")),
    ("/traces.css", CSS, include_str!("assets/traces.css")),
    ("/app.js", SCRIPT, include_str!("assets/app.js")),
    ("/dom.js", SCRIPT, include_str!("assets/dom.js")),
    ("/words.js", SCRIPT, include_str!("assets/words.js")),
    ("/services.js", SCRIPT, include_str!("assets/services.js")),
    ("/traces.js", SCRIPT, include_str!("assets/traces.js")),
    ("/waterfall.js", SCRIPT, include_str!("assets/waterfall.js")),
    ("/icon.svg", SVG, include_str!("assets/icon.svg")),
];

/// A route for each file.
pub(super) fn routes() -> Router {
    FILES
        .into_iter()
        .fold(Router::new(), |routes, (path, kind, content)| {
            let answer = move || async move { ([(CONTENT_TYPE, kind)], content).into_response() };
            routes.route(path, get(answer))
        })
}
