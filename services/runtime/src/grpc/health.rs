//! The standard health service, following the life.

use tonic_health::ServingStatus;
use tonic_health::server::{HealthReporter, health_reporter};

use super::interfaces::Handlers;
use crate::life::Life;

/// The service name by which liveness is asked: it serves for as long as anything answers.
pub const LIVENESS: &str = "liveness";

/// Adds the health service. The empty name, and each of these services, follow readiness.
pub(super) fn add(handlers: &mut Handlers, services: &[String], life: &Life) {
    let (reporter, server) = health_reporter();
    let names = [String::new()].iter().chain(services).cloned().collect();
    life.spawn(follow(reporter, names, life.clone()));
    handlers.add(server);
}

async fn follow(reporter: HealthReporter, names: Vec<String>, life: Life) {
    let mut ready = life.readiness().watch();
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
        // Nothing is ready any more once the life stops.
        tokio::select! {
            () = life.stopping() => return,
            changed = ready.changed() => if changed.is_err() { return },
        }
    }
}
