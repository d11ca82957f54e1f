//! Type-length-value triples, and the one that carries a trace's context.

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

/// The type of the context's TLV, from the range that the specification leaves to applications.
pub const CONTEXT: u8 = 0xe0;

/// The only version of its value: version (1), trace id (16), span id (8), flags (1).
const VERSION: u8 = 0;
const VALUE: usize = 26;

/// The whole TLV: type (1), length (2), value.
pub(super) const LENGTH: usize = 3 + VALUE;

/// A TLV says that it is longer than the block it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overrun;

/// The context in a block of TLVs. All others are passed over; of several contexts, the first
/// counts.
///
/// A context that cannot be read is no context: a trace is never a reason to refuse a request.
pub fn context(mut tlvs: &[u8]) -> Result<Option<SpanContext>, Overrun> {
    let mut found = None;
    while !tlvs.is_empty() {
        let (kind, value, rest) = split(tlvs).ok_or(Overrun)?;
        if kind == CONTEXT && found.is_none() {
            found = Some(read(value));
        }
        tlvs = rest;
    }
    Ok(found.flatten())
}

/// Type and value of the first TLV, and what follows it.
fn split(tlvs: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[kind, high, low], rest) = tlvs.split_first_chunk()?;
    let length = usize::from(u16::from_be_bytes([high, low]));
    let (value, rest) = rest.split_at_checked(length)?;
    Some((kind, value, rest))
}

fn read(value: &[u8]) -> Option<SpanContext> {
    let value: &[u8; VALUE] = value.try_into().ok()?;
    let (&version, value) = value.split_first()?;
    let (trace_id, value) = value.split_first_chunk()?;
    let (span_id, value) = value.split_first_chunk()?;
    let flags = TraceFlags::new(*value.first()?) & TraceFlags::SAMPLED;
    let (trace_id, span_id) = (TraceId::from_bytes(*trace_id), SpanId::from_bytes(*span_id));
    let context = SpanContext::new(trace_id, span_id, flags, true, TraceState::NONE);
    (version == VERSION && context.is_valid()).then_some(context)
}

/// The context as a TLV.
pub(super) fn encode(context: &SpanContext) -> [u8; LENGTH] {
    let mut tlv = [0; LENGTH];
    tlv[..4].copy_from_slice(&[CONTEXT, 0, 26, VERSION]);
    tlv[4..20].copy_from_slice(&context.trace_id().to_bytes());
    tlv[20..28].copy_from_slice(&context.span_id().to_bytes());
    tlv[28] = (context.trace_flags() & TraceFlags::SAMPLED).to_u8();
    tlv
}
