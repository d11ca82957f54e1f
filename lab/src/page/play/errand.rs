//! One request in somebody's place, as the span that begins its trace.

use std::net::SocketAddr;
use std::sync::Arc;

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use wire::TraceContext;

use crate::clock::now;
use crate::collector::SharedStore;
use crate::collector::rounds::LAUNCHER;
use crate::collector::span::{Attributes, Kind, Resource, Scope, Span, Status, Value};

/// The service that the lab's own spans are of.
const SERVICE: &str = "malha";

/// About what such a span takes.
const WEIGHT: usize = 1_000;

/// A request under way.
#[derive(Debug)]
pub(super) struct Errand {
    pub(super) trace: TraceId,
    span: SpanId,
    parent: Option<SpanId>,
    flags: TraceFlags,
    name: String,
    start: u64,
    attributes: Attributes,
}

impl Errand {
    pub(super) fn begin(name: String, asked: SocketAddr) -> Self {
        Self {
            trace: TraceId::from(rand::random_range(1..=u128::MAX)),
            span: SpanId::from(rand::random_range(1..=u64::MAX)),
            parent: None,
            flags: TraceFlags::SAMPLED,
            name,
            start: now(),
            attributes: vec![
                text("server.address", &asked.ip().to_string()),
                (
                    "server.port".to_owned(),
                    Value::Int(i64::from(asked.port())),
                ),
            ],
        }
    }

    /// One that nobody asked for: the page looks again.
    pub(super) fn round(asked: SocketAddr) -> Self {
        Self::begin("poll".to_owned(), asked)
    }

    /// The same below a span of somebody's own, which a `traceparent` names; of another text nothing is taken.
    pub(super) fn within(self, traceparent: &str) -> Self {
        let Some(context) = TraceContext::parse(traceparent) else {
            return self;
        };
        let ids = (
            TraceId::from_hex(&context.id),
            SpanId::from_hex(&context.span),
        );
        let (Ok(trace), Ok(parent)) = ids else {
            return self;
        };
        let flags = traceparent.trim().split('-').nth(3);
        let flags = flags.and_then(|flags| u8::from_str_radix(flags, 16).ok());
        Self {
            trace,
            parent: Some(parent),
            flags: TraceFlags::new(flags.unwrap_or_default()) & TraceFlags::SAMPLED,
            ..self
        }
    }

    /// What the one who is asked gets to know of the trace.
    pub(super) fn context(&self) -> SpanContext {
        let state = TraceState::default();
        SpanContext::new(self.trace, self.span, self.flags, true, state)
    }

    /// The same as a header of HTTP.
    pub(super) fn traceparent(&self) -> String {
        format!("00-{}-{}-{:02x}", self.trace, self.span, self.flags)
    }

    pub(super) fn tell(&mut self, key: &str, value: &str) {
        self.attributes.push(text(key, value));
    }

    /// Keeps the span, with why it failed if it did; not where somebody wants no record of it.
    pub(super) fn end(self, store: &SharedStore, failure: Option<&str>) {
        if !self.flags.is_sampled() {
            return;
        }
        store.keep(vec![Span {
            trace_id: self.trace,
            span_id: self.span,
            parent: self.parent,
            trace_state: String::new(),
            flags: u32::from(self.flags.to_u8()),
            name: self.name,
            kind: Kind::Client,
            start: self.start,
            end: now(),
            attributes: self.attributes,
            events: Vec::new(),
            links: Vec::new(),
            status: failure.map_or(Status::Unset, |_| Status::Error),
            description: failure.unwrap_or_default().to_owned(),
            scope: Arc::new(Scope {
                name: SERVICE.to_owned(),
                version: String::new(),
            }),
            resource: Arc::new(Resource {
                service: SERVICE.to_owned(),
                attributes: vec![text(LAUNCHER.0, LAUNCHER.1)],
            }),
            weight: WEIGHT,
        }]);
    }
}

fn text(key: &str, value: &str) -> (String, Value) {
    (key.to_owned(), Value::String(value.to_owned()))
}
