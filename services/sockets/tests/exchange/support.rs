//! A server of this exercise.

use std::net::SocketAddr;

use runtime::testing::{TestLife, listener, settings};
use sockets::{Server, server};

/// A server on a free port, and the life that ends it.
pub(crate) async fn start_server(environment: &[(&str, &str)]) -> (SocketAddr, TestLife) {
    let (listener, life) = (listener().await, TestLife::default());
    let address = listener.local_addr().unwrap();
    let settings = settings::<Server>(environment);
    life.life()
        .spawn(server::serve(settings, listener, life.life().clone()));
    (address, life)
}
