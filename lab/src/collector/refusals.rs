//! Exports over HTTP that were not taken, by reason.

use std::collections::BTreeMap;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use runtime::metrics::Metrics;

/// Why an export was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is in no format of OTLP, by its own words.
    ContentType,
    /// It is compressed in another way than by gzip.
    Encoding,
    /// It is not gzip, though it says so.
    Gzip,
    /// It has more bytes than an export may have.
    TooLarge,
    /// It is not Protocol Buffers, or not an export.
    Protobuf,
    /// It is not JSON, or not an export.
    Json,
    /// It did not come to its end.
    Unread,
}

impl Reason {
    const ALL: [Self; 7] = [
        Self::ContentType,
        Self::Encoding,
        Self::Gzip,
        Self::TooLarge,
        Self::Protobuf,
        Self::Json,
        Self::Unread,
    ];

    /// Its name, for metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::ContentType => "content_type",
            Self::Encoding => "content_encoding",
            Self::Gzip => "gzip",
            Self::TooLarge => "too_large",
            Self::Protobuf => "protobuf",
            Self::Json => "json",
            Self::Unread => "unread",
        }
    }
}

/// How many were not taken. Every clone counts into the same ones.
#[derive(Clone, Debug, Default)]
pub struct Refusals(Family<Labels, Counter>);

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Labels {
    reason: &'static str,
}

impl Refusals {
    /// Shows them in `/metrics`, from zero on.
    pub fn register(&self, metrics: &Metrics) {
        for reason in Reason::ALL {
            self.of(reason);
        }
        let help = "Exports over HTTP that the receiver did not take, by reason";
        metrics.register("lab_exports_refused", help, self.0.clone());
    }

    /// Counts one.
    pub fn count(&self, reason: Reason) {
        self.of(reason).inc();
    }

    /// How many there were of each reason.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        let count = |reason: Reason| (reason.code(), self.of(reason).get());
        Reason::ALL.map(count).into()
    }

    fn of(&self, reason: Reason) -> Counter {
        let reason = reason.code();
        self.0.get_or_create_owned(&Labels { reason })
    }
}
