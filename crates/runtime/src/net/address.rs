//! Where a client connects to.

use std::fmt;

use crate::settings::FromSetting;

/// A server by name or address, and its port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress {
    host: String,
    port: u16,
}

impl ServerAddress {
    /// The name or address, without the brackets of IPv6.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl FromSetting for ServerAddress {
    const EXPECTED: &'static str = "a name or an address and a port, such as server:8080";

    fn from_setting(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let port = port.parse().ok().filter(|port| *port != 0)?;
        let host = match host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
        {
            Some(v6) => v6.parse::<std::net::Ipv6Addr>().ok()?.to_string(),
            None => url::Host::parse(host).ok()?.to_string(),
        };
        Some(Self { host, port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_with_a_port_are_read_and_shown_alike() {
        for text in [
            "server:8080",
            "127.0.0.1:65432",
            "[::1]:8080",
            "server.hello.svc:1",
        ] {
            assert_eq!(ServerAddress::from_setting(text).unwrap().to_string(), text);
        }
        let address = ServerAddress::from_setting("[::1]:8080").unwrap();
        assert_eq!((address.host(), address.port()), ("::1", 8080));
    }

    #[test]
    fn what_has_no_port_or_no_host_is_refused() {
        for wrong in [
            "server",
            "server:",
            ":8080",
            "server:0",
            "server:65536",
            "::1:80x",
            "a b:80",
            "http://server:8080",
            "::1:8080",
        ] {
            assert_eq!(ServerAddress::from_setting(wrong), None, "{wrong}");
        }
    }
}
