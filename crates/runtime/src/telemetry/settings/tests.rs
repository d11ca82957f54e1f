//! Every variable of the specification: what a value does, and what a wrong one is told.

use std::time::Duration;

use clap::Args;
use http::header::AUTHORIZATION;
use testing::Authority;
use tracing::Level;

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

fn endpoint(pairs: &[(&str, &str)]) -> Option<String> {
    read(pairs).unwrap().otlp.map(|otlp| otlp.endpoint)
}

const COLLECTOR: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://jaeger:4318");

#[test]
fn nothing_is_exported_unless_an_endpoint_is_set() {
    assert_eq!(endpoint(&[]), None);
}

#[test]
fn the_general_endpoint_gets_the_path_and_the_one_for_spans_does_not() {
    let general = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://jaeger:4318/");
    let of_spans = (
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "http://tempo:4318/own/path",
    );
    let endpoint = |pairs: &[(&str, &str)]| endpoint(pairs).unwrap();
    assert_eq!(endpoint(&[general]), "http://jaeger:4318/v1/traces");
    assert_eq!(endpoint(&[general, of_spans]), "http://tempo:4318/own/path");
    let with_path = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://jaeger/otlp");
    assert_eq!(endpoint(&[with_path]), "http://jaeger/otlp/v1/traces");
}

#[test]
fn an_exporter_of_none_sends_nothing_whatever_the_endpoint() {
    assert_eq!(
        endpoint(&[COLLECTOR, ("OTEL_TRACES_EXPORTER", "none")]),
        None
    );
}

