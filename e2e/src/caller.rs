//! Who begins a trace from outside: a journey, whose own span nobody exports.

/// How the ids of the journeys' own spans begin, so that they are told from spans that were lost.
const MARK: &str = "e2ee2ee2";

/// A trace begun by a journey.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The trace, as Jaeger is asked for it.
    pub trace_id: String,
    /// The journey's own span.
    pub span_id: String,
}

impl Caller {
    /// A new trace.
    pub fn random() -> Self {
        let (trace, span): (u128, u32) = (rand::random(), rand::random());
        Self {
            trace_id: format!("{:032x}", trace | 1),
            span_id: format!("{MARK}{span:08x}"),
        }
    }

    /// Whether this is the id of some journey's own span, which nobody exports.
    pub fn is_one(span_id: &str) -> bool {
        span_id.starts_with(MARK)
    }

    /// The value of the header `traceparent`, sampled.
    pub fn traceparent(&self) -> String {
        format!("00-{}-{}-01", self.trace_id, self.span_id)
    }
}
