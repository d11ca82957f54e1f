//! The settings of telemetry, most of them the specification's.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use url::Url;

use crate::settings::{Expected, FromSetting, parse};

/// What telemetry is told. A wrong value of the specification's variables is ignored with a
/// warning, as the specification wants; of our own it is refused.
#[derive(Debug)]
pub struct TelemetrySettings {
    pub(super) log_json: bool,
    pub(super) log_level: String,
    /// The whole URL that spans are posted to.
    pub(super) endpoint: Option<String>,
    pub(super) disabled: bool,
    pub(super) service_name: Option<String>,
    pub(super) propagators: Vec<Propagator>,
    pub(super) warnings: Vec<String>,
}

/// A format in which contexts travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Propagator {
    TraceContext,
    Baggage,
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
    log_level: String,
    #[command(flatten)]
    otel: OtelOptions,
}

/// The specification's own.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Telemetry (OpenTelemetry's names)")]
struct OtelOptions {
    /// Where spans go, by OTLP over HTTP/protobuf (`http://HOST:4318`); empty: nowhere
    #[arg(value_parser = parse::<String>)]
    otel_exporter_otlp_endpoint: Option<String>,
    /// The same for spans alone: a whole URL, used as it is
    #[arg(value_parser = parse::<String>)]
    otel_exporter_otlp_traces_endpoint: Option<String>,
    /// OTLP transport for spans; http/protobuf is the one built in
    #[arg(default_value = "http/protobuf")]
    otel_exporter_otlp_protocol: String,
    /// Span exporter: otlp or none
    #[arg(default_value = "otlp")]
    otel_traces_exporter: String,
    /// Trace context formats to read and write: tracecontext, baggage or none
    #[arg(default_value = "tracecontext,baggage")]
    otel_propagators: String,
    /// true: no spans at all
    #[arg(default_value = "false")]
    otel_sdk_disabled: String,
    /// service.name of the spans, when it should differ from this program's name
    #[arg(value_parser = parse::<String>)]
    otel_service_name: Option<String>,
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
        let otel = options.otel;
        let mut warnings = Vec::new();
        Self {
            log_json: match options.log_format {
                LogFormat::Auto => !std::io::stderr().is_terminal(),
                LogFormat::Json => true,
                LogFormat::Text => false,
            },
            log_level: options.log_level,
            endpoint: endpoint(&otel, &mut warnings),
            disabled: disabled(&otel.otel_sdk_disabled, &mut warnings),
            propagators: propagators(&otel.otel_propagators, &mut warnings),
            service_name: otel.otel_service_name,
            warnings,
        }
    }
}

impl TelemetrySettings {
    /// The same, with this name for the service where none was set.
    #[must_use]
    pub fn or_named(mut self, name: Option<String>) -> Self {
        self.service_name = self.service_name.or(name);
        self
    }
}

fn log_level(text: &str) -> Result<String, Expected> {
    let expected =
        "off, error, warn, info, debug or trace, also per module, as in info,runtime=debug";
    match EnvFilter::builder().parse(text) {
        Ok(_) if names_a_level(text) => Ok(text.to_owned()),
        _ => Err(Expected(expected.to_owned())),
    }
}

/// A lone word that is no level would count as a module, and log nothing.
fn names_a_level(directives: &str) -> bool {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    directives.split(',').all(|directive| {
        directive.contains('=') || LEVELS.contains(&directive.trim().to_lowercase().as_str())
    })
}

/// Where spans go: the URL for spans as it is, else the general one with `/v1/traces`.
fn endpoint(otel: &OtelOptions, warnings: &mut Vec<String>) -> Option<String> {
    match otel.otel_traces_exporter.trim() {
        "" | "otlp" => {}
        "none" => return None,
        other => warnings.push(format!(
            "OTEL_TRACES_EXPORTER={other:?} is not built in; otlp is used (none switches it off)"
        )),
    }
    let protocol = otel.otel_exporter_otlp_protocol.as_str();
    if !["", "http/protobuf"].contains(&protocol) {
        warnings.push(format!(
            "OTEL_EXPORTER_OTLP_PROTOCOL={protocol:?} is not built in; http/protobuf is used"
        ));
    }
    if let Some(text) = &otel.otel_exporter_otlp_traces_endpoint {
        return collector("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", text, warnings);
    }
    let text = otel.otel_exporter_otlp_endpoint.as_ref()?;
    let general = collector("OTEL_EXPORTER_OTLP_ENDPOINT", text, warnings)?;
    Some(format!("{}/v1/traces", general.trim_end_matches('/')))
}

/// The URL of a collector. A wrong one must not end a program that can do its work without.
fn collector(name: &str, text: &str, warnings: &mut Vec<String>) -> Option<String> {
    let url = Url::parse(text).ok().filter(Url::has_host);
    let wrong = match url.as_ref().map(Url::scheme) {
        Some("http") => return url.map(String::from),
        Some("https") => "needs TLS, which is not built in",
        _ => "is no http:// URL, such as http://localhost:4318",
    };
    // Whoever writes a password into a URL does not want it in a log.
    let shown = match text.rsplit_once('@') {
        Some((_, rest)) => format!("***@{rest}"),
        None => text.to_owned(),
    };
    warnings.push(format!("{name}={shown:?} {wrong}; nothing is exported"));
    None
}