#[test]
fn an_endpoint_that_cannot_be_used_is_passed_over_with_a_warning() {
    for name in [
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    ] {
        for value in ["localhost:4318", "grpc://collector:4317", "???", "http://"] {
            for disabled in ["true", "false"] {
                let settings = read(&[(name, value), ("OTEL_SDK_DISABLED", disabled)]).unwrap();
                assert!(settings.otlp.is_none(), "{value}");
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
        "ftp://eu:abracadabra@collector",
    );
    let warnings = read(&[secret]).unwrap().warnings;
    assert!(!warnings[0].contains("abracadabra"), "{warnings:?}");
}

#[test]
fn user_and_password_of_an_endpoint_become_a_header_and_are_shown_nowhere() {
    let url = (
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "http://eu:s%40same@collector:4318",
    );
    let otlp = read(&[url]).unwrap().otlp.unwrap();
    assert_eq!(otlp.endpoint, "http://collector:4318/v1/traces");
    assert_eq!(otlp.headers[AUTHORIZATION], "Basic ZXU6c0BzYW1l");
    assert!(!format!("{otlp:?}").contains("ZXU6c0BzYW1l"), "{otlp:?}");
}

#[test]
fn headers_are_decoded_and_a_wrong_one_is_told_without_its_value() {
    let all = (
        "OTEL_EXPORTER_OTLP_HEADERS",
        " api-key = s%20same%2C, tenant=a",
    );
    let otlp = read(&[COLLECTOR, all]).unwrap().otlp.unwrap();
    assert_eq!(otlp.headers["api-key"], "s same,");
    assert_eq!(otlp.headers["tenant"], "a");
    assert!(!format!("{otlp:?}").contains("same"), "{otlp:?}");

    let of_spans = ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "tenant=b");
    let otlp = read(&[COLLECTOR, all, of_spans]).unwrap().otlp.unwrap();
    assert_eq!(
        (otlp.headers.len(), &otlp.headers["tenant"]),
        (1, &"b".parse().unwrap())
    );

    let wrong = "abracadabra,a b=abracadabra,c=d,e=%4abracadabra%,f=a%0Ab";
    let settings = read(&[COLLECTOR, ("OTEL_EXPORTER_OTLP_HEADERS", wrong)]).unwrap();
    assert_eq!(settings.otlp.unwrap().headers.len(), 1);
    let [warning] = &settings.warnings[..] else {
        panic!("{:?}", settings.warnings)
    };
    assert!(
        warning.starts_with("OTEL_EXPORTER_OTLP_HEADERS=\"***\" ")
            && warning.ends_with("number 1, 2, 4, 5 is left out")
            && !warning.contains("abra"),
        "{warning}"
    );
}

#[test]
fn https_is_spoken_and_files_that_cannot_be_used_are_told() {
    let authority = Authority::new();
    let (ca, own) = (authority.certificate(), authority.sign("us"));
    let https = ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector");
    let ca = ("OTEL_EXPORTER_OTLP_CERTIFICATE", &*ca);
    let (certificate, key) = (
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", &*own.certificate),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", &*own.key),
    );
    let settings = read(&[https, ca, certificate, key]).unwrap();
    assert_eq!(settings.warnings, [""; 0]);
    let otlp = settings.otlp.unwrap();
    assert_eq!(otlp.endpoint, "https://collector/v1/traces");
    assert!(otlp.tls.is_some());

    let missing = ("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "/nowhere/ca.pem");
    for (pairs, warning) in [
        (
            &[https, ca, missing][..],
            "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE=\"/nowhere/ca.pem\": the file cannot be read",
        ),
        (
            &[https, ("OTEL_EXPORTER_OTLP_CERTIFICATE", &*own.key)],
            "OTEL_EXPORTER_OTLP_CERTIFICATE=",
        ),
        (
            &[
                https,
                ca,
                certificate,
                ("OTEL_EXPORTER_OTLP_CLIENT_KEY", ca.1),
            ],
            "OTEL_EXPORTER_OTLP_CLIENT_KEY=",
        ),
    ] {
        let settings = read(pairs).unwrap();
        assert!(settings.otlp.is_none());
        let told = &settings.warnings[..];
        assert!(told.len() == 1 && told[0].starts_with(warning), "{told:?}");
        assert!(told[0].ends_with("; nothing is exported"), "{told:?}");
    }
    let settings = read(&[https, ca, key]).unwrap();
    assert!(settings.otlp.is_some());
    let told = &settings.warnings[..];
    assert!(
        told.len() == 1 && told[0].ends_with("; no certificate is shown"),
        "{told:?}"
    );
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
    assert_eq!(settings.formats, Formats::TRACE_CONTEXT);
    assert_eq!(settings.warnings.len(), 3, "{:?}", settings.warnings);
}

/// What one variable changes.
type Look = fn(&TelemetrySettings) -> String;

fn sampler(settings: &TelemetrySettings) -> String {
    format!("{:?}", settings.sampler)
}

fn formats(settings: &TelemetrySettings) -> String {
    let Formats {
        trace_context,
        baggage,
    } = settings.formats;
    let names = [(trace_context, "trace context"), (baggage, "baggage")];
    let names = names.into_iter().filter(|(is_used, _)| *is_used);
    names.map(|(_, name)| name).collect::<Vec<_>>().join(", ")
}

fn delay(settings: &TelemetrySettings) -> String {
    format!("{:?}", settings.batches.delay)
}

fn export_timeout(settings: &TelemetrySettings) -> String {
    format!("{:?}", settings.batches.export_timeout)
}

fn queue(settings: &TelemetrySettings) -> String {
    format!("{} of {}", settings.batches.size, settings.batches.queue)
}

fn timeout(settings: &TelemetrySettings) -> String {
    format!("{:?}", settings.otlp.as_ref().unwrap().timeout)
}

fn gzip(settings: &TelemetrySettings) -> String {
    settings.otlp.as_ref().unwrap().gzip.to_string()
}

fn exports(settings: &TelemetrySettings) -> String {
    settings.otlp.is_some().to_string()
}

fn length(settings: &TelemetrySettings) -> String {
    settings.value_length.to_string()
}

fn limits(settings: &TelemetrySettings) -> String {
    let of = settings.limits;
    format!(
        "{} {} {} {} {}",
        of.max_attributes_per_span,
        of.max_events_per_span,
        of.max_links_per_span,
        of.max_attributes_per_event,
        of.max_attributes_per_link
    )
}

fn resource(settings: &TelemetrySettings) -> String {
    let shown = settings
        .resource
        .iter()
        .map(|attribute| format!("{}={}", attribute.key, attribute.value));
    shown.collect::<Vec<_>>().join(" ")
}

fn service(settings: &TelemetrySettings) -> String {
    settings.service_name.clone().unwrap_or_default()
}

/// Variable, value, what is looked at, what it is then, and the end of the warning, if there is one.
const VARIABLES: &[(&str, &str, Look, &str, &str)] = &[
    (
        "OTEL_TRACES_SAMPLER",
        "always_off",
        sampler,
        "AlwaysOff",
        "",
    ),
    ("OTEL_TRACES_SAMPLER", "Always_On", sampler, "AlwaysOn", ""),
    (
        "OTEL_TRACES_SAMPLER",
        "traceidratio",
        sampler,
        "TraceIdRatioBased(1.0)",
        "",
    ),
    (
        "OTEL_TRACES_SAMPLER",
        "parentbased_always_off",
        sampler,
        "ParentBased(AlwaysOff)",
        "",
    ),
    (
        "OTEL_TRACES_SAMPLER",
        "parentbased_traceidratio",
        sampler,
        "ParentBased(TraceIdRatioBased(1.0))",
        "",
    ),
    (
        "OTEL_TRACES_SAMPLER",
        "",
        sampler,
        "ParentBased(AlwaysOn)",
        "",
    ),
    (
        "OTEL_TRACES_SAMPLER",
        "xray",
        sampler,
        "ParentBased(AlwaysOn)",
        "parentbased_always_on is used",
    ),
    ("OTEL_PROPAGATORS", "baggage", formats, "baggage", ""),
    (
        "OTEL_PROPAGATORS",
        "baggage,tracecontext,baggage",
        formats,
        "trace context, baggage",
        "",
    ),
    ("OTEL_PROPAGATORS", "none", formats, "", ""),
    (
        "OTEL_PROPAGATORS",
        "b3multi, tracecontext",
        formats,
        "trace context",
        "b3multi is not built in; tracecontext is used",
    ),
    (
        "OTEL_PROPAGATORS",
        "jaeger",
        formats,
        "",
        "jaeger is not built in; none is used",
    ),
    ("OTEL_BSP_SCHEDULE_DELAY", "250", delay, "250ms", ""),
    (
        "OTEL_BSP_SCHEDULE_DELAY",
        "1s",
        delay,
        "5s",
        "a whole number, 0 or more; 5000 is used",
    ),
    (
        "OTEL_BSP_SCHEDULE_DELAY",
        "-1",
        delay,
        "5s",
        "a whole number, 0 or more; 5000 is used",
    ),
    (
        "OTEL_BSP_EXPORT_TIMEOUT",
        "0",
        export_timeout,
        "2147483.647s",
        "",
    ),
    (
        "OTEL_BSP_EXPORT_TIMEOUT",
        "soon",
        export_timeout,
        "30s",
        "30000 is used",
    ),
    ("OTEL_BSP_MAX_QUEUE_SIZE", "4096", queue, "512 of 4096", ""),
    ("OTEL_BSP_MAX_QUEUE_SIZE", "100", queue, "100 of 100", ""),
    (
        "OTEL_BSP_MAX_QUEUE_SIZE",
        "0",
        queue,
        "512 of 2048",
        "a whole number, 1 or more; 2048 is used",
    ),
    (
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
        "8",
        queue,
        "8 of 2048",
        "",
    ),
    (
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
        "4096",
        queue,
        "2048 of 2048",
        "is more than OTEL_BSP_MAX_QUEUE_SIZE; 2048 is used",
    ),
    (
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
        "many",
        queue,
        "512 of 2048",
        "512 is used",
    ),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", "700", timeout, "700ms", ""),
    (
        "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
        "800",
        timeout,
        "800ms",
        "",
    ),
    (
        "OTEL_EXPORTER_OTLP_TIMEOUT",
        "10s",
        timeout,
        "10s",
        "a whole number of milliseconds; 10000 is used",
    ),
    ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip", gzip, "true", ""),
    (
        "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
        "GZIP",
        gzip,
        "true",
        "",
    ),
    (
        "OTEL_EXPORTER_OTLP_COMPRESSION",
        "zstd",
        gzip,
        "false",
        "is not gzip or none; none is used",
    ),
    (
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
        "http/json",
        exports,
        "true",
        "is not built in; http/protobuf is used",
    ),
    (
        "OTEL_TRACES_EXPORTER",
        "console,otlp",
        exports,
        "true",
        "console is not built in; otlp is used (none switches it off)",
    ),
    ("OTEL_TRACES_EXPORTER", "None", exports, "false", ""),
    ("OTEL_METRICS_EXPORTER", "none", exports, "true", ""),
    (
        "OTEL_METRICS_EXPORTER",
        "otlp",
        exports,
        "true",
        "otlp is not built in; prometheus is used, at /metrics of ADMIN_LISTEN",
    ),
    (
        "OTEL_LOGS_EXPORTER",
        "otlp",
        exports,
        "true",
        "otlp is not built in; console is used, on stderr",
    ),
    ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "12", length, "12", ""),
    (
        "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "0",
        length,
        "0",
        "",
    ),
    (
        "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "long",
        length,
        "no limit",
        "no limit is used",
    ),
    (
        "OTEL_ATTRIBUTE_COUNT_LIMIT",
        "5",
        limits,
        "5 128 128 5 5",
        "",
    ),
    (
        "OTEL_ATTRIBUTE_COUNT_LIMIT",
        "few",
        limits,
        "128 128 128 128 128",
        "128 is used",
    ),
    (
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
        "6",
        limits,
        "6 128 128 128 128",
        "",
    ),
    (
        "OTEL_SPAN_EVENT_COUNT_LIMIT",
        "7",
        limits,
        "128 7 128 128 128",
        "",
    ),
    (
        "OTEL_SPAN_LINK_COUNT_LIMIT",
        "0",
        limits,
        "128 128 0 128 128",
        "",
    ),
    (
        "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
        "8",
        limits,
        "128 128 128 8 128",
        "",
    ),
    (
        "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
        "9",
        limits,
        "128 128 128 128 9",
        "",
    ),
    (
        "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
        "-9",
        limits,
        "128 128 128 128 128",
        "128 is used",
    ),
    (
        "OTEL_RESOURCE_ATTRIBUTES",
        "owner=Jo%C3%A3o, a = b%3Dc ,d=",
        resource,
        "owner=João a=b=c d=",
        "",
    ),
    (
        "OTEL_RESOURCE_ATTRIBUTES",
        "a=b,c,=d,e=%C3,f=%4",
        resource,
        "a=b",
        "\"c,=d,e=%C3,f=%4\" is left out",
    ),
    ("OTEL_SERVICE_NAME", "other", service, "other", ""),
];

