//! The settings of the lab itself.

use std::collections::HashMap;
use std::net::SocketAddr;

use bytesize::ByteSize;
use runtime::http::{self, HttpLimits};
use runtime::settings::{CommaList, Defaults, Settings, SettingsError, Source};

use crate::catalogue::{self, EXERCISES, Exercise};
use crate::collector::Limits;
use crate::plan::{Planned, plan, reached_at};

/// The embedded defaults, which are also the text of `--help`.
pub const DEFAULTS: Defaults = Defaults(&[include_str!("defaults.toml"), http::DEFAULTS]);

/// What the lab is to do.
#[derive(Clone, Debug)]
pub struct LabSettings {
    /// The processes to start.
    pub services: Vec<Planned>,
    /// Where the page is.
    pub page_listen: SocketAddr,
    /// Where spans are received, unless they go elsewhere.
    pub otlp_listen: SocketAddr,
    /// Where the lab's own probes are.
    pub admin_listen: SocketAddr,
    /// Where spans go, if not here.
    pub spans_elsewhere: Option<String>,
    /// Further host names by which the page may be asked.
    pub hosts: Vec<String>,
    /// How much of the spans is kept.
    pub kept: Limits,
    /// What the page bears.
    pub page_limits: HttpLimits,
    /// What the span receiver bears.
    pub otlp_limits: HttpLimits,
    /// Whether lines are plain even on a terminal.
    pub no_color: bool,
}

impl Settings for LabSettings {
    fn read(source: &Source) -> Result<Self, SettingsError> {
        Self::read_with(source, &environment())
    }
}

impl LabSettings {
    fn read_with(
        source: &Source,
        environment: &HashMap<String, String>,
    ) -> Result<Self, SettingsError> {
        let text = |name| source.get_optional::<String>(name);
        let otlp_listen: SocketAddr = source.get("LAB_OTLP_LISTEN")?;
        let spans_elsewhere = match text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")? {
            Some(endpoint) => Some(endpoint),
            None => text("OTEL_EXPORTER_OTLP_ENDPOINT")?,
        };
        let spans_to = match text("OTEL_EXPORTER_OTLP_ENDPOINT")? {
            Some(endpoint) => endpoint,
            None => format!("http://{}", reached_at(otlp_listen)),
        };
        let number = |name| source.get_within(name, 1..=1_000_000);
        let page_limits = HttpLimits::read(source)?;
        let max_body =
            source.get_within("LAB_MAX_EXPORT_BYTES", ByteSize::kib(64)..=ByteSize::gib(1))?;
        let bytes: ByteSize =
            source.get_within("LAB_MAX_TRACE_BYTES", ByteSize::kib(64)..=ByteSize::gib(16))?;
        let page_listen = source.get("LAB_PAGE_LISTEN")?;
        let trace_url = format!("http://{}/trace/{{trace}}", reached_at(page_listen));
        let trace_url = spans_elsewhere.is_none().then_some(&*trace_url);
        Ok(Self {
            services: plan(&chosen(source)?, environment, &spans_to, trace_url)?,
            page_listen,
            otlp_listen,
            admin_listen: source.get("ADMIN_LISTEN")?,
            spans_elsewhere,
            hosts: list(source, "LAB_HOSTS")?,
            kept: Limits {
                traces: number("LAB_MAX_TRACES")?,
                spans_per_trace: number("LAB_MAX_SPANS_PER_TRACE")?,
                bytes: usize::try_from(bytes.as_u64()).unwrap_or(usize::MAX),
            },
            page_limits,
            otlp_limits: HttpLimits {
                max_body,
                ..page_limits
            },
            no_color: text("NO_COLOR")?.is_some(),
        })
    }
}

fn list(source: &Source, name: &str) -> Result<Vec<String>, SettingsError> {
    let list = source.get_optional::<CommaList<String>>(name)?;
    Ok(list.map_or_else(Vec::new, |list| list.0))
}

/// The exercises to start.
fn chosen(source: &Source) -> Result<Vec<&'static Exercise>, SettingsError> {
    const NAME: &str = "LAB_EXERCISES";
    let names = list(source, NAME)?;
    if names.is_empty() {
        return Ok(EXERCISES.iter().collect());
    }
    let known = || {
        EXERCISES
            .iter()
            .map(|exercise| exercise.name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let find = |name: &String| {
        catalogue::exercise(name)
            .ok_or_else(|| source.refused(NAME, name, format!("some of: {}", known())))
    };
    names.iter().map(find).collect()
}

/// The environment of this process, of which parts are passed on to the services.
#[expect(
    clippy::disallowed_methods,
    reason = "what is passed on is no setting of the lab itself"
)]
pub(crate) fn environment() -> HashMap<String, String> {
    let pair = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use runtime::settings::Inputs;

    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<LabSettings, SettingsError> {
        let pairs = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let environment: HashMap<_, _> = pairs.collect();
        let inputs = Inputs {
            environment: environment.clone(),
            flags: HashMap::new(),
        };
        LabSettings::read_with(&Source::load(DEFAULTS, inputs)?, &environment)
    }

    #[test]
    fn by_default_everything_runs_and_spans_come_here() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.services.len(), catalogue::services().count());
        assert_eq!(settings.spans_elsewhere, None);
        let endpoint = &settings.services[0].environment["OTEL_EXPORTER_OTLP_ENDPOINT"];
        assert_eq!(endpoint, "http://localhost:4318");
    }

    #[test]
    fn with_an_endpoint_of_the_user_s_spans_go_there() {
        let settings = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://jaeger:4318")]).unwrap();
        assert_eq!(
            settings.spans_elsewhere.as_deref(),
            Some("http://jaeger:4318")
        );
        let endpoint = &settings.services[0].environment["OTEL_EXPORTER_OTLP_ENDPOINT"];
        assert_eq!(endpoint, "http://jaeger:4318");
    }

    #[test]
    fn an_exercise_that_does_not_exist_is_refused_with_those_that_do() {
        let error = read(&[("LAB_EXERCISES", "desafio9")])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("LAB_EXERCISES=\"desafio9\"") && error.contains("desafio1"),
            "{error}"
        );
    }
}
