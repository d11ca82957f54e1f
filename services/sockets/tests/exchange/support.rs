//! A server of this exercise.

use std::net::SocketAddr;

use sockets::{Server, server};
use testing::{TestLifecycle, serving, settings};

/// A server on a free port, and the lifecycle that ends it.
pub(crate) async fn start_server(environment: &[(&str, &str)]) -> (SocketAddr, TestLifecycle) {
    let settings = settings::<Server>(environment);
    serving(|listener, lifecycle| server::serve(settings, listener, lifecycle)).await
}
