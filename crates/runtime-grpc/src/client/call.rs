//! What a caller says of one call.

use std::time::Duration;

use tokio::time::Instant;

use runtime::deadline;

/// How one call is to be made: an extension of its request.
///
/// ```
/// # use std::time::Duration;
/// # use runtime_grpc::client::Call;
/// let mut request = tonic::Request::new(());
/// let call = Call::within(Duration::from_secs(2)).repeatable(true);
/// request.extensions_mut().insert(call);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Call {
    pub(super) deadline: Instant,
    pub(super) repeatable: bool,
    pub(super) stream: bool,
}

impl Call {
    /// How long a call may take of which nothing is said.
    pub const LONGEST: Duration = Duration::from_secs(5);

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

    /// Whether it does no harm to make it twice. One that is not is sent again only where it
    /// surely reached no server.
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

impl Default for Call {
    /// As long as the work at hand may take, not repeatable. No call waits for ever because nobody
    /// thought of it.
    fn default() -> Self {
        Self::within(deadline::remaining(Self::LONGEST))
    }
}
