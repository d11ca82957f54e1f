//! What Redis has refused, for the health check to look into.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

/// The last refusal that nobody has looked into.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    last: Mutex<Option<String>>,
    came: Notify,
}

impl Refusals {
    pub(super) fn put(&self, reason: String) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
        self.came.notify_one();
    }

    pub(super) fn take(&self) -> Option<String> {
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Waits for one. It may be taken already.
    pub(super) async fn came(&self) {
        self.came.notified().await;
    }
}
