//! The page at <http://localhost:8888>: services, their health, the latest traces.
//!
//! # Layout
//! - [`guard`]: who may ask, and what a browser may do with the answers.
//! - [`assets`]: the hand-written HTML, CSS and scripts.
//! - [`state`]: services and their health, which the page asks for every second.
//! - [`traces`], [`query`], [`summary`]: the list of traces, what somebody looks for in it, a
//!   trace in one line.
//! - [`service`]: the settings of one service, and how it has fared lately.
//! - [`mesh`]: who asks whom, how often and how fast.
//! - [`logs`]: the lines of every process.
//! - [`play`]: what a person does on the page.

mod assets;
pub mod guard;
pub(crate) mod logs;
mod mesh;
mod play;
mod query;
mod service;
mod state;
mod summary;
mod traces;

pub use state::Shown;
pub(crate) use state::unless_known;

use axum::Router;
use axum::routing::{any, get, put};

use crate::asked;
use crate::collector::SharedStore;

/// Every route of the page, without Jaeger's API.
pub fn routes(shown: Shown) -> Router {
    let traces = over(shown.store.clone());
    Router::new()
        .route("/lab/services", get(state::services))
        .route("/lab/services/{service}/settings", get(service::settings))
        .route("/lab/services/{service}/metrics", get(service::metrics))
        .route("/lab/logs", get(logs::lines))
        .merge(play::routes())
        .with_state(shown)
        .merge(traces)
}

/// What needs nothing but traces, wherever they come from: the page, their list, the mesh that is learnt
/// from them.
pub fn over(traces: SharedStore) -> Router {
    Router::new()
        .route("/lab/traces", get(traces::traces))
        .route(
            "/lab/traces/{id}/pin",
            put(traces::pin).delete(traces::unpin),
        )
        .route("/lab/mesh", get(mesh::mesh))
        .route("/lab/{*path}", any(asked::nothing))
        .with_state(traces)
        .merge(assets::routes())
}
