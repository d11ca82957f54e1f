//! What a failure means: whether the server was reached, and by which status it is known.

use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::connection::ConnectionError;
use runtime::cause::innermost;

/// Whether a call that failed can be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RetryDecision {
    /// No server has seen it.
    Always,
    /// A server may have done it before it failed.
    IfRepeatable,
    /// Another try would end the same, or the server has said when to come back.
    Never,
}

/// What broke between this process and the server, as a status of the call.
pub(super) fn of_connection(error: &ConnectionError) -> (Status, RetryDecision) {
    let text = match error {
        // It names the address.
        ConnectionError::NotOpened { .. } => error.to_string(),
        _ => innermost(error),
    };
    let retry = if error.is_unseen() {
        RetryDecision::Always
    } else {
        RetryDecision::IfRepeatable
    };
    (Status::unavailable(text), retry)
}

/// Whether to retry after this status. A server that says when to come back (`RetryInfo`) is not asked sooner.
pub(super) fn retry_after(status: &Status) -> RetryDecision {
    let told_when = || status.get_details_retry_info().is_some();
    if status.code() == Code::Unavailable && !told_when() {
        RetryDecision::IfRepeatable
    } else {
        RetryDecision::Never
    }
}

/// The deadline has passed.
pub(super) fn deadline_exceeded() -> Status {
    Status::deadline_exceeded("the deadline has passed")
}
