//! Socket operations tried at once, without waiting for the reactor.
//!
//! Tokio tries a socket only after the reactor has reported it ready, at the cost of a wait with its
//! timers. A short request has usually arrived by the time its connection is accepted, and a short
//! answer always fits into the buffer of a socket that has sent nothing yet.

use std::io::{self, Read};

use socket2::SockRef;
use tokio::net::TcpStream;

/// Reads what has arrived. `None` if nothing has.
pub(super) fn read(stream: &TcpStream, buffer: &mut [u8]) -> Option<io::Result<usize>> {
    loop {
        match (&*SockRef::from(stream)).read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return Some(read),
        }
    }
}

/// Writes as much as fits of the last bytes before the sending side is shut down, and returns how
/// much that is. Where the kernel supports it, they travel in one segment with the end of input.
pub(super) fn write_last(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    match SockRef::from(stream).send_with_flags(bytes, MORE) {
        Err(error) if is_no_failure(&error) => Ok(0),
        written => written,
    }
}

#[cfg(target_os = "linux")]
const MORE: i32 = libc::MSG_MORE;
#[cfg(not(target_os = "linux"))]
const MORE: i32 = 0;

fn is_no_failure(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}