/// The specification takes "true" in any case and nothing else.
fn disabled(text: &str, warnings: &mut Vec<String>) -> bool {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    if !is("true") && !is("false") && !text.is_empty() {
        warnings.push(format!(
            "OTEL_SDK_DISABLED={text:?} is neither true nor false; false is used"
        ));
    }
    is("true")
}

fn propagators(names: &str, warnings: &mut Vec<String>) -> Vec<Propagator> {
    let mut propagators = Vec::new();
    for name in names
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
    {
        match name {
            "tracecontext" => propagators.push(Propagator::TraceContext),
            "baggage" => propagators.push(Propagator::Baggage),
            "none" => return Vec::new(),
            other => warnings.push(format!(
                "OTEL_PROPAGATORS: {other:?} is not built in; tracecontext and baggage are"
            )),
        }
    }
    propagators.dedup();
    propagators
}

#[cfg(test)]
mod tests {
    use clap::Args;

    use super::*;
    use crate::settings::{Inputs, SettingsError, Source};

    fn read(pairs: &[(&str, &str)]) -> Result<TelemetrySettings, SettingsError> {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let inputs = Inputs {
            environment: pairs.collect(),
            ..Inputs::default()
        };
        let command = TelemetryOptions::augment_args(clap::Command::new("test"));
        let options: TelemetryOptions = Source::load(command, inputs)?.group()?;
        Ok(options.into())
    }

    #[test]
    fn nothing_is_exported_unless_an_endpoint_is_set() {
        assert_eq!(read(&[]).unwrap().endpoint, None);
    }

    #[test]
    fn the_general_endpoint_gets_the_path_and_the_one_for_spans_does_not() {
        let general = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://jaeger:4318/");
        let of_spans = (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "http://tempo:4318/own/path",
        );
        let endpoint = |pairs: &[(&str, &str)]| read(pairs).unwrap().endpoint.unwrap();
        assert_eq!(endpoint(&[general]), "http://jaeger:4318/v1/traces");
        assert_eq!(endpoint(&[general, of_spans]), "http://tempo:4318/own/path");
    }

    #[test]
    fn an_exporter_of_none_sends_nothing_whatever_the_endpoint() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://jaeger:4318");
        assert_eq!(
            read(&[endpoint, ("OTEL_TRACES_EXPORTER", "none")])
                .unwrap()
                .endpoint,
            None
        );
    }

    #[test]
    fn an_endpoint_that_cannot_be_used_is_passed_over_with_a_warning() {
        for name in [
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        ] {
            for value in ["localhost:4318", "https://collector:4318", "???", "http://"] {
                for disabled in ["true", "false"] {
                    let settings = read(&[(name, value), ("OTEL_SDK_DISABLED", disabled)]).unwrap();
                    assert_eq!(settings.endpoint, None, "{value}");
                    let [warning] = &settings.warnings[..] else {
                        panic!("{:?}", settings.warnings)
                    };
                    let named = format!("{name}={value:?} ");
                    assert!(warning.starts_with(&named), "{warning}");
                    assert!(warning.ends_with("; nothing is exported"), "{warning}");
                }
            }
        }
        let secret = (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "https://eu:abracadabra@collector",
        );
        let warnings = read(&[secret]).unwrap().warnings;
        assert!(!warnings[0].contains("abracadabra"), "{warnings:?}");
    }

    #[test]
    fn the_sdk_is_disabled_by_true_in_any_case_and_by_nothing_else() {
        let disabled = |value| read(&[("OTEL_SDK_DISABLED", value)]).unwrap().disabled;
        assert!(disabled("true") && disabled("TRUE"));
        assert!(!disabled("false") && !disabled("1"));
        let warnings = |value| read(&[("OTEL_SDK_DISABLED", value)]).unwrap().warnings;
        assert_eq!(warnings("False"), [""; 0]);
        let expected = "OTEL_SDK_DISABLED=\"1\" is neither true nor false; false is used";
        assert_eq!(warnings("1"), [expected]);
    }

    #[test]
    fn unknown_names_of_the_specification_are_passed_over_with_a_warning() {
        let settings = read(&[
            ("OTEL_PROPAGATORS", "tracecontext,b3"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_TRACES_EXPORTER", "zipkin"),
        ])
        .unwrap();
        assert_eq!(settings.propagators, [Propagator::TraceContext]);
        assert_eq!(settings.warnings.len(), 3, "{:?}", settings.warnings);
    }

    #[test]
    fn a_log_level_that_is_none_is_refused_with_those_that_are() {
        let error = read(&[("LOG_LEVEL", "loud")]).unwrap_err().to_string();
        assert!(
            error.starts_with("LOG_LEVEL=\"loud\"") && error.contains("warn, info"),
            "{error}"
        );
        assert!(read(&[("LOG_LEVEL", "warn,runtime=debug")]).is_ok());
    }
}
