//! Which addresses a name has.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

use runtime::net::ServerAddress;

/// The addresses that a look-up gives, sooner or later.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>>;

/// Tells where the servers are, each time it is asked. Tests have their own.
pub trait Resolve: Send + Sync + 'static {
    /// The addresses of now.
    fn resolve(&self) -> Resolving<'_>;
}

/// The system's resolver: in Kubernetes a headless Service has one address for each pod.
#[derive(Clone, Debug)]
pub struct Dns(pub ServerAddress);

impl Resolve for Dns {
    fn resolve(&self) -> Resolving<'_> {
        Box::pin(async {
            let found = tokio::net::lookup_host((self.0.host(), self.0.port())).await?;
            Ok(found.collect())
        })
    }
}
