//! The standard reflection service, in both of its versions.
//!
//! The messages and the server are those of tonic-reflection. Its answers are not: it ends the stream
//! where `reflection.proto` has an `ErrorResponse`, sends a file without those that it imports, knows
//! no extensions, and gives enum values names that they do not have.

mod index;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::{Stream, StreamExt};
use http::Uri;
use http::uri::PathAndQuery;
use prost::DecodeError;
use prost_types::FileDescriptorSet;
use tonic::codec::CompressionEncoding;
use tonic::server::NamedService;
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::server_reflection_server::{
    ServerReflection, ServerReflectionServer,
};
use tonic_reflection::pb::v1::{
    ErrorResponse, ExtensionNumberResponse, FileDescriptorResponse, ListServiceResponse,
    ServerReflectionRequest, ServerReflectionResponse, ServiceResponse,
};
use tonic_reflection::pb::{v1, v1alpha};
use tower::Service;

use super::services::{Generated, GrpcRequest, ResponseFuture, Router};
use index::Index;

/// Adds both versions of the service: grpcurl asks for the one, older tools the other.
pub(super) fn add(
    router: &mut Router,
    own: FileDescriptorSet,
    max_message: usize,
) -> Result<(), DecodeError> {
    let standard = [
        tonic_health::pb::FILE_DESCRIPTOR_SET,
        v1::FILE_DESCRIPTOR_SET,
        v1alpha::FILE_DESCRIPTOR_SET,
        // So that tools can show the details of errors.
        tonic_types::pb::FILE_DESCRIPTOR_SET,
    ];
    let index = Arc::new(Index::new(own, &standard)?);
    let server = ServerReflectionServer::new(Reflection(index))
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(max_message);
    router.add(V1Alpha(server.clone()));
    router.add(server);
    Ok(())
}

/// Answers from an index.
struct Reflection(Arc<Index>);

type Answers = Pin<Box<dyn Stream<Item = Result<ServerReflectionResponse, Status>> + Send>>;

#[tonic::async_trait]
impl ServerReflection for Reflection {
    type ServerReflectionInfoStream = Answers;

    async fn server_reflection_info(
        &self,
        requests: Request<Streaming<ServerReflectionRequest>>,
    ) -> Result<Response<Answers>, Status> {
        let index = Arc::clone(&self.0);
        let answers = requests
            .into_inner()
            .map(move |request| request.map(|request| answer(&index, request)));
        Ok(Response::new(answers.boxed()))
    }
}

fn answer(index: &Index, request: ServerReflectionRequest) -> ServerReflectionResponse {
    let asked = request.message_request.as_ref();
    let response = asked.map_or_else(
        || Err(refused(Code::InvalidArgument, "nothing is asked")),
        |asked| found(index, asked),
    );
    ServerReflectionResponse {
        valid_host: request.host.clone(),
        message_response: Some(response.unwrap_or_else(MessageResponse::ErrorResponse)),
        original_request: Some(request),
    }
}

fn found(index: &Index, asked: &MessageRequest) -> Result<MessageResponse, ErrorResponse> {
    let unknown = |what: &str, name: &str| refused(Code::NotFound, &format!("no {what} {name}"));
    let files = match asked {
        MessageRequest::FileByFilename(name) => {
            index.file(name).ok_or_else(|| unknown("file", name))?
        }
        MessageRequest::FileContainingSymbol(name) => {
            index.symbol(name).ok_or_else(|| unknown("symbol", name))?
        }
        MessageRequest::FileContainingExtension(extension) => {
            let (of, number) = (&extension.containing_type, extension.extension_number);
            let what = format!("extension {number} of");
            index
                .extension(of, number)
                .ok_or_else(|| unknown(&what, of))?
        }
        MessageRequest::AllExtensionNumbersOfType(name) => {
            let numbers = index.extensions(name);
            let extension_number = numbers.ok_or_else(|| unknown("message", name))?;
            let response = ExtensionNumberResponse {
                base_type_name: name.clone(),
                extension_number,
            };
            return Ok(MessageResponse::AllExtensionNumbersResponse(response));
        }
        MessageRequest::ListServices(_) => {
            let named = |name: &String| ServiceResponse { name: name.clone() };
            let service = index.services().iter().map(named).collect();
            let response = ListServiceResponse { service };
            return Ok(MessageResponse::ListServicesResponse(response));
        }
    };
    let response = FileDescriptorResponse {
        file_descriptor_proto: files,
    };
    Ok(MessageResponse::FileDescriptorResponse(response))
}

fn refused(code: Code, message: &str) -> ErrorResponse {
    ErrorResponse {
        error_code: code.into(),
        error_message: message.to_owned(),
    }
}

/// The older version of the service: of another name, and the same on the wire.
#[derive(Clone)]
struct V1Alpha<S>(S);

impl<S> NamedService for V1Alpha<S> {
    const NAME: &'static str = v1alpha::server_reflection_server::SERVICE_NAME;
}

impl<S: Generated> Service<GrpcRequest> for V1Alpha<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: GrpcRequest) -> ResponseFuture {
        let path = request.uri().path().strip_prefix('/');
        let method = path.and_then(|path| path.strip_prefix(Self::NAME));
        let path = method.map(|method| format!("/{}{method}", S::NAME));
        if let Some(path) = path.and_then(|path| PathAndQuery::try_from(path).ok()) {
            *request.uri_mut() = Uri::from(path);
        }
        self.0.call(request)
    }
}
