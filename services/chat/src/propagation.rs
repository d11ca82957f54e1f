//! Contexts of traces that travel with entries: through queues, disks and peers.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::trace::SpanContext;
use runtime::trace::{self, Parent, Span};

use crate::domain::TraceContext;

const PARENT: HeaderName = HeaderName::from_static("traceparent");
const STATE: HeaderName = HeaderName::from_static("tracestate");

/// The context of a span, to be carried.
pub(crate) fn of_span(span: &Span) -> TraceContext {
    let mut headers = HeaderMap::new();
    trace::inject(span, &mut headers);
    let text = |name| {
        let value: &HeaderValue = headers.get(name)?;
        let text = value.to_str().ok()?;
        (!text.is_empty()).then(|| text.to_owned())
    };
    TraceContext {
        parent: text(PARENT),
        state: text(STATE),
    }
}

/// The carried context as a parent of what is done now.
pub(crate) fn parent(carried: &TraceContext) -> Parent {
    Parent::Remote(context(carried))
}

/// The carried context, which may be none.
pub(crate) fn context(carried: &TraceContext) -> Context {
    let mut headers = HeaderMap::new();
    for (name, text) in [(PARENT, &carried.parent), (STATE, &carried.state)] {
        let value = text.as_deref().map(HeaderValue::from_str);
        if let Some(Ok(value)) = value {
            headers.insert(name, value);
        }
    }
    trace::extract(&headers)
}

/// What others may refer to a span by, if it has a trace.
pub(crate) fn link(span: &Span) -> Option<SpanContext> {
    span.identity()
}
