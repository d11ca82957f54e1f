//! What a collector and a proxy receive.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use clap::Args;
use flate2::read::GzDecoder;
use opentelemetry::trace::{Span, SpanKind, Tracer, TracerProvider};
use opentelemetry::{Array, KeyValue, StringValue, Value};
use opentelemetry_sdk::trace::SdkTracerProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use testing::{Authority, Signed};

use super::*;
use crate::settings::{Inputs, Source};
use crate::telemetry::TelemetryOptions;

/// How long a request may take that must come: an export that fails sends none.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request as it came.
struct Request {
    head: String,
    body: Vec<u8>,
}

/// Reads a request; none where the connection ends before it.
fn request(stream: impl Read) -> Option<Request> {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        (stream.read_line(&mut head).ok()? > 0).then_some(())?;
    }
    let lower = head.to_ascii_lowercase();
    let length = lower
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).ok()?;
    Some(Request { head, body })
}

/// Listens on this machine, and hands over each first request of a connection, answered so. A silent
/// one answers nothing and keeps the connection.
fn listen(answer: &'static str, tls: Option<Arc<ServerConfig>>) -> (u16, Receiver<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (requests, received) = channel();
    thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let taken = match &tls {
                None => exchange(&mut stream, answer),
                Some(config) => {
                    let tls = ServerConnection::new(Arc::clone(config)).unwrap();
                    exchange(
                        &mut StreamOwned::new(tls, stream.try_clone().unwrap()),
                        answer,
                    )
                }
            };
            open.push(stream);
            // Nobody listens once the test is over.
            if taken.is_some_and(|taken| requests.send(taken).is_err()) {
                return;
            }
        }
    });
    (port, received)
}

fn exchange(stream: &mut (impl Read + Write), answer: &str) -> Option<Request> {
    let request = request(&mut *stream)?;
    stream.write_all(answer.as_bytes()).ok()?;
    stream.flush().ok()?;
    Some(request)
}

const OK: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
const SILENT: &str = "";

fn settings(pairs: &[(&str, &str)]) -> TelemetrySettings {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let inputs = Inputs {
        environment: pairs.iter().map(owned).collect(),
        ..Inputs::default()
    };
    let command = TelemetryOptions::augment_args(clap::Command::new("test"));
    let source = Source::load(command, inputs).unwrap();
    source.group::<TelemetryOptions>().unwrap().into()
}

/// Exports a span as these settings and proxies want, and gives the metrics of it.
fn export(pairs: &[(&str, &str)], proxies: &Matcher) -> Metrics {
    let metrics = Metrics::new("test", "0.0.0");
    let settings = settings(pairs);
    let otlp = settings.otlp.as_ref().unwrap();
    let mut warnings = settings.warnings.clone();
    let exporter = exporter(otlp, &settings, &metrics, proxies, &mut warnings).unwrap();
    assert_eq!(warnings, [""; 0]);
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter)
        .build();
    let tracer = provider.tracer("test");
    let texts: Vec<StringValue> = vec!["ação".into(), "ok".into()];
    let mut span = tracer
        .span_builder("exported")
        .with_kind(SpanKind::Internal)
        .with_attributes([
            KeyValue::new("long", "ação demorada"),
            KeyValue::new("several", Value::Array(Array::String(texts))),
            KeyValue::new("number", 123_456),
        ])
        .start(&tracer);
    span.end();
    metrics
}

fn no_proxy() -> Matcher {
    Matcher::builder().build()
}

fn at(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

#[test]
fn headers_and_compression_are_as_the_settings_say() {
    let (port, received) = listen(OK, None);
    let endpoint = at(port);
    let metrics = export(
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=s%20same"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ],
        &no_proxy(),
    );
    // First: of an export that failed, nothing need ever be received.
    assert_eq!(metrics.spans_exported.get(), 1);
    let Request { head, body } = received.recv_timeout(PATIENCE).unwrap();
    assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
    for line in [
        "content-type: application/x-protobuf",
        "content-encoding: gzip",
        "api-key: s same",
        &format!("host: 127.0.0.1:{port}"),
    ] {
        assert!(head.lines().any(|each| each == line), "{head}");
    }
    let mut plain = Vec::new();
    GzDecoder::new(&body[..]).read_to_end(&mut plain).unwrap();
    assert!(String::from_utf8_lossy(&plain).contains("exported"));
}

#[test]
fn without_compression_a_batch_goes_as_it_is_and_long_texts_are_cut() {
    let (port, received) = listen(OK, None);
    let endpoint = at(port);
    export(
        &[
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &endpoint),
            ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "3"),
        ],
        &no_proxy(),
    );
    let Request { head, body } = received.recv_timeout(PATIENCE).unwrap();
    assert!(head.starts_with("POST / HTTP/1.1\r\n"), "{head}");
    assert!(!head.contains("content-encoding"), "{head}");
    let body = String::from_utf8_lossy(&body);
    assert!(body.contains("açã") && body.contains("ok"), "{body}");
    assert!(!body.contains("ação"), "{body}");
}

#[test]
fn a_collector_that_says_nothing_is_given_up_after_the_timeout() {
    let (port, _received) = listen(SILENT, None);
    let endpoint = at(port);
    let metrics = export(
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "100"),
        ],
        &no_proxy(),
    );
    // Came to an end at all: the default is a hundred times as long, and no answer ever comes.
    assert_eq!(metrics.spans_lost("not_delivered").get(), 1);
}

