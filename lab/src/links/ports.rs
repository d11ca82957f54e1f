//! Where services listen behind their links.

use std::collections::HashSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};

/// Gives out ports of this machine, none twice.
#[derive(Debug, Default)]
pub(super) struct Ports {
    given: HashSet<u16>,
    /// Sockets that keep a port from being given to anybody else. A service listens beside them.
    held: Vec<Socket>,
}

impl Ports {
    /// The port `base` and the last four digits of a documented one, which is easy to find again:
    /// 28180 for 8180. Any free one where that is taken, or the documented one was moved.
    pub(super) fn behind(&mut self, base: u16, documented: Option<u16>) -> io::Result<SocketAddr> {
        let wanted = documented.map(|port| base + port % 10_000);
        if let Some(port) = wanted.filter(|port| !self.given.contains(port)) {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            if !is_listened_on(address) {
                self.given.insert(port);
                return Ok(address);
            }
        }
        let socket = bound(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let address = socket.local_addr()?.as_socket();
        let address = address.ok_or_else(|| io::Error::other("no address of the Internet"))?;
        self.given.insert(address.port());
        // Elsewhere than on Linux, two sockets may not be bound to one address.
        if cfg!(target_os = "linux") {
            self.held.push(socket);
        }
        Ok(address)
    }
}

/// Whether anything listens there. Nobody is connected to: a server would take that for a client.
pub(super) fn is_listened_on(address: SocketAddr) -> bool {
    bound(address).is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
}

/// A socket that has this address and does not listen.
fn bound(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_port_is_listened_on_while_somebody_listens() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert!(is_listened_on(address));
        drop(listener);
        assert!(!is_listened_on(address));
    }

    #[test]
    fn a_service_can_listen_on_the_port_it_was_given_and_no_port_is_given_twice() {
        let mut ports = Ports::default();
        let first = ports.behind(20_000, None).unwrap();
        assert_ne!(ports.behind(20_000, None).unwrap(), first);
        assert!(!is_listened_on(first));
        let listener = TcpListener::bind(first).unwrap();
        assert!(is_listened_on(listener.local_addr().unwrap()));
    }

    #[test]
    fn a_port_that_is_taken_is_not_given() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let base = port - port % 10_000;
        let given = Ports::default().behind(base, Some(port)).unwrap();
        assert_ne!(given.port(), port);
    }
}
