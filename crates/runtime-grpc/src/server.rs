//! The server: services behind a listener.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::call::CallHandler;
use super::call_record::GrpcServerMetrics;
use super::connection::Grpc;
use super::health;
use super::limits::GrpcLimits;
use super::reflection;
use super::services::Services;
use runtime::Lifecycle;
use runtime::net::{self, Places, ServerContext};

/// Serves until the lifecycle stops, each call with a span and metrics; beside it the standard health
/// and reflection services, without.
///
/// The health of `""` and of each interface is the lifecycle's readiness; that of
/// [`LIVENESS`](super::LIVENESS) is good for as long as anything answers.
///
/// Returns when nothing new is accepted; calls that still run are tasks of `lifecycle`.
pub async fn serve(
    listener: TcpListener,
    services: Services,
    limits: GrpcLimits,
    lifecycle: &Lifecycle,
) {
    let names: Vec<_> = services
        .methods_by_service()
        .map(|(name, _)| name)
        .collect();
    let methods = services
        .methods_by_service()
        .flat_map(|(service, methods)| {
            let full = move |method| format!("{service}/{method}").into();
            methods.into_iter().map(full).collect::<Vec<_>>()
        });
    let methods: HashSet<_> = methods.collect();
    let Services {
        mut router,
        descriptors,
    } = services;
    let max_message = limits.max_message_size();
    health::add(&mut router, &names, max_message, lifecycle).await;
    if limits.reflection
        && let Err(error) = reflection::add(&mut router, descriptors, max_message)
    {
        // Whoever calls by the interfaces needs no reflection.
        tracing::warn!(%error, "no reflection");
    }
    let caps = limits.connection_limits();
    let calls = CallHandler {
        router,
        methods,
        places: Places::new(limits.max_concurrent_calls),
        limits,
        metrics: GrpcServerMetrics::register(lifecycle.metrics()),
    };
    let grpc = Grpc {
        server: ServerContext::new(PROTOCOL, lifecycle.clone()),
        calls: Arc::new(calls),
    };
    net::serve(listener, caps, grpc).await;
}

/// The name of the protocol in metrics.
const PROTOCOL: &str = "grpc";
