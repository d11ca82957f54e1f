//! The lab's page over a Kubernetes cluster: what runs is read from the API server, traces from a Jaeger.
//!
//! It shows the same page, over other sources: Deployments, `StatefulSets`, pods, endpoints and events in place
//! of the supervisor's processes. Nobody but [`breaks`] writes anything, and it does so only where the
//! settings say so.
//!
//! # Layout
//! - [`ClusterLab`] (`program.rs`): the program `lab`, top to bottom.
//! - [`settings`]: its settings.
//! - [`peer`]: requests by TLS or without.
//! - [`api`]: the API server: who asks, what it refuses.
//! - [`objects`]: what is read of Kubernetes' objects.
//! - [`mirror`]: the objects of a kind in a namespace, as they are now.
//! - [`sight`]: all mirrors, and what is wrong with them.
//! - [`view`]: objects as the page's services.
//! - [`capture`]: the commands that show bytes, which the lab cannot.
//! - [`traces`]: from Jaeger into the lab's own store.
//! - [`logs`]: the lines of pods.
//! - [`breaks`]: scale, delete, deny, and put right again.
//! - [`routes`]: the HTTP API for the page.

pub mod api;
pub mod breaks;
pub mod capture;
mod error;
pub mod logs;
pub mod mirror;
pub mod objects;
pub mod peer;
mod program;
pub mod routes;
pub mod settings;
pub mod sight;
pub mod traces;
pub mod view;

pub use error::ClusterError;
pub use program::ClusterLab;

#[cfg(test)]
mod tests;
