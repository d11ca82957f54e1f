//! What an answer says of an export that was not taken as it was sent.

/// Why spans were rejected.
pub(super) const REJECTED: &str = "spans without a valid trace id and span id";

/// What becomes of metrics and logs.
pub(super) const NOT_SHOWN: &str = "taken, but not shown: the lab shows traces only (OTEL_METRICS_EXPORTER=none and \
     OTEL_LOGS_EXPORTER=none send no metrics and logs)";

/// A number of rejected spans, as OTLP writes it.
pub(super) fn count(rejected: usize) -> i64 {
    i64::try_from(rejected).unwrap_or(i64::MAX)
}
