//! Ports for processes that are started later, or again and again.
//!
//! They are below the range from which systems give ports to clients: one of theirs could be a
//! client's by the time the process listens.

use std::net::TcpListener;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};

/// A range of ports, of which each test process has a window of its own: a port whose process is
/// away for a while looks free to the others. For the same reason a window holds more than any
/// process asks for (the lab's tests some 550): those asked for again would look free too.
pub(super) struct Ports {
    first: u16,
    windows: u16,
    window: u16,
    next: AtomicU16,
    claim: OnceLock<Claim>,
}

/// The window of this process. Whoever listens on its first port has it.
struct Claim {
    first: u16,
    _guard: TcpListener,
}

impl Ports {
    pub(super) const fn new(first: u16, windows: u16, window: u16) -> Self {
        Self {
            first,
            windows,
            window,
            next: AtomicU16::new(0),
            claim: OnceLock::new(),
        }
    }

    /// The next port of this process that fits.
    pub(super) fn find(&self, fits: impl Fn(u16) -> bool) -> u16 {
        let first = self.claim.get_or_init(|| self.claim()).first;
        loop {
            let next = self.next.fetch_add(1, Ordering::Relaxed) % (self.window - 1);
            let port = first + 1 + next;
            if fits(port) {
                return port;
            }
        }
    }

    #[expect(clippy::expect_used, reason = "a test without ports cannot go on")]
    fn claim(&self) -> Claim {
        let windows = (0..self.windows).map(|window| self.first + window * self.window);
        let mut claims = windows.filter_map(|first| {
            let guard = TcpListener::bind(("127.0.0.1", first)).ok()?;
            Some(Claim {
                first,
                _guard: guard,
            })
        });
        claims.next().expect("a window of ports that nobody has")
    }
}

/// Whether nobody listens there.
pub(super) fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_have_no_port_in_common() {
        static ONE: Ports = Ports::new(11_000, 4, 5);
        static OTHER: Ports = Ports::new(11_000, 4, 5);
        let of = |ports: &'static Ports| [(); 8].map(|()| ports.find(|_| true));
        let (one, other) = (of(&ONE), of(&OTHER));
        assert!(
            one.iter().all(|port| !other.contains(port)),
            "{one:?} {other:?}"
        );
    }
}
