//! What a failure means: whether the server was reached, and by which status it is known.

use std::error::Error;

use tonic::{Code, ConnectError, Status, TimeoutExpired};
use tonic_types::StatusExt;

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
pub(super) fn of_transport(error: &(dyn Error + Send + Sync + 'static)) -> (Status, Again) {
    let has = |is: fn(&(dyn Error + 'static)) -> bool| causes(error).any(is);
    if has(<dyn Error>::is::<TimeoutExpired>) {
        return (late(), Again::Never);
    }
    let status = Status::unavailable(innermost(error));
    if has(<dyn Error>::is::<ConnectError>) {
        (status, Again::Always)
    } else {
        (status, Again::IfRepeatable)
    }
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

/// The last cause of an error: the first ones only say that something failed.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error)
        .last()
        .map_or_else(String::new, ToString::to_string)
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
