//! The standard reflection service, by what `reflection.proto` says.

use futures_util::stream;
use prost_types::FileDescriptorProto;
use testing::TestLifecycle;
use tonic::Code;
use tonic::transport::Channel;
use tonic_prost::prost::Message;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ExtensionRequest, ServerReflectionRequest};
use tonic_reflection::pb::v1alpha;
use tonic_reflection::pb::v1alpha::server_reflection_client::ServerReflectionClient as OlderClient;

use crate::support::{connect, start_server};

type Client = ServerReflectionClient<Channel>;

async fn start() -> (Client, TestLifecycle) {
    let (server, lifecycle) = start_server(&[]).await;
    (Client::new(connect(server).await), lifecycle)
}

/// The answers to questions of one stream.
async fn ask(client: &mut Client, questions: Vec<MessageRequest>) -> Vec<MessageResponse> {
    let asked = |question| ServerReflectionRequest {
        host: "servidor".to_owned(),
        message_request: Some(question),
    };
    let requests: Vec<_> = questions.into_iter().map(asked).collect();
    let mut stream = client
        .server_reflection_info(stream::iter(requests.clone()))
        .await
        .unwrap()
        .into_inner();
    let mut answers = vec![];
    for request in requests {
        let answer = stream.message().await.unwrap().expect("an answer to each");
        assert_eq!(answer.valid_host, "servidor");
        assert_eq!(answer.original_request, Some(request));
        answers.push(answer.message_response.unwrap());
    }
    assert!(stream.message().await.unwrap().is_none());
    answers
}

#[tokio::test]
async fn it_tells_the_interfaces_unless_it_is_off() {
    let (mut client, _life) = start().await;
    let asked = vec![MessageRequest::ListServices(String::new())];
    let MessageResponse::ListServicesResponse(told) = ask(&mut client, asked).await.remove(0)
    else {
        panic!("a list")
    };
    let names: Vec<_> = told
        .service
        .iter()
        .map(|service| service.name.as_str())
        .collect();
    let all = [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "usuarios.v1.UsuarioService",
    ];
    assert_eq!(names, all);

    let (server, _life) = start_server(&[("REFLECTION", "false")]).await;
    let mut client = Client::new(connect(server).await);
    let refused = client.server_reflection_info(stream::iter([])).await;
    assert_eq!(refused.unwrap_err().code(), Code::Unimplemented);
}

#[tokio::test]
async fn what_is_unknown_is_an_answer_and_the_stream_goes_on() {
    let (mut client, _life) = start().await;
    let extension = ExtensionRequest {
        containing_type: "usuarios.v1.Usuario".to_owned(),
        extension_number: 100,
    };
    let unknown = vec![
        MessageRequest::FileByFilename("nada.proto".to_owned()),
        MessageRequest::FileContainingSymbol("usuarios.v1.Nada".to_owned()),
        MessageRequest::FileContainingExtension(extension),
        MessageRequest::AllExtensionNumbersOfType("usuarios.v1.Nada".to_owned()),
    ];
    for answer in ask(&mut client, unknown).await {
        let MessageResponse::ErrorResponse(error) = answer else {
            panic!("{answer:?}")
        };
        assert_eq!(Code::from(error.error_code), Code::NotFound, "{error:?}");
    }

    let known = vec![
        MessageRequest::FileContainingSymbol("usuarios.v1.UsuarioService".to_owned()),
        MessageRequest::FileContainingSymbol("usuarios.v1.TIPO_MUDANCA_CRIADO".to_owned()),
    ];
    for answer in ask(&mut client, known).await {
        let MessageResponse::FileDescriptorResponse(files) = answer else {
            panic!("{answer:?}")
        };
        let names: Vec<_> = files
            .file_descriptor_proto
            .iter()
            .map(|file| {
                let file = FileDescriptorProto::decode(&**file).unwrap();
                file.name().to_owned()
            })
            .collect();
        assert_eq!(names[0], "usuarios/v1/usuarios.proto");
        for imported in [
            "google/protobuf/field_mask.proto",
            "google/protobuf/timestamp.proto",
        ] {
            assert!(names.iter().any(|name| name == imported), "{names:?}");
        }
    }

    let asked = vec![MessageRequest::AllExtensionNumbersOfType(
        "usuarios.v1.Usuario".to_owned(),
    )];
    let answer = ask(&mut client, asked).await.remove(0);
    let MessageResponse::AllExtensionNumbersResponse(numbers) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(numbers.base_type_name, "usuarios.v1.Usuario");
    assert!(numbers.extension_number.is_empty());
}

#[tokio::test]
async fn a_question_without_a_question_is_an_invalid_argument() {
    let (mut client, _life) = start().await;
    let requests = stream::iter([ServerReflectionRequest::default()]);
    let answers = client.server_reflection_info(requests).await.unwrap();
    let answer = answers.into_inner().message().await.unwrap().unwrap();
    let Some(MessageResponse::ErrorResponse(error)) = answer.message_response else {
        panic!("{answer:?}")
    };
    assert_eq!(Code::from(error.error_code), Code::InvalidArgument);
}

#[tokio::test]
async fn the_older_version_answers_alike() {
    use v1alpha::server_reflection_request::MessageRequest;
    use v1alpha::server_reflection_response::MessageResponse;
    let (server, _life) = start_server(&[]).await;
    let mut client = OlderClient::new(connect(server).await);
    let symbol = MessageRequest::FileContainingSymbol("usuarios.v1.Nada".to_owned());
    let request = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(symbol),
    };
    let answers = client.server_reflection_info(stream::iter([request])).await;
    let answer = answers.unwrap().into_inner().message().await.unwrap();
    let Some(MessageResponse::ErrorResponse(error)) = answer.unwrap().message_response else {
        panic!("an error")
    };
    assert_eq!(Code::from(error.error_code), Code::NotFound);
}
