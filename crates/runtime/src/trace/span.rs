//! A span, and work under it.

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use opentelemetry::baggage::BaggageExt;
use opentelemetry::trace::{SpanContext, Status, TraceContextExt, TraceId};
use opentelemetry::{Context, ContextGuard, Key, KeyValue, Value};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// A span, which ends when its last clone is dropped; or none.
#[derive(Clone, Debug)]
pub struct Span(Inner);

#[derive(Clone, Debug)]
enum Inner {
    None,
    /// Nobody records it. It has an identity, for logs and for those who are called.
    Unrecorded(Context),
    Recorded(tracing::Span, Context),
}

/// Until it is dropped, what is done is done under a span.
#[derive(Debug)]
pub struct Entered<'a> {
    _unrecorded: Option<ContextGuard>,
    _recorded: Option<tracing::span::Entered<'a>>,
}

impl Span {
    /// No span: what is done under it stays under whatever it is done under.
    pub fn none() -> Self {
        Self(Inner::None)
    }

    /// The span that work is done under at the moment.
    pub fn current() -> Self {
        let context = Context::current();
        let recorded = tracing::Span::current();
        // One of `tracing`'s has its context activated, but another may have been since.
        if !recorded.is_none() {
            let own = recorded.context();
            if own.span().span_context() == context.span().span_context() {
                return Self(Inner::Recorded(recorded, own));
            }
        }
        if context.has_active_span() || !context.baggage().is_empty() {
            return Self(Inner::Unrecorded(context));
        }
        Self(Inner::None)
    }

    pub(super) fn of(context: Context) -> Self {
        Self(Inner::Unrecorded(context))
    }

    /// A span of `tracing` and its context, which `tracing` would have to look up each time.
    pub(super) fn recorded(span: tracing::Span, context: Context) -> Self {
        Self(Inner::Recorded(span, context))
    }

    /// What those who are called need to know of it.
    pub fn context(&self) -> Context {
        match &self.0 {
            Inner::None => Context::new(),
            Inner::Unrecorded(context) | Inner::Recorded(_, context) => context.clone(),
        }
    }

    /// Its identity, if it has one.
    pub fn identity(&self) -> Option<SpanContext> {
        let context = self.context().span().span_context().clone();
        context.is_valid().then_some(context)
    }

    /// Its trace, where it is sampled.
    pub(crate) fn sampled_trace_id(&self) -> Option<TraceId> {
        match &self.0 {
            Inner::None => None,
            Inner::Unrecorded(context) | Inner::Recorded(_, context) => {
                let span = context.span();
                let context = span.span_context();
                context.is_sampled().then(|| context.trace_id())
            }
        }
    }

    /// Whether anybody will see what is said of it.
    pub fn is_recorded(&self) -> bool {
        matches!(self.0, Inner::Recorded(..))
    }

    /// Says something of it.
    pub fn set_attribute(&self, key: impl Into<Key>, value: impl Into<Value>) {
        if let Inner::Recorded(_, context) = &self.0 {
            context.span().set_attribute(KeyValue::new(key, value));
        }
    }

    /// Says how it went.
    pub fn set_status(&self, status: Status) {
        if let Inner::Recorded(_, context) = &self.0 {
            context.span().set_status(status);
        }
    }

    /// Refers to another span, which is no parent.
    pub fn add_link(&self, other: SpanContext) {
        if let Inner::Recorded(_, context) = &self.0 {
            context.span().add_link(other, Vec::new());
        }
    }

    /// Does something under it.
    pub fn in_scope<T>(&self, work: impl FnOnce() -> T) -> T {
        let _entered = self.enter();
        work()
    }

    /// Everything until the guard is dropped is done under it. No task may wait meanwhile.
    pub fn enter(&self) -> Entered<'_> {
        let (unrecorded, recorded) = match &self.0 {
            Inner::None => (None, None),
            Inner::Unrecorded(context) => (Some(context.clone().attach()), None),
            Inner::Recorded(span, _) => (None, Some(span.enter())),
        };
        Entered {
            _unrecorded: unrecorded,
            _recorded: recorded,
        }
    }
}

/// Futures that are polled under a span.
pub trait Instrument: Sized {
    /// Under this one.
    fn instrument(self, span: Span) -> Instrumented<Self> {
        let inner = Some(self);
        Instrumented { inner, span }
    }

    /// Under the current one, wherever it goes.
    fn in_current_span(self) -> Instrumented<Self> {
        self.instrument(Span::current())
    }
}

impl<F: Future> Instrument for F {}

pin_project_lite::pin_project! {
    /// A future under a span; it is dropped under it too.
    #[derive(Debug)]
    pub struct Instrumented<F> {
        // None once it is done: a span is entered once for its last poll and its end.
        #[pin]
        inner: Option<F>,
        span: Span,
    }

    impl<F> PinnedDrop for Instrumented<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.inner.is_some() {
                let _entered = this.span.enter();
                this.inner.set(None);
            }
        }
    }
}

impl<F: Future> Future for Instrumented<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        let _entered = this.span.enter();
        let polled = inner.poll(cx);
        if polled.is_ready() {
            this.inner.set(None);
        }
        polled
    }
}
