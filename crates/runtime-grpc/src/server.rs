//! The server: interfaces behind a listener.

use std::collections::HashSet;
use std::sync::Arc;

use prost_types::FileDescriptorSet;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tonic_reflection::server::Builder;

use super::call::Calls;
use super::connection::{PROTOCOL, Server};
use super::exchange::GrpcServerMetrics;
use super::interfaces::{Handlers, Interfaces};
use super::limits::GrpcLimits;
use super::{health, preface};
use runtime::Lifecycle;
use runtime::net::{Refusal, accept_until_stopped};

/// Serves until the lifecycle stops, each call with a span and metrics; beside it the standard health
/// and reflection services, without.
///
/// The health of `""` and of each interface is the lifecycle's readiness; that of
/// [`LIVENESS`](super::LIVENESS) is good for as long as anything answers.
///
/// Returns when nothing new is accepted; calls that still run are tasks of `lifecycle`.
pub async fn serve(
    listener: TcpListener,
    interfaces: Interfaces,
    limits: GrpcLimits,
    lifecycle: &Lifecycle,
) {
    let services: Vec<_> = interfaces.services().map(|(name, _)| name).collect();
    let methods = interfaces.services().flat_map(|(service, methods)| {
        let full = move |method| format!("{service}/{method}").into();
        methods.into_iter().map(full).collect::<Vec<_>>()
    });
    let methods: HashSet<_> = methods.collect();
    let Interfaces {
        mut handlers,
        descriptors,
    } = interfaces;
    health::add(&mut handlers, &services, lifecycle);
    if limits.reflection {
        reflect(&mut handlers, &descriptors);
    }
    let caps = limits.connection_limits();
    let calls = Calls {
        handlers,
        methods,
        silent: SILENT.map(str::to_owned).into(),
        places: Arc::new(Semaphore::new(limits.max_concurrent_calls)),
        limits,
        metrics: GrpcServerMetrics::register(lifecycle.metrics()),
    };
    let server = Server {
        calls: Arc::new(calls),
        lifecycle: lifecycle.clone(),
    };
    accept_until_stopped(PROTOCOL, listener, caps, lifecycle, refuse, |accepted| {
        server.clone().serve(accepted)
    })
    .await;
}

/// Services that come with every server.
const SILENT: [&str; 3] = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];

/// Adds both versions of the reflection service: grpcurl asks for the one, older tools the other.
fn reflect(handlers: &mut Handlers, descriptors: &FileDescriptorSet) {
    let builder = || {
        Builder::configure()
            .register_file_descriptor_set(descriptors.clone())
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            // So that tools can show the details of errors.
            .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
    };
    match (builder().build_v1(), builder().build_v1alpha()) {
        (Ok(v1), Ok(v1alpha)) => {
            handlers.add(v1);
            handlers.add(v1alpha);
        }
        (Err(error), _) | (_, Err(error)) => {
            // Whoever calls by the interfaces needs no reflection.
            tracing::warn!(%error, "no reflection");
        }
    }
}

/// One last word to a connection beyond the caps, written only if it fits into the socket at once.
fn refuse(stream: &TcpStream, _: Refusal) {
    if let Err(error) = stream.try_write(preface::TOO_MANY) {
        tracing::debug!(%error, "refusal not written");
    }
}
