//! The page: HTML, CSS and JavaScript modules, embedded in the program.
//!
//! It speaks `malha.chat.v1` (`proto/chat-v1.md`) like any other client. `app.js` connects its
//! modules: `connection.js` (a WebSocket that reconnects), `conversation.js` (what was said,
//! without DOM or network), `outbox.js` (own messages until they are answered), `memory.js` (what
//! survives a reload), and what is shown: `log.js`, `people.js`, `scroll.js`, `words.js`, `dom.js`.

use axum::Extension;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use runtime::http::{Forwarded, Routes};

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The path, type and content of every file.
const FILES: [(&str, &str, &str); 12] = [
    ("/", HTML, include_str!("page/index.html")),
    ("/app.css", CSS, include_str!("page/app.css")),
    ("/app.js", SCRIPT, include_str!("page/app.js")),
    ("/connection.js", SCRIPT, include_str!("page/connection.js")),
    (
        "/conversation.js",
        SCRIPT,
        include_str!("page/conversation.js"),
    ),
    ("/dom.js", SCRIPT, include_str!("page/dom.js")),
    ("/log.js", SCRIPT, include_str!("page/log.js")),
    ("/memory.js", SCRIPT, include_str!("page/memory.js")),
    ("/outbox.js", SCRIPT, include_str!("page/outbox.js")),
    ("/people.js", SCRIPT, include_str!("page/people.js")),
    ("/scroll.js", SCRIPT, include_str!("page/scroll.js")),
    ("/words.js", SCRIPT, include_str!("page/words.js")),
];

/// The page may load its own files and open its own WebSocket, and nothing else. Nothing is inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// A route for each file.
pub(crate) fn routes() -> Routes {
    FILES
        .into_iter()
        .fold(Routes::new(), |routes, (path, kind, content)| {
            let headers = [
                (CONTENT_TYPE, kind),
                (CONTENT_SECURITY_POLICY, POLICY),
                (X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (X_FRAME_OPTIONS, "DENY"),
                (REFERRER_POLICY, "no-referrer"),
                (CACHE_CONTROL, "no-cache"), // modules of two releases must not mix
            ];
            let file = move |asked| async move {
                let file = (headers, content);
                to_the_folder(asked).map_or_else(|| file.into_response(), Redirect::into_response)
            };
            routes.route(path, get(file))
        })
}

/// To where the page's relative links lead to its files, if the request missed it by a slash.
fn to_the_folder(asked: Option<Extension<Forwarded>>) -> Option<Redirect> {
    let Extension(asked) = asked.filter(|asked| asked.lacks_slash)?;
    Some(Redirect::temporary(&format!("{}/", asked.root_path)))
}
