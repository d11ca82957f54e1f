//! The settings of telemetry, most of them the specification's.

use std::io::IsTerminal;

use opentelemetry::KeyValue;
use opentelemetry_sdk::trace::{Sampler, SpanLimits};
use tracing_subscriber::filter::{LevelFilter, Targets};

use super::limits::ValueLength;
use super::otel::{Batches, SdkOptions};
use super::otlp::{OtlpOptions, OtlpSettings};
use crate::settings::{Expected, FromSetting, parse};
use crate::trace::{self, Formats};

/// What telemetry is told. A wrong value of the specification's variables is passed over with a
/// warning, as the specification wants; of our own it is refused.
#[derive(Debug)]
pub struct TelemetrySettings {
    pub(super) log_json: bool,
    pub(super) logged: Targets,
    /// None: nothing is exported.
    pub(super) otlp: Option<OtlpSettings>,
    pub(super) disabled: bool,
    /// The part that this process plays, if it has a name.
    pub(super) part: Option<String>,
    pub(super) service_name: Option<String>,
    pub(super) resource: Vec<KeyValue>,
    pub(super) formats: Formats,
    pub(super) sampler: Sampler,
    pub(super) batches: Batches,
    pub(super) limits: SpanLimits,
    pub(super) value_length: ValueLength,
    pub(super) warnings: Vec<String>,
}

/// The settings of telemetry as they are given.
#[derive(Clone, Debug, clap::Args)]
pub struct TelemetryOptions {
    /// Log lines on stderr: auto (text on a terminal, JSON otherwise), text or json
    #[arg(
        default_value = "auto",
        value_parser = parse::<LogFormat>,
        help_heading = "Settings of every service"
    )]
    log_format: LogFormat,
    /// What is logged: off, error, warn, info, debug or trace; also per module, as in
    /// info,runtime=debug
    #[arg(
        default_value = "info",
        value_parser = log_level,
        help_heading = "Settings of every service"
    )]
    log_level: Targets,
    #[command(flatten)]
    otlp: OtlpOptions,
    #[command(flatten)]
    sdk: SdkOptions,
}

#[derive(Clone, Copy, Debug)]
enum LogFormat {
    Auto,
    Json,
    Text,
}

impl FromSetting for LogFormat {
    const EXPECTED: &'static str = "auto, text or json";

    fn from_setting(text: &str) -> Option<Self> {
        match text {
            "auto" => Some(Self::Auto),
            "json" => Some(Self::Json),
            "text" => Some(Self::Text),
            _ => None,
        }
    }
}

impl From<TelemetryOptions> for TelemetrySettings {
    fn from(options: TelemetryOptions) -> Self {
        let TelemetryOptions { otlp, sdk, .. } = options;
        let mut all = Vec::new();
        let warnings = &mut all;
        let exports = sdk.exports(warnings);
        let otlp = otlp.read(warnings).filter(|_| exports);
        sdk.other_signals(warnings);
        let (limits, value_length) = sdk.limits(warnings);
        Self {
            log_json: match options.log_format {
                LogFormat::Auto => !std::io::stderr().is_terminal(),
                LogFormat::Json => true,
                LogFormat::Text => false,
            },
            logged: options.log_level,
            otlp,
            disabled: sdk.is_disabled(warnings),
            part: None,
            resource: sdk.resource_attributes(warnings),
            formats: sdk.formats(warnings),
            sampler: sdk.sampler(warnings),
            batches: sdk.batches(warnings),
            limits,
            value_length,
            service_name: sdk.otel_service_name,
            warnings: all,
        }
    }
}

impl TelemetrySettings {
    /// The same for a process that plays a part of this name.
    #[must_use]
    pub fn playing(self, part: Option<String>) -> Self {
        Self { part, ..self }
    }

    /// The same, with a warning of these variables.
    #[must_use]
    pub fn not_using(mut self, variables: &[String]) -> Self {
        if !variables.is_empty() {
            let names = variables.join(", ");
            self.warnings
                .push(format!("not used by this program: {names}"));
        }
        self
    }
}

/// What the exporter's own stack says of itself is not logged unless it is asked for, nor are the fields
/// of spans: lines have a trace's id, so that nobody need write them out.
const QUIET: [&str; 9] = [
    "hyper",
    "hyper_util",
    "reqwest",
    "h2",
    "opentelemetry",
    "opentelemetry_sdk",
    "opentelemetry-otlp",
    "opentelemetry_otlp",
    trace::TARGET,
];

// Not by `EnvFilter`, which can also look into spans: its regular expressions are 0.2 MB of each program.
fn log_level(text: &str) -> Result<Targets, Expected> {
    let expected =
        "off, error, warn, info, debug or trace, also per module, as in info,runtime=debug";
    let quiet = Targets::new().with_targets(QUIET.map(|target| (target, LevelFilter::OFF)));
    let logged = text.split(',').try_fold(quiet, logged_also);
    logged.ok_or_else(|| Expected(expected.to_owned()))
}

/// A lone word that is no level would be a module, and log nothing else.
fn logged_also(logged: Targets, directive: &str) -> Option<Targets> {
    let Some((module, level)) = directive.split_once('=') else {
        return Some(logged.with_default(level_of(directive)?));
    };
    let module = module.trim();
    let is_of_a_path = |letter: char| letter.is_alphanumeric() || ['_', ':', '-'].contains(&letter);
    let is_module = !module.is_empty() && module.chars().all(is_of_a_path);
    let level = level_of(level)?;
    is_module.then(|| logged.with_target(module, level))
}

fn level_of(text: &str) -> Option<LevelFilter> {
    let text = text.trim();
    text.parse().ok().filter(|_| !text.is_empty())
}

#[cfg(test)]
mod tests;
