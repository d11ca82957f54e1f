//! The users' server, call by call.

use std::time::Duration;

use malha_proto::usuarios::v1::usuario_service_client::UsuarioServiceClient;
use malha_proto::usuarios::v1::{
    AtualizarUsuarioRequest, CriarUsuarioRequest, CriarUsuarioResponse, ListarUsuariosRequest,
    ListarUsuariosResponse, ObservarUsuariosRequest, ObservarUsuariosResponse, ObterUsuarioRequest,
    RemoverUsuarioRequest, Usuario,
};
use prost_types::FieldMask;
use runtime::deadline;
use runtime_grpc::client::{CallOptions, GrpcClient};
use tokio::time::Instant;
use tonic::{Request, Status, Streaming};

/// Calls within the deadline of the request at hand.
#[derive(Clone, Debug)]
pub(super) struct UsersClient {
    inner: UsuarioServiceClient<GrpcClient>,
    patience: Duration,
}

impl UsersClient {
    /// What no request bounds, such as a stream that is opened anew, takes no longer than `patience`.
    pub(super) fn new(client: GrpcClient, patience: Duration) -> Self {
        Self {
            inner: UsuarioServiceClient::new(client),
            patience,
        }
    }

    /// A call that may be repeated where `repeatable`: made twice, it does what it does once.
    fn request<M>(&self, message: M, repeatable: bool) -> Request<M> {
        let mut request = Request::new(message);
        let call = self.call().repeatable(repeatable);
        request.extensions_mut().insert(call);
        request
    }

    fn call(&self) -> CallOptions {
        let deadline = deadline::current();
        CallOptions::until(deadline.unwrap_or_else(|| Instant::now() + self.patience))
    }

    pub(super) async fn create(
        &self,
        nome: String,
        email: String,
        id_pedido: String,
    ) -> Result<CriarUsuarioResponse, Status> {
        let named = !id_pedido.is_empty();
        let message = CriarUsuarioRequest {
            nome,
            email,
            id_pedido,
        };
        let request = self.request(message, named);
        let answer = self.inner.clone().criar_usuario(request).await?;
        Ok(answer.into_inner())
    }

    pub(super) async fn get(&self, id: String) -> Result<Usuario, Status> {
        let request = self.request(ObterUsuarioRequest { id }, true);
        let answer = self.inner.clone().obter_usuario(request).await?;
        there(answer.into_inner().usuario)
    }

    pub(super) async fn list(
        &self,
        tamanho_pagina: i32,
        token_pagina: String,
    ) -> Result<ListarUsuariosResponse, Status> {
        let message = ListarUsuariosRequest {
            tamanho_pagina,
            token_pagina,
        };
        let request = self.request(message, true);
        Ok(self
            .inner
            .clone()
            .listar_usuarios(request)
            .await?
            .into_inner())
    }

    /// Changes what is given. With an `etag` a second try would meet the tag of the first, so that
    /// only without one it may be repeated.
    pub(super) async fn update(
        &self,
        id: String,
        nome: Option<String>,
        email: Option<String>,
        etag: String,
    ) -> Result<Usuario, Status> {
        let given = [("nome", nome.is_some()), ("email", email.is_some())];
        let paths = given.iter().filter(|(_, given)| *given);
        let repeatable = etag.is_empty();
        let message = AtualizarUsuarioRequest {
            mascara: Some(FieldMask {
                paths: paths.map(|(name, _)| (*name).to_owned()).collect(),
            }),
            usuario: Some(Usuario {
                id,
                nome: nome.unwrap_or_default(),
                email: email.unwrap_or_default(),
                ..Usuario::default()
            }),
            etag,
        };
        let request = self.request(message, repeatable);
        let answer = self.inner.clone().atualizar_usuario(request).await?;
        there(answer.into_inner().usuario)
    }

    /// Removes a user. It is not repeated: the second try would not find what the first removed.
    pub(super) async fn remove(&self, id: String, etag: String) -> Result<(), Status> {
        let request = self.request(RemoverUsuarioRequest { id, etag }, false);
        self.inner.clone().remover_usuario(request).await?;
        Ok(())
    }

    pub(super) async fn watch(
        &self,
        token_retomada: String,
    ) -> Result<Streaming<ObservarUsuariosResponse>, Status> {
        let mut request = Request::new(ObservarUsuariosRequest { token_retomada });
        let call = self.call().repeatable(true).stream();
        request.extensions_mut().insert(call);
        Ok(self
            .inner
            .clone()
            .observar_usuarios(request)
            .await?
            .into_inner())
    }
}

fn there(user: Option<Usuario>) -> Result<Usuario, Status> {
    user.ok_or_else(|| Status::internal("an answer without its user"))
}
