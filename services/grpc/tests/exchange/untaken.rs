//! Callers that do not take what they are answered, and crowds that would have every place.

use std::net::{Ipv4Addr, SocketAddr};

use axum::http;
use http_body_util::BodyExt;
use malha_proto::usuarios::v1::{
    ListarUsuariosRequest, ObservarUsuariosRequest, ObservarUsuariosResponse,
};
use testing::eventually;
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Response, Streaming};

use crate::support::{Client, change, connect, create, start_server, watch};

/// A connection from another address of this machine, with windows of its own size.
async fn connect_from_there(server: SocketAddr, window: Option<u32>) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{server}")).unwrap();
    let there = Ipv4Addr::new(127, 0, 0, 2);
    let endpoint = endpoint.local_address(Some(there.into()));
    let endpoint = endpoint.initial_stream_window_size(window);
    endpoint.connect().await.unwrap()
}

/// Asks for all users, and takes the answer's head. None where there is no place for the call.
async fn head_of_all(channel: &Channel) -> Option<http::Response<Body>> {
    let message = http_body_util::Full::new(vec![0; 5].into());
    let request = http::Request::post("http://test/usuarios.v1.UsuarioService/ListarUsuarios")
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Body::new(message))
        .unwrap();
    let mut channel = channel.clone();
    std::future::poll_fn(|cx| GrpcService::<Body>::poll_ready(&mut channel, cx))
        .await
        .unwrap();
    let answer = channel.call(request).await.unwrap();
    let is_refused = answer.headers().contains_key("grpc-status");
    (!is_refused).then_some(answer)
}

#[tokio::test]
async fn an_answer_keeps_its_place_until_its_caller_has_taken_it() {
    for window in [0, 1] {
        let (server, _life) = start_server(&[("MAX_CONCURRENT_CALLS", "1")]).await;
        let mut client = Client::new(connect(server).await);
        create(&mut client, "Ana").await;
        let slow = connect_from_there(server, Some(window)).await;
        let free = async || head_of_all(&slow).await;
        let untaken = eventually("the last answer is sent", free).await;
        let request = ListarUsuariosRequest::default();
        let refused = client.listar_usuarios(request.clone()).await.unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted, "{window}");
        drop(untaken);
        let free = async || client.listar_usuarios(request.clone()).await.ok();
        eventually("its place is free", free).await;
    }
}

#[tokio::test]
async fn an_answer_that_is_not_taken_in_time_ends_and_its_connection_goes_on() {
    let impatient = [("WRITE_TIMEOUT", "20ms"), ("MAX_CONCURRENT_CALLS", "1")];
    let (server, lifecycle) = start_server(&impatient).await;
    create(&mut Client::new(connect(server).await), "Ana").await;
    let slow = connect_from_there(server, Some(0)).await;
    for count in 1..=2 {
        let free = async || head_of_all(&slow).await;
        let untaken = eventually("the last call has ended", free).await;
        let ended = untaken.into_body().collect().await.unwrap_err();
        assert_eq!(ended.code(), Code::Cancelled, "{ended:?}");
        let line = format!(
            "server_connections_cut_total{{protocol=\"grpc\",reason=\"write_timeout\"}} {count}\n"
        );
        let counted = async || {
            let metrics = lifecycle.lifecycle().metrics().render().unwrap();
            metrics.contains(&line).then_some(())
        };
        eventually(&line, counted).await;
    }
}

#[tokio::test]
async fn a_connection_whose_client_takes_an_answer_byte_by_byte_ends() {
    let impatient = [
        ("WRITE_TIMEOUT", "20ms"),
        ("MAX_CONNECTION_AGE_GRACE", "20ms"),
        ("MAX_CONCURRENT_CALLS", "1"),
    ];
    let (server, lifecycle) = start_server(&impatient).await;
    let mut client = Client::new(connect(server).await);
    create(&mut client, "Ana").await;
    let slow = connect_from_there(server, Some(1)).await;
    let free = async || head_of_all(&slow).await;
    let untaken = eventually("the last answer is sent", free).await;
    // Others are served again, although it is there and has not been taken.
    let free = async || {
        let request = ListarUsuariosRequest::default();
        client.listar_usuarios(request).await.ok()
    };
    eventually("its place is free", free).await;
    let line = "server_connections_cut_total{protocol=\"grpc\",reason=\"write_timeout\"} 1\n";
    let metrics = lifecycle.lifecycle().metrics().render().unwrap();
    assert!(metrics.contains(line), "{metrics}");
    untaken.into_body().collect().await.unwrap_err();
}

#[tokio::test]
async fn a_crowd_from_one_address_leaves_calls_to_others() {
    let (server, _life) = start_server(&[("MAX_CONCURRENT_CALLS", "16")]).await;
    let _crowd = crowd_of_12(server).await;
    create(&mut Client::new(connect(server).await), "Ana").await;
}

#[tokio::test]
async fn a_crowd_from_one_address_leaves_streams_of_changes_to_others() {
    let (server, _life) = start_server(&[("MAX_WATCHERS", "16")]).await;
    let _crowd = crowd_of_12(server).await;
    let mut other = Client::new(connect(server).await);
    let (mut stream, _) = watch(&mut other, "").await;
    let ana = create(&mut other, "Ana").await;
    let (_, told, _) = change(&mut stream).await.unwrap();
    assert_eq!(told, ana);
}

/// A client with streams of changes until one is refused, which is the one after the twelfth.
async fn crowd_of_12(server: SocketAddr) -> (Client, Vec<Watched>) {
    let mut crowd = Client::new(connect_from_there(server, None).await);
    let mut streams = Vec::new();
    let refused = loop {
        let request = ObservarUsuariosRequest::default();
        match crowd.observar_usuarios(request).await {
            Ok(stream) => streams.push(stream),
            Err(refused) => break refused,
        }
    };
    assert_eq!(
        (streams.len(), refused.code()),
        (12, Code::ResourceExhausted)
    );
    (crowd, streams)
}

type Watched = Response<Streaming<ObservarUsuariosResponse>>;
