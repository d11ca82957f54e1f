//! The journeys of every exercise.

pub mod chat;
pub mod desafio1;
pub mod grpc;
pub mod hello;
pub mod sockets;

use std::pin::Pin;
use std::time::Duration;

use crate::caller::Caller;
use crate::jaeger::Jaeger;
use crate::score::scored;
use crate::span::Span;
use crate::target::Target;
use crate::tree::{drawn, shaped};
use crate::{Failure, same};

/// A journey under way.
type Running = Pin<Box<dyn Future<Output = Result<(), Failure>>>>;

/// One journey, as it is listed and run.
#[derive(Clone, Copy)]
pub struct Journey {
    /// The exercise it belongs to.
    pub exercise: &'static str,
    /// What it shows, as a sentence.
    pub name: &'static str,
    run: fn(Context) -> Running,
}

impl Journey {
    /// Runs it.
    pub async fn run(&self, context: Context) -> Result<(), Failure> {
        (self.run)(context).await
    }
}

/// Where a journey goes, and how it asks.
#[derive(Clone, Debug)]
pub struct Context {
    /// Where things are.
    pub target: Target,
    /// A client that follows no redirects and waits for no more than ten seconds.
    pub http: reqwest::Client,
}

impl Context {
    /// For this target.
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

    /// Jaeger's query API; without one, a journey is not taken for a success.
    pub fn jaeger(&self) -> Result<Jaeger, Failure> {
        let base = self.target.jaeger.clone().ok_or(Failure::NoTraces)?;
        Ok(Jaeger::new(base, self.http.clone()))
    }

    /// The one span of a trace that a journey began: a server's, under the journey's own.
    pub async fn only_span(&self, caller: &Caller) -> Result<Span, Failure> {
        let spans = self.jaeger()?.trace(&caller.trace_id, 1).await?;
        scored(&spans, Some(&caller.span_id))?;
        let [span] = &spans[..] else {
            let drawn = drawn(&spans);
            return Err(Failure::Wrong(format!("more than one span\n{drawn}")));
        };
        let parent = span.parent.as_deref();
        let wanted = Some(caller.span_id.as_str());
        same("the server span's parent", parent, wanted)?;
        Ok(span.clone())
    }

    /// Waits for a recent trace of a client that is whole, and checks its shape; that Jaeger lists
    /// everybody in it; and that its spans score in full.
    ///
    /// A trace with a failed span is passed over: a client that came up before its server has tried
    /// more than once, all in one trace, which is what it should do and not what is asked here.
    pub async fn newest_trace(&self, client: &str, wanted: &str) -> Result<Vec<Span>, Failure> {
        let jaeger = self.jaeger()?;
        let whole = |spans: &[Span]| {
            spans.len() >= wanted.lines().count() && !spans.iter().any(Span::failed)
        };
        let spans = jaeger
            .recent(
                client,
                &format!("a whole trace of {client} without an error"),
                whole,
            )
            .await?;
        shaped(&spans, wanted)?;
        scored(&spans, None)?;
        let listed = jaeger.services().await?;
        for span in &spans {
            let what = format!(
                "{} among Jaeger's services\n{}",
                span.service,
                drawn(&spans)
            );
            same(&what, listed.contains(&span.service), true)?;
        }
        Ok(spans)
    }
}

/// Every journey.
pub fn all() -> Vec<Journey> {
    [
        desafio1::JOURNEYS,
        hello::JOURNEYS,
        grpc::JOURNEYS,
        chat::JOURNEYS,
        sockets::JOURNEYS,
    ]
    .concat()
}

/// A row of an exercise's list: the exercise, the sentence, the function.
macro_rules! journey {
    ($exercise:literal, $name:literal, $run:path) => {
        $crate::journeys::Journey {
            exercise: $exercise,
            name: $name,
            run: |context| Box::pin($run(context)),
        }
    };
}
pub(crate) use journey;
