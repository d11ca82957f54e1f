//! A server of this exercise, and a client that is generated from the interface alone.

use std::net::SocketAddr;

use grpc::{Servidor, server};
use malha_proto::usuarios::v1::usuario_service_client::UsuarioServiceClient;
use malha_proto::usuarios::v1::{
    CriarUsuarioRequest, ObservarUsuariosRequest, ObservarUsuariosResponse, Usuario,
};
use testing::{TestLifecycle, listener, settings};
use tokio::net::TcpListener;
use tonic::transport::{Channel, Endpoint};
use tonic::{Status, Streaming};

pub(crate) type Client = UsuarioServiceClient<Channel>;

/// A server on a free port, and the lifecycle that ends it.
pub(crate) async fn start_server(environment: &[(&str, &str)]) -> (SocketAddr, TestLifecycle) {
    let (listener, lifecycle) = (listener().await, TestLifecycle::default());
    let address = listener.local_addr().unwrap();
    start_on(listener, &lifecycle, environment);
    (address, lifecycle)
}

/// The same here, with this lifecycle.
pub(crate) fn start_on(
    listener: TcpListener,
    lifecycle: &TestLifecycle,
    environment: &[(&str, &str)],
) {
    let settings = settings::<Servidor>(environment);
    let own = lifecycle.lifecycle();
    own.spawn(server::serve(settings, listener, own.clone()));
}

/// A connection to it.
pub(crate) async fn connect(server: SocketAddr) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{server}")).unwrap();
    endpoint.connect().await.unwrap()
}

/// A server and a client of it.
pub(crate) async fn start(environment: &[(&str, &str)]) -> (Client, TestLifecycle) {
    let (server, lifecycle) = start_server(environment).await;
    (Client::new(connect(server).await), lifecycle)
}

/// A request to create a user of this name.
pub(crate) fn creation(name: &str) -> CriarUsuarioRequest {
    CriarUsuarioRequest {
        nome: name.to_owned(),
        email: format!("{}@exemplo.com.br", name.to_lowercase()),
        id_pedido: String::new(),
    }
}

/// Creates a user of this name.
pub(crate) async fn create(client: &mut Client, name: &str) -> Usuario {
    let answer = client.criar_usuario(creation(name)).await.unwrap();
    answer.into_inner().usuario.unwrap()
}

/// Watches from this token, and tells where the stream begins.
pub(crate) async fn watch(
    client: &mut Client,
    token: &str,
) -> (Streaming<ObservarUsuariosResponse>, String) {
    let request = ObservarUsuariosRequest {
        token_retomada: token.to_owned(),
    };
    let mut stream = client
        .observar_usuarios(request)
        .await
        .unwrap()
        .into_inner();
    let first = stream.message().await.unwrap().unwrap();
    assert_eq!(first.mudanca, None);
    (stream, first.token)
}

/// The next change: its kind, and whose it is.
pub(crate) async fn change(
    stream: &mut Streaming<ObservarUsuariosResponse>,
) -> Result<(i32, Usuario, String), Status> {
    let message = stream.message().await?.expect("a change");
    let change = message.mudanca.expect("a change");
    Ok((change.tipo, change.usuario.unwrap(), message.token))
}