#[test]
fn every_variable_does_what_the_specification_says_or_is_told_of() {
    for (name, value, look, expected, warning) in VARIABLES {
        let settings = read(&[COLLECTOR, (name, value)]).unwrap();
        assert_eq!(look(&settings), *expected, "{name}={value}");
        match (&settings.warnings[..], *warning) {
            ([], "") => {}
            ([told], end) if !end.is_empty() => assert!(
                told.starts_with(&format!("{name}={value:?}")) && told.ends_with(end),
                "{told}"
            ),
            (told, _) => panic!("{name}={value}: {told:?}"),
        }
    }
}

#[test]
fn the_argument_of_a_sampler_counts_where_it_samples_by_ratio() {
    let told = |sampler, argument| {
        let pairs = [
            ("OTEL_TRACES_SAMPLER", sampler),
            ("OTEL_TRACES_SAMPLER_ARG", argument),
        ];
        let settings = read(&pairs).unwrap();
        (format!("{:?}", settings.sampler), settings.warnings)
    };
    let quarter = ("TraceIdRatioBased(0.25)".to_owned(), Vec::new());
    assert_eq!(told("traceidratio", "0.25"), quarter);
    for wrong in ["25%", "1.5", "-1", "NaN", "quarter"] {
        let (sampler, warnings) = told("parentbased_traceidratio", wrong);
        assert_eq!(sampler, "ParentBased(TraceIdRatioBased(1.0))");
        let expected = format!(
            "OTEL_TRACES_SAMPLER_ARG={wrong:?} is not a number from 0 to 1, as in 0.25; 1 is used"
        );
        assert_eq!(warnings, [expected]);
    }
    let ignored = ("AlwaysOn".to_owned(), Vec::new());
    assert_eq!(told("always_on", "http://sampler"), ignored);
}

