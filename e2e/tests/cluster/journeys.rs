//! Every journey of every exercise.

use e2e::target::Target;

use crate::kubectl::{CLUSTER, Forward, jaeger};
use crate::support::{has_cluster, walk_all};

#[tokio::test]
async fn every_journey_succeeds_in_the_cluster() {
    if !has_cluster() {
        return;
    }
    let _alone = CLUSTER.lock().await;
    let servidor = Forward::to("desafio1", "svc/servidor", 8080).await;
    let hello = Forward::to("hello", "svc/server", 8080).await;
    let cliente = Forward::to("grpc", "svc/cliente", 8000).await;
    let usuarios = Forward::to("grpc", "svc/servidor", 50051).await;
    let service_a = Forward::to("chat", "svc/servicea", 8000).await;
    let service_b = Forward::to("chat", "svc/serviceb", 8000).await;
    let sockets = Forward::to("sockets", "svc/server", 65432).await;
    let jaeger = jaeger().await;
    let target = Target {
        desafio1: Some(servidor.url.clone()),
        hello: Some(hello.url.authority().to_owned()),
        usuarios: Some(cliente.url.clone()),
        usuarios_grpc: Some(usuarios.url.clone()),
        usuarios_store: Some("redis".to_owned()),
        chat_a: Some(service_a.url.clone()),
        chat_b: Some(service_b.url.clone()),
        sockets: Some(sockets.url.authority().to_owned()),
        jaeger: Some(jaeger.url.clone()),
    };
    walk_all(target).await;
}
