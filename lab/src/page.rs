//! The page at <http://localhost:8888>: services, their health, the latest traces.
//!
//! # Layout
//! - [`guard`]: who may ask, and what a browser may do with the answers.
//! - [`assets`]: the hand-written HTML, CSS and scripts.
//! - [`state`]: the JSON that the page asks for every second.
//! - [`summary`]: a trace in one line.

mod assets;
pub mod guard;
mod state;
mod summary;

pub use state::Shown;

use axum::Router;
use axum::routing::get;

/// Every route of the page, without Jaeger's API.
pub fn routes(shown: Shown) -> Router {
    Router::new()
        .route("/lab/services", get(state::services))
        .route("/lab/traces", get(state::traces))
        .with_state(shown)
        .merge(assets::routes())
}
