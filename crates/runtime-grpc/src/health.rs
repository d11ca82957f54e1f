//! The standard health service, following the lifecycle.
//!
//! tonic-health keeps the states and tells them. What its `Watch` does otherwise than `health.proto`
//! says is mended here: who watches a service that is not there hears so and stays, and a state that
//! has not changed is not told again.

use std::future;
use std::pin::Pin;

use futures_util::{Stream, StreamExt, stream};
use tokio::sync::watch;
use tonic::codec::CompressionEncoding;
use tonic::{Code, Request, Response, Status};
use tonic_health::ServingStatus;
use tonic_health::pb::health_check_response::ServingStatus as Told;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_health::server::{HealthReporter, HealthService};

use super::services::Router;
use runtime::Lifecycle;

/// The service name by which liveness is asked: it serves for as long as anything answers.
pub const LIVENESS: &str = "liveness";

/// Adds the health service. The empty name, and each of these services, follow readiness.
pub(super) async fn add(
    router: &mut Router,
    services: &[String],
    max_message: usize,
    lifecycle: &Lifecycle,
) {
    let reporter = HealthReporter::new();
    let names: Vec<_> = [String::new()].iter().chain(services).cloned().collect();
    // Who asks first hears no less than who asks later.
    reporter
        .set_service_status(LIVENESS, ServingStatus::Serving)
        .await;
    let mut ready = lifecycle.readiness().watch();
    let now = *ready.borrow_and_update();
    report(&reporter, &names, now).await;
    let service = PatientHealth(HealthService::from_health_reporter(reporter.clone()));
    lifecycle.spawn(follow(reporter, names, ready, lifecycle.clone()));
    let server = HealthServer::new(service)
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(max_message);
    router.add(server);
}

async fn follow(
    reporter: HealthReporter,
    names: Vec<String>,
    mut ready: watch::Receiver<bool>,
    lifecycle: Lifecycle,
) {
    loop {
        // Nothing is ready any more once the lifecycle stops.
        tokio::select! {
            () = lifecycle.stopping() => return,
            changed = ready.changed() => if changed.is_err() { return },
        }
        let now = *ready.borrow_and_update();
        report(&reporter, &names, now).await;
    }
}

async fn report(reporter: &HealthReporter, names: &[String], ready: bool) {
    let status = if ready {
        ServingStatus::Serving
    } else {
        ServingStatus::NotServing
    };
    for name in names {
        reporter.set_service_status(name, status).await;
    }
}

/// What tonic-health tells, as `health.proto` wants it told.
struct PatientHealth(HealthService);

type States = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

#[tonic::async_trait]
impl Health for PatientHealth {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        self.0.check(request).await
    }

    type WatchStream = States;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<States>, Status> {
        match self.0.watch(request).await {
            Ok(states) => Ok(Response::new(changes(states.into_inner()).boxed())),
            // What is served is known from the beginning, so that there is nothing more to tell.
            Err(status) if status.code() == Code::NotFound => {
                let unknown = HealthCheckResponse {
                    status: Told::ServiceUnknown.into(),
                };
                let states = stream::iter([Ok(unknown)]).chain(stream::pending());
                Ok(Response::new(states.boxed()))
            }
            Err(status) => Err(status),
        }
    }
}

/// The states without those that are as the one before.
fn changes(
    states: impl Stream<Item = Result<HealthCheckResponse, Status>>,
) -> impl Stream<Item = Result<HealthCheckResponse, Status>> {
    let mut last = None;
    states.filter(move |state| {
        let now = state.as_ref().ok().map(|state| state.status);
        let is_new = now.is_none() || now != last;
        last = now;
        future::ready(is_new)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_state_that_has_not_changed_is_not_told_again() {
        let states = [2, 2, 1, 1, 1, 2].map(|status| Ok(HealthCheckResponse { status }));
        let told = changes(stream::iter(states)).map(|state| state.unwrap().status);
        assert_eq!(told.collect::<Vec<_>>().await, [2, 1, 2]);
    }
}
