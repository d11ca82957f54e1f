use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};

use prost::Message;
use prost_types::{
    DescriptorProto, FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto,
    ServiceDescriptorProto,
};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_reflection::pb::v1::server_reflection_server::{
    ServerReflection, ServerReflectionServer,
};
use tonic_reflection::pb::v1::{ErrorResponse, FileDescriptorResponse};
use tonic_reflection::server::Builder;
use wire::Descriptors;

use super::*;

/// On a busy machine an answer without end takes longer than a person would wait.
const AMPLE: Duration = Duration::from_mins(1);

const SERVICE: &str = "loja.v1.Loja";

fn file(name: &str) -> FileDescriptorProto {
    FileDescriptorProto {
        name: Some(name.to_owned()),
        package: Some("loja.v1".to_owned()),
        syntax: Some("proto3".to_owned()),
        ..FileDescriptorProto::default()
    }
}

/// A service, whose messages stand in a file of their own.
fn shop() -> FileDescriptorSet {
    let order = DescriptorProto {
        name: Some("Pedido".to_owned()),
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
    let goods = FileDescriptorProto {
        message_type: vec![order],
        ..file("pedido.proto")
    };
    let shop = FileDescriptorProto {
        dependency: vec!["pedido.proto".to_owned()],
        service: vec![service],
        ..file("loja.proto")
    };
    FileDescriptorSet {
        file: vec![goods, shop],
    }
}

async fn listen() -> (TcpIncoming, SocketAddr) {
    let listener = testing::listener().await;
    let address = listener.local_addr().unwrap();
    (TcpIncoming::from(listener), address)
}

async fn asked(server: SocketAddr) -> Result<Vec<Vec<u8>>, ReflectionError> {
    ask(&server.to_string(), SERVICE, AMPLE).await
}

#[tokio::test]
async fn the_files_of_a_service_come_by_either_version() {
    let set = shop().encode_to_vec();
    let new = || Builder::configure().register_encoded_file_descriptor_set(&set);
    let (newer, at) = listen().await;
    let (older, also_at) = listen().await;
    let newer = Server::builder()
        .add_service(new().build_v1().unwrap())
        .serve_with_incoming(newer);
    let older = Server::builder()
        .add_service(new().build_v1alpha().unwrap())
        .serve_with_incoming(older);
    let asking = async {
        for at in [at, also_at] {
            let files = asked(at).await.unwrap();
            assert_eq!(files.len(), 2, "the import was asked for");
            Descriptors::default().learn(SERVICE, &files).unwrap();
            let wrong = ask(&at.to_string(), "loja.v1.Nada", AMPLE).await;
            let said = wrong.unwrap_err().to_string();
            assert!(said.contains("does not describe loja.v1.Nada"), "{said}");
        }
    };
    tokio::select! {
        ended = newer => panic!("{ended:?}"),
        ended = older => panic!("{ended:?}"),
        () = asking => {}
    }
}

#[tokio::test]
async fn a_server_without_reflection_is_told_as_such() {
    let (incoming, at) = listen().await;
    let (_health, service) = tonic_health::server::health_reporter();
    let serving = Server::builder()
        .add_service(service)
        .serve_with_incoming(incoming);
    let said = tokio::select! {
        ended = serving => panic!("{ended:?}"),
        files = asked(at) => files.unwrap_err().to_string(),
    };
    let expected = format!("{at} offers no reflection (grpc.reflection.v1, v1alpha)");
    assert_eq!(said, expected);
}

/// Answers every question with these files, or refuses.
struct Liar(Option<Vec<Vec<u8>>>);

#[tonic::async_trait]
impl ServerReflection for Liar {
    type ServerReflectionInfoStream =
        stream::BoxStream<'static, Result<ServerReflectionResponse, Status>>;

    async fn server_reflection_info(
        &self,
        _: Request<Streaming<ServerReflectionRequest>>,
    ) -> Result<tonic::Response<Self::ServerReflectionInfoStream>, Status> {
        let said = match &self.0 {
            Some(files) => MessageResponse::FileDescriptorResponse(FileDescriptorResponse {
                file_descriptor_proto: files.clone(),
            }),
            None => MessageResponse::ErrorResponse(ErrorResponse {
                error_code: 7,
                error_message: "hoje não".to_owned(),
            }),
        };
        let answer = ServerReflectionResponse {
            message_response: Some(said),
            ..ServerReflectionResponse::default()
        };
        let answers = stream::repeat_with(move || Ok(answer.clone()));
        Ok(tonic::Response::new(Box::pin(answers)))
    }
}

/// What is said of a server that answers so.
async fn of_liar(files: Option<Vec<Vec<u8>>>) -> String {
    let (incoming, at) = listen().await;
    let serving = Server::builder()
        .add_service(ServerReflectionServer::new(Liar(files)))
        .serve_with_incoming(incoming);
    tokio::select! {
        ended = serving => panic!("{ended:?}"),
        files = asked(at) => files.unwrap_err().to_string(),
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_told_and_has_an_end() {
    let said = of_liar(Some(vec![b"nonsense".to_vec()])).await;
    assert!(said.contains("is not understood"), "{said}");
    let endless = FileDescriptorProto {
        dependency: vec!["another.proto".to_owned()],
        ..file("loja.proto")
    };
    let said = of_liar(Some(vec![endless.encode_to_vec()])).await;
    assert!(
        said.contains("it sent something else for another.proto"),
        "{said}"
    );
    let many = vec![file("a.proto").encode_to_vec(); MOST_FILES + 1];
    let said = of_liar(Some(many)).await;
    assert!(said.contains("by more than 128 files"), "{said}");
    let large = vec![vec![0; MOST_BYTES + 1]];
    let said = of_liar(Some(large)).await;
    assert!(said.contains("does not describe"), "{said}");
    let said = of_liar(None).await;
    assert!(said.ends_with("PermissionDenied: hoje não"), "{said}");
}

/// A server that says this to whoever connects, and then nothing.
fn stranger(says: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut connected = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            _ = stream.read(&mut [0; 1024]);
            _ = stream.write_all(says);
            connected.push(stream);
        }
    });
    address
}

#[tokio::test]
async fn who_speaks_something_else_or_nothing_is_told_as_such() {
    let rubbish = stranger(b"HTTP/1.1 400 Bad Request\r\n\r\n").to_string();
    let said = ask(&rubbish, SERVICE, AMPLE).await.unwrap_err();
    assert!(said.to_string().contains("does not answer: "), "{said}");
    let silent = stranger(b"").to_string();
    let said = ask(&silent, SERVICE, Duration::from_millis(200)).await;
    let expected = format!("{silent} did not describe {SERVICE} within 200ms");
    assert_eq!(said.unwrap_err().to_string(), expected);
    let nobody = testing::address().to_string();
    let said = ask(&nobody, SERVICE, AMPLE).await.unwrap_err();
    assert!(said.to_string().contains("refused"), "{said}");
    assert!(ask("not an address", SERVICE, AMPLE).await.is_err());
}
