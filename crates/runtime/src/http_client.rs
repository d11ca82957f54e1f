//! Requests with a span, the trace's context, metrics and limits.

use std::borrow::Cow;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanKind, Status};
use prometheus_client::encoding::EncodeLabelSet;
use reqwest::{Request, Response, Url};
use tokio::time::Instant;

use crate::cause::innermost;
use crate::metrics::{Durations, MetricSet, Metrics};
use crate::trace::{self, Instrument, Parent, Span, semconv};

/// An HTTP client. Build one for a process: it keeps connections.
#[derive(Clone, Debug)]
pub struct HttpClient {
    inner: reqwest::Client,
    metrics: HttpClientMetrics,
    max_body: usize,
}

/// The requests of all HTTP clients of a process.
#[derive(Clone, Debug)]
pub(crate) struct HttpClientMetrics {
    requests: Durations<HttpClientLabels>,
}

/// Labels of `http.client.request.duration`. The code is 0 where no answer came, and the error's type
/// empty where there is no error.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct HttpClientLabels {
    http_request_method: &'static str,
    server_address: String,
    server_port: u16,
    http_response_status_code: u16,
    error_type: Cow<'static, str>,
}

impl MetricSet for HttpClientMetrics {
    fn register(metrics: &Metrics) -> Self {
        let requests = Durations::default();
        let help = "Time from sending a request to the end of its answer";
        requests.register(metrics, "http_client_request_duration", help);
        Self { requests }
    }
}

/// A response that was read to its end.
#[derive(Debug)]
pub struct HttpResponse {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
pub enum HttpClientError {
    /// No connection to the server: its name is unknown, or nothing listens, or it refused.
    #[error("no connection to {server}: {reason}")]
    Connect {
        /// Name and port of the server.
        server: String,
        /// What the operating system said.
        reason: String,
    },
    /// The server took too long.
    #[error("no answer from {server} in time")]
    Timeout {
        /// Name and port of the server.
        server: String,
    },
    /// The answer is larger than this client takes.
    #[error("the answer of {server} is larger than {limit} bytes")]
    TooLarge {
        /// Name and port of the server.
        server: String,
        /// What this client takes.
        limit: usize,
    },
    /// The connection broke, or what came is not HTTP.
    #[error("the exchange with {server} broke: {reason}")]
    Broken {
        /// Name and port of the server.
        server: String,
        /// What the HTTP library said.
        reason: String,
    },
    /// The client itself could not be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Setup(#[source] reqwest::Error),
}

impl HttpClientError {
    /// A bounded name, for `error.type` and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Connect { .. } => "connect",
            Self::Timeout { .. } => "timeout",
            Self::TooLarge { .. } => "too_large",
            Self::Broken { .. } => "broken",
            Self::Setup(_) => "setup",
        }
    }

    fn of(error: &reqwest::Error, server: String) -> Self {
        let reason = innermost(error);
        match error {
            error if error.is_timeout() => Self::Timeout { server },
            error if error.is_connect() => Self::Connect { server, reason },
            _ => Self::Broken { server, reason },
        }
    }
}

impl HttpClient {
    /// A client whose requests take at most this long, with bodies of at most this size.
    pub fn new(
        timeout: Duration,
        max_body: usize,
        metrics: &Metrics,
    ) -> Result<Self, HttpClientError> {
        let inner = reqwest::Client::builder()
            .no_proxy() // inside a cluster, names are the cluster's
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(timeout.min(CONNECT))
            .timeout(timeout)
            // Below the servers' idle timeout, so that none closes what is about to be used.
            .pool_idle_timeout(POOL_IDLE)
            .user_agent(concat!("malha/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(HttpClientError::Setup)?;
        Ok(Self {
            inner,
            metrics: metrics.set(),
            max_body,
        })
    }

    /// Asks for a URL.
    pub async fn get(&self, url: Url) -> Result<HttpResponse, HttpClientError> {
        self.execute(Request::new(http::Method::GET, url)).await
    }

    /// Sends a request and reads its answer whole, under a CLIENT span of the current trace.
    pub async fn execute(&self, mut request: Request) -> Result<HttpResponse, HttpClientError> {
        let method = semconv::http_method(request.method());
        let server = server(request.url());
        let host = request.url().host_str().unwrap_or_default().to_owned();
        let port = request.url().port_or_known_default().unwrap_or_default();
        let name = semconv::http_span_method(method);
        let span = trace::start_with(SpanKind::Client, Parent::Current, || {
            (name.into(), attributes(&request))
        });
        trace::inject(&span, request.headers_mut());
        let started = Instant::now();
        let outcome = self.send(request, &server).instrument(span.clone()).await;
        let error_type = conclude(&span, &outcome);
        let status = outcome.as_ref().map_or(0, |answer| answer.status.as_u16());
        let labels = HttpClientLabels {
            http_request_method: method,
            server_address: host,
            server_port: port,
            http_response_status_code: status,
            error_type,
        };
        let _entered = span.enter();
        self.metrics.requests.observe(&labels, started.elapsed());
        outcome
    }

    async fn send(&self, request: Request, server: &str) -> Result<HttpResponse, HttpClientError> {
        let of = |error: reqwest::Error| HttpClientError::of(&error, server.to_owned());
        let response = self.inner.execute(request).await.map_err(of)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = self.body(response, server).await?;
        Ok(HttpResponse {
            status,
            headers,
            body,
        })
    }

    async fn body(&self, mut response: Response, server: &str) -> Result<Bytes, HttpClientError> {
        let limit = self.max_body;
        let mut body = BytesMut::new();
        loop {
            let piece = response.chunk().await;
            match piece.map_err(|error| HttpClientError::of(&error, server.to_owned()))? {
                None => return Ok(body.freeze()),
                Some(piece) if body.len() + piece.len() <= limit => body.extend_from_slice(&piece),
                Some(_) => {
                    return Err(HttpClientError::TooLarge {
                        server: server.to_owned(),
                        limit,
                    });
                }
            }
        }
    }
}

const CONNECT: Duration = Duration::from_secs(1);
const POOL_IDLE: Duration = Duration::from_secs(30);

/// Writes the outcome on the span, and gives the error's name for the metric.
fn conclude(span: &Span, outcome: &Result<HttpResponse, HttpClientError>) -> Cow<'static, str> {
    match outcome {
        Ok(answer) => {
            let status = answer.status.as_u16();
            span.set_attribute(semconv::HTTP_RESPONSE_STATUS_CODE, i64::from(status));
            if status < 400 {
                return "".into();
            }
            span.set_attribute(semconv::ERROR_TYPE, status.to_string());
            span.set_status(Status::error(""));
            status.to_string().into()
        }
        Err(error) => {
            trace::fail(span, error.code(), error.to_string());
            error.code().into()
        }
    }
}

/// Name and port, as logs and errors show a server.
fn server(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port_or_known_default()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn attributes(request: &Request) -> Vec<KeyValue> {
    let mut shown = request.url().clone();
    // Neither fails for http URLs; if one did, the URL had no such part.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    let mut attributes = vec![
        KeyValue::new(
            semconv::HTTP_REQUEST_METHOD,
            semconv::http_method(request.method()),
        ),
        KeyValue::new(semconv::URL_FULL, shown.to_string()),
    ];
    if let Some(host) = shown.host_str() {
        attributes.push(KeyValue::new(semconv::SERVER_ADDRESS, host.to_owned()));
    }
    if let Some(port) = shown.port_or_known_default() {
        attributes.push(KeyValue::new(semconv::SERVER_PORT, i64::from(port)));
    }
    attributes
}
