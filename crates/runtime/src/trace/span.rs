//! A span, and work under it.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use opentelemetry::baggage::BaggageExt;
use opentelemetry::trace::{SpanContext, Status, TraceContextExt, TraceId};
use opentelemetry::{Context, ContextGuard, Key, KeyValue, Value};

/// A span, which ends when its last clone is dropped; or none.
#[derive(Clone, Debug)]
pub struct Span(Inner);

#[derive(Clone, Debug)]
enum Inner {
    None,
    /// Nobody records it. It has an identity, for logs and for those who are called.
    Unrecorded(Context),
    Recorded(Arc<Recorded>),
}

/// A span of `tracing`, and its context, which would have to be looked up each time.
#[derive(Debug)]
struct Recorded {
    context: Context,
    /// Ends with this.
    _span: tracing::Span,
}

thread_local! {
    /// The recorded span that was entered last.
    static ENTERED: RefCell<Option<Arc<Recorded>>> = const { RefCell::new(None) };
}

/// Until it is dropped, what is done is done under a span.
#[derive(Debug)]
pub struct Entered<'a> {
    _context: Option<ContextGuard>,
    _before: Option<Before>,
    _span: PhantomData<&'a Span>,
}

/// Which recorded span was entered before another one. It is again, once this is dropped.
#[derive(Debug)]
struct Before(Option<Arc<Recorded>>);

impl Drop for Before {
    fn drop(&mut self) {
        ENTERED.set(self.0.take());
    }
}

impl Span {
    /// No span: what is done under it stays under whatever it is done under.
    pub fn none() -> Self {
        Self(Inner::None)
    }

    /// The span that work is done under at the moment.
    pub fn current() -> Self {
        let context = Context::current();
        // Another context may have been attached since.
        let is_current = |entered: &&Arc<Recorded>| {
            entered.context.span().span_context() == context.span().span_context()
        };
        let recorded = ENTERED.with_borrow(|entered| entered.as_ref().filter(is_current).cloned());
        if let Some(recorded) = recorded {
            return Self(Inner::Recorded(recorded));
        }
        if context.has_active_span() || !context.baggage().is_empty() {
            return Self(Inner::Unrecorded(context));
        }
        Self(Inner::None)
    }

    pub(super) fn of(context: Context) -> Self {
        Self(Inner::Unrecorded(context))
    }

    pub(super) fn recorded(span: tracing::Span, context: Context) -> Self {
        let recorded = Recorded {
            context,
            _span: span,
        };
        Self(Inner::Recorded(Arc::new(recorded)))
    }

    pub(super) fn context_ref(&self) -> Option<&Context> {
        match &self.0 {
            Inner::None => None,
            Inner::Unrecorded(context) => Some(context),
            Inner::Recorded(recorded) => Some(&recorded.context),
        }
    }

    /// What those who are called need to know of it.
    pub fn context(&self) -> Context {
        self.context_ref().cloned().unwrap_or_default()
    }

    /// Its identity, if it has one.
    pub fn identity(&self) -> Option<SpanContext> {
        let context = self.context().span().span_context().clone();
        context.is_valid().then_some(context)
    }

    /// Its trace, where it is sampled.
    pub(crate) fn sampled_trace_id(&self) -> Option<TraceId> {
        let span = self.context_ref()?.span();
        let context = span.span_context();
        context.is_sampled().then(|| context.trace_id())
    }

    /// Whether anybody will see what is said of it.
    pub fn is_recorded(&self) -> bool {
        matches!(self.0, Inner::Recorded(..))
    }

    /// Says something of it.
    pub fn set_attribute(&self, key: impl Into<Key>, value: impl Into<Value>) {
        if let Inner::Recorded(recorded) = &self.0 {
            recorded
                .context
                .span()
                .set_attribute(KeyValue::new(key, value));
        }
    }

    /// Says how it went.
    pub fn set_status(&self, status: Status) {
        if let Inner::Recorded(recorded) = &self.0 {
            recorded.context.span().set_status(status);
        }
    }

    /// Refers to another span, which is no parent.
    pub fn add_link(&self, other: SpanContext) {
        if let Inner::Recorded(recorded) = &self.0 {
            recorded.context.span().add_link(other, Vec::new());
        }
    }

    /// Does something under it.
    pub fn in_scope<T>(&self, work: impl FnOnce() -> T) -> T {
        let _entered = self.enter();
        work()
    }

    /// Everything until the guard is dropped is done under it. No task may wait meanwhile.
    pub fn enter(&self) -> Entered<'_> {
        let before = match &self.0 {
            Inner::Recorded(recorded) => Some(Before(ENTERED.replace(Some(recorded.clone())))),
            Inner::None | Inner::Unrecorded(_) => None,
        };
        Entered {
            _context: self.context_ref().map(|context| context.clone().attach()),
            _before: before,
            _span: PhantomData,
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
