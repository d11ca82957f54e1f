//! The settings of telemetry, most of them the specification's.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::settings::{Settings, SettingsError, Source};

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

impl Settings for TelemetrySettings {
    fn read(source: &Source) -> Result<Self, SettingsError> {
        let mut warnings = Vec::new();
        let text = |name| {
            source
                .get_optional::<String>(name)
                .map(Option::unwrap_or_default)
        };
        let endpoint = endpoint(source, &mut warnings)?;
        Ok(Self {
            log_json: log_json(source)?,
            log_level: log_level(source)?,
            endpoint,
            // The specification takes "true" in any case and nothing else.
            disabled: text("OTEL_SDK_DISABLED")?.eq_ignore_ascii_case("true"),
            service_name: source.get_optional("OTEL_SERVICE_NAME")?,
            propagators: propagators(&text("OTEL_PROPAGATORS")?, &mut warnings),
            warnings,
        })
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

fn log_json(source: &Source) -> Result<bool, SettingsError> {
    let format: String = source.get("LOG_FORMAT")?;
    match format.as_str() {
        "auto" => Ok(!std::io::stderr().is_terminal()),
        "json" => Ok(true),
        "text" => Ok(false),
        other => Err(source.refused("LOG_FORMAT", other, "auto, text or json".to_owned())),
    }
}

fn log_level(source: &Source) -> Result<String, SettingsError> {
    let level: String = source.get("LOG_LEVEL")?;
    let expected =
        "off, error, warn, info, debug or trace, also per module, as in info,runtime=debug";
    match EnvFilter::builder().parse(&level) {
        Ok(_) if names_a_level(&level) => Ok(level),
        _ => Err(source.refused("LOG_LEVEL", &level, expected.to_owned())),
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
fn endpoint(source: &Source, warnings: &mut Vec<String>) -> Result<Option<String>, SettingsError> {
    let exporter: Option<String> = source.get_optional("OTEL_TRACES_EXPORTER")?;
    match exporter.as_deref().map(str::trim) {
        None | Some("otlp") => {}
        Some("none") => return Ok(None),
        Some(other) => warnings.push(format!(
            "OTEL_TRACES_EXPORTER={other:?} is not built in; otlp is used (none switches it off)"
        )),
    }
    let protocol: Option<String> = source.get_optional("OTEL_EXPORTER_OTLP_PROTOCOL")?;
    if let Some(other) = protocol.filter(|protocol| protocol != "http/protobuf") {
        warnings.push(format!(
            "OTEL_EXPORTER_OTLP_PROTOCOL={other:?} is not built in; http/protobuf is used"
        ));
    }
    let of_spans: Option<reqwest::Url> =
        source.get_optional("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")?;
    if let Some(url) = of_spans {
        return Ok(Some(url.into()));
    }
    let general: Option<reqwest::Url> = source.get_optional("OTEL_EXPORTER_OTLP_ENDPOINT")?;
    Ok(general.map(|url| format!("{}/v1/traces", url.as_str().trim_end_matches('/'))))
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
    use super::*;
    use crate::settings::{Defaults, Inputs};

    fn read(pairs: &[(&str, &str)]) -> Result<TelemetrySettings, SettingsError> {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let inputs = Inputs {
            environment: pairs.collect(),
            ..Inputs::default()
        };
        TelemetrySettings::read(&Source::load(Defaults(&[]), inputs)?)
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
    fn the_sdk_is_disabled_by_true_in_any_case_and_by_nothing_else() {
        let disabled = |value| read(&[("OTEL_SDK_DISABLED", value)]).unwrap().disabled;
        assert!(disabled("true") && disabled("TRUE"));
        assert!(!disabled("false") && !disabled("1"));
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
