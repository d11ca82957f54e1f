//! The standard health service, following the lifecycle.

use tonic_health::ServingStatus;
use tonic_health::server::{HealthReporter, health_reporter};

use super::services::Router;
use runtime::Lifecycle;

/// The service name by which liveness is asked: it serves for as long as anything answers.
pub const LIVENESS: &str = "liveness";

/// Adds the health service. The empty name, and each of these services, follow readiness.
pub(super) fn add(router: &mut Router, services: &[String], lifecycle: &Lifecycle) {
    let (reporter, server) = health_reporter();
    let names = [String::new()].iter().chain(services).cloned().collect();
    lifecycle.spawn(follow(reporter, names, lifecycle.clone()));
    router.add(server);
}

async fn follow(reporter: HealthReporter, names: Vec<String>, lifecycle: Lifecycle) {
    let mut ready = lifecycle.readiness().watch();
    reporter
        .set_service_status(LIVENESS, ServingStatus::Serving)
        .await;
    loop {
        let status = if *ready.borrow_and_update() {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        for name in &names {
            reporter.set_service_status(name, status).await;
        }
        // Nothing is ready any more once the lifecycle stops.
        tokio::select! {
            () = lifecycle.stopping() => return,
            changed = ready.changed() => if changed.is_err() { return },
        }
    }
}
