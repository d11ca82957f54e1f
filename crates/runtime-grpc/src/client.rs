//! Calls to every server behind a name: its backends.
//!
//! [`GrpcClient`] is what generated clients are built on: `UsuarioServiceClient::new(client)`. It
//! looks the name up every few seconds, keeps one connection to each address, and sends each call
//! to a connected backend, the less loaded of two. A call that fails because its backend did is
//! sent once more, to another one, where that is safe and the budget allows.
//!
//! Each attempt has a CLIENT span and carries its context; the server is told how much time is
//! left. A call never waits longer than its deadline, whatever the backends do.
//!
//! # Why not tonic's `Channel::balance_channel`
//! It keeps handing a share of the calls to a backend that refuses connections: a third of them
//! failed with one of two backends down. Here none does
//! (`tests/balance.rs`: `an_address_where_nothing_listens_fails_no_call`). Its channels reconnect
//! behind the calls' back, so that calls waited, one after another, for an address whose pod had
//! gone (`no_call_waits_for_an_address_that_its_server_has_left`). It does
//! not pass by a backend that drains
//! (`a_server_that_drains_is_passed_by_while_there_is_another_one`), has no retries and so no budget
//! for them (`tests/retries.rs`), and its streams share the connection of short calls
//! (docs/adr/0005-own-grpc-client.md).
//!
//! # Layout
//! - [`CallOptions`] (`options.rs`): the deadline of a call, and whether it may be repeated.
//! - [`Resolve`], [`Dns`] (`resolve.rs`): the addresses of a name.
//! - `call.rs`: one call and its attempts, in three frames.
//! - `attempt.rs`: an attempt's request, span, failure and stream.
//! - `pool.rs`: the backends that are connected, and the choice between them.
//! - `maintenance.rs`: looks the name up, reconnects, asks each backend for its health.
//! - `connection.rs`: one HTTP/2 connection.
//! - `budget.rs`: how many calls may be retried.
//! - `status.rs`: the status of a failure, and whether it is retried.

mod attempt;
mod budget;
mod call;
mod connection;
mod maintenance;
mod metrics;
mod options;
mod pool;
mod resolve;
mod settings;
mod status;

pub use call::GrpcClient;
pub use options::CallOptions;
pub use resolve::{Dns, Resolve, Resolving};
pub use settings::GrpcClientSettings;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use self::budget::RetryBudget;
use self::call::ClientInner;
use self::maintenance::Maintainer;
use self::metrics::GrpcClientMetrics;
use self::pool::Pool;
use runtime::Lifecycle;

impl GrpcClient {
    /// Begins to look for backends, which `/readyz` calls `name`: ready while one is connected.
    pub fn start(
        name: &'static str,
        settings: GrpcClientSettings,
        resolver: impl Resolve,
        lifecycle: &Lifecycle,
    ) -> Self {
        let metrics = GrpcClientMetrics::register(lifecycle.metrics());
        let dependency = lifecycle.readiness().require(name);
        let pool = Arc::new(Pool::new(dependency, metrics.connected.clone()));
        let settings = Arc::new(settings);
        let ended = CancellationToken::new();
        let maintainer = Maintainer {
            pool: Arc::clone(&pool),
            settings: Arc::clone(&settings),
            // Requests that are finished while the service stops still need their backend.
            lifecycle: lifecycle.detached(),
            ended: ended.clone(),
        };
        maintainer
            .lifecycle
            .clone()
            .spawn(maintainer.follow(Arc::new(resolver)));
        Self(Arc::new(ClientInner {
            pool,
            budget: RetryBudget::new(settings.retry_percent),
            host: settings.server.host().into(),
            settings,
            metrics,
            _ended: ended.drop_guard(),
        }))
    }
}

#[cfg(test)]
mod tests;
