//! A span as the lab keeps it: the parts of OTLP's that Jaeger's JSON shows.

use std::collections::BTreeMap;
use std::sync::Arc;

use opentelemetry::trace::{SpanId, TraceId};

/// One span.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// Its id within the trace.
    pub span_id: SpanId,
    /// The span that caused it; none for the root.
    pub parent: Option<SpanId>,
    /// W3C `tracestate`, empty for none.
    pub trace_state: String,
    /// W3C trace flags, and whether the parent was another process, as OTLP has them.
    pub flags: u32,
    /// What was done.
    pub name: String,
    /// Its side of the exchange.
    pub kind: Kind,
    /// When it began, in nanoseconds since 1970.
    pub start: u64,
    /// When it ended, in nanoseconds since 1970.
    pub end: u64,
    /// What it tells of itself.
    pub attributes: Attributes,
    /// What happened while it ran.
    pub events: Vec<Event>,
    /// Spans it is related to without being their child.
    pub links: Vec<Link>,
    /// How it ended.
    pub status: Status,
    /// Why it failed, empty where nothing was said.
    pub description: String,
    /// The library that made it.
    pub scope: Arc<Scope>,
    /// The process that made it.
    pub resource: Arc<Resource>,
    /// About how many bytes of memory it takes.
    pub weight: usize,
}

/// Names and values, in the order they came.
pub type Attributes = Vec<(String, Value)>;

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value.
    Empty,
    /// A text.
    String(String),
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Double(f64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Several values.
    List(Vec<Value>),
    /// Named values.
    Map(BTreeMap<String, Value>),
}

/// A span's side of the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Not said.
    Unspecified,
    /// Work inside a process.
    Internal,
    /// Answering a request.
    Server,
    /// Making a request.
    Client,
    /// Sending a message.
    Producer,
    /// Receiving a message.
    Consumer,
}

impl Kind {
    /// Jaeger's name of it, empty where none was said.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "",
            Self::Internal => "internal",
            Self::Server => "server",
            Self::Client => "client",
            Self::Producer => "producer",
            Self::Consumer => "consumer",
        }
    }
}

/// How a span ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nobody said.
    Unset,
    /// Said to be well.
    Ok,
    /// Failed.
    Error,
}

/// A moment within a span.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When, in nanoseconds since 1970.
    pub time: u64,
    /// What happened.
    pub name: String,
    /// More on it.
    pub attributes: Attributes,
}

/// A relation to a span that is not the parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The trace of that span.
    pub trace_id: TraceId,
    /// That span.
    pub span_id: SpanId,
}

/// The library that made a span.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Its name, empty where none was given.
    pub name: String,
    /// Its version, empty where none was given.
    pub version: String,
}

/// The process that made a span.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// `service.name`.
    pub service: String,
    /// Everything else it tells of itself.
    pub attributes: Attributes,
}

impl Span {
    /// How long it took, in nanoseconds; none if it ended before it began.
    pub fn duration(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// What OTLP has fields for and Jaeger shows among the tags.
    pub fn derived(&self) -> Attributes {
        let status = match self.status {
            Status::Unset => "",
            Status::Ok => "OK",
            Status::Error => "ERROR",
        };
        let texts = [
            ("otel.scope.name", self.scope.name.as_str()),
            ("otel.scope.version", &self.scope.version),
            ("span.kind", self.kind.name()),
            ("w3c.tracestate", &self.trace_state),
            ("otel.status_code", status),
            ("otel.status_description", &self.description),
        ];
        let said = texts.into_iter().filter(|(_, text)| !text.is_empty());
        let said = said.map(|(key, text)| (key.to_owned(), Value::String(text.to_owned())));
        let error =
            (self.status == Status::Error).then_some(("error".to_owned(), Value::Bool(true)));
        said.chain(error).collect()
    }
}
