//! The time of day.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Since 1970, by this machine's clock.
fn now() -> Duration {
    // A clock before 1970 is wrong in any case; every check of times then says so.
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    u64::try_from(now().as_millis()).unwrap_or(u64::MAX)
}

/// Seconds since 1970.
pub(crate) fn now_seconds() -> u64 {
    now().as_secs()
}
