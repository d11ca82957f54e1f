//! A server of users that answers as a test says.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::{Stream, stream};
use malha_proto::usuarios::v1 as proto;
use malha_proto::usuarios::v1::usuario_service_server::{UsuarioService, UsuarioServiceServer};
use testing::{TestLifecycle, listener};
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

type Answer = Option<Status>;

/// What a test and its server share.
#[derive(Default)]
pub(crate) struct Script {
    /// What every call gets; without it, none is answered.
    pub(crate) answer: Mutex<Answer>,
    pub(crate) calls: AtomicUsize,
    /// The messages of each stream, one after the other; then it ends as every call does.
    pub(crate) streams: Mutex<Vec<Vec<proto::ObservarUsuariosResponse>>>,
    pub(crate) tokens: Mutex<Vec<String>>,
}

#[derive(Clone)]
struct Failing(Arc<Script>);

/// Starts it on a free port.
pub(crate) async fn failing(answer: Answer) -> (SocketAddr, Arc<Script>, TestLifecycle) {
    let (listener, lifecycle) = (listener().await, TestLifecycle::default());
    let address = listener.local_addr().unwrap();
    let script = Arc::<Script>::default();
    *script.answer.lock().unwrap() = answer;
    let service = UsuarioServiceServer::new(Failing(Arc::clone(&script)));
    lifecycle.lifecycle().spawn(async move {
        let server = tonic::transport::Server::builder().add_service(service);
        server
            .serve_with_incoming(TcpIncoming::from(listener))
            .await
    });
    (address, script, lifecycle)
}

impl Failing {
    async fn fail<T>(&self) -> Result<Response<T>, Status> {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
        let answer = self.0.answer.lock().unwrap().as_ref().map(copy);
        match answer {
            Some(status) => Err(status),
            None => std::future::pending().await,
        }
    }
}

fn copy(status: &Status) -> Status {
    Status::with_details(
        status.code(),
        status.message(),
        status.details().to_vec().into(),
    )
}

#[tonic::async_trait]
impl UsuarioService for Failing {
    async fn criar_usuario(
        &self,
        _: Request<proto::CriarUsuarioRequest>,
    ) -> Result<Response<proto::CriarUsuarioResponse>, Status> {
        self.fail().await
    }

    async fn obter_usuario(
        &self,
        _: Request<proto::ObterUsuarioRequest>,
    ) -> Result<Response<proto::ObterUsuarioResponse>, Status> {
        self.fail().await
    }

    async fn listar_usuarios(
        &self,
        _: Request<proto::ListarUsuariosRequest>,
    ) -> Result<Response<proto::ListarUsuariosResponse>, Status> {
        self.fail().await
    }

    async fn atualizar_usuario(
        &self,
        _: Request<proto::AtualizarUsuarioRequest>,
    ) -> Result<Response<proto::AtualizarUsuarioResponse>, Status> {
        self.fail().await
    }

    async fn remover_usuario(
        &self,
        _: Request<proto::RemoverUsuarioRequest>,
    ) -> Result<Response<proto::RemoverUsuarioResponse>, Status> {
        self.fail().await
    }

    type ObservarUsuariosStream =
        Pin<Box<dyn Stream<Item = Result<proto::ObservarUsuariosResponse, Status>> + Send>>;

    async fn observar_usuarios(
        &self,
        request: Request<proto::ObservarUsuariosRequest>,
    ) -> Result<Response<Self::ObservarUsuariosStream>, Status> {
        let token = request.into_inner().token_retomada;
        self.0.tokens.lock().unwrap().push(token);
        let messages = {
            let mut streams = self.0.streams.lock().unwrap();
            (!streams.is_empty()).then(|| streams.remove(0))
        };
        let Some(messages) = messages else {
            return self.fail().await;
        };
        let end = self.0.answer.lock().unwrap().as_ref().map(copy);
        let all = messages.into_iter().map(Ok).chain(end.map(Err));
        Ok(Response::new(Box::pin(stream::iter(all))))
    }
}
