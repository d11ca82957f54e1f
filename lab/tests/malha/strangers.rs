//! gRPC of a server that the lab knows nothing of, behind a link: decoded by what it says of itself.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    MethodDescriptorProto, ServiceDescriptorProto,
};
use serde_json::{Value, json};
use testing::eventually;
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::codegen::http::{Request, Response};
use tonic::codegen::{BoxFuture, Service};
use tonic::server::NamedService;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Endpoint, Server};
use tonic_prost::ProstCodec;

use crate::harness::Lab;

/// An order, and what is answered to it.
#[derive(Clone, PartialEq, Message)]
struct Order {
    #[prost(string, tag = "1")]
    name: String,
}

fn interface() -> Vec<u8> {
    let name = FieldDescriptorProto {
        name: Some("nome".to_owned()),
        number: Some(1),
        label: Some(Label::Optional.into()),
        r#type: Some(Type::String.into()),
        ..FieldDescriptorProto::default()
    };
    let order = DescriptorProto {
        name: Some("Pedido".to_owned()),
        field: vec![name],
        ..DescriptorProto::default()
    };
    let buy = MethodDescriptorProto {
        name: Some("Comprar".to_owned()),
        input_type: Some(".loja.v1.Pedido".to_owned()),
        output_type: Some(".loja.v1.Pedido".to_owned()),
        ..MethodDescriptorProto::default()
    };
    let service = ServiceDescriptorProto {
        name: Some("Loja".to_owned()),
        method: vec![buy],
        options: None,
    };
    let file = FileDescriptorProto {
        name: Some("loja.proto".to_owned()),
        package: Some("loja.v1".to_owned()),
        message_type: vec![order],
        service: vec![service],
        syntax: Some("proto3".to_owned()),
        ..FileDescriptorProto::default()
    };
    FileDescriptorSet { file: vec![file] }.encode_to_vec()
}

/// Answers every order with itself.
#[derive(Clone)]
struct Shop;

impl NamedService for Shop {
    const NAME: &'static str = "loja.v1.Loja";
}

impl Service<Request<Body>> for Shop {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Response<Body>, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(async move {
            let codec = ProstCodec::<Order, Order>::default();
            let echo = tower::service_fn(async |request: tonic::Request<Order>| {
                Ok(tonic::Response::new(request.into_inner()))
            });
            Ok(tonic::server::Grpc::new(codec).unary(echo, request).await)
        })
    }
}

/// A shop on a free port, with or without reflection.
async fn shop(has_reflection: bool) -> SocketAddr {
    let listener = testing::listener().await;
    let address = listener.local_addr().unwrap();
    let mut serving = Server::builder().add_service(Shop);
    if has_reflection {
        let interface = interface();
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(&interface);
        serving = serving.add_service(reflection.build_v1().unwrap());
    }
    let serving = serving.serve_with_incoming(TcpIncoming::from(listener));
    tokio::task::spawn_local(serving);
    address
}

/// A link to it, as a student makes one: by toxiproxy's API.
async fn link_to(lab: &Lab, name: &str, server: SocketAddr) -> String {
    let proxies = format!("http://{}/proxies", lab.ports.toxiproxy);
    let link = json!({"name": name, "listen": "127.0.0.1:0", "upstream": server.to_string()});
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http.post(&proxies).json(&link).send().await.unwrap();
    let link: Value = answer.json().await.unwrap();
    link["listen"].as_str().unwrap().to_owned()
}

async fn buy(at: &str) {
    let endpoint = Endpoint::from_shared(format!("http://{at}")).unwrap();
    let mut grpc = Grpc::new(endpoint.connect().await.unwrap());
    grpc.ready().await.unwrap();
    let order = Order {
        name: "João".to_owned(),
    };
    let path = PathAndQuery::from_static("/loja.v1.Loja/Comprar");
    let codec = ProstCodec::<Order, Order>::default();
    let answer = grpc.unary(tonic::Request::new(order.clone()), path, codec);
    assert_eq!(answer.await.unwrap().into_inner(), order);
}

/// The messages of a link that carry something, once there are so many of this state.
async fn carried(lab: &Lab, link: &str, state: &str, count: usize) -> Vec<Value> {
    let path = format!("/lab/wire/{link}?limit=500");
    eventually(
        &format!("{count} messages of {link} are {state}"),
        async || {
            let passed = lab.json(&path).await;
            let messages = passed["messages"].as_array().unwrap().iter();
            let is_carried = |one: &&Value| one["reflection"]["state"] == state;
            let carried: Vec<_> = messages.filter(is_carried).cloned().collect();
            (carried.len() >= count).then_some(carried)
        },
    )
    .await
}

#[tokio::test]
async fn a_stranger_s_messages_are_decoded_by_what_it_says_of_itself() {
    let tasks = tokio::task::LocalSet::new();
    tasks
        .run_until(async {
            let lab = Lab::ready(&[]).await;
            let at = link_to(&lab, "loja", shop(true).await).await;
            // The first are understood too, though they passed before anybody had asked.
            for count in [2, 4] {
                buy(&at).await;
                for message in carried(&lab, "loja", "learnt", count).await {
                    assert_eq!(message["text"], r#"Pedido {nome:"João"}"#);
                    assert_eq!(message["summary"], r#"DATA: Pedido {nome:"João"}"#);
                    let field = &message["layers"][2]["fields"][0];
                    assert_eq!(field["name"], "field 1 nome, LEN");
                    assert_eq!(message["reflection"]["service"], "loja.v1.Loja");
                }
            }
            let said = lab.done(&["wire", "loja"]);
            assert!(
                said.contains("as the server describes loja.v1.Loja"),
                "{said}"
            );
            // The server was asked at its own address.
            let passed = lab.json("/lab/wire/loja?limit=500").await;
            assert!(!passed.to_string().contains("grpc.reflection"), "{passed}");
        })
        .await;
}

#[tokio::test]
async fn a_stranger_without_reflection_is_shown_as_bytes_with_the_reason() {
    let tasks = tokio::task::LocalSet::new();
    tasks
        .run_until(async {
            let lab = Lab::ready(&[]).await;
            let server = shop(false).await;
            let at = link_to(&lab, "loja", server).await;
            buy(&at).await;
            let why = format!("{server} offers no reflection (grpc.reflection.v1, v1alpha)");
            for message in carried(&lab, "loja", "failed", 2).await {
                assert_eq!(message["text"], "0a054a6fc3a36f");
                assert_eq!(message["reflection"]["why"], why);
            }
            let said = lab.done(&["wire", "loja"]);
            assert!(said.contains(&why), "{said}");
        })
        .await;
}
