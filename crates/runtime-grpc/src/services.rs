//! Services and what handles their calls.

use std::convert::Infallible;
use std::fmt;

use http::{Request, Response};
use hyper::body::Incoming;
use prost::Message;
use prost_types::{FileDescriptorSet, MethodDescriptorProto};
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tonic::server::NamedService;
use tower::Service;

use super::message::LimitedBody;

pub(super) type GrpcRequest = Request<LimitedBody<Incoming>>;
pub(super) type ResponseFuture = BoxFuture<Response<Body>, Infallible>;

/// What a server serves: router, and the interfaces that they implement.
#[derive(Debug)]
pub struct Services {
    pub(super) router: Router,
    pub(super) descriptors: FileDescriptorSet,
}

/// The embedded descriptors cannot be decoded.
#[derive(Debug, thiserror::Error)]
#[error("the description of the gRPC interfaces cannot be read: {0}")]
pub struct DescriptorError(#[from] prost::DecodeError);

/// A server that tonic has generated.
pub trait Generated:
    Service<GrpcRequest, Response = Response<Body>, Error = Infallible, Future = ResponseFuture>
    + NamedService
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> Generated for S where
    S: Service<GrpcRequest, Response = Response<Body>, Error = Infallible, Future = ResponseFuture>
        + NamedService
        + Clone
        + Send
        + Sync
        + 'static
{
}

impl Services {
    /// None yet; `descriptors` is an encoded `google.protobuf.FileDescriptorSet`.
    pub fn new(descriptors: &[u8]) -> Result<Self, DescriptorError> {
        let descriptors = FileDescriptorSet::decode(descriptors)?;
        Ok(Self {
            router: Router::default(),
            descriptors,
        })
    }

    /// Calls of this server's service go to it.
    #[must_use]
    pub fn with<S: Generated>(mut self, server: S) -> Self {
        self.router.add(server);
        self
    }

    /// The services, as in `package.Service`, each with its methods.
    pub(super) fn methods_by_service(&self) -> impl Iterator<Item = (String, Vec<&str>)> {
        self.descriptors.file.iter().flat_map(|file| {
            file.service.iter().map(|service| {
                let name = format!("{}.{}", file.package(), service.name());
                let methods = service
                    .method
                    .iter()
                    .map(MethodDescriptorProto::name)
                    .collect();
                (name, methods)
            })
        })
    }
}

/// Router by the name of their service. tonic's `Routes` would do it too, through an axum router
/// whose boxes, copies and matched paths a short call pays for (bench/README.md). They are few, and a
/// table would take longer.
#[derive(Default)]
pub(super) struct Router(Vec<(&'static str, Box<dyn Handler>)>);

/// What answers the calls of a service.
pub(super) trait Handler: Send + Sync {
    fn call(&self, request: GrpcRequest) -> ResponseFuture;
}

impl<S: Generated> Handler for S {
    fn call(&self, request: GrpcRequest) -> ResponseFuture {
        // A generated server is a reference to its implementation, and always ready.
        Service::call(&mut self.clone(), request)
    }
}

impl Router {
    pub(super) fn add<S: Generated>(&mut self, server: S) {
        self.0.push((S::NAME, Box::new(server)));
    }

    /// What answers calls with this path, as in `/package.Service/Method` ("gRPC over HTTP2", Requests).
    pub(super) fn route(&self, path: &str) -> Option<&dyn Handler> {
        let (service, _) = path.strip_prefix('/')?.split_once('/')?;
        let mut known = self.0.iter();
        let found = known.find(|(name, _)| *name == service);
        found.map(|(_, handler)| &**handler)
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|(name, _)| name);
        f.debug_set().entries(names).finish()
    }
}
