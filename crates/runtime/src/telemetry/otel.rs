//! The specification's variables, but for those of the OTLP exporter.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_sdk::trace::{BatchConfig, BatchConfigBuilder, Sampler, SpanLimits};

use super::limits::ValueLength;
use super::otlp::timeout;
use super::variables::{Variable, first, number, one_of, pair, words};
use crate::settings::parse;
use crate::trace::Formats;

/// The variables of the SDK.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Telemetry (OpenTelemetry's names)")]
pub(super) struct SdkOptions {
    /// Span exporter: otlp or none
    #[arg(default_value = "otlp")]
    pub(super) otel_traces_exporter: String,
    /// Metrics are at /metrics alone, as Prometheus reads them: prometheus or none
    #[arg(default_value = "prometheus")]
    otel_metrics_exporter: String,
    /// Logs go to stderr alone: console or none
    #[arg(default_value = "console")]
    otel_logs_exporter: String,
    /// Trace context formats to read and write: tracecontext, baggage or none
    #[arg(default_value = "tracecontext,baggage")]
    otel_propagators: String,
    /// true: no spans at all
    #[arg(default_value = "false")]
    otel_sdk_disabled: String,
    /// service.name of the spans, when it should differ from this program's name
    #[arg(value_parser = parse::<String>)]
    pub(super) otel_service_name: Option<String>,
    /// What spans say of this process, as in `deployment.environment.name=test,owner=Jo%C3%A3o`: values
    /// are percent-encoded
    #[arg(value_parser = parse::<String>)]
    otel_resource_attributes: Option<String>,
    /// Which traces are recorded: `always_on`, `always_off`, `traceidratio`, or one of these with
    /// `parentbased_` before it, for traces that begin here alone
    #[arg(default_value = "parentbased_always_on")]
    otel_traces_sampler: String,
    /// For a sampler with traceidratio: the part of all traces, from 0 to 1
    #[arg(default_value = "1")]
    otel_traces_sampler_arg: String,
    /// Milliseconds between two batches of spans
    #[arg(default_value = "5000")]
    otel_bsp_schedule_delay: String,
    /// Milliseconds that the sending of a batch may take; `otel_exporter_otlp_timeout` holds too; 0: no
    /// limit
    #[arg(default_value = "30000")]
    otel_bsp_export_timeout: String,
    /// Spans that may wait to be sent; beyond them none are made
    #[arg(default_value = "2048")]
    otel_bsp_max_queue_size: String,
    /// Spans of one batch
    #[arg(default_value = "512")]
    otel_bsp_max_export_batch_size: String,
    /// Characters of a text in an attribute; what is longer is cut; empty: no limit
    #[arg(value_parser = parse::<String>)]
    otel_attribute_value_length_limit: Option<String>,
    /// The same for spans alone
    #[arg(value_parser = parse::<String>)]
    otel_span_attribute_value_length_limit: Option<String>,
    /// Attributes of a span, event or link
    #[arg(default_value = "128")]
    otel_attribute_count_limit: String,
    /// The same for spans alone
    #[arg(value_parser = parse::<String>)]
    otel_span_attribute_count_limit: Option<String>,
    /// Events of a span
    #[arg(default_value = "128")]
    otel_span_event_count_limit: String,
    /// Links of a span
    #[arg(default_value = "128")]
    otel_span_link_count_limit: String,
    /// Attributes of an event
    #[arg(value_parser = parse::<String>)]
    otel_event_attribute_count_limit: Option<String>,
    /// Attributes of a link
    #[arg(value_parser = parse::<String>)]
    otel_link_attribute_count_limit: Option<String>,
}

/// How spans wait to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Batches {
    pub(super) delay: Duration,
    pub(super) export_timeout: Duration,
    pub(super) queue: usize,
    pub(super) size: usize,
}

impl Batches {
    pub(super) fn config(self) -> BatchConfig {
        BatchConfigBuilder::default()
            .with_scheduled_delay(self.delay)
            .with_max_queue_size(self.queue)
            .with_max_export_batch_size(self.size)
            .build()
    }
}

