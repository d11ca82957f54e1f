//! A collector for tests: takes OTLP over HTTP, as Jaeger does, and keeps the spans; or hangs.

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
use tokio::sync::watch;

use super::{TestLifecycle, eventually, listener};
use runtime::http::HttpLimits;

/// Trace and name of every span received.
type Received = Arc<Mutex<Vec<(TraceId, String)>>>;

/// Who asks, and what is kept.
#[derive(Clone, Debug)]
struct Desk {
    received: Received,
    /// Whether those who ask must wait.
    hangs: watch::Sender<bool>,
    waiting: watch::Sender<usize>,
}

/// A collector on a free port.
#[derive(Debug)]
pub struct Collector {
    endpoint: String,
    desk: Desk,
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
        let desk = Desk {
            received: Received::default(),
            hangs: watch::Sender::new(false),
            waiting: watch::Sender::new(0),
        };
        let routes = Router::new()
            .route("/v1/traces", post(receive))
            .with_state(desk.clone());
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
            desk,
            _life: lifecycle,
        }
    }

    /// What `OTEL_EXPORTER_OTLP_ENDPOINT` must be.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// From now on nobody is answered, until [`answer`](Self::answer).
    pub fn hang(&self) {
        self.desk.hangs.send_replace(true);
    }

    /// Takes what waits, and answers from now on.
    pub fn answer(&self) {
        self.desk.hangs.send_replace(false);
    }

    /// Waits until somebody waits for an answer.
    ///
    /// # Panics
    /// If nobody ever does.
    pub async fn keeps_somebody_waiting(&self) {
        eventually("somebody waits at the collector", async || {
            (*self.desk.waiting.borrow() > 0).then_some(())
        })
        .await;
    }

    /// How many spans of a trace have come so far.
    pub fn count_of(&self, trace_id: TraceId) -> usize {
        self.desk.names_of(trace_id).len()
    }

    /// The names of a trace's spans, once there is one.
    pub async fn names_of(&self, trace_id: TraceId) -> Vec<String> {
        eventually(
            &format!("spans of {trace_id} at the collector"),
            async || {
                let names = self.desk.names_of(trace_id);
                (!names.is_empty()).then_some(names)
            },
        )
        .await
    }
}

impl Desk {
    fn names_of(&self, trace_id: TraceId) -> Vec<String> {
        let received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        let of_it = received.iter().filter(|(id, _)| *id == trace_id);
        of_it.map(|(_, name)| name.clone()).collect()
    }
}

async fn receive(State(desk): State<Desk>, body: Bytes) -> StatusCode {
    desk.waiting.send_modify(|waiting| *waiting += 1);
    // Fails only once the sender is gone, which is here.
    let _ = desk.hangs.subscribe().wait_for(|hangs| !hangs).await;
    desk.waiting.send_modify(|waiting| *waiting -= 1);
    let Ok(request) = ExportTraceServiceRequest::decode(body) else {
        return StatusCode::BAD_REQUEST;
    };
    let scopes = request
        .resource_spans
        .into_iter()
        .flat_map(|resource| resource.scope_spans);
    for span in scopes.flat_map(|scope| scope.spans) {
        if let Ok(bytes) = <[u8; 16]>::try_from(&span.trace_id[..]) {
            let mut received = desk.received.lock().unwrap_or_else(PoisonError::into_inner);
            received.push((TraceId::from_bytes(bytes), span.name));
        }
    }
    StatusCode::OK
}
