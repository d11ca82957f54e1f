//! The settings of the lab itself.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use bytesize::ByteSize;
use runtime::http::HttpLimits;
use runtime::settings::{
    CommaList, Expected, Settings, SettingsError, Source, bytes, environment, list, parse, within,
};
use runtime::trace::Trust;
use runtime_grpc::GrpcLimits;

use crate::catalogue::{self, EXERCISES, Exercise};
use crate::collector::Limits;
use crate::links::wiring::{Without, without};
use crate::plan::{Planned, plan, reached_at};

/// What the lab is to do.
#[derive(Clone, Debug, clap::Args)]
pub struct LabSettings {
    /// Exercises to start, with commas between; empty: all of them
    #[arg(id = "lab_exercises", default_value = "", value_parser = exercises)]
    exercises: CommaList<&'static Exercise>,
    /// Address of the page, and of Jaeger's query API under /api
    #[arg(
        id = "lab_page_listen",
        default_value = "127.0.0.1:8888",
        value_parser = parse::<SocketAddr>
    )]
    pub page_listen: SocketAddr,
    /// Address of the span receiver (OTLP over HTTP, protobuf or JSON); not used where
    /// `OTEL_EXPORTER_OTLP_ENDPOINT` is set, nor is the next
    #[arg(
        id = "lab_otlp_listen",
        default_value = "127.0.0.1:4318",
        value_parser = parse::<SocketAddr>
    )]
    pub otlp_listen: SocketAddr,
    /// Address of the same receiver for OTLP over gRPC
    #[arg(
        id = "lab_otlp_grpc_listen",
        default_value = "127.0.0.1:4317",
        value_parser = parse::<SocketAddr>
    )]
    pub otlp_grpc_listen: SocketAddr,
    /// Whether every service is reached through a link that can be watched and broken: on or off
    #[arg(id = "lab_links", default_value = "on", value_parser = on_or_off)]
    pub links: bool,
    /// Address of toxiproxy's HTTP API over the links
    #[arg(
        id = "lab_toxiproxy_listen",
        default_value = "127.0.0.1:8474",
        value_parser = parse::<SocketAddr>
    )]
    pub toxiproxy_listen: SocketAddr,
    /// Memory for what passed the links; where there is no room, the oldest goes. What is not decoded
    /// yet takes up to twice as much beside it
    #[arg(default_value = "16MiB", value_parser = bytes(ByteSize::kib(64)..=ByteSize::gib(4)))]
    pub lab_wire_bytes: usize,
    /// Services left out, with commas between, for programs of your own in their places; with
    /// =HOST:PORT their links lead there
    #[arg(id = "lab_without", default_value = "", value_parser = without)]
    pub without: CommaList<Without>,
    /// Host names by which the page and the receiver may be asked, beside localhost, 127.0.0.1 and
    /// `[::1]`
    #[arg(id = "lab_hosts", default_value = "", value_parser = list::<String>)]
    pub hosts: CommaList<String>,
    /// Traces kept; with one more, the oldest goes
    #[arg(default_value = "2000", value_parser = within(1_usize..=1_000_000))]
    lab_max_traces: usize,
    /// Spans kept of one trace; those that come later are dropped
    #[arg(default_value = "1000", value_parser = within(1_usize..=1_000_000))]
    lab_max_spans_per_trace: usize,
    /// Memory for spans; where there is no room, the oldest traces go
    #[arg(default_value = "64MiB", value_parser = bytes(ByteSize::kib(64)..=ByteSize::gib(16)))]
    lab_max_trace_bytes: usize,
    /// Largest export that the span receiver takes, also when decompressed
    #[arg(default_value = "8MiB", value_parser = within(ByteSize::kib(64)..=ByteSize::gib(1)))]
    lab_max_export_bytes: ByteSize,
    /// Any value: no colours
    #[arg(default_value = "", value_parser = is_set)]
    pub no_color: bool,
    /// What the page bears.
    #[command(flatten)]
    pub page_limits: HttpLimits,
    /// The processes to start.
    #[arg(skip)]
    pub services: Vec<Planned>,
    /// `ADMIN_LISTEN`: where the lab's own probes are.
    #[arg(skip)]
    pub admin_listen: Option<SocketAddr>,
    /// Where spans go, if not here.
    #[arg(skip)]
    pub spans_elsewhere: Option<String>,
}