impl SdkOptions {
    /// Whether spans are exported at all.
    pub(super) fn exports(&self, warnings: &mut Vec<String>) -> bool {
        let (variable, text) = ("OTEL_TRACES_EXPORTER", &self.otel_traces_exporter);
        let unknown = unknown_words(text, &["otlp", "none"]);
        if !unknown.is_empty() {
            warnings.push(format!(
                "{variable}={text:?}: {unknown} is not built in; otlp is used (none switches it off)"
            ));
        }
        !words(text).any(|word| word.eq_ignore_ascii_case("none"))
    }

    /// Warns where metrics or logs should go where they do not.
    pub(super) fn other_signals(&self, warnings: &mut Vec<String>) {
        for (variable, text, ours, used) in [
            (
                "OTEL_METRICS_EXPORTER",
                &self.otel_metrics_exporter,
                "prometheus",
                "prometheus is used, at /metrics of ADMIN_LISTEN",
            ),
            (
                "OTEL_LOGS_EXPORTER",
                &self.otel_logs_exporter,
                "console",
                "console is used, on stderr",
            ),
        ] {
            let unknown = unknown_words(text, &[ours, "none"]);
            if !unknown.is_empty() {
                warnings.push(format!(
                    "{variable}={text:?}: {unknown} is not built in; {used}"
                ));
            }
        }
    }

    /// The specification takes "true" in any case and nothing else.
    pub(super) fn is_disabled(&self, warnings: &mut Vec<String>) -> bool {
        let text = &self.otel_sdk_disabled;
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        if !is("true") && !is("false") && !text.is_empty() {
            warnings.push(format!(
                "OTEL_SDK_DISABLED={text:?} is neither true nor false; false is used"
            ));
        }
        is("true")
    }

    pub(super) fn formats(&self, warnings: &mut Vec<String>) -> Formats {
        let text = &self.otel_propagators;
        let has = |name: &str| words(text).any(|word| word.eq_ignore_ascii_case(name));
        let uses = |name: &str| has(name) && !has("none");
        let formats = Formats {
            trace_context: uses("tracecontext"),
            baggage: uses("baggage"),
        };
        let unknown = unknown_words(text, &["tracecontext", "baggage", "none"]);
        if !unknown.is_empty() {
            let used = match (formats.trace_context, formats.baggage) {
                (true, true) => "tracecontext,baggage",
                (true, false) => "tracecontext",
                (false, true) => "baggage",
                (false, false) => "none",
            };
            warnings.push(format!(
                "OTEL_PROPAGATORS={text:?}: {unknown} is not built in; {used} is used"
            ));
        }
        formats
    }

    pub(super) fn resource_attributes(&self, warnings: &mut Vec<String>) -> Vec<KeyValue> {
        let text = self.otel_resource_attributes.as_deref().unwrap_or_default();
        let (mut attributes, mut wrong) = (Vec::new(), Vec::new());
        for each in words(text) {
            match pair(each) {
                Some((name, value)) => attributes.push(KeyValue::new(name.to_owned(), value)),
                None => wrong.push(each),
            }
        }
        if !wrong.is_empty() {
            let wrong = wrong.join(",");
            warnings.push(format!(
                "OTEL_RESOURCE_ATTRIBUTES={text:?} is not all of name=value with percent-encoded values: \
                 {wrong:?} is left out"
            ));
        }
        attributes
    }

    pub(super) fn sampler(&self, warnings: &mut Vec<String>) -> Sampler {
        let names = [
            "parentbased_always_on",
            "parentbased_always_off",
            "parentbased_traceidratio",
            "always_on",
            "always_off",
            "traceidratio",
        ];
        let name = first(
            warnings,
            &[("OTEL_TRACES_SAMPLER", Some(&self.otel_traces_sampler))],
            "a sampler that is built in",
            one_of(&names),
            names[0],
        );
        let (is_parent_based, root) = match name.strip_prefix("parentbased_") {
            Some(root) => (true, root),
            None => (false, name),
        };
        let root = match root {
            "always_on" => Sampler::AlwaysOn,
            "always_off" => Sampler::AlwaysOff,
            _ => Sampler::TraceIdRatioBased(self.ratio(warnings)),
        };
        if is_parent_based {
            Sampler::ParentBased(Box::new(root))
        } else {
            root
        }
    }

