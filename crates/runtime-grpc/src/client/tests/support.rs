//! Servers that behave as a test says, and a resolver that finds them.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytesize::ByteSize;
use http::HeaderMap;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_types::{ErrorDetails, StatusExt};

use crate::client::{CallOptions, GrpcClient, GrpcClientSettings, Resolve, Resolving};
use runtime::net::ServerAddress;
use runtime::settings::FromSetting;
use testing::TestLifecycle;

/// How a server answers `Check`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Answers {
    #[default]
    Well,
    Unavailable,
    /// `UNAVAILABLE`, and when to come back.
    UnavailableFor(Duration),
    Never,
    /// When the test says so.
    OnceReleased,
}

/// What a test and its server share.
#[derive(Debug, Default)]
pub(super) struct Behaviour {
    pub(super) answers: Mutex<Answers>,
    /// What it says when it is asked whether it serves.
    pub(super) drains: AtomicBool,
    /// The calls that reached it.
    pub(super) calls: AtomicUsize,
    pub(super) headers: Mutex<HeaderMap>,
    pub(super) released: tokio::sync::Notify,
}

struct Scripted(Arc<Behaviour>);

/// A call of a test, as against a question of the client's own.
pub(super) const ASKED: &str = "asked by a test";

#[tonic::async_trait]
impl Health for Scripted {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let mut status = ServingStatus::Serving;
        if request.get_ref().service != ASKED {
            if self.0.drains.load(Ordering::Relaxed) {
                status = ServingStatus::NotServing;
            }
            return Ok(answer(status));
        }
        self.0.calls.fetch_add(1, Ordering::Relaxed);
        *self.0.headers.lock().unwrap() = request.metadata().clone().into_headers();
        let answers = *self.0.answers.lock().unwrap();
        match answers {
            Answers::Well => {}
            Answers::Unavailable => return Err(Status::unavailable("not now")),
            Answers::UnavailableFor(time) => {
                let details = ErrorDetails::with_retry_info(Some(time));
                let code = Code::Unavailable;
                return Err(Status::with_error_details(code, "not now", details));
            }
            Answers::Never => std::future::pending().await,
            Answers::OnceReleased => self.0.released.notified().await,
        }
        Ok(answer(status))
    }

    type WatchStream = Pin<
        Box<dyn futures_util::Stream<Item = Result<HealthCheckResponse, Status>> + Send + 'static>,
    >;

    /// One message at once, one when the test says so, then the end.
    async fn watch(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let behaviour = Arc::clone(&self.0);
        let messages = futures_util::stream::unfold(0, move |sent| {
            let behaviour = Arc::clone(&behaviour);
            async move {
                match sent {
                    0 => {}
                    1 => behaviour.released.notified().await,
                    _ => return None,
                }
                Some((Ok(message(ServingStatus::Serving)), sent + 1))
            }
        });
        Ok(Response::new(Box::pin(messages)))
    }
}

fn message(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}

fn answer(status: ServingStatus) -> Response<HealthCheckResponse> {
    Response::new(message(status))
}

/// A server in a runtime of its own, so that it can die as a process does.
pub(super) struct TestBackend {
    pub(super) address: SocketAddr,
    pub(super) behaviour: Arc<Behaviour>,
    runtime: Option<tokio::runtime::Runtime>,
    stop: CancellationToken,
}

impl TestBackend {
    pub(super) async fn start() -> Self {
        Self::at("127.0.0.1:0".parse().unwrap()).await
    }

    pub(super) async fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let listener = listener.into_std().unwrap();
        let (behaviour, stop) = (Arc::<Behaviour>::default(), CancellationToken::new());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let service = HealthServer::new(Scripted(Arc::clone(&behaviour)));
        let stopped = stop.clone().cancelled_owned();
        runtime.spawn(async move {
            let incoming = TcpIncoming::from(TcpListener::from_std(listener).unwrap());
            tonic::transport::Server::builder()
                .add_service(service)
                .serve_with_incoming_shutdown(incoming, stopped)
                .await
        });
        Self {
            address,
            behaviour,
            runtime: Some(runtime),
            stop,
        }
    }

    pub(super) fn answers(&self, answers: Answers) {
        *self.behaviour.answers.lock().unwrap() = answers;
    }

    pub(super) fn calls(&self) -> usize {
        self.behaviour.calls.load(Ordering::Relaxed)
    }

    /// Finishes what runs, takes nothing new: the orderly end.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    /// Its sockets are closed wherever they stand.
    pub(super) fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for TestBackend {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A name that has the addresses that the test gives it.
#[derive(Clone, Default)]
pub(super) struct Name(Arc<Mutex<Vec<SocketAddr>>>);

impl Name {
    pub(super) fn of(servers: &[&TestBackend]) -> Self {
        let name = Self::default();
        name.set(servers.iter().map(|server| server.address));
        name
    }

    pub(super) fn set(&self, addresses: impl IntoIterator<Item = SocketAddr>) {
        *self.0.lock().unwrap() = addresses.into_iter().collect();
    }
}

impl Resolve for Name {
    fn resolve(&self) -> Resolving<'_> {
        let found = self.0.lock().unwrap().clone();
        let found = if found.is_empty() {
            Err(io::Error::new(io::ErrorKind::NotFound, "no such name"))
        } else {
            Ok(found)
        };
        Box::pin(std::future::ready(found))
    }
}

pub(super) fn settings() -> GrpcClientSettings {
    GrpcClientSettings {
        server: ServerAddress::from_setting("servidor:50051").unwrap(),
        resolve_interval: Duration::from_millis(20),
        connect_timeout: Duration::from_secs(1),
        health_interval: Duration::from_millis(20),
        health_timeout: Duration::from_secs(5),
        retry_percent: 20,
        max_answer: ByteSize::mib(4),
    }
}

/// A client of these servers, and the lifecycle that it is part of.
pub(super) fn client(name: &Name) -> (GrpcClient, TestLifecycle) {
    let lifecycle = TestLifecycle::default();
    let client = GrpcClient::start("servidor", settings(), name.clone(), lifecycle.lifecycle());
    (client, lifecycle)
}

/// A call with a deadline that no test reaches unless it wants to.
pub(super) fn patient() -> CallOptions {
    CallOptions::within(Duration::from_secs(20))
}

/// Makes one call.
pub(super) async fn ask(client: &GrpcClient, call: CallOptions) -> Result<(), Status> {
    let mut request = Request::new(HealthCheckRequest {
        service: ASKED.to_owned(),
    });
    request.extensions_mut().insert(call);
    let answer = HealthClient::new(client.clone()).check(request).await?;
    assert_eq!(answer.into_inner().status(), ServingStatus::Serving);
    Ok(())
}
