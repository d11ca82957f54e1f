//! A collector for tests: takes OTLP over HTTP, as Jaeger does, and keeps the spans.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use bytesize::ByteSize;
use opentelemetry::trace::TraceId;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

use super::{TestLifecycle, eventually, listener};
use runtime::http::HttpLimits;

/// Trace and name of every span received.
type Received = Arc<Mutex<Vec<(TraceId, String)>>>;

/// A collector on a free port.
#[derive(Debug)]
pub struct Collector {
    endpoint: String,
    received: Received,
    _life: TestLifecycle,
}

impl Collector {
    /// Starts to receive.
    ///
    /// # Panics
    /// If the machine has no free port.
    #[expect(clippy::expect_used, reason = "a bound listener has an address")]
    pub async fn start() -> Self {
        let (listener, lifecycle) = (listener().await, TestLifecycle::default());
        let address = listener.local_addr().expect("a bound address");
        let received = Received::default();
        let routes = Router::new()
            .route("/v1/traces", post(receive))
            .with_state(Arc::clone(&received));
        let serving = lifecycle.lifecycle().clone();
        lifecycle.lifecycle().spawn(async move {
            let limits = HttpLimits {
                max_body_bytes: ByteSize::mib(16), // bodies hold many spans
                ..HttpLimits::of_admin()
            };
            runtime::http::serve_untraced("otlp", listener, routes, limits, &serving).await;
        });
        Self {
            endpoint: format!("http://{address}"),
            received,
            _life: lifecycle,
        }
    }

    /// What `OTEL_EXPORTER_OTLP_ENDPOINT` must be.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The names of a trace's spans, once there is one.
    pub async fn names_of(&self, trace_id: TraceId) -> Vec<String> {
        eventually(
            &format!("spans of {trace_id} at the collector"),
            async || {
                let received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
                let names: Vec<_> = received
                    .iter()
                    .filter(|(id, _)| *id == trace_id)
                    .map(|(_, name)| name.clone())
                    .collect();
                (!names.is_empty()).then_some(names)
            },
        )
        .await
    }
}

async fn receive(State(received): State<Received>, body: Bytes) -> StatusCode {
    let Ok(request) = ExportTraceServiceRequest::decode(body) else {
        return StatusCode::BAD_REQUEST;
    };
    let scopes = request
        .resource_spans
        .into_iter()
        .flat_map(|resource| resource.scope_spans);
    for span in scopes.flat_map(|scope| scope.spans) {
        if let Ok(bytes) = <[u8; 16]>::try_from(&span.trace_id[..]) {
            let mut received = received.lock().unwrap_or_else(PoisonError::into_inner);
            received.push((TraceId::from_bytes(bytes), span.name));
        }
    }
    StatusCode::OK
}