    fn ratio(&self, warnings: &mut Vec<String>) -> f64 {
        let argument = Some(&self.otel_traces_sampler_arg);
        let is_ratio = |text: &str| {
            text.parse()
                .ok()
                .filter(|ratio| (0.0..=1.0).contains(ratio))
        };
        let expected = "a number from 0 to 1, as in 0.25";
        let variable: Variable<'_> = ("OTEL_TRACES_SAMPLER_ARG", argument);
        first(warnings, &[variable], expected, is_ratio, 1.0)
    }

    pub(super) fn batches(&self, warnings: &mut Vec<String>) -> Batches {
        let mut read = |name, text: &String, least: u32, default| {
            let expected = format!("a whole number, {least} or more");
            let read = number(least..=MOST);
            first(warnings, &[(name, Some(text))], &expected, read, default)
        };
        let delay = read(
            "OTEL_BSP_SCHEDULE_DELAY",
            &self.otel_bsp_schedule_delay,
            0,
            5000,
        );
        let export_timeout = read(
            "OTEL_BSP_EXPORT_TIMEOUT",
            &self.otel_bsp_export_timeout,
            0,
            30_000,
        );
        let queue = read(
            "OTEL_BSP_MAX_QUEUE_SIZE",
            &self.otel_bsp_max_queue_size,
            1,
            2048,
        );
        let name = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE";
        let size = read(name, &self.otel_bsp_max_export_batch_size, 1, 512);
        if size > queue && size != 512 {
            warnings.push(format!(
                "{name}=\"{size}\" is more than OTEL_BSP_MAX_QUEUE_SIZE; {queue} is used"
            ));
        }
        let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Batches {
            // Without any pause the exporter's thread would never rest.
            delay: Duration::from_millis(delay.max(1).into()),
            export_timeout: timeout(export_timeout),
            queue: count(queue),
            size: count(size.min(queue)),
        }
    }

    pub(super) fn limits(&self, warnings: &mut Vec<String>) -> (SpanLimits, ValueLength) {
        let expected = "a whole number, 0 or more";
        let length = first(
            warnings,
            &[
                (
                    "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
                    self.otel_span_attribute_value_length_limit.as_ref(),
                ),
                (
                    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
                    self.otel_attribute_value_length_limit.as_ref(),
                ),
            ],
            expected,
            |text| number(0..=MOST)(text).map(|limit| ValueLength(Some(limit))),
            ValueLength(None),
        );
        let general: Variable<'_> = (
            "OTEL_ATTRIBUTE_COUNT_LIMIT",
            Some(&self.otel_attribute_count_limit),
        );
        // What is wrong with it is said once, and not for each limit that follows from it.
        let attributes = first(warnings, &[general], expected, number(0..=MOST), 128);
        let mut read = |name, text: Option<&String>, default| {
            first(
                warnings,
                &[(name, text)],
                expected,
                number(0..=MOST),
                default,
            )
        };
        let limits = SpanLimits {
            max_attributes_per_span: read(
                "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
                self.otel_span_attribute_count_limit.as_ref(),
                attributes,
            ),
            max_events_per_span: read(
                "OTEL_SPAN_EVENT_COUNT_LIMIT",
                Some(&self.otel_span_event_count_limit),
                128,
            ),
            max_links_per_span: read(
                "OTEL_SPAN_LINK_COUNT_LIMIT",
                Some(&self.otel_span_link_count_limit),
                128,
            ),
            max_attributes_per_event: read(
                "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
                self.otel_event_attribute_count_limit.as_ref(),
                attributes,
            ),
            max_attributes_per_link: read(
                "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
                self.otel_link_attribute_count_limit.as_ref(),
                attributes,
            ),
        };
        (limits, length)
    }
}

/// The largest number that the specification asks for.
const MOST: u32 = i32::MAX.unsigned_abs();

/// Those of a list's words that are none of these.
fn unknown_words(text: &str, known: &[&'static str]) -> String {
    let is_known = one_of(known);
    let unknown: Vec<_> = words(text)
        .filter(|word| is_known(word).is_none())
        .collect();
    unknown.join(",")
}
