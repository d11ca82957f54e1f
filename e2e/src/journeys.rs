//! The journeys of every exercise.

pub mod desafio1;

use std::pin::Pin;
use std::time::Duration;

use crate::Failure;
use crate::jaeger::Jaeger;
use crate::target::Target;

/// A journey under way.
type Running = Pin<Box<dyn Future<Output = Result<(), Failure>>>>;

/// One journey, as it is listed and run.
#[derive(Clone, Copy)]
pub struct Journey {
    /// The exercise it belongs to.
    pub exercise: &'static str,
    /// What it shows, as a sentence.
    pub name: &'static str,
    run: fn(Trip) -> Running,
}

impl Journey {
    /// Runs it.
    pub async fn run(&self, trip: Trip) -> Result<(), Failure> {
        (self.run)(trip).await
    }
}

/// What a journey has with it.
#[derive(Clone, Debug)]
pub struct Trip {
    /// Where things are.
    pub target: Target,
    /// A client that follows no redirects and waits for no more than ten seconds.
    pub http: reqwest::Client,
}

impl Trip {
    /// Sets out for this target.
    pub fn new(target: Target) -> Result<Self, Failure> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(10))
            .build()
            .map_err(|source| Failure::Request {
                what: "an HTTP client".to_owned(),
                source,
            })?;
        Ok(Self { target, http })
    }

    /// Jaeger's query API, where the target has one.
    pub fn jaeger(&self) -> Option<Jaeger> {
        self.target
            .jaeger
            .clone()
            .map(|base| Jaeger::new(base, self.http.clone()))
    }
}

/// Every journey.
pub fn all() -> Vec<Journey> {
    desafio1::JOURNEYS.to_vec()
}

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
        let (trace, span): (u128, u64) = (rand::random(), rand::random());
        Self {
            trace_id: format!("{:032x}", trace | 1),
            span_id: format!("{:016x}", span | 1),
        }
    }

    /// The value of the header `traceparent`, sampled.
    pub fn traceparent(&self) -> String {
        format!("00-{}-{}-01", self.trace_id, self.span_id)
    }
}
