//! Where spans are sent, and how.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use rustls::ClientConfig;
use url::Url;

use super::variables::{Variable, first, number, one_of, pair, set, words};
use crate::settings::{Secret, parse};
use crate::tls::{self, Certificates, Identity};

/// What is told of a collector.
#[derive(Debug)]
pub(super) struct OtlpSettings {
    /// The whole URL that spans are posted to, without user and password.
    pub(super) endpoint: String,
    pub(super) headers: HeaderMap,
    pub(super) gzip: bool,
    /// For one batch, with all tries.
    pub(super) timeout: Duration,
    /// None where the endpoint is `http://`.
    pub(super) tls: Option<Arc<ClientConfig>>,
}

/// The variables of the OTLP exporter.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Telemetry (OpenTelemetry's names)")]
pub(super) struct OtlpOptions {
    /// Where spans go, by OTLP over HTTP/protobuf (`http://HOST:4318`, `https://HOST`); empty: nowhere
    #[arg(value_parser = parse::<String>)]
    otel_exporter_otlp_endpoint: Option<String>,
    /// The same for spans alone: a whole URL, used as it is
    #[arg(value_parser = parse::<String>)]
    otel_exporter_otlp_traces_endpoint: Option<String>,
    /// OTLP transport for spans; http/protobuf is the one built in
    #[arg(default_value = "http/protobuf")]
    otel_exporter_otlp_protocol: String,
    /// The same for spans alone
    #[arg(value_parser = parse::<String>)]
    otel_exporter_otlp_traces_protocol: Option<String>,
    /// Headers for the collector, as in `api-key=s%20same,tenant=a`: values are percent-encoded
    #[arg(value_parser = parse::<Secret>)]
    otel_exporter_otlp_headers: Option<Secret>,
    /// The same for spans alone
    #[arg(value_parser = parse::<Secret>)]
    otel_exporter_otlp_traces_headers: Option<Secret>,
    /// Compression of what is sent: gzip or none
    #[arg(default_value = "none")]
    otel_exporter_otlp_compression: String,
    /// The same for spans alone
    #[arg(value_parser = parse::<String>)]
    otel_exporter_otlp_traces_compression: Option<String>,
    /// Milliseconds that the sending of a batch may take, with all tries; 0: no limit
    #[arg(default_value = "10000")]
    otel_exporter_otlp_timeout: String,
    /// The same for spans alone
    #[arg(value_parser = parse::<String>)]
    otel_exporter_otlp_traces_timeout: Option<String>,
    /// File with the certificates of the authorities, in PEM, that sign those of an https:// collector;
    /// empty: the system's
    #[arg(value_parser = parse::<String>)]
    otel_exporter_otlp_certificate: Option<String>,
    /// The same for spans alone
    #[arg(value_parser = parse::<String>)]
    otel_exporter_otlp_traces_certificate: Option<String>,
    /// File with this client's certificate, in PEM, where the collector asks for one
    #[arg(value_parser = parse::<String>)]
    otel_exporter_otlp_client_certificate: Option<String>,
    /// The same for spans alone
    #[arg(value_parser = parse::<String>)]
    otel_exporter_otlp_traces_client_certificate: Option<String>,
    /// File with the private key of that certificate, in PEM
    #[arg(value_parser = parse::<String>)]
    otel_exporter_otlp_client_key: Option<String>,
    /// The same for spans alone
    #[arg(value_parser = parse::<String>)]
    otel_exporter_otlp_traces_client_key: Option<String>,
}

/// The longest time there is, as the specification has it.
const NO_LIMIT: u32 = i32::MAX.unsigned_abs();

/// A time in milliseconds, of which 0 is no limit.
pub(super) fn timeout(milliseconds: u32) -> Duration {
    let limit = if milliseconds == 0 {
        NO_LIMIT
    } else {
        milliseconds
    };
    Duration::from_millis(limit.into())
}

impl OtlpOptions {
    /// What is told of the collector; none where there is none, or none that can be used.
    pub(super) fn read(&self, warnings: &mut Vec<String>) -> Option<OtlpSettings> {
        let protocol = [
            (
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
                self.otel_exporter_otlp_traces_protocol.as_ref(),
            ),
            (
                "OTEL_EXPORTER_OTLP_PROTOCOL",
                Some(&self.otel_exporter_otlp_protocol),
            ),
        ];
        let built_in = "http/protobuf";
        first(
            warnings,
            &protocol,
            "built in",
            one_of(&[built_in]),
            built_in,
        );
        let compression = [
            (
                "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
                self.otel_exporter_otlp_traces_compression.as_ref(),
            ),
            (
                "OTEL_EXPORTER_OTLP_COMPRESSION",
                Some(&self.otel_exporter_otlp_compression),
            ),
        ];
        let compression = first(
            warnings,
            &compression,
            "gzip or none",
            one_of(&["gzip", "none"]),
            "none",
        );
        let milliseconds = [
            (
                "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
                self.otel_exporter_otlp_traces_timeout.as_ref(),
            ),
            (
                "OTEL_EXPORTER_OTLP_TIMEOUT",
                Some(&self.otel_exporter_otlp_timeout),
            ),
        ];
        let expected = "a whole number of milliseconds";
        let milliseconds = first(
            warnings,
            &milliseconds,
            expected,
            number(0..=NO_LIMIT),
            10_000,
        );
        let mut headers = self.headers(warnings);
        let endpoint = self.endpoint(&mut headers, warnings)?;
        let tls = if endpoint.starts_with("https:") {
            let config = self.tls(warnings);
            Some(config.map_err(|warning| warnings.push(warning)).ok()?)
        } else {
            None
        };
        Some(OtlpSettings {
            endpoint,
            headers,
            gzip: compression == "gzip",
            timeout: timeout(milliseconds),
            tls,
        })
    }

