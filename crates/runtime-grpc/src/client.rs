//! Calls to every server behind a name.
//!
//! [`Client`] is what generated clients are built on: `UsuarioServiceClient::new(client)`. It
//! looks the name up every few seconds, keeps one connection to each address, and sends each call
//! to a server that is connected, the less loaded of two. A call that fails because its server
//! did is sent once more, to another server, where that does no harm and the budget allows.
//!
//! Each attempt has a CLIENT span and carries its context; the server is told how much time is
//! left. A call never waits for longer than its deadline, whoever is there.
//!
//! # Layout
//! - [`Call`]: what a caller says of a call.
//! - [`Resolve`], [`Dns`]: where the servers are.
//! - `keeper`: keeps the pool as the network is.
//! - `pool`: who is connected, and who is picked.
//! - `attempt`: one try, with its span.
//! - `connection`: one HTTP/2 connection.
//! - `budget`: how many calls may be repeated.
//! - `status`: what a failure means.

mod attempt;
mod budget;
mod call;
mod connection;
mod keeper;
mod metrics;
mod pool;
mod resolve;
mod settings;
mod status;

pub use call::Call;
pub use resolve::{Dns, Resolve, Resolving};
pub use settings::{DEFAULTS, GrpcClientSettings};

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http_body_util::BodyExt;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::Service;

use self::attempt::{Attempted, Message, attempt};
use self::budget::RetryBudget;
use self::keeper::Keeper;
use self::metrics::{CallLabels, ClientMetrics, RetryLabels};
use self::pool::Pool;
use self::status::Again;
use super::status::name;
use runtime::Lifecycle;

/// A client of the servers behind one name. Every clone uses the same connections.
#[derive(Clone, Debug)]
pub struct Client(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    pool: Arc<Pool>,
    settings: Arc<GrpcClientSettings>,
    /// Whom the name calls, as metrics have it, and its host as spans do.
    server: Arc<str>,
    host: Arc<str>,
    budget: RetryBudget,
    metrics: ClientMetrics,
    /// Ends the tasks that keep the connections, when the last clone is gone.
    _ended: DropGuard,
}

impl Client {
    /// Begins to look for servers, which `/readyz` calls `name`: ready while one is connected.
    pub fn start(
        name: &'static str,
        settings: GrpcClientSettings,
        resolver: impl Resolve,
        lifecycle: &Lifecycle,
    ) -> Self {
        let metrics = ClientMetrics::register(lifecycle.metrics());
        let dependency = lifecycle.readiness().require(name);
        let pool = Arc::new(Pool::new(dependency, metrics.connected.clone()));
        let settings = Arc::new(settings);
        let ended = CancellationToken::new();
        let keeper = Keeper {
            pool: Arc::clone(&pool),
            settings: Arc::clone(&settings),
            // Requests that are finished while the service stops still need their server.
            lifecycle: lifecycle.detached(),
            ended: ended.clone(),
        };
        keeper
            .lifecycle
            .clone()
            .spawn(keeper.follow(Arc::new(resolver)));
        Self(Arc::new(Shared {
            pool,
            budget: RetryBudget::new(settings.retry_percent),
            server: settings.server.to_string().into(),
            host: settings.server.host().into(),
            settings,
            metrics,
            _ended: ended.drop_guard(),
        }))
    }
}

impl Service<http::Request<Body>> for Client {
    type Response = http::Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        // Waiting for a server is part of the call: its deadline bounds it.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let shared = Arc::clone(&self.0);
        Box::pin(async move { shared.call(request).await })
    }
}

impl Shared {
    async fn call(&self, request: http::Request<Body>) -> Result<http::Response<Body>, Status> {
        let started = Instant::now();
        let (mut head, body) = request.into_parts();
        let call = head.extensions.remove::<Call>().unwrap_or_default();
        let message = Message {
            method: head.uri.path().trim_start_matches('/').into(),
            // One message: what clients stream is not what this is for.
            body: body.collect().await?.to_bytes(),
            head,
            call,
        };
        self.budget.earn();
        let outcome = self.attempts(&message).await;
        let code = outcome
            .as_ref()
            .err()
            .map_or(Code::Ok, |failed| failed.status.code());
        let labels = CallLabels {
            rpc_response_status_code: name(code),
            server_address: Arc::clone(&self.server),
            rpc_method: message.method,
        };
        self.metrics.calls.observe(&labels, started.elapsed());
        outcome.or_else(|failed| failed.answer.ok_or(failed.status))
    }

    /// Tries, and where that failed for the server's sake, tries another one.
    async fn attempts(&self, message: &Message) -> Attempted {
        let failed = match attempt(self, message, 0, None).await {
            Ok(answer) => return Ok(answer),
            Err(failed) => failed,
        };
        let again = match failed.again {
            Again::Always => true,
            Again::IfRepeatable => message.call.repeatable,
            Again::Never => false,
        };
        if !again || Instant::now() >= message.call.deadline {
            return Err(failed);
        }
        let count = |outcome| {
            let labels = RetryLabels {
                rpc_method: Arc::clone(&message.method),
                outcome,
            };
            self.metrics.retries.get_or_create(&labels).inc();
        };
        // What reached no server is no load on any.
        if failed.again != Again::Always && !self.budget.spend() {
            count("no_budget");
            return Err(failed);
        }
        tracing::debug!(method = &*message.method, status = %failed.status, "sent once more");
        let outcome = attempt(self, message, 1, failed.server).await;
        count(if outcome.is_ok() { "ok" } else { "failed" });
        outcome
    }
}

#[cfg(test)]
mod tests;
