//! The server: the interface `usuarios.v1.UsuarioService` over a store.

use std::pin::Pin;

use futures_util::{Stream, StreamExt, stream};
use malha_proto::DESCRIPTORS;
use malha_proto::usuarios::v1::usuario_service_server::{UsuarioService, UsuarioServiceServer};
use malha_proto::usuarios::v1::{
    AtualizarUsuarioRequest, AtualizarUsuarioResponse, CriarUsuarioRequest, CriarUsuarioResponse,
    ListarUsuariosRequest, ListarUsuariosResponse, ObservarUsuariosRequest,
    ObservarUsuariosResponse, ObterUsuarioRequest, ObterUsuarioResponse, RemoverUsuarioRequest,
    RemoverUsuarioResponse,
};
use runtime::Lifecycle;
use runtime::net::Places;
use runtime_grpc::Services;
use tokio::net::TcpListener;
use tonic::codec::CompressionEncoding;
use tonic::{Request, Response, Status};

use crate::error::Error;
use crate::settings::ServidorSettings;
use crate::store::Store;
use crate::wire::{message, request, status};

/// Serves until the lifecycle stops.
pub async fn serve(
    settings: ServidorSettings,
    listener: TcpListener,
    lifecycle: Lifecycle,
) -> Result<(), Error> {
    let users = UserService {
        store: Store::open(settings.redis.clone(), settings.rules(), &lifecycle)?,
        watchers: Places::new(settings.max_watchers),
    };
    let server = UsuarioServiceServer::new(users)
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(settings.limits.max_message_size());
    let services = Services::new(DESCRIPTORS)?.with(server);
    runtime_grpc::serve(listener, services, settings.limits, &lifecycle).await;
    Ok(())
}

/// The interface over a store.
#[derive(Debug)]
struct UserService {
    store: Store,
    watchers: Places,
}

fn refuse(error: impl Into<Error>) -> Status {
    status::of(&error.into())
}

#[tonic::async_trait]
impl UsuarioService for UserService {
    async fn criar_usuario(
        &self,
        request: Request<CriarUsuarioRequest>,
    ) -> Result<Response<CriarUsuarioResponse>, Status> {
        let (new, id) = request::criar(request.get_ref()).map_err(refuse)?;
        let created = self.store.create(&new, id.as_ref()).await;
        let (user, repetido) = created.map_err(refuse)?;
        Ok(Response::new(CriarUsuarioResponse {
            usuario: Some(message::usuario(&user)),
            repetido,
        }))
    }

    async fn obter_usuario(
        &self,
        request: Request<ObterUsuarioRequest>,
    ) -> Result<Response<ObterUsuarioResponse>, Status> {
        let id = request::obter(request.get_ref()).map_err(refuse)?;
        let user = self.store.get(id).await.map_err(refuse)?;
        let usuario = Some(message::usuario(&user));
        Ok(Response::new(ObterUsuarioResponse { usuario }))
    }

    async fn listar_usuarios(
        &self,
        request: Request<ListarUsuariosRequest>,
    ) -> Result<Response<ListarUsuariosResponse>, Status> {
        let (size, after) = request::listar(request.get_ref()).map_err(refuse)?;
        let page = self.store.list(size, after).await.map_err(refuse)?;
        Ok(Response::new(message::pagina(&page)))
    }

    async fn atualizar_usuario(
        &self,
        request: Request<AtualizarUsuarioRequest>,
    ) -> Result<Response<AtualizarUsuarioResponse>, Status> {
        let (id, patch, version) = request::atualizar(request.get_ref()).map_err(refuse)?;
        let updated = self.store.update(id, &patch, version).await;
        let usuario = Some(message::usuario(&updated.map_err(refuse)?));
        Ok(Response::new(AtualizarUsuarioResponse { usuario }))
    }

    async fn remover_usuario(
        &self,
        request: Request<RemoverUsuarioRequest>,
    ) -> Result<Response<RemoverUsuarioResponse>, Status> {
        let (id, version) = request::remover(request.get_ref()).map_err(refuse)?;
        self.store.remove(id, version).await.map_err(refuse)?;
        Ok(Response::new(RemoverUsuarioResponse {}))
    }

    type ObservarUsuariosStream =
        Pin<Box<dyn Stream<Item = Result<ObservarUsuariosResponse, Status>> + Send>>;

    async fn observar_usuarios(
        &self,
        request: Request<ObservarUsuariosRequest>,
    ) -> Result<Response<Self::ObservarUsuariosStream>, Status> {
        let from = request::observar(request.get_ref()).map_err(refuse)?;
        let address = request.remote_addr().map(|peer| peer.ip());
        let place = self.watchers.take(address);
        let place = place.ok_or_else(|| refuse(Error::TooManyWatchers))?;
        let subscription = self.store.subscribe(from).await.map_err(refuse)?;
        let first = message::inicio(subscription.position());
        let changes = stream::try_unfold(
            (subscription, place),
            |(mut subscription, place)| async move {
                let (position, change) = subscription.next().await.map_err(refuse)?;
                Ok(Some((
                    message::mudanca(position, &change),
                    (subscription, place),
                )))
            },
        );
        let all = stream::iter([Ok(first)]).chain(changes);
        Ok(Response::new(Box::pin(all)))
    }
}
