//! What a failure means: whether the server was reached, and by which status it is known.

use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::connection::ConnectionError;
use runtime::error::innermost;

/// Whether a call that failed can be made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// No server has seen it.
    Always,
    /// A server may have done it before it failed.
    IfRepeatable,
    /// Another try would end the same, or the server has said when to come back.
    Never,
}

/// What broke between this process and the server, as a status of the call.
pub(super) fn of_transport(error: &ConnectionError) -> (Status, Again) {
    let said = match error {
        // It names the address.
        ConnectionError::NotOpened { .. } => error.to_string(),
        _ => innermost(error),
    };
    let again = if error.unseen() {
        Again::Always
    } else {
        Again::IfRepeatable
    };
    (Status::unavailable(said), again)
}

/// What a server answered. One that says when to come back (`RetryInfo`) is not asked sooner.
pub(super) fn of_answer(status: &Status) -> Again {
    let told_when = || status.get_details_retry_info().is_some();
    if status.code() == Code::Unavailable && !told_when() {
        Again::IfRepeatable
    } else {
        Again::Never
    }
}

/// The deadline has passed.
pub(super) fn late() -> Status {
    Status::deadline_exceeded("the deadline has passed")
}
