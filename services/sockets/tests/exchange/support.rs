//! A server of this exercise.

use std::net::SocketAddr;

use sockets::{Server, server};
use testing::{TestLifecycle, listener, settings};

/// A server on a free port, and the lifecycle that ends it.
pub(crate) async fn start_server(environment: &[(&str, &str)]) -> (SocketAddr, TestLifecycle) {
    let (listener, lifecycle) = (listener().await, TestLifecycle::default());
    let address = listener.local_addr().unwrap();
    let settings = settings::<Server>(environment);
    lifecycle.lifecycle().spawn(server::serve(
        settings,
        listener,
        lifecycle.lifecycle().clone(),
    ));
    (address, lifecycle)
}
