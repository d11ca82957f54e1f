//! Whose word counts on whether a trace is recorded.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::settings::FromSetting;

/// The networks whose peers decide on the sampling of the traces that they bring along.
///
/// Anybody else's trace is linked to, from a trace of our own: a stranger must not be able to have
/// everything recorded, or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust(Arc<[IpNet]>);

impl Trust {
    /// Whether a peer is within one of the networks.
    pub fn holds(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.0.iter().any(|network| network.contains(&peer))
    }
}

impl FromSetting for Trust {
    const EXPECTED: &'static str = "networks such as 10.0.0.0/8, with commas between them, or none";

    fn from_setting(text: &str) -> Option<Self> {
        if text == "none" {
            return Some(Self(Arc::default()));
        }
        let parts = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        parts.map(network).collect::<Option<_>>().map(Self)
    }
}

/// A network, or one address.
fn network(text: &str) -> Option<IpNet> {
    text.parse()
        .ok()
        .or_else(|| text.parse().ok().map(|address: IpAddr| address.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_within_a_network_are_trusted_also_as_mapped_addresses() {
        let trust = Trust::from_setting("127.0.0.0/8, 10.1.0.0/16,fd00::/8, 192.0.2.7").unwrap();
        for trusted in [
            "127.0.0.1",
            "10.1.2.3",
            "fd00::1",
            "192.0.2.7",
            "::ffff:10.1.2.3",
        ] {
            assert!(trust.holds(trusted.parse().unwrap()), "{trusted}");
        }
        for stranger in ["10.2.0.1", "192.0.2.8", "::1", "2001:db8::1"] {
            assert!(!trust.holds(stranger.parse().unwrap()), "{stranger}");
        }
    }

    #[test]
    fn none_trusts_nobody_and_what_is_no_network_is_refused() {
        assert!(
            !Trust::from_setting("none")
                .unwrap()
                .holds([127, 0, 0, 1].into())
        );
        for wrong in ["10.0.0.0/33", "all", "10.0.0.0/8;127.0.0.1"] {
            assert_eq!(Trust::from_setting(wrong), None, "{wrong}");
        }
    }
}
