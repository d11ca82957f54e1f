//! A span and the metrics of each request that an HTTP server answers.
//!
//! The layer stands inside the router, where the route is known. The span lasts until the body
//! of the answer is sent. It also says why a body was given up, so that a span tells the answer that
//! the client gets.

use std::borrow::Cow;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::BoxError;
use axum::body::Body;
use axum::extract::{ConnectInfo, MatchedPath};
use axum::http::{Request, Response, StatusCode, header};
use bytes::Bytes;
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;
use prometheus_client::metrics::gauge::Gauge;
use tokio::time::Instant;
use tower::{Layer, Service};

use super::body::GuardedBody;
use super::metrics::{HttpServerMetrics, RouteMetrics, RouteOutcome};
use super::phase::SharedPhase;
use super::proxy::Forwarded;
use super::{head, problem};
use crate::metrics::Metrics;
use crate::trace::{self, Instrument, Instrumented, Parent, Span, semconv};

/// Adds spans and metrics to a router, and an answer where a handler panics.
#[derive(Clone, Debug)]
pub(super) struct ObserveLayer {
    metrics: HttpServerMetrics,
}

impl ObserveLayer {
    /// Counts into these metrics.
    pub(super) fn new(metrics: &Metrics) -> Self {
        let metrics = metrics.set();
        Self { metrics }
    }
}

impl<S> Layer<S> for ObserveLayer {
    type Service = Observe<S>;

    // A router calls this for each of its routes.
    fn layer(&self, inner: S) -> Observe<S> {
        let metrics = Arc::new(RouteMetrics::new(self.metrics.clone()));
        Observe { inner, metrics }
    }
}

/// A service whose requests have spans and metrics.
#[derive(Clone, Debug)]
pub(super) struct Observe<S> {
    inner: S,
    metrics: Arc<RouteMetrics>,
}

impl<S, B, A> Service<Request<B>> for Observe<S>
where
    S: Service<Request<B>, Response = Response<A>>,
    A: http_body::Body<Data = Bytes> + Send + 'static,
    A::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Answer<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let record = RequestRecord::begin(&request, Arc::clone(&self.metrics));
        let phase = request.extensions().get::<SharedPhase>().cloned();
        let answer = catch_unwind(AssertUnwindSafe(|| self.inner.call(request)));
        let answer = answer
            .ok()
            .map(|answer| answer.instrument(record.span.clone()));
        Answer {
            answer,
            record: Some(record),
            phase,
        }
    }
}

pin_project_lite::pin_project! {
    /// The answer to a request, which is observed until it is sent.
    pub(super) struct Answer<F> {
        // None where the handler panicked.
        #[pin]
        answer: Option<Instrumented<F>>,
        record: Option<RequestRecord>,
        phase: Option<SharedPhase>,
    }
}

impl<F, A, E> Future for Answer<F>
where
    F: Future<Output = Result<Response<A>, E>>,
    A: http_body::Body<Data = Bytes> + Send + 'static,
    A::Error: Into<BoxError>,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = this.answer.as_pin_mut();
        let polled = answer.map(|answer| catch_unwind(AssertUnwindSafe(|| answer.poll(cx))));
        let response = match polled {
            Some(Ok(polled)) => Some(ready!(polled)?),
            Some(Err(_)) | None => None,
        };
        let record = this.record.take();
        let given_up = this.phase.as_ref().and_then(SharedPhase::given_up);
        let response = match (given_up, response) {
            // Whatever the handler made of a body that it could not read.
            (Some(why), _) => keep(why.answer(), record),
            (None, Some(response)) => keep(response, record),
            (None, None) => keep(internal_error(), record),
        };
        Poll::Ready(Ok(response))
    }
}

/// The answer to a handler that panicked: its details are in the log, not on the wire.
fn internal_error() -> Response<Body> {
    let said = "o serviço falhou; o registro dele diz por quê";
    problem::refusal(StatusCode::INTERNAL_SERVER_ERROR, said)
}

/// The answer, which holds the record until it is sent.
fn keep<B>(response: Response<B>, record: Option<RequestRecord>) -> Response<Body>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let record = record.map(|mut record| {
        record.answered(response.status());
        record
    });
    response.map(|body| Body::new(GuardedBody::new(body, record)))
}

/// One request, from its head to the last byte of its answer. Counted when dropped.
struct RequestRecord {
    span: Span,
    started: Instant,
    active: Gauge,
    method: &'static str,
    scheme: &'static str,
    route: Option<MatchedPath>,
    /// 0 until it is answered.
    status: u16,
    error_type: Cow<'static, str>,
    metrics: Arc<RouteMetrics>,
}