#[test]
fn a_wrong_value_for_spans_leaves_the_general_one() {
    let settings = read(&[
        COLLECTOR,
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "700"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "never"),
    ])
    .unwrap();
    assert_eq!(settings.otlp.unwrap().timeout, Duration::from_millis(700));
    let warning = "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT=\"never\" is not a whole number of milliseconds; 700 \
                   is used";
    assert_eq!(settings.warnings, [warning]);
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

#[test]
fn a_log_level_of_a_module_needs_a_module_and_a_level() {
    for refused in [
        "info,",
        "=info",
        "runtime=",
        "runtime=loud",
        "info,[span{id=1}]=debug",
    ] {
        assert!(read(&[("LOG_LEVEL", refused)]).is_err(), "{refused}");
    }
}

#[test]
fn modules_are_logged_as_they_are_told_and_the_exporters_stack_only_when_asked() {
    let logged = |level| read(&[("LOG_LEVEL", level)]).unwrap().logged;
    let usual = logged("INFO, runtime=debug");
    assert!(usual.would_enable("runtime::http", &Level::DEBUG));
    assert!(usual.would_enable("chat", &Level::INFO));
    assert!(!usual.would_enable("chat", &Level::DEBUG));
    for quiet in ["hyper::proto", "h2", "opentelemetry_sdk", trace::TARGET] {
        assert!(!usual.would_enable(quiet, &Level::ERROR), "{quiet}");
    }
    let asked = logged("off,h2=trace");
    assert!(asked.would_enable("h2::codec", &Level::TRACE));
    assert!(!asked.would_enable("chat", &Level::ERROR));
}
