//! What a server says of itself by the standard reflection service: descriptors of a service that
//! the lab does not know.
//!
//! `grpc.reflection.v1` is asked first, then `v1alpha`, which is the same under another name. The
//! server is asked at its own address: links show what passes between others.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use futures_util::stream;
use runtime::cause::innermost;
use tokio::sync::mpsc;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstCodec;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

/// Why nothing was learnt, in words for whoever looks at the bytes.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReflectionError {
    /// Nobody answers there, or nobody who speaks gRPC.
    #[error("{server} does not answer: {why}")]
    NoAnswer { server: String, why: String },
    /// It has no such service.
    #[error("{server} offers no reflection (grpc.reflection.v1, v1alpha)")]
    NotOffered { server: String },
    /// It has one, which refuses.
    #[error("{server} does not describe {what}: {why}")]
    Refused {
        server: String,
        what: String,
        why: String,
    },
    /// It says more than anybody would.
    #[error("{server} describes {service} by more than {MOST_FILES} files or {MOST_BYTES} bytes")]
    TooMuch { server: String, service: String },
    /// It took too long.
    #[error("{server} did not describe {service} within {after:?}")]
    TooSlow {
        server: String,
        service: String,
        after: Duration,
    },
    /// What it says is no description.
    #[error("what {server} says of {service} is not understood: {why}")]
    Nonsense {
        server: String,
        service: String,
        why: String,
    },
}

/// Files that one service may need, and bytes in all of them.
const MOST_FILES: usize = 128;
const MOST_BYTES: usize = 1024 * 1024;

/// How long a server may take to answer all that it is asked about one service.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

const PATHS: [&str; 2] = [
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

/// The file that defines a service, and all that it imports, as the server at an address has them.
pub(super) async fn ask(
    server: &str,
    service: &str,
    patience: Duration,
) -> Result<Vec<Vec<u8>>, ReflectionError> {
    let asked = tokio::time::timeout(patience, ask_either(server, service));
    asked.await.unwrap_or_else(|_| {
        Err(ReflectionError::TooSlow {
            server: server.to_owned(),
            service: service.to_owned(),
            after: patience,
        })
    })
}

async fn ask_either(server: &str, service: &str) -> Result<Vec<Vec<u8>>, ReflectionError> {
    let no_answer = |error: tonic::transport::Error| ReflectionError::NoAnswer {
        server: server.to_owned(),
        why: innermost(&error),
    };
    let endpoint = Endpoint::from_shared(format!("http://{server}")).map_err(no_answer)?;
    let channel = endpoint.connect().await.map_err(no_answer)?;
    for path in PATHS {
        let mut conversation = match Conversation::open(channel.clone(), path, server).await {
            Err(status) if status.code() == Code::Unimplemented => continue,
            Err(status) => {
                return Err(ReflectionError::NoAnswer {
                    server: server.to_owned(),
                    why: in_words(&status),
                });
            }
            Ok(conversation) => conversation,
        };
        match conversation.files_of(service).await {
            Err(Refusal::NotOffered) => {}
            Err(Refusal::Told(error)) => return Err(error),
            Ok(files) => return Ok(files),
        }
    }
    Err(ReflectionError::NotOffered {
        server: server.to_owned(),
    })
}

/// Questions and answers of one stream.
struct Conversation<'a> {
    server: &'a str,
    questions: mpsc::UnboundedSender<MessageRequest>,
    answers: Streaming<ServerReflectionResponse>,
}

/// Why a conversation ends without the files.
enum Refusal {
    /// This version is not there: some servers say so only when they are asked.
    NotOffered,
    Told(ReflectionError),
}

