//! A span and the metrics of each request that an HTTP server answers, and an answer where a handler
//! panics.
//!
//! The span lasts until the body of the answer is sent. It tells the answer that the client gets, whatever
//! the handler made of the request.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use axum::routing::future::RouteFuture;
use opentelemetry::KeyValue;
use opentelemetry::trace::SpanKind;
use prometheus_client::metrics::gauge::Gauge;
use tokio::time::Instant;
use tower::Service;

use super::metrics::{CANCELLED, HttpServerMetrics, RouteMetrics, RouteOutcome};
use super::proxy::Forwarded;
use super::{head, problem};
use crate::metrics::Metrics;
use crate::trace::{self, Instrument, Instrumented, Parent, Span, semconv};

/// Observes the requests of one server.
#[derive(Debug)]
pub(super) struct Observer {
    routes: matchit::Router<Arc<RouteMetrics>>,
    /// What no route is for.
    others: Arc<RouteMetrics>,
}

impl Observer {
    /// For the routes with these templates.
    pub(super) fn new(templates: BTreeSet<String>, metrics: &Metrics) -> Self {
        let all: HttpServerMetrics = metrics.set();
        let of = |template: Option<String>| Arc::new(RouteMetrics::new(template, all.clone()));
        let mut routes = matchit::Router::new();
        for template in templates {
            let route = of(Some(template.clone()));
            // axum has the same templates in a router of the same kind, and panics where they clash.
            if let Err(error) = routes.insert(template.as_str(), route) {
                tracing::warn!(template, %error, "requests of this route are not told from others");
            }
        }
        let others = of(None);
        Self { routes, others }
    }

    /// Begins to observe a request. It is counted when the record is dropped.
    pub(super) fn begin<B>(&self, request: &Request<B>, peer: &Peer) -> RequestRecord {
        let route = self.routes.at(request.uri().path());
        let route = route.map_or(&self.others, |found| found.value);
        RequestRecord::begin(request, peer, Arc::clone(route))
    }
}

pin_project_lite::pin_project! {
    /// What routes answer under a span; or that they failed, where one panics.
    pub(super) struct Answer {
        // None where the call itself panicked.
        #[pin]
        answer: Option<Instrumented<RouteFuture<Infallible>>>,
    }
}

impl Answer {
    pub(super) fn of(mut routes: Router, request: Request<Body>, span: Span) -> Self {
        let mut answer = None;
        // A panic leaves none, and is told by that.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            answer = Some(routes.call(request).instrument(span));
        }));
        Self { answer }
    }
}

impl Future for Answer {
    type Output = Response<Body>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response<Body>> {
        let answer = self.project().answer.as_pin_mut();
        let polled = answer.map(|answer| catch_unwind(AssertUnwindSafe(|| answer.poll(cx))));
        Poll::Ready(match polled {
            Some(Ok(polled)) => {
                let Ok(response) = ready!(polled);
                response
            }
            Some(Err(_)) | None => internal_error(),
        })
    }
}

/// The answer to a handler that panicked: its details are in the log, not on the wire.
fn internal_error() -> Response<Body> {
    let said = "o serviço falhou; o registro dele diz por quê";
    problem::refusal(StatusCode::INTERNAL_SERVER_ERROR, said)
}

/// Who asks on a connection.
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    /// Made once, for the first span that tells it.
    text: OnceLock<Arc<str>>,
}

impl Peer {
    pub(super) fn new(address: SocketAddr) -> Self {
        let text = OnceLock::new();
        Self { address, text }
    }

    fn text(&self) -> Arc<str> {
        let text = self.text.get_or_init(|| text(self.address.ip()));
        Arc::clone(text)
    }
}

/// One request, from its head to the last byte of its answer. Counted when dropped.
pub(super) struct RequestRecord {
    span: Span,
    started: Instant,
    active: Gauge,
    method: &'static str,
    scheme: &'static str,
    /// None until it is answered.
    status: Option<StatusCode>,
    route: Arc<RouteMetrics>,
}

impl RequestRecord {
    fn begin<B>(request: &Request<B>, peer: &Peer, route: Arc<RouteMetrics>) -> Self {
        let method = semconv::http_method(request.method());
        let parent = Parent::Remote(trace::extract(request.headers()));
        let span = trace::start_with(SpanKind::Server, parent, || {
            let shown = semconv::http_span_method(method);
            let template = route.template();
            let name = match template {
                Some(template) => [shown, " ", template].concat().into(),
                None => shown.into(),
            };
            (name, attributes(request, peer, template))
        });
        let scheme = scheme(request);
        let active = route.active(method, scheme);
        active.inc();
        Self {
            span,
            started: Instant::now(),
            active,
            method,
            scheme,
            status: None,
            route,
        }
    }

    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Says what the client is answered.
    pub(super) fn answered(&mut self, status: StatusCode) {
        self.status = Some(status);
        self.span.set_attribute(
            semconv::HTTP_RESPONSE_STATUS_CODE,
            i64::from(status.as_u16()),
        );
        if status.is_server_error() {
            self.span
                .set_attribute(semconv::ERROR_TYPE, status.as_str().to_owned());
            self.span
                .set_status(opentelemetry::trace::Status::error(""));
        }
    }
}

impl Drop for RequestRecord {
    fn drop(&mut self) {
        if self.status.is_none() {
            // The connection ended before the handler did.
            trace::fail(&self.span, CANCELLED, "");
        }
        self.active.dec();
        let outcome = RouteOutcome {
            method: self.method,
            scheme: self.scheme,
            status: self.status,
        };
        self.route
            .answered(outcome, self.started.elapsed(), &self.span);
    }
}

/// By which a client asks: that of this server, or of a trusted proxy in front of it.
fn scheme<B>(request: &Request<B>) -> &'static str {
    let forwarded = request.extensions().get::<Forwarded>();
    forwarded.and_then(|told| told.scheme).unwrap_or("http")
}

fn attributes<B>(request: &Request<B>, peer: &Peer, route: Option<&Arc<str>>) -> Vec<KeyValue> {
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
    attributes.extend(route.map(|route| KeyValue::new(semconv::HTTP_ROUTE, Arc::clone(route))));
    let mut add = |name: &'static str, value: Option<&str>| {
        attributes.extend(value.map(|value| KeyValue::new(name, value.to_owned())));
    };
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
    let address = peer.text();
    let client = match forwarded {
        Some(forwarded) if forwarded.client != peer.address.ip() => text(forwarded.client),
        _ => Arc::clone(&address),
    };
    attributes.extend([
        KeyValue::new(semconv::CLIENT_ADDRESS, client),
        KeyValue::new(semconv::NETWORK_PEER_ADDRESS, address),
        KeyValue::new(semconv::NETWORK_PEER_PORT, i64::from(peer.address.port())),
    ]);
    attributes
}

/// As many attributes as there are, with those that are known at the end.
const MOST: usize = 15;

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