impl Settings for LabSettings {
    fn finish(self, source: &Source) -> Result<Self, SettingsError> {
        self.planned(source, &environment())
    }
}

impl LabSettings {
    fn planned(
        mut self,
        source: &Source,
        environment: &HashMap<String, String>,
    ) -> Result<Self, SettingsError> {
        let general = source.text("OTEL_EXPORTER_OTLP_ENDPOINT");
        let of_spans = source.text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
        self.spans_elsewhere = of_spans.or_else(|| general.clone());
        let spans_to =
            general.unwrap_or_else(|| format!("http://{}", reached_at(self.otlp_listen)));
        let trace_url = format!("http://{}/trace/{{trace}}", reached_at(self.page_listen));
        let trace_url = self.spans_elsewhere.is_none().then_some(&*trace_url);
        self.services = plan(&self.exercises, environment, &spans_to, trace_url)?;
        let listen = self.page_listen;
        let page = format!("http://{},http://{listen}", reached_at(listen));
        for service in &mut self.services {
            service.admit(&page, environment);
        }
        let admin = source.text("ADMIN_LISTEN");
        self.admin_listen = admin.and_then(|address| address.parse().ok());
        Ok(self)
    }

    /// How much of the spans is kept.
    pub fn kept(&self) -> Limits {
        Limits {
            traces: self.lab_max_traces,
            spans_per_trace: self.lab_max_spans_per_trace,
            bytes: self.lab_max_trace_bytes,
        }
    }

    /// What the span receiver bears.
    pub fn otlp_limits(&self) -> HttpLimits {
        HttpLimits {
            max_body_bytes: self.lab_max_export_bytes,
            ..self.page_limits
        }
    }

    /// What it bears over gRPC.
    pub fn otlp_grpc_limits(&self) -> GrpcLimits {
        let http = self.page_limits;
        GrpcLimits {
            max_connections: http.max_connections,
            max_connections_per_address: http.max_connections_per_address,
            handshake_timeout: http.first_byte_timeout,
            max_concurrent_streams: 16, // an exporter has one export under way, or a few
            max_concurrent_calls: 64,   // each holds a whole export in memory
            request_timeout: http.body_timeout,
            write_timeout: http.write_timeout,
            max_message: self.lab_max_export_bytes,
            max_header: http.max_header_bytes,
            keepalive_interval: Duration::from_secs(20),
            keepalive_timeout: Duration::from_secs(5),
            max_connection_age: http.max_connection_age,
            max_connection_age_grace: http.body_timeout,
            reflection: true,
            trust: Trust::default(), // the lab records no traces of its own
        }
    }
}

/// The exercises of these names; all of them where none is named.
fn exercises(text: &str) -> Result<CommaList<&'static Exercise>, Expected> {
    let CommaList(names) = list::<String>(text)?;
    if names.is_empty() {
        return Ok(CommaList(EXERCISES.iter().collect()));
    }
    let found = names.iter().map(|name| catalogue::exercise(name));
    let found: Option<Vec<_>> = found.collect();
    found.map(CommaList).ok_or_else(|| {
        let known: Vec<_> = EXERCISES.iter().map(|exercise| exercise.name).collect();
        Expected(format!("some of: {}", known.join(", ")))
    })
}

pub(crate) fn on_or_off(text: &str) -> Result<bool, Expected> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(Expected("on or off".to_owned())),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a value parser may refuse")]
fn is_set(text: &str) -> Result<bool, Expected> {
    Ok(!text.is_empty())
}

#[cfg(test)]
mod tests {
    use runtime::settings::Inputs;

    use super::*;
    use crate::lab::Lab;

    fn read(pairs: &[(&str, &str)]) -> Result<LabSettings, SettingsError> {
        let pairs = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let environment: HashMap<_, _> = pairs.collect();
        let inputs = Inputs {
            environment: environment.clone(),
            flags: HashMap::new(),
        };
        let source = Source::load(runtime::command::<Lab>(), inputs)?;
        source
            .group::<LabSettings>()?
            .planned(&source, &environment)
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