impl<'a> Conversation<'a> {
    async fn open(channel: Channel, path: &'static str, server: &'a str) -> Result<Self, Status> {
        let (questions, asked) = mpsc::unbounded_channel();
        let host = server.to_owned();
        let requests = stream::unfold((asked, host), async |(mut asked, host)| {
            let question = asked.recv().await?;
            let request = ServerReflectionRequest {
                host: host.clone(),
                message_request: Some(question),
            };
            Some((request, (asked, host)))
        });
        let mut grpc = Grpc::new(channel).max_decoding_message_size(MOST_BYTES);
        grpc.ready()
            .await
            .map_err(|error| Status::unavailable(error.to_string()))?;
        let codec: ProstCodec<ServerReflectionRequest, ServerReflectionResponse> =
            ProstCodec::default();
        let path = PathAndQuery::from_static(path);
        let answer = grpc.streaming(Request::new(Box::pin(requests)), path, codec);
        Ok(Self {
            server,
            questions,
            answers: answer.await?.into_inner(),
        })
    }

    /// The file of a service, and what it imports: not every server sends that at once.
    async fn files_of(&mut self, service: &str) -> Result<Vec<Vec<u8>>, Refusal> {
        let symbol = MessageRequest::FileContainingSymbol(service.to_owned());
        let (mut files, mut bytes) = (Vec::new(), 0);
        let (mut asked, mut missing) = (BTreeSet::new(), VecDeque::new());
        let mut came = self.question(symbol, service).await?;
        loop {
            for file in came {
                bytes += file.len();
                files.push(file);
            }
            if files.len() > MOST_FILES || bytes > MOST_BYTES {
                return Err(Refusal::Told(ReflectionError::TooMuch {
                    server: self.server.to_owned(),
                    service: service.to_owned(),
                }));
            }
            let nonsense = |why| Refusal::Told(self.nonsense(service, why));
            for file in &files {
                let imports = wire::imports(file).map_err(nonsense)?;
                missing.extend(imports);
            }
            let here: BTreeSet<_> = files
                .iter()
                .filter_map(|file| wire::file_name(file))
                .collect();
            missing.retain(|name| !here.contains(name));
            let Some(next) = missing.pop_front() else {
                return Ok(files);
            };
            if !asked.insert(next.clone()) {
                let why = format!("it sent something else for {next}");
                return Err(Refusal::Told(self.nonsense(service, why)));
            }
            let by_name = MessageRequest::FileByFilename(next.clone());
            came = self.question(by_name, &next).await?;
        }
    }

    async fn question(
        &mut self,
        question: MessageRequest,
        what: &str,
    ) -> Result<Vec<Vec<u8>>, Refusal> {
        let refused = |why: String| {
            Refusal::Told(ReflectionError::Refused {
                server: self.server.to_owned(),
                what: what.to_owned(),
                why,
            })
        };
        // The stream says itself that it has ended.
        _ = self.questions.send(question);
        let answer = self.answers.message().await;
        let answer = answer.map_err(|status| match status.code() {
            Code::Unimplemented => Refusal::NotOffered,
            _ => refused(in_words(&status)),
        })?;
        match answer.and_then(|answer| answer.message_response) {
            Some(MessageResponse::FileDescriptorResponse(files)) => Ok(files.file_descriptor_proto),
            Some(MessageResponse::ErrorResponse(error)) => {
                let code = Code::from(error.error_code);
                Err(refused(in_words(&Status::new(code, error.error_message))))
            }
            Some(_) => Err(refused("it answered something else".to_owned())),
            None => Err(refused("it ended the stream".to_owned())),
        }
    }

    fn nonsense(&self, service: &str, why: String) -> ReflectionError {
        ReflectionError::Nonsense {
            server: self.server.to_owned(),
            service: service.to_owned(),
            why,
        }
    }
}

/// A status as people read it; what a server writes there may be long.
fn in_words(status: &Status) -> String {
    let message: String = status.message().chars().take(200).collect();
    match message.as_str() {
        "" => status.code().description().to_owned(),
        message => format!("{:?}: {message}", status.code()),
    }
}

#[cfg(test)]
mod tests;
