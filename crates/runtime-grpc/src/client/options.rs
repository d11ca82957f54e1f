//! The options of one call.

use std::time::Duration;

use tokio::time::Instant;

use runtime::deadline;

/// How one call is made: an extension of its request.
///
/// ```
/// # use std::time::Duration;
/// # use runtime_grpc::client::CallOptions;
/// let mut request = tonic::Request::new(());
/// let options = CallOptions::within(Duration::from_secs(2)).repeatable(true);
/// request.extensions_mut().insert(options);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CallOptions {
    pub(super) deadline: Instant,
    pub(super) repeatable: bool,
    pub(super) stream: bool,
}

impl CallOptions {
    /// The deadline of a call that sets none.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

    /// A call that ends at this time with `DEADLINE_EXCEEDED`. The server is told how long it has.
    pub fn until(deadline: Instant) -> Self {
        Self {
            deadline,
            repeatable: false,
            stream: false,
        }
    }

    /// The same, counted from now.
    pub fn within(time: Duration) -> Self {
        Self::until(Instant::now() + time)
    }

    /// Whether it is safe to make it twice. A call that is not repeatable is retried only if it is
    /// certain that it reached no server.
    #[must_use]
    pub fn repeatable(self, repeatable: bool) -> Self {
        Self { repeatable, ..self }
    }

    /// A call that is answered by a stream: the deadline is that of the answer's beginning, and
    /// the stream goes on for as long as either side likes.
    #[must_use]
    pub fn stream(self) -> Self {
        Self {
            stream: true,
            ..self
        }
    }
}

impl Default for CallOptions {
    /// What is left of the current deadline, at most [`DEFAULT_TIMEOUT`](Self::DEFAULT_TIMEOUT); not
    /// repeatable. So no call waits for ever.
    fn default() -> Self {
        Self::within(deadline::remaining(Self::DEFAULT_TIMEOUT))
    }
}
