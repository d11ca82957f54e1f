//! Streams of changes: what they tell, where they go on, how they end.

use std::time::Duration;

use malha_proto::usuarios::v1::{ObservarUsuariosRequest, RemoverUsuarioRequest, TipoMudanca};
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::{Client, change, connect, create, start, start_server, watch};

async fn remove(client: &mut Client, id: &str) {
    let request = RemoverUsuarioRequest {
        id: id.to_owned(),
        etag: String::new(),
    };
    client.remover_usuario(request).await.unwrap();
}

#[tokio::test]
async fn changes_come_in_their_order_and_go_on_after_any_of_them() {
    let (mut client, _life) = start(&[]).await;
    create(&mut client, "Antes").await;
    let (mut stream, _) = watch(&mut client, "").await;
    let ana = create(&mut client, "Ana").await;
    remove(&mut client, &ana.id).await;

    let (kind, user, token) = change(&mut stream).await.unwrap();
    assert_eq!((kind, user), (TipoMudanca::Criado.into(), ana.clone()));
    let second = change(&mut stream).await.unwrap();
    assert_eq!((second.0, &second.1), (TipoMudanca::Removido.into(), &ana));
    drop(stream);

    let (mut stream, begins) = watch(&mut client, &token).await;
    assert_eq!(begins, token);
    assert_eq!(change(&mut stream).await.unwrap(), second);
}

#[tokio::test]
async fn an_expired_user_is_told_with_its_last_state() {
    let (mut client, _life) = start(&[("USER_TTL", "20ms")]).await;
    let (mut stream, _) = watch(&mut client, "").await;
    let ana = create(&mut client, "Ana").await;
    change(&mut stream).await.unwrap();
    // Nobody asks for anything meanwhile.
    let (kind, user, _) = change(&mut stream).await.unwrap();
    assert_eq!((kind, user), (TipoMudanca::Expirado.into(), ana));
}

#[tokio::test]
async fn a_token_older_than_what_is_kept_is_refused() {
    let (mut client, _life) = start(&[("MAX_CHANGES", "2")]).await;
    let (_stream, token) = watch(&mut client, "").await;
    for name in ["A", "B", "C"] {
        create(&mut client, name).await;
    }
    for (token, code) in [
        (token, Code::OutOfRange),
        ("nada".to_owned(), Code::InvalidArgument),
    ] {
        let request = ObservarUsuariosRequest {
            token_retomada: token,
        };
        let refused = client.observar_usuarios(request).await.unwrap_err();
        assert_eq!(refused.code(), code);
        if code == Code::OutOfRange {
            assert_eq!(
                refused.get_details_error_info().unwrap().reason,
                "MUDANCAS_PERDIDAS"
            );
        }
    }
}

#[tokio::test]
async fn as_many_may_watch_as_the_setting_says() {
    let (mut client, _life) = start(&[("MAX_WATCHERS", "1")]).await;
    let (stream, _) = watch(&mut client, "").await;
    let request = || ObservarUsuariosRequest::default();
    let refused = client.observar_usuarios(request()).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    drop(stream);
    testing::eventually("a place is free again", async || {
        client.observar_usuarios(request()).await.ok()
    })
    .await;
}

#[tokio::test]
async fn a_stream_ends_with_unavailable_when_the_server_stops_and_nothing_waits_for_it() {
    let (mut client, lifecycle) = start(&[]).await;
    let (mut stream, _) = watch(&mut client, "").await;
    lifecycle.drain();
    create(&mut client, "Ana").await; // still served
    change(&mut stream).await.unwrap();
    let (left, ended) = tokio::join!(lifecycle.end(Duration::from_mins(1)), stream.message());
    assert_eq!((left, ended.unwrap_err().code()), (0, Code::Unavailable));
}

#[tokio::test]
async fn a_connection_of_some_age_is_closed_and_its_stream_ends_well() {
    let age = [
        ("MAX_CONNECTION_AGE", "50ms"),
        ("MAX_CONNECTION_AGE_GRACE", "50ms"),
    ];
    let (server, _life) = start_server(&age).await;
    let mut client = Client::new(connect(server).await);
    let (mut stream, _) = watch(&mut client, "").await;
    assert_eq!(
        stream.message().await.unwrap_err().code(),
        Code::Unavailable
    );
    // The client connects anew by itself.
    create(&mut client, "Ana").await;
}

#[tokio::test]
async fn a_stream_ends_at_its_callers_deadline() {
    let (mut client, _life) = start(&[]).await;
    // Long enough to begin a stream in, however busy this machine is.
    let mut timeout = 50;
    let mut stream = loop {
        let mut request = tonic::Request::new(ObservarUsuariosRequest::default());
        // Not by `set_timeout`, by which the client itself would give up first.
        let header = format!("{timeout}m").parse().unwrap();
        request.metadata_mut().insert("grpc-timeout", header);
        if let Ok(begun) = client.observar_usuarios(request).await {
            let mut stream = begun.into_inner();
            if stream.message().await.is_ok() {
                break stream;
            }
        }
        timeout *= 2;
        assert!(timeout < 60_000, "no stream begins");
    };
    let ended = stream.message().await.unwrap_err();
    assert_eq!(ended.code(), Code::DeadlineExceeded);
}
