//! Every port is looked at before anything starts, so that nothing starts half.

use std::fmt;
use std::net::{SocketAddr, TcpListener};

use crate::plan::prefix;
use crate::settings::LabSettings;

/// A port that something is to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The address.
    pub address: SocketAddr,
    /// What is to listen there.
    pub what: String,
    /// The setting that moves it.
    pub setting: String,
}

/// A port that cannot be listened on.
#[derive(Debug)]
pub struct Unusable {
    port: Port,
    reason: std::io::Error,
}

/// Every port that these settings need.
pub fn ports(settings: &LabSettings) -> Vec<Port> {
    let port = |address, what: &str, setting: &str| Port {
        address,
        what: what.to_owned(),
        setting: setting.to_owned(),
    };
    let mut ports = vec![port(settings.page_listen, "the page", "LAB_PAGE_LISTEN")];
    let probes = |address| port(address, "the lab's own probes", "ADMIN_LISTEN");
    ports.extend(settings.admin_listen.map(probes));
    if settings.spans_elsewhere.is_none() {
        ports.push(port(
            settings.otlp_listen,
            "the span receiver",
            "LAB_OTLP_LISTEN",
        ));
        ports.push(port(
            settings.otlp_grpc_listen,
            "the span receiver over gRPC",
            "LAB_OTLP_GRPC_LISTEN",
        ));
    }
    if settings.links {
        ports.push(port(
            settings.toxiproxy_listen,
            "toxiproxy's API",
            "LAB_TOXIPROXY_LISTEN",
        ));
    }
    let mut services: Vec<_> = settings.services.iter().collect();
    // Programs of the user's own may have their ports already.
    services.retain(|service| {
        let mut without = settings.without.iter();
        !without.any(|other| other.service == service.name)
    });
    for service in services {
        let prefix = prefix(service.name);
        let probes = format!("probes of {}", service.name);
        ports.extend(
            service
                .listen
                .map(|at| port(at, service.name, &format!("{prefix}LISTEN"))),
        );
        ports.push(port(
            service.admin,
            &probes,
            &format!("{prefix}ADMIN_LISTEN"),
        ));
    }
    ports
}

/// Those that cannot be listened on. All are held at once, so that one given twice is found too.
pub fn unusable(ports: Vec<Port>) -> Vec<Unusable> {
    let mut held = Vec::new();
    let mut unusable = Vec::new();
    for port in ports {
        match TcpListener::bind(port.address) {
            Ok(listener) => held.push(listener),
            Err(reason) => unusable.push(Unusable { port, reason }),
        }
    }
    unusable
}

impl Unusable {
    /// What is wrong with it.
    pub fn trouble(&self) -> String {
        let Port { address, what, .. } = &self.port;
        match self.reason.kind() {
            std::io::ErrorKind::AddrInUse => {
                format!("{address}, for {what}: something listens there already")
            }
            _ => format!("{address}, for {what}: {}", self.reason),
        }
    }

    /// The setting that moves it, with a value.
    pub fn moved(&self) -> String {
        let Port {
            address, setting, ..
        } = &self.port;
        // A thousand further up is rarely taken as well, and easy to remember.
        let port = address.port();
        let other = port.checked_add(1000).unwrap_or(port - 1000);
        format!("{setting}={}", SocketAddr::new(address.ip(), other))
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; move it with {}", self.trouble(), self.moved())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(address: SocketAddr) -> Port {
        Port {
            address,
            what: "the page".to_owned(),
            setting: "LAB_PAGE_LISTEN".to_owned(),
        }
    }

    #[test]
    fn a_port_in_use_is_named_with_the_setting_that_moves_it() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let said = unusable(vec![port(address)])[0].to_string();
        let expected = format!("{address}, for the page: something listens there already; move it");
        assert!(said.starts_with(&expected), "{said}");
        assert!(said.contains("LAB_PAGE_LISTEN=127.0.0.1:"), "{said}");
    }

    #[test]
    fn a_port_given_to_two_is_found_though_nobody_listens_yet() {
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        assert_eq!(unusable(vec![port(free), port(free)]).len(), 1);
        assert!(unusable(vec![port(free)]).is_empty());
    }
}