/// TLS of a server that this authority vouches for.
fn tls(authority: &Authority) -> Arc<ServerConfig> {
    let Signed { certificate, key } = authority.sign("collector");
    let certificate = CertificateDer::from_pem_file(certificate).unwrap();
    let key = PrivateKeyDer::from_pem_file(key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key);
    Arc::new(config.unwrap())
}

#[test]
fn a_collector_by_tls_is_believed_by_its_authority_alone() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let (port, received) = listen(OK, Some(tls(&authority)));
    let endpoint = format!("https://localhost:{port}");
    let exported = |authority: &Authority| {
        let ca = authority.certificate();
        let pairs = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", &ca),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "5000"),
        ];
        export(&pairs, &no_proxy()).spans_exported.get()
    };
    assert_eq!(exported(&authority), 1);
    let request = received.recv_timeout(PATIENCE).unwrap();
    assert!(request.head.starts_with("POST /v1/traces HTTP/1.1\r\n"));
    assert_eq!(exported(&stranger), 0);
}

#[test]
fn a_collector_on_this_machine_is_never_asked_by_a_proxy() {
    let (proxy, by_proxy) = listen(OK, None);
    let proxies = Matcher::builder().all(at(proxy)).build();
    for host in ["127.0.0.1", "localhost", "LOCALHOST"] {
        let (port, received) = listen(OK, None);
        let endpoint = format!("http://{host}:{port}");
        export(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)], &proxies);
        received.recv_timeout(PATIENCE).unwrap();
    }
    for ours in [
        "http://[::1]:4318",
        "https://127.8.9.10",
        "http://otel.localhost",
    ] {
        let route = Route::new(ours, None, &proxies, &mut Vec::new()).unwrap();
        assert!(format!("{route:?}").contains("proxy: None"), "{route:?}");
    }
    assert!(by_proxy.try_recv().is_err());
}

#[test]
fn another_collector_is_asked_by_the_proxy_unless_no_proxy_names_it() {
    let (port, by_proxy) = listen(OK, None);
    let proxy = format!("http://ana:sesame@127.0.0.1:{port}");
    let proxies = |no: &str| Matcher::builder().all(&*proxy).no(no).build();

    let plain = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://otel.example:4318")];
    let metrics = export(&plain, &proxies(""));
    let Request { head, .. } = by_proxy.recv_timeout(PATIENCE).unwrap();
    let first = "POST http://otel.example:4318/v1/traces HTTP/1.1\r\n";
    assert!(head.starts_with(first), "{head}");
    assert!(
        head.contains("proxy-authorization: Basic YW5hOnNlc2FtZQ=="),
        "{head}"
    );
    assert_eq!(metrics.spans_exported.get(), 1);

    for (no, is_asked) in [
        ("", true),
        ("example", false),
        ("10.0.0.0/8", true),
        ("*", false),
    ] {
        let endpoint = "http://otel.example:4318/v1/traces";
        let route = Route::new(endpoint, None, &proxies(no), &mut Vec::new()).unwrap();
        let is_direct = format!("{route:?}").contains("proxy: None");
        assert_eq!(is_direct, !is_asked, "NO_PROXY={no}");
    }
}

#[test]
fn a_collector_by_tls_is_come_to_through_the_proxy() {
    let (port, by_proxy) = listen("HTTP/1.1 502 Bad Gateway\r\n\r\n", None);
    let proxies = Matcher::builder().https(at(port)).build();
    let authority = Authority::new();
    let ca = authority.certificate();
    let metrics = export(
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://otel.example"),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", &ca),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "500"),
        ],
        &proxies,
    );
    let Request { head, .. } = by_proxy.recv_timeout(PATIENCE).unwrap();
    assert!(
        head.starts_with("CONNECT otel.example:443 HTTP/1.1\r\n"),
        "{head}"
    );
    assert_eq!(metrics.spans_lost("not_delivered").get(), 1);
}

#[test]
fn a_proxy_of_another_kind_is_left_out_with_a_warning() {
    let proxies = Matcher::builder()
        .all("socks5://proxy.example:1080")
        .build();
    let mut warnings = Vec::new();
    Route::new(
        "http://otel.example/v1/traces",
        None,
        &proxies,
        &mut warnings,
    )
    .unwrap();
    let [warning] = &warnings[..] else {
        panic!("{warnings:?}")
    };
    assert!(warning.contains("socks5://proxy.example:1080"), "{warning}");
}

#[test]
fn a_connection_is_used_again_while_the_collector_keeps_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = at(listener.local_addr().unwrap().port());
    let collector = thread::spawn(move || {
        let (mut stream, _): (TcpStream, _) = listener.accept().unwrap();
        let keep = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        [(); 2].map(|()| exchange(&mut stream, keep).unwrap().head)
    });
    let settings = settings(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    let otlp = settings.otlp.as_ref().unwrap();
    let metrics = Metrics::new("test", "0.0.0");
    let exporter = exporter(otlp, &settings, &metrics, &no_proxy(), &mut Vec::new());
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.unwrap())
        .build();
    let tracer = provider.tracer("test");
    tracer.start("one").end();
    tracer.start("another").end();
    assert_eq!(collector.join().unwrap().len(), 2);
}