impl RequestRecord {
    fn begin<B>(request: &Request<B>, metrics: Arc<RouteMetrics>) -> Self {
        let route = request.extensions().get::<MatchedPath>().cloned();
        let method = semconv::http_method(request.method());
        let parent = Parent::Remote(trace::extract(request.headers()));
        let span = trace::start_with(SpanKind::Server, parent, || {
            let shown = semconv::http_span_method(method);
            let route = route.as_ref().map(MatchedPath::as_str);
            let name = match route {
                Some(route) => [shown, " ", route].concat().into(),
                None => shown.into(),
            };
            (name, attributes(request, route))
        });
        let scheme = scheme(request);
        let active = metrics.active(method, scheme);
        active.inc();
        Self {
            span,
            started: Instant::now(),
            active,
            method,
            scheme,
            route,
            status: 0,
            error_type: "".into(),
            metrics,
        }
    }

    fn answered(&mut self, status: StatusCode) {
        self.status = status.as_u16();
        self.span.set_attribute(
            semconv::HTTP_RESPONSE_STATUS_CODE,
            i64::from(status.as_u16()),
        );
        if status.is_server_error() {
            self.error_type = status.as_str().to_owned().into();
            self.span
                .set_attribute(semconv::ERROR_TYPE, status.as_str().to_owned());
            self.span
                .set_status(opentelemetry::trace::Status::error(""));
        }
    }
}

impl Drop for RequestRecord {
    fn drop(&mut self) {
        if self.status == 0 {
            // The connection ended before the handler did.
            self.error_type = "cancelled".into();
            trace::fail(&self.span, "cancelled", "");
        }
        self.active.dec();
        let outcome = RouteOutcome {
            method: self.method,
            scheme: self.scheme,
            route: self.route.as_ref().map_or("", MatchedPath::as_str),
            status: self.status,
            error_type: &self.error_type,
        };
        let took = self.started.elapsed();
        self.metrics.answered(&outcome, took, &self.span);
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
    let mut attributes = Vec::with_capacity(MOST);
    attributes.extend([
        KeyValue::new(semconv::HTTP_REQUEST_METHOD, method),
        KeyValue::new(semconv::URL_SCHEME, scheme),
        KeyValue::new(semconv::URL_PATH, request.uri().path().to_owned()),
        KeyValue::new(
            semconv::NETWORK_PROTOCOL_VERSION,
            semconv::http_version(request.version()),
        ),
    ]);
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
    if let Some((host, port)) = asked.and_then(head::host_and_port) {
        attributes.push(KeyValue::new(semconv::SERVER_ADDRESS, host.into_owned()));
        let usual = if scheme == "https" { 443 } else { 80 };
        let port = i64::from(port.unwrap_or(usual));
        attributes.push(KeyValue::new(semconv::SERVER_PORT, port));
    }
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>() {
        let address = text(peer.ip());
        let client = match forwarded {
            Some(forwarded) if forwarded.client != peer.ip() => text(forwarded.client),
            _ => Arc::clone(&address),
        };
        attributes.push(KeyValue::new(semconv::CLIENT_ADDRESS, client));
        attributes.push(KeyValue::new(semconv::NETWORK_PEER_ADDRESS, address));
        attributes.push(KeyValue::new(
            semconv::NETWORK_PEER_PORT,
            i64::from(peer.port()),
        ));
    }
    attributes
}

/// As many attributes as there are.
const MOST: usize = 13;

/// An address as text. Those of IPv4 are written by hand: `Display` takes ten times as long.
fn text(address: IpAddr) -> Arc<str> {
    let IpAddr::V4(address) = address else {
        return address.to_string().into();
    };
    let mut text = String::with_capacity("255.255.255.255".len());
    for (position, octet) in address.octets().into_iter().enumerate() {
        if position > 0 {
            text.push('.');
        }
        let digit = |value: u8| char::from(b'0' + value % 10);
        if octet >= 100 {
            text.push(digit(octet / 100));
        }
        if octet >= 10 {
            text.push(digit(octet / 10));
        }
        text.push(digit(octet));
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_as_everywhere() {
        for address in [
            "0.0.0.0",
            "9.10.99.100",
            "127.0.0.1",
            "255.200.109.5",
            "::1",
        ] {
            assert_eq!(&*text(address.parse().unwrap()), address);
        }
    }
}
