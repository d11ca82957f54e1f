//! Answers to calls for which there is no room.

use std::time::Duration;

use runtime::memory::OverBudget;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// How long a caller is told to wait while too many calls are open.
const RETRY: Duration = Duration::from_secs(1);

/// The answer to a call for which there is no memory.
pub(super) fn no_memory(_: OverBudget) -> Status {
    exhausted("there is no memory for more calls; ask again in a moment")
}

/// The answer to a call for which there is no place.
pub(super) fn exhausted(text: &str) -> Status {
    let details = ErrorDetails::with_retry_info(Some(RETRY));
    Status::with_error_details(Code::ResourceExhausted, text, details)
}
