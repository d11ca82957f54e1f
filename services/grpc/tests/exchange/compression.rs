//! Messages in gzip, both ways.

use malha_proto::usuarios::v1::{
    ListarUsuariosRequest, ListarUsuariosResponse, ObterUsuarioRequest, Usuario,
};
use tonic::Code;
use tonic::codec::CompressionEncoding::Gzip;
use tonic_prost::prost::Message;

use crate::support::{Client, connect, create, creation, start, start_server, watch};

/// The answer to a message with these headers beside: its headers, and its body.
async fn post(
    server: std::net::SocketAddr,
    method: &str,
    headers: &[(&'static str, &'static str)],
    message: &[u8],
) -> (reqwest::header::HeaderMap, Vec<u8>) {
    let client = reqwest::Client::builder().http2_prior_knowledge().build();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let mut request = client
        .unwrap()
        .post(format!(
            "http://{server}/usuarios.v1.UsuarioService/{method}"
        ))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body([&[0][..], &length, message].concat());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    let headers = answer.headers().clone();
    (headers, answer.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn a_request_in_gzip_is_taken_up_to_the_limit_of_what_it_becomes() {
    let (client, _life) = start(&[("MAX_MESSAGE_BYTES", "4KiB")]).await;
    let mut client = client.send_compressed(Gzip);
    create(&mut client, "Ana").await;
    // Some hundred bytes on the way.
    let bomb = creation(&"a".repeat(100_000));
    let refused = client.criar_usuario(bomb).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(refused.message().contains("4096"), "{refused:?}");
    create(&mut client, "Bia").await;
}

#[tokio::test]
async fn an_encoding_that_is_unknown_is_refused_with_those_that_are_known() {
    let (server, _life) = start_server(&[]).await;
    for encoding in ["br", "deflate", "snappy"] {
        let (headers, _) = post(
            server,
            "ListarUsuarios",
            &[("grpc-encoding", encoding)],
            b"",
        )
        .await;
        assert_eq!(headers["grpc-status"], "12", "{encoding}");
        assert_eq!(headers["grpc-accept-encoding"], "gzip,identity");
    }
    let (headers, _) = post(
        server,
        "ListarUsuarios",
        &[("grpc-encoding", "identity")],
        b"",
    )
    .await;
    assert!(!headers.contains_key("grpc-status"), "{headers:?}");
}

#[tokio::test]
async fn an_answer_is_in_gzip_where_the_caller_takes_it_and_it_is_long() {
    let (server, _life) = start_server(&[]).await;
    let client = Client::new(connect(server).await);
    let mut client = client.accept_compressed(Gzip);
    let mut all = vec![];
    for n in 0..50 {
        all.push(create(&mut client, &format!("Ana{n}")).await);
    }
    let listed = client.listar_usuarios(ListarUsuariosRequest::default());
    let listed = listed.await.unwrap().into_inner();
    // Users of one millisecond are listed in any order.
    let by_id = |mut users: Vec<Usuario>| {
        users.sort_by(|a, b| a.id.cmp(&b.id));
        users
    };
    assert_eq!(by_id(listed.usuarios.clone()), by_id(all.clone()));

    let gzip = [("grpc-accept-encoding", "identity, deflate, gzip")];
    let (headers, page) = post(server, "ListarUsuarios", &gzip, b"").await;
    assert_eq!(
        (&headers["grpc-encoding"], page[0]),
        (&"gzip".parse().unwrap(), 1)
    );
    let (headers, whole) = post(server, "ListarUsuarios", &[], b"").await;
    assert!(!headers.contains_key("grpc-encoding"));
    assert_eq!(ListarUsuariosResponse::decode(&whole[5..]).unwrap(), listed);
    assert!(
        page.len() < whole.len() / 2,
        "{} of {}",
        page.len(),
        whole.len()
    );

    let id = all.remove(0).id;
    let one = ObterUsuarioRequest { id }.encode_to_vec();
    let (_, user) = post(server, "ObterUsuario", &gzip, &one).await;
    assert_eq!(user[0], 0, "it would be longer in gzip");
}

#[tokio::test]
async fn a_stream_to_one_who_takes_gzip_is_read_as_any_other() {
    let (client, _life) = start(&[]).await;
    let mut client = client.accept_compressed(Gzip);
    let (mut stream, _) = watch(&mut client, "").await;
    let ana = create(&mut client, "Ana").await;
    let (_, user, _) = crate::support::change(&mut stream).await.unwrap();
    assert_eq!(user, ana);
}
