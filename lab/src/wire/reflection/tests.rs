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

/// Whatever it is asked, it says this in turn.
struct Liar(Vec<Result<MessageResponse, Status>>);

fn files(files: Vec<Vec<u8>>) -> MessageResponse {
    MessageResponse::FileDescriptorResponse(FileDescriptorResponse {
        file_descriptor_proto: files,
    })
}

#[tonic::async_trait]
impl ServerReflection for Liar {
    type ServerReflectionInfoStream =
        stream::BoxStream<'static, Result<ServerReflectionResponse, Status>>;

    async fn server_reflection_info(
        &self,
        _: Request<Streaming<ServerReflectionRequest>>,
    ) -> Result<tonic::Response<Self::ServerReflectionInfoStream>, Status> {
        let answers = self.0.clone().into_iter().cycle().map(|said| {
            Ok(ServerReflectionResponse {
                message_response: Some(said?),
                ..ServerReflectionResponse::default()
            })
        });
        Ok(tonic::Response::new(Box::pin(stream::iter(answers))))
    }
}

/// What comes of a server that answers so.
async fn liar(
    answers: Vec<Result<MessageResponse, Status>>,
) -> Result<Vec<Vec<u8>>, ReflectionError> {
    let (incoming, at) = listen().await;
    let serving = Server::builder()
        .add_service(ServerReflectionServer::new(Liar(answers)))
        .serve_with_incoming(incoming);
    tokio::select! {
        ended = serving => panic!("{ended:?}"),
        files = asked(at) => files,
    }
}

/// What is said of it.
async fn of_liar(answers: Vec<Result<MessageResponse, Status>>) -> String {
    liar(answers).await.unwrap_err().to_string()
}

#[tokio::test]
async fn what_makes_no_sense_is_told_and_has_an_end() {
    let said = of_liar(vec![Ok(files(vec![b"nonsense".to_vec()]))]).await;
    assert!(said.contains("is not understood"), "{said}");
    let endless = FileDescriptorProto {
        dependency: vec!["another.proto".to_owned()],
        ..file("loja.proto")
    };
    let said = of_liar(vec![Ok(files(vec![endless.encode_to_vec()]))]).await;
    assert!(
        said.contains("it sent something else for another.proto"),
        "{said}"
    );
    let large = vec![vec![0; MOST_BYTES + 1]];
    let said = of_liar(vec![Ok(files(large))]).await;
    assert!(said.contains("does not describe"), "{said}");
    let refusal = MessageResponse::ErrorResponse(ErrorResponse {
        error_code: 7,
        error_message: "hoje não".to_owned(),
    });
    let said = of_liar(vec![Ok(refusal)]).await;
    assert!(said.ends_with("PermissionDenied: hoje não"), "{said}");
    let said = of_liar(vec![Err(Status::unimplemented("nada"))]).await;
    assert!(said.contains("offers no reflection"), "{said}");
}

/// A file of this name and size, with these imports.
fn sized(name: &str, dependency: &[&str], size: usize) -> Vec<u8> {
    let of = |package: usize| FileDescriptorProto {
        dependency: dependency.iter().map(ToString::to_string).collect(),
        package: Some("p".repeat(package)),
        ..file(name)
    };
    let around = of(size).encoded_len() - size;
    of(size - around).encode_to_vec()
}

#[tokio::test]
async fn so_much_is_taken_and_no_more() {
    let many = |count: usize| vec![Ok(files(vec![file("a.proto").encode_to_vec(); count]))];
    let large = |size: usize| {
        let (half, rest) = (512 * 1024, size - 512 * 1024);
        let first = sized("loja.proto", &["pedido.proto"], half);
        let second = sized("pedido.proto", &[], rest);
        vec![Ok(files(vec![first])), Ok(files(vec![second]))]
    };
    assert_eq!(liar(many(128)).await.unwrap().len(), 128);
    let taken = liar(large(1024 * 1024)).await.unwrap().concat();
    assert_eq!(taken.len(), 1024 * 1024);
    for too_much in [many(129), large(1024 * 1024 + 1)] {
        let said = of_liar(too_much).await;
        let says = "by more than 128 files or 1048576 bytes";
        assert!(said.ends_with(says), "{said}");
    }
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
