//! An export in protobuf.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

use crate::spans;

/// Panics where it does not hold of these bytes.
pub fn check(sent: &[u8]) {
    if let Ok(export) = ExportTraceServiceRequest::decode(sent) {
        spans::check(export);
    }
}