    /// The URL for spans as it is, else the general one with `/v1/traces`.
    fn endpoint(&self, headers: &mut HeaderMap, warnings: &mut Vec<String>) -> Option<String> {
        if let Some(text) = &self.otel_exporter_otlp_traces_endpoint {
            let name = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
            return collector(name, text, headers, warnings).map(String::from);
        }
        let text = self.otel_exporter_otlp_endpoint.as_ref()?;
        let general = collector("OTEL_EXPORTER_OTLP_ENDPOINT", text, headers, warnings)?;
        let general = general.as_str().trim_end_matches('/');
        Some(format!("{general}/v1/traces"))
    }

    fn headers(&self, warnings: &mut Vec<String>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let (name, text) = match (
            &self.otel_exporter_otlp_traces_headers,
            &self.otel_exporter_otlp_headers,
        ) {
            (Some(text), _) => ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", text),
            (None, Some(text)) => ("OTEL_EXPORTER_OTLP_HEADERS", text),
            (None, None) => return headers,
        };
        let mut wrong = Vec::new();
        // To be sent, and shown nowhere.
        for (position, text) in words(text.reveal()).enumerate() {
            match header(text) {
                Some((name, value)) => drop(headers.insert(name, value)),
                None => wrong.push((position + 1).to_string()),
            }
        }
        if !wrong.is_empty() {
            let wrong = wrong.join(", ");
            warnings.push(format!(
                "{name}=\"***\" is not all of name=value with percent-encoded values, as in \
                 api-key=s%20same: number {wrong} is left out"
            ));
        }
        headers
    }

    fn tls(&self, warnings: &mut Vec<String>) -> Result<Arc<ClientConfig>, String> {
        let authorities = set([
            (
                "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
                self.otel_exporter_otlp_traces_certificate.as_ref(),
            ),
            (
                "OTEL_EXPORTER_OTLP_CERTIFICATE",
                self.otel_exporter_otlp_certificate.as_ref(),
            ),
        ]);
        let authorities = authorities.map(certificates).transpose()?;
        let certificate: [Variable<'_>; 2] = [
            (
                "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE",
                self.otel_exporter_otlp_traces_client_certificate.as_ref(),
            ),
            (
                "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
                self.otel_exporter_otlp_client_certificate.as_ref(),
            ),
        ];
        let key: [Variable<'_>; 2] = [
            (
                "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY",
                self.otel_exporter_otlp_traces_client_key.as_ref(),
            ),
            (
                "OTEL_EXPORTER_OTLP_CLIENT_KEY",
                self.otel_exporter_otlp_client_key.as_ref(),
            ),
        ];
        let identity = match (set(certificate), set(key)) {
            (Some(certificate), Some(key)) => {
                let identity = Identity::read(certificates(certificate)?, Path::new(key.1));
                Some(identity.map_err(|error| unusable(key, &error))?)
            }
            (None, None) => None,
            (Some((name, file)), None) | (None, Some((name, file))) => {
                warnings.push(format!(
                    "{name}={file:?} stands alone, of certificate and key; no certificate is shown"
                ));
                None
            }
        };
        tls::client(authorities.as_ref(), identity.as_ref())
            .map_err(|error| format!("no TLS to the collector: {error}; nothing is exported"))
    }
}

fn certificates((name, file): (&'static str, &str)) -> Result<Certificates, String> {
    Certificates::read(Path::new(file)).map_err(|error| unusable((name, file), &error))
}

fn unusable((name, file): (&'static str, &str), error: &tls::TlsError) -> String {
    format!("{name}={file:?}: {error}; nothing is exported")
}

/// A header, whose value is secret.
fn header(text: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = pair(text)?;
    let mut value = HeaderValue::try_from(value).ok()?;
    value.set_sensitive(true);
    Some((name.parse().ok()?, value))
}

/// The URL of a collector, whose user and password become a header. A wrong one must not end a
/// program that can do its work without.
fn collector(
    name: &str,
    text: &str,
    headers: &mut HeaderMap,
    warnings: &mut Vec<String>,
) -> Option<Url> {
    let url = Url::parse(text).ok().filter(|url| {
        let is_http = ["http", "https"].contains(&url.scheme());
        is_http && url.has_host()
    });
    let Some(mut url) = url else {
        // Whoever writes a password into a URL does not want it in a log.
        let shown = match text.rsplit_once('@') {
            Some((_, rest)) => format!("***@{rest}"),
            None => text.to_owned(),
        };
        warnings.push(format!(
            "{name}={shown:?} is no http:// or https:// URL, such as http://localhost:4318; nothing is \
             exported"
        ));
        return None;
    };
    if !url.username().is_empty() || url.password().is_some() {
        let decoded = |text| percent_decode_str(text).decode_utf8_lossy();
        let user = decoded(url.username());
        let password = decoded(url.password().unwrap_or_default());
        let basic = BASE64_STANDARD.encode(format!("{user}:{password}"));
        if let Ok(mut value) = HeaderValue::try_from(format!("Basic {basic}")) {
            value.set_sensitive(true);
            headers.entry(AUTHORIZATION).or_insert(value);
        }
        // Neither fails for a URL with a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
    }
    Some(url)
}
