//! An export in OTLP's JSON: whatever is taken is kept as if it had come in protobuf, and Jaeger's
//! envelope changes nothing.

use lab::collector::json::{answer, export};
use prost::Message;

use crate::spans;

/// Panics where it does not hold of these bytes.
pub fn check(sent: &[u8]) {
    let Ok(alone) = export(sent) else { return };
    let enveloped = [b"{\"result\":", sent, b"}"].concat();
    let mut answers = answer(&enveloped);
    // What follows an export in its body is passed over; behind an envelope it would be the next.
    if let (Some(Ok(enveloped)), None) = (answers.next(), answers.next()) {
        assert_eq!(enveloped.encode_to_vec(), alone.encode_to_vec());
    }
    spans::check(alone);
}
