//! User journeys: what a person does with an exercise, and what they then see in Jaeger.
//!
//! The same journeys run against the lab (`tests/lab.rs`, with plain `cargo test`), against a
//! cluster (`tests/cluster/main.rs`) and inside one (the program `e2e`, which is the conformance image
//! of `helm test`).
//!
//! # Layout
//! - [`target`]: where the exercises and Jaeger are.
//! - [`jaeger`]: traces by Jaeger's query API, which the lab speaks too.
//! - [`span`]: one span of a trace.
//! - [`tree`]: the shape of a trace.
//! - [`score`]: the Instrumentation Score of each service, and what must hold of every trace.
//! - [`caller`]: the context of a trace that a journey begins.
//! - [`journeys`]: one file an exercise.
//! - [`chat`]: a client of chat that comes back as the page does.
//! - [`soak`]: what is written while things are broken, and read back.
//! - [`dial`]: whether an address takes a connection.
//! - [`tcp`]: a plain socket, and the header that carries a trace.
//! - [`load`]: a steady, bounded load that counts failures.
//! - [`quota`]: how much of it there is: a number, or until the end is told.
//! - [`linearizable`]: whether what several clients saw could have been one thing after another.

pub mod caller;
pub mod chat;
pub mod dial;
pub mod jaeger;
pub mod journeys;
pub mod linearizable;
pub mod load;
pub mod quota;
pub mod score;
pub mod soak;
pub mod span;
pub mod target;
pub mod tcp;
pub mod tree;

/// Why a journey failed, in words for the person who runs it.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Something was not as it must be.
    #[error("{0}")]
    Wrong(String),
    /// A request got no answer, or one that cannot be read.
    #[error("{what}: {source}")]
    Request {
        /// What was asked.
        what: String,
        /// What the HTTP library said.
        source: reqwest::Error,
    },
    /// What could be asked was answered as it must be, but there is no Jaeger to show the trace.
    #[error("JAEGER_URL is not set, so the trace was not looked at")]
    NoTraces,
    /// A condition did not come to pass within its time.
    #[error("never came to pass: {0}")]
    Never(String),
}

/// Fails a journey unless two values are equal, saying which value was wrong.
#[expect(
    clippy::needless_pass_by_value,
    reason = "most callers have temporaries at hand"
)]
pub fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: T, wanted: T) -> Result<(), Failure> {
    if got == wanted {
        return Ok(());
    }
    Err(Failure::Wrong(format!(
        "{what}: got {got:?}, wanted {wanted:?}"
    )))
}
