//! Jaeger's query API over what the collector keeps, in the shape of Jaeger 2's answers.
//!
//! # Layout
//! - [`routes`]: the paths and what each answers.
//! - [`params`]: the query string of a search.
//! - [`model`]: the JSON of a trace.
//! - [`dependencies`]: who calls whom.
//! - [`tags`]: attributes as Jaeger's typed tags.
//! - [`v3`]: the same questions by version 3 of the API, which Jaeger's own page asks since 2.20.

pub mod dependencies;
pub mod model;
pub mod params;
mod routes;
pub mod tags;
pub mod v3;

pub use routes::{elsewhere, routes};
