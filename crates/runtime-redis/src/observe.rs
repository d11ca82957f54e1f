//! Spans and metrics of commands.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::gauge::Gauge;

use super::command::Command;
use super::settings::RedisSettings;
use super::url::Address;
use runtime::metrics::{Durations, Metrics};
use runtime::trace::{self, Parent, Span, semconv};

/// What a client of Redis counts.
#[derive(Clone, Debug)]
pub(super) struct RedisMetrics {
    operations: Durations<OperationLabels>,
    waits: Durations<WaitLabels>,
    answers: Gauge,
}

/// Labels of `db.client.operation.duration`. The error's type is empty where there is none.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OperationLabels {
    db_system_name: &'static str,
    db_operation_name: &'static str,
    error_type: &'static str,
}

/// Labels of `db.client.connection.wait_time`.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct WaitLabels {
    db_client_connection_pool_name: &'static str,
}

impl RedisMetrics {
    pub(super) fn register(metrics: &Metrics) -> Self {
        let (operations, waits) = (Durations::default(), Durations::default());
        let answers = Gauge::default();
        let help = "Time from sending a command to the end of its answer";
        operations.register(metrics, "db_client_operation_duration", help);
        let help = "Time that commands waited for their turn or a connection, where they did";
        waits.register(metrics, "db_client_connection_wait_time", help);
        let help = "1 while Redis answers, 0 while nobody asks it";
        metrics.register("redis_answers", help, answers.clone());
        Self {
            operations,
            waits,
            answers,
        }
    }

    pub(super) fn answers(&self, answers: bool) {
        self.answers.set(i64::from(answers));
    }

    pub(super) fn operation(&self, operation: &'static str, error: &'static str, took: Duration) {
        let labels = OperationLabels {
            db_system_name: "redis",
            db_operation_name: operation,
            error_type: error,
        };
        self.operations.observe(&labels, took);
    }

    pub(super) fn waited(&self, took: Duration) {
        let labels = WaitLabels {
            db_client_connection_pool_name: "redis",
        };
        self.waits.observe(&labels, took);
    }
}

/// A text whose copies are the same memory: every command's span has one.
fn shared(text: &str) -> Arc<str> {
    text.into()
}

/// The attributes that every span of one client has.
#[derive(Clone, Debug)]
pub(super) struct Attributes(Vec<KeyValue>);

impl Attributes {
    pub(super) fn new(settings: &RedisSettings) -> Self {
        let mut attributes = vec![
            KeyValue::new(semconv::DB_SYSTEM_NAME, "redis"),
            KeyValue::new(
                semconv::DB_NAMESPACE,
                shared(&settings.database.to_string()),
            ),
        ];
        // Of several nodes it is not known here which one answers.
        match &settings.nodes[..] {
            [Address::Tcp(host, port)] => {
                attributes.push(KeyValue::new(semconv::SERVER_ADDRESS, shared(host)));
                attributes.push(KeyValue::new(semconv::SERVER_PORT, i64::from(*port)));
            }
            [Address::Unix(path)] => {
                let path = shared(&path.to_string_lossy());
                attributes.push(KeyValue::new(semconv::SERVER_ADDRESS, path));
            }
            _ => {}
        }
        Self(attributes)
    }

    /// The span of a command. What no request asks for, such as a heartbeat, has none: it would be
    /// a trace of its own, and there is no end of them.
    pub(super) fn command(&self, command: &Command) -> Span {
        if trace::current().is_none() {
            return Span::none();
        }
        trace::start_with(SpanKind::Client, Parent::Current, || {
            let (operation, script) = (command.operation, command.script);
            let name = match script {
                Some(script) => format!("{operation} {script}").into(),
                None => operation.into(),
            };
            let operation = KeyValue::new(semconv::DB_OPERATION_NAME, operation);
            let script = script.map(|name| KeyValue::new(semconv::DB_STORED_PROCEDURE_NAME, name));
            let attributes = self.0.iter().cloned().chain([operation]).chain(script);
            (name, attributes.collect())
        })
    }

    /// The span of a wait for a connection, where a request waits.
    pub(super) fn wait(&self) -> Span {
        if trace::current().is_none() {
            return Span::none();
        }
        trace::start_with(SpanKind::Internal, Parent::Current, || {
            ("redis connection wait".into(), self.0.clone())
        })
    }
}

/// Writes on a command's span what Redis refused it with.
pub(super) fn refused(span: &Span, error: &redis::RedisError) {
    if let Some(code) = error.code() {
        span.set_attribute(semconv::DB_RESPONSE_STATUS_CODE, code.to_owned());
    }
}
