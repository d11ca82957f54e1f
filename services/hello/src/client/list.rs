//! The names of the list, one after another at their interval.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::settings::NameList;

/// How far the client has come with its list.
pub(super) struct List {
    names: Vec<String>,
    interval: Duration,
    /// How many are left; `None` is for ever.
    left: Option<u64>,
    next: usize,
    due: Instant,
}

impl List {
    pub(super) fn new(list: NameList) -> Self {
        let NameList {
            names,
            interval,
            count,
            ..
        } = list;
        let left = (count > 0).then_some(count);
        Self {
            names,
            interval,
            left,
            next: 0,
            due: Instant::now(),
        }
    }

    /// The next name once it is due; `None` after the last.
    pub(super) async fn next(&mut self) -> Option<Vec<u8>> {
        if self.left == Some(0) {
            return None;
        }
        sleep_until(self.due).await;
        // From the call on, so that a server that is away is not asked in bursts afterwards.
        self.due = Instant::now() + self.interval;
        self.left = self.left.map(|left| left - 1);
        let name = self.names.get(self.next % self.names.len().max(1))?;
        self.next += 1;
        Some(name.clone().into_bytes())
    }
}
