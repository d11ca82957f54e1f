//! Spans as a collector wants them: `ExportTraceServiceRequest`, in protobuf, from what the SDK gives.
//!
//! The exporter's own way copies every name and value into messages, measures those again and again,
//! and drops them: ten times the work. The test holds this one to it.

use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{Event, Link, SpanContext, SpanId, SpanKind, Status};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;

mod attribute;

/// What is said of a process beside each batch, encoded once.
#[derive(Debug, Default)]
pub(super) struct EncodedResource {
    resource: Vec<u8>,
    schema_url: String,
}

impl EncodedResource {
    pub(super) fn new(resource: &Resource) -> Self {
        let mut attributes = Protobuf::default();
        for (key, value) in resource {
            attributes.attribute(1, key.as_str(), value);
        }
        Self {
            resource: attributes.0,
            schema_url: resource.schema_url().unwrap_or_default().to_owned(),
        }
    }

    /// A batch as a whole request.
    pub(super) fn request(&self, batch: &[SpanData]) -> Vec<u8> {
        let mut request = Protobuf(Vec::with_capacity(
            batch.len() * USUAL + self.resource.len(),
        ));
        request.message_after::<3>(1, |spans| {
            spans.bytes(1, &self.resource);
            let same = |one: &SpanData, next: &SpanData| {
                one.instrumentation_scope == next.instrumentation_scope
            };
            for of_scope in batch.chunk_by(same) {
                spans.message_after::<3>(2, |spans| {
                    let scope = &of_scope[0].instrumentation_scope;
                    spans.message(1, |told| told.scope(scope));
                    for span in of_scope {
                        spans.message_after::<2>(2, |told| told.span(span));
                    }
                    spans.text(3, scope.schema_url().unwrap_or_default());
                });
            }
            spans.text(3, &self.schema_url);
        });
        request.0
    }
}

/// What most spans take.
const USUAL: usize = 512;

/// Flags of a span: whether its parent is of another process is known, and whether it is.
const KNOWS_REMOTE: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;

/// A message as it grows. Fields without a value are left out, as protobuf wants it.
#[derive(Default)]
struct Protobuf(Vec<u8>);

impl Protobuf {
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            let [low, ..] = number.to_le_bytes();
            self.0.push(low | 0x80);
            number >>= 7;
        }
        let [low, ..] = number.to_le_bytes();
        self.0.push(low);
    }

    fn key(&mut self, field: u64, wire: u64) {
        self.varint(field << 3 | wire);
    }

    fn number(&mut self, field: u64, number: u64) {
        if number != 0 {
            self.key(field, 0);
            self.varint(number);
        }
    }

    fn fixed(&mut self, field: u64, number: u64) {
        if number != 0 {
            self.key(field, 1);
            self.0.extend_from_slice(&number.to_le_bytes());
        }
    }

    /// Bytes that are there, even if there are none.
    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.key(field, 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, field: u64, text: &str) {
        if !text.is_empty() {
            self.bytes(field, text.as_bytes());
        }
    }

    /// A message within, whose length is known once it is written. Most are so short that one byte tells
    /// their length.
    fn message(&mut self, field: u64, write: impl FnOnce(&mut Self)) {
        self.message_after::<1>(field, write);
    }

    /// The same, with as many bytes left free for the length as it will most likely take, for what is
    /// longer than that is moved.
    fn message_after<const FREE: usize>(&mut self, field: u64, write: impl FnOnce(&mut Self)) {
        self.key(field, 2);
        let start = self.0.len();
        self.0.extend_from_slice(&[0; FREE]);
        write(self);
        let end = self.0.len();
        self.varint((end - start - FREE) as u64);
        let told = self.0.len() - end;
        if told == FREE {
            self.0.copy_within(end.., start);
            self.0.truncate(end);
        } else {
            self.0[start..].rotate_right(told);
            self.0.drain(start + told..start + told + FREE);
        }
    }

    fn scope(&mut self, scope: &InstrumentationScope) {
        self.text(1, scope.name());
        self.text(2, scope.version().unwrap_or_default());
        for KeyValue { key, value, .. } in scope.attributes() {
            self.attribute(3, key.as_str(), value);
        }
    }

    fn span(&mut self, span: &SpanData) {
        self.context(&span.span_context);
        if span.parent_span_id != SpanId::INVALID {
            self.bytes(4, &span.parent_span_id.to_bytes());
        }
        self.text(5, &span.name);
        self.number(6, kind(&span.span_kind));
        self.fixed(7, nanoseconds(span.start_time));
        self.fixed(8, nanoseconds(span.end_time));
        self.attributes(9, &span.attributes);
        self.number(10, span.dropped_attributes_count.into());
        for event in &span.events.events {
            self.message(11, |told| told.event(event));
        }
        self.number(12, span.events.dropped_count.into());
        for link in &span.links.links {
            self.message(13, |told| told.link(link));
        }
        self.number(14, span.links.dropped_count.into());
        self.message(15, |told| told.status(&span.status));
        self.flags(16, &span.span_context, span.parent_span_is_remote);
    }

    fn context(&mut self, context: &SpanContext) {
        self.bytes(1, &context.trace_id().to_bytes());
        self.bytes(2, &context.span_id().to_bytes());
        self.text(3, &context.trace_state().header());
    }

    fn flags(&mut self, field: u64, context: &SpanContext, is_remote: bool) {
        let remote = if is_remote { IS_REMOTE } else { 0 };
        let flags = u32::from(context.trace_flags().to_u8()) | KNOWS_REMOTE | remote;
        self.key(field, 5);
        self.0.extend_from_slice(&flags.to_le_bytes());
    }

    fn event(&mut self, event: &Event) {
        self.fixed(1, nanoseconds(event.timestamp));
        self.text(2, &event.name);
        self.attributes(3, &event.attributes);
        self.number(4, event.dropped_attributes_count.into());
    }

    fn link(&mut self, link: &Link) {
        self.context(&link.span_context);
        self.attributes(4, &link.attributes);
        self.number(5, link.dropped_attributes_count.into());
        self.flags(6, &link.span_context, link.span_context.is_remote());
    }

    fn status(&mut self, status: &Status) {
        match status {
            Status::Unset => {}
            Status::Ok => self.number(3, 1),
            Status::Error { description } => {
                self.text(2, description);
                self.number(3, 2);
            }
        }
    }
}

fn kind(kind: &SpanKind) -> u64 {
    match kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}

fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
