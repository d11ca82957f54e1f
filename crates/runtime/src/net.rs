//! Binding addresses, and what the servers of all protocols have in common.

mod address;
mod coalescing;
mod limiter;
mod serve;

pub use address::ServerAddress;
pub use coalescing::{CoalescingWriter, InFlightToken};

pub use limiter::{ConnectionLimits, Refusal};
pub use serve::{Connection, ConnectionGuard, Protocol, ServerContext, jittered, serve};

use std::net::SocketAddr;

use tokio::net::TcpListener;

/// Why an address could not be listened on.
#[derive(Debug, thiserror::Error)]
#[error("{setting}={address}: {advice} ({source})")]
pub struct BindError {
    setting: &'static str,
    address: SocketAddr,
    advice: &'static str,
    source: std::io::Error,
}

/// Listens on an address that came from this setting, which the error names.
pub async fn bind(setting: &'static str, address: SocketAddr) -> Result<TcpListener, BindError> {
    let listener = TcpListener::bind(address).await.map_err(|source| {
        let advice = match source.kind() {
            std::io::ErrorKind::AddrInUse => "something else listens there; choose another port",
            std::io::ErrorKind::PermissionDenied => {
                "this port needs privileges; choose one from 1024 up"
            }
            std::io::ErrorKind::AddrNotAvailable => "this machine has no such address",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_in_use_is_refused_with_the_setting_that_moves_it() {
        let taken = bind("LISTEN", ([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = taken.local_addr().unwrap();
        let error = bind("LISTEN", address).await.unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("LISTEN={address}: something else listens")),
            "{error}"
        );
    }
}
