//! The standard health service: it follows readiness, and liveness does not.

use testing::eventually;
use tonic::Code;
use tonic_health::ServingStatus;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus as Told;
use tonic_health::pb::health_client::HealthClient;

use crate::support::{connect, start_on, start_server};

fn of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

#[tokio::test]
async fn health_follows_readiness_and_liveness_does_not() {
    let (server, lifecycle) = start_server(&[]).await;
    let mut client = HealthClient::new(connect(server).await);
    let mut watched = client.watch(of("")).await.unwrap().into_inner();
    let needs = lifecycle.lifecycle().readiness().require("something");
    eventually("it is not ready", async || {
        let status = client
            .check(of("usuarios.v1.UsuarioService"))
            .await
            .unwrap();
        (status.into_inner().status == ServingStatus::NotServing as i32).then_some(())
    })
    .await;
    needs.ready();
    let serving = |status: i32| status == ServingStatus::Serving as i32;
    while !serving(watched.message().await.unwrap().unwrap().status) {}

    lifecycle.drain();
    while serving(watched.message().await.unwrap().unwrap().status) {}
    let live = client.check(of("liveness")).await.unwrap().into_inner();
    assert!(serving(live.status));
}

/// `health.proto`: `Check` of one that is unknown fails, `Watch` says so and goes on.
#[tokio::test]
async fn a_service_that_is_unknown_is_told_to_be_and_watched_until_the_end() {
    let (server, lifecycle) = start_server(&[]).await;
    let mut client = HealthClient::new(connect(server).await);
    let refused = client.check(of("usuarios.v2.Nada")).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);

    let mut watched = client
        .watch(of("usuarios.v2.Nada"))
        .await
        .unwrap()
        .into_inner();
    let first = watched.message().await.unwrap().unwrap();
    assert_eq!(first.status(), Told::ServiceUnknown);
    lifecycle.stop();
    let end = watched.message().await.unwrap_err();
    assert_eq!(end.code(), Code::Unavailable);
}

#[tokio::test]
async fn a_server_that_is_not_ready_never_says_that_it_serves() {
    let (listener, lifecycle) = (testing::listener().await, testing::TestLifecycle::default());
    let _needs = lifecycle.lifecycle().readiness().require("something");
    let server = listener.local_addr().unwrap();
    start_on(listener, &lifecycle, &[]);
    let mut client = HealthClient::new(connect(server).await);
    for service in ["", "usuarios.v1.UsuarioService"] {
        let mut watched = client.watch(of(service)).await.unwrap().into_inner();
        let first = watched.message().await.unwrap().unwrap();
        assert_eq!(first.status(), Told::NotServing, "{service:?}");
    }
}
