//! A span and the metrics of each request that an HTTP server answers.
//!
//! The layer stands inside the router, where the route is known. The span lasts until the body
//! of the answer is sent. It also says why a body was given up, so that a span tells the answer that
//! the client gets.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::BoxError;
use axum::body::Body;
use axum::extract::{ConnectInfo, MatchedPath};
use axum::http::{Request, Response, header};
use bytes::Bytes;
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;
use prometheus_client::metrics::gauge::Gauge;
use tokio::time::Instant;
use tower::{Layer, Service};
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::body::GuardedBody;
use super::metrics::{HttpActiveLabels, HttpServerLabels, HttpServerMetrics};
use super::phase::SharedPhase;
use super::problem;
use super::proxy::Forwarded;
use crate::metrics::Metrics;
use crate::trace::{self, Parent, semconv};

/// Adds spans and metrics to a router.
#[derive(Clone, Debug)]
pub(super) struct ObserveLayer {
    metrics: Arc<HttpServerMetrics>,
}

impl ObserveLayer {
    /// Counts into these metrics.
    pub(super) fn new(metrics: &Metrics) -> Self {
        let metrics = Arc::new(metrics.set());
        Self { metrics }
    }
}

impl<S> Layer<S> for ObserveLayer {
    type Service = Observe<S>;

    fn layer(&self, inner: S) -> Observe<S> {
        Observe {
            inner,
            metrics: Arc::clone(&self.metrics),
        }
    }
}

/// A service whose requests have spans and metrics.
#[derive(Clone, Debug)]
pub(super) struct Observe<S> {
    inner: S,
    metrics: Arc<HttpServerMetrics>,
}

impl<S, B, A> Service<Request<B>> for Observe<S>
where
    S: Service<Request<B>, Response = Response<A>>,
    A: http_body::Body<Data = Bytes> + Send + 'static,
    A::Error: Into<BoxError>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let record = RequestRecord::begin(&request, Arc::clone(&self.metrics));
        let phase = request.extensions().get::<SharedPhase>().cloned();
        let answer = self.inner.call(request).instrument(record.span.clone());
        Box::pin(async move {
            let response = answer.await?;
            Ok(match phase {
                // Whatever the handler made of a body that it could not read.
                Some(phase) if phase.is_refused() => record.keep(problem::no_memory_for_body()),
                _ => record.keep(response),
            })
        })
    }
}

/// One request, from its head to the last byte of its answer. Counted when dropped.
struct RequestRecord {
    span: Span,
    started: Instant,
    active: Gauge,
    labels: HttpServerLabels,
    metrics: Arc<HttpServerMetrics>,
}

impl RequestRecord {
    fn begin<B>(request: &Request<B>, metrics: Arc<HttpServerMetrics>) -> Self {
        let route = request
            .extensions()
            .get::<MatchedPath>()
            .map(|path| path.as_str().to_owned());
        let method = semconv::http_method(request.method());
        let shown = semconv::http_span_method(method);
        let name = match &route {
            Some(route) => format!("{shown} {route}"),
            None => shown.to_owned(),
        };
        let parent = Parent::Remote(trace::extract(request.headers()));
        let span = trace::start(
            SpanKind::Server,
            name,
            parent,
            attributes(request, route.as_deref()),
        );
        let scheme = scheme(request);
        let active = metrics.active.get_or_create_owned(&HttpActiveLabels {
            http_request_method: method,
            url_scheme: scheme,
        });
        active.inc();
        let http_route = route.unwrap_or_default();
        let labels = HttpServerLabels {
            http_request_method: method,
            http_route,
            http_response_status_code: 0,
            url_scheme: scheme,
            error_type: "".into(),
        };
        Self {
            span,
            active,
            started: Instant::now(),
            labels,
            metrics,
        }
    }

    /// The answer, which holds the record until it is sent.
    fn keep<B>(mut self, response: Response<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.answered(response.status());
        response.map(|body| Body::new(GuardedBody::new(body, self)))
    }

    fn answered(&mut self, status: http::StatusCode) {
        self.labels.http_response_status_code = status.as_u16();
        self.span.set_attribute(
            semconv::HTTP_RESPONSE_STATUS_CODE,
            i64::from(status.as_u16()),
        );
        if status.is_server_error() {
            self.labels.error_type = status.as_str().to_owned().into();
            self.span
                .set_attribute(semconv::ERROR_TYPE, status.as_str().to_owned());
            self.span
                .set_status(opentelemetry::trace::Status::error(""));
        }
    }
}

impl Drop for RequestRecord {
    fn drop(&mut self) {
        let _entered = self.span.enter();
        if self.labels.http_response_status_code == 0 {
            // The connection ended before the handler did.
            self.labels.error_type = "cancelled".into();
            trace::fail(&self.span, "cancelled", "");
        }
        self.active.dec();
        self.metrics
            .requests
            .observe(&self.labels, self.started.elapsed());
    }
}

/// By which a client asks: that of this server, or of a trusted proxy in front of it.
fn scheme<B>(request: &Request<B>) -> &'static str {
    let forwarded = request.extensions().get::<Forwarded>();
    forwarded.and_then(|told| told.scheme).unwrap_or("http")
}

fn attributes<B>(request: &Request<B>, route: Option<&str>) -> Vec<KeyValue> {
    let method = semconv::http_method(request.method());
    let forwarded = request.extensions().get::<Forwarded>();
    let scheme = scheme(request);
    let mut attributes = vec![
        KeyValue::new(semconv::HTTP_REQUEST_METHOD, method),
        KeyValue::new(semconv::URL_SCHEME, scheme),
        KeyValue::new(semconv::URL_PATH, request.uri().path().to_owned()),
        KeyValue::new(
            semconv::NETWORK_PROTOCOL_VERSION,
            semconv::http_version(request.version()),
        ),
    ];
    let mut add = |name: &'static str, value: Option<&str>| {
        attributes.extend(value.map(|value| KeyValue::new(name, value.to_owned())));
    };
    add(semconv::HTTP_ROUTE, route);
    add(semconv::URL_QUERY, request.uri().query());
    if method == "_OTHER" {
        add(
            semconv::HTTP_REQUEST_METHOD_ORIGINAL,
            Some(request.method().as_str()),
        );
    }
    let header = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    add(semconv::USER_AGENT_ORIGINAL, header(header::USER_AGENT));
    let asked = forwarded.and_then(|forwarded| forwarded.host.as_deref());
    let asked = asked.or_else(|| header(header::HOST));
    let authority: Option<http::uri::Authority> = asked.and_then(|host| host.parse().ok());
    if let Some(authority) = authority {
        attributes.push(KeyValue::new(
            semconv::SERVER_ADDRESS,
            authority.host().to_owned(),
        ));
        let usual = if scheme == "https" { 443 } else { 80 };
        let port = i64::from(authority.port_u16().unwrap_or(usual));
        attributes.push(KeyValue::new(semconv::SERVER_PORT, port));
    }
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>() {
        let client = forwarded.map_or(peer.ip(), |forwarded| forwarded.client);
        attributes.push(KeyValue::new(semconv::CLIENT_ADDRESS, client.to_string()));
        attributes.push(KeyValue::new(
            semconv::NETWORK_PEER_ADDRESS,
            peer.ip().to_string(),
        ));
        attributes.push(KeyValue::new(
            semconv::NETWORK_PEER_PORT,
            i64::from(peer.port()),
        ));
    }
    attributes
}
