//! The standard services: health follows readiness, liveness does not; reflection tells all.

use testing::eventually;
use tonic_health::ServingStatus;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::support::{connect, start_server};

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

async fn services(client: &mut ServerReflectionClient<tonic::transport::Channel>) -> Vec<String> {
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let requests = futures_util::stream::iter([request]);
    let answers = client.server_reflection_info(requests).await.unwrap();
    match answers
        .into_inner()
        .message()
        .await
        .unwrap()
        .unwrap()
        .message_response
    {
        Some(MessageResponse::ListServicesResponse(list)) => list
            .service
            .into_iter()
            .map(|service| service.name)
            .collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn reflection_tells_the_interfaces_unless_it_is_off() {
    let (server, _life) = start_server(&[]).await;
    let mut client = ServerReflectionClient::new(connect(server).await);
    let told = services(&mut client).await;
    for service in ["usuarios.v1.UsuarioService", "grpc.health.v1.Health"] {
        assert!(told.iter().any(|name| name == service), "{told:?}");
    }

    let (server, _life) = start_server(&[("REFLECTION", "false")]).await;
    let mut client = ServerReflectionClient::new(connect(server).await);
    let requests = futures_util::stream::iter([]);
    let refused = client.server_reflection_info(requests).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unimplemented);
}
