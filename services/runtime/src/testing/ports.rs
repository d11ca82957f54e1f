//! Ports for processes that are started later, or again and again.
//!
//! They are below the range from which systems give ports to clients: one of theirs could be a
//! client's by the time the process listens.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// A range of ports, of which each test process has a window: those that run at once have ids near
/// each other, and so other windows.
pub(super) struct Ports {
    first: u16,
    windows: u16,
    window: u16,
    next: AtomicU16,
}

impl Ports {
    pub(super) const fn new(first: u16, windows: u16, window: u16) -> Self {
        Self {
            first,
            windows,
            window,
            next: AtomicU16::new(0),
        }
    }

    /// The next port of this process that fits.
    pub(super) fn find(&self, fits: impl Fn(u16) -> bool) -> u16 {
        let window =
            u16::try_from(std::process::id() % u32::from(self.windows)).unwrap_or_default();
        loop {
            let next = self.next.fetch_add(1, Ordering::Relaxed) % self.window;
            let port = self.first + window * self.window + next;
            if fits(port) {
                return port;
            }
        }
    }
}

/// Whether nobody listens there.
pub(super) fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}
