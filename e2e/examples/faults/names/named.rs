//! A name that is looked up, with the addresses that it may have.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use link::{Link, LinkError};
use testing::Silence;

use super::Names;

/// A name, and where it may lead: to two places with the same service behind them, and to two where
/// nobody is.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) name: &'static str,
    pub(crate) port: u16,
    pub(crate) names: Arc<Names>,
    /// Open from the start.
    pub(crate) first: Link,
    /// Closed at the start.
    pub(crate) second: Link,
    pub(crate) places: Places,
}

/// Addresses of one name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places {
    pub(crate) first: Ipv4Addr,
    pub(crate) second: Ipv4Addr,
    /// Where connections are refused.
    refusing: Ipv4Addr,
    /// Where nobody answers.
    silent: Ipv4Addr,
}

impl Places {
    /// Four that nobody has.
    pub(crate) fn find() -> Self {
        let (net, host) = (rand::random_range(64..128), rand::random());
        let [first, second, refusing, silent] =
            [1, 2, 3, 4].map(|last| Ipv4Addr::new(127, net, host, last));
        Self {
            first,
            second,
            refusing,
            silent,
        }
    }
}

impl Named {
    /// As settings have it.
    pub(crate) fn address(&self) -> String {
        format!("{}:{}", self.name, self.port)
    }

    /// Half of its addresses are dead from now on, until what this returns is dropped.
    pub(crate) async fn is_half_dead(&self) -> anyhow::Result<Silence> {
        let Places {
            first,
            second,
            refusing,
            silent,
        } = self.places;
        let silence = Silence::at(SocketAddr::from((silent, self.port))).await?;
        self.second.enable().await?;
        self.names
            .set(self.name, &[silent, first, refusing, second]);
        Ok(silence)
    }

    /// The service moves, and its name does not follow yet.
    pub(crate) async fn moves(&self) -> Result<(), LinkError> {
        self.second.enable().await?;
        self.first.close().await;
        Ok(())
    }

    /// The name follows.
    pub(crate) fn follows(&self) {
        self.names.set(self.name, &[self.places.second]);
    }

    /// All its connections break.
    pub(crate) async fn breaks(&self) -> Result<(), LinkError> {
        for link in [&self.first, &self.second] {
            if link.address().await.is_some() {
                link.close().await;
                link.enable().await?;
            }
        }
        Ok(())
    }
}
