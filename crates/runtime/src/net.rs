//! Binding addresses, and what the servers of all protocols have in common.

mod address;
mod coalescing;
mod connect;
mod files;
mod limiter;
mod places;
mod serve;

pub use address::ServerAddress;
pub use coalescing::{CoalescingWriter, InFlightToken};
pub use connect::connect;

pub use limiter::{ConnectionLimits, Refusal};
pub use places::{Place, Places};
pub use serve::{Connection, ConnectionGuard, Protocol, ServerContext, jittered, serve, spread};

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use socket2::{Domain, Protocol as Transport, SockRef, Socket, Type};
use tokio::net::TcpListener;

/// Why an address could not be listened on.
#[derive(Debug, thiserror::Error)]
#[error("{setting}={address}: {advice} ({source})")]
pub struct BindError {
    setting: &'static str,
    address: SocketAddr,
    advice: &'static str,
    source: io::Error,
}

/// Listens on an address that came from this setting, which the error names.
///
/// `[::]` takes clients of both families, or those of IPv4 where the machine has no IPv6.
pub fn bind(setting: &'static str, address: SocketAddr) -> Result<TcpListener, BindError> {
    let listener = bind_with(address, listen).map_err(|source| {
        let advice = match source.kind() {
            io::ErrorKind::AddrInUse => "something else listens there; choose another port",
            io::ErrorKind::PermissionDenied => {
                "this port needs privileges; choose one from 1024 up"
            }
            io::ErrorKind::AddrNotAvailable => "this machine has no such address",
            _ => "cannot be listened on",
        };
        BindError {
            setting,
            address,
            advice,
            source,
        }
    })?;
    // Where the port was 0, this is how anybody learns which it became.
    let address = listener.local_addr().unwrap_or(address);
    tracing::info!(setting, %address, "listening");
    Ok(listener)
}

fn bind_with<L>(
    address: SocketAddr,
    listen: impl Fn(SocketAddr) -> io::Result<L>,
) -> io::Result<L> {
    use io::ErrorKind::{AddrInUse, PermissionDenied};
    let error = match listen(address) {
        Err(error) if address.is_ipv6() && address.ip().is_unspecified() => error,
        outcome => return outcome,
    };
    // These are about the port. All others differ from kernel to kernel, and mean the family.
    if matches!(error.kind(), AddrInUse | PermissionDenied) {
        return Err(error);
    }
    let instead = SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port()));
    tracing::info!(%error, %instead, "no IPv6 here");
    listen(instead).map_err(|_| error)
}

/// As tokio does it but for the length of the queue, and for IPv4 too where the address is `[::]`,
/// whatever the system's default.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Transport::TCP),
    )?;
    if address.is_ipv6() && address.ip().is_unspecified() {
        socket.set_only_v6(false)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    bound_unsent(&socket, UNSENT);
    socket.listen(serve::BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// What the kernel takes of an answer before it can send it, on each connection of a listener.
///
/// By itself it takes up to 4 MB for a client that reads nothing, which are copied in one go, and held beyond
/// what a program counts. What is under way to one that reads is not a part of it.
const UNSENT: u32 = 128 * 1024;

/// Has the kernel take as much as it does by itself on the connections of this listener: for whoever bounds
/// what waits for each client, and gives up one for which too much does. A client that reads, and falls behind
/// for a moment, is not one of those.
pub fn lift_unsent_bound(listener: &TcpListener) {
    bound_unsent(&SockRef::from(listener), 0);
}

/// Connections are born with the bound of their listener; none where it is 0.
#[cfg(target_os = "linux")]
fn bound_unsent(listener: &Socket, most: u32) {
    if let Err(error) = listener.set_tcp_notsent_lowat(most) {
        tracing::debug!(%error, most, "what is unsent has another bound");
    }
}

#[cfg(not(target_os = "linux"))]
fn bound_unsent(_: &Socket, _: u32) {}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv6Addr};

    use super::*;

    #[tokio::test]
    async fn clients_of_both_families_are_served_by_one_listener() {
        let any = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
        let listener = bind("LISTEN", any).unwrap();
        let port = listener.local_addr().unwrap().port();
        let families = [
            IpAddr::from(Ipv4Addr::LOCALHOST),
            Ipv6Addr::LOCALHOST.into(),
        ];
        // Containers often have no IPv6, not even to themselves.
        let here = |family: &IpAddr| std::net::TcpListener::bind((*family, 0)).is_ok();
        for family in families.into_iter().filter(here) {
            let client = tokio::net::TcpStream::connect((family, port));
            let (accepted, client) = tokio::join!(listener.accept(), client);
            let (from, own) = (accepted.unwrap().1, client.unwrap().local_addr().unwrap());
            assert_eq!(from.ip().to_canonical(), own.ip());
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_client_that_reads_nothing_is_not_written_megabytes() {
        let listener = bind("LISTEN", ([127, 0, 0, 1], 0).into()).unwrap();
        let client = tokio::net::TcpSocket::new_v4().unwrap();
        // What the kernel sends, and what the client's side keeps, is not unsent.
        client.set_recv_buffer_size(4096).unwrap();
        let client = client.connect(listener.local_addr().unwrap());
        let (accepted, client) = tokio::join!(listener.accept(), client);
        let (stream, _client) = (accepted.unwrap().0, client.unwrap());
        let mut written = 0;
        stream.writable().await.unwrap();
        while let Ok(count) = stream.try_write(&[0; 10_000]) {
            written += count;
        }
        assert!(written <= 4 * UNSENT as usize, "{written}");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn connections_are_born_without_the_bound_where_it_is_lifted() {
        let listener = bind("LISTEN", ([127, 0, 0, 1], 0).into()).unwrap();
        let accepted = async || {
            let client = tokio::net::TcpStream::connect(listener.local_addr().unwrap());
            let (accepted, _client) = tokio::join!(listener.accept(), client);
            let stream = accepted.unwrap().0;
            SockRef::from(&stream).tcp_notsent_lowat().unwrap()
        };
        assert_eq!(accepted().await, UNSENT);
        lift_unsent_bound(&listener);
        assert_ne!(accepted().await, UNSENT);
    }

    #[test]
    fn without_ipv6_the_same_port_of_ipv4_is_listened_on() {
        let any = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 8080));
        let no_ipv6 = |address: SocketAddr| match address {
            SocketAddr::V6(_) => Err(io::ErrorKind::Unsupported.into()),
            SocketAddr::V4(_) => Ok(address),
        };
        let listened = bind_with(any, no_ipv6).unwrap();
        assert_eq!(listened.to_string(), "0.0.0.0:8080");
        let own = "[::1]:8080".parse().unwrap();
        assert!(bind_with(own, no_ipv6).is_err(), "another than was meant");
        let in_use = |_| io::Result::<()>::Err(io::ErrorKind::AddrInUse.into());
        let error = bind_with(any, in_use).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }

    #[tokio::test]
    async fn an_address_in_use_is_refused_with_the_setting_that_moves_it() {
        let taken = bind("LISTEN", ([127, 0, 0, 1], 0).into()).unwrap();
        let address = taken.local_addr().unwrap();
        let error = bind("LISTEN", address).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("LISTEN={address}: something else listens")),
            "{error}"
        );
    }
}
