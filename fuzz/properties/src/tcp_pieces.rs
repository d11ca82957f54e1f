//! Whole connections: however the network cuts them, the answer and the trace are the same.

use crate::answer::{answered, is_fit_to_send};
use hello::server::Hello;
use runtime_tcp::Procedure;
use sockets::server::Classify;
use sockets::wire::Mode;

/// Panics where it does not hold of these bytes.
pub fn check(sent: &[u8]) {
    cuts_do_not_matter(&Hello, sent);
    cuts_do_not_matter(&Classify(Mode::Compatible), sent);
}

fn cuts_do_not_matter<P: Procedure>(procedure: &P, sent: &[u8]) {
    let whole = answered(procedure, [sent]);
    is_fit_to_send(&whole.0, 4096);
    assert_eq!(answered(procedure, sent.chunks(1)), whole, "byte by byte");
    for cut in 1..sent.len() {
        let (first, second) = sent.split_at(cut);
        assert_eq!(answered(procedure, [first, second]), whole, "cut at {cut}");
    }
}
