//! Connecting to a name that has several addresses.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::sleep;

/// How long one address is tried alone: far longer than it takes where somebody answers.
const HEAD_START: Duration = Duration::from_millis(50);

/// Connects to whichever address of a name answers first.
///
/// They are tried in their order, each a moment after the one before, or as soon as that one refuses (as
/// in RFC 8305). One at a time, an address where nobody answers would use up the time that all of
/// them have.
pub async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    connect_any(lookup_host((host, port)).await?).await
}

async fn connect_any(mut addresses: impl Iterator<Item = SocketAddr>) -> io::Result<TcpStream> {
    let mut tries = FuturesUnordered::new();
    let mut failure = None;
    loop {
        let next = addresses.next();
        let is_last = next.is_none();
        tries.extend(next.map(TcpStream::connect));
        tokio::select! {
            connected = tries.next() => match connected {
                Some(Ok(stream)) => return Ok(stream),
                Some(Err(error)) => failure = Some(error),
                None => return Err(failure.unwrap_or_else(no_address)),
            },
            () = sleep(HEAD_START), if !is_last => {}
        }
    }
}

fn no_address() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "the name has no address")
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use testing::Silence;
    use tokio::net::TcpListener;

    use super::*;

    async fn listening() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    #[tokio::test]
    async fn an_address_where_nobody_answers_does_not_keep_others_from_being_tried() {
        let silence = Silence::at((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let silent = silence.address;
        let (_listener, living) = listening().await;
        let stream = connect_any([silent, silent, living].into_iter()).await;
        assert_eq!(stream.unwrap().peer_addr().unwrap(), living);
    }

    #[tokio::test]
    async fn who_refuses_is_passed_by_and_the_last_of_them_says_why() {
        let refusing = testing::address();
        let (_listener, living) = listening().await;
        let stream = connect_any([refusing, living].into_iter()).await;
        assert_eq!(stream.unwrap().peer_addr().unwrap(), living);
        let none = connect_any([refusing, refusing].into_iter()).await;
        assert_eq!(none.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        let nobody = connect_any(std::iter::empty()).await.unwrap_err();
        assert_eq!(nobody.to_string(), "the name has no address");
    }
}
