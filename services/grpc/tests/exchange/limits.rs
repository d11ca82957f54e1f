//! What the server bears, and how it says that it bears no more.

use std::time::Duration;

use futures_util::future::join_all;
use malha_proto::usuarios::v1::{ListarUsuariosRequest, ObterUsuarioRequest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::{Client, connect, create, creation, start, start_server, watch};

#[tokio::test]
async fn a_message_beyond_the_limit_is_refused_and_the_connection_goes_on() {
    let (mut client, _life) = start(&[("MAX_MESSAGE_BYTES", "1KiB")]).await;
    let refused = client
        .criar_usuario(creation(&"a".repeat(1024)))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(
        refused.message().contains("more than the 1024"),
        "{refused:?}"
    );
    create(&mut client, "Ana").await;
}

#[tokio::test]
async fn calls_beyond_the_cap_are_refused_at_once_and_told_when_to_ask_again() {
    let (mut client, _life) = start(&[("MAX_CONCURRENT_CALLS", "1")]).await;
    let (_stream, _) = watch(&mut client, "").await;
    let refused = client.criar_usuario(creation("Ana")).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(refused.get_details_retry_info().is_some());
}

#[tokio::test]
async fn a_burst_of_calls_beyond_the_cap_is_refused_to_the_last_one() {
    let (mut client, _life) = start(&[("MAX_CONCURRENT_CALLS", "1")]).await;
    let (_stream, _) = watch(&mut client, "").await;
    let burst = (0..1000).map(|_| {
        let mut client = client.clone();
        async move { client.criar_usuario(creation("Ana")).await }
    });
    for answer in join_all(burst).await {
        let refused = answer.unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
    }
}

#[tokio::test]
async fn connections_beyond_the_cap_are_told_so() {
    let (server, _life) = start_server(&[("MAX_CONNECTIONS_PER_ADDRESS", "1")]).await;
    let mut first = Client::new(connect(server).await);
    create(&mut first, "Ana").await;
    let mut stream = TcpStream::connect(server).await.unwrap();
    let mut answer = vec![];
    stream.read_to_end(&mut answer).await.unwrap();
    // SETTINGS, then GOAWAY with ENHANCE_YOUR_CALM.
    assert_eq!(
        (answer[3], answer[9 + 3], answer.last()),
        (4, 7, Some(&0xb))
    );
}

#[tokio::test]
async fn a_timeout_that_is_none_is_refused() {
    let (mut client, _life) = start(&[]).await;
    let mut request = tonic::Request::new(ObterUsuarioRequest::default());
    request
        .metadata_mut()
        .insert("grpc-timeout", "soon".parse().unwrap());
    let refused = client.obter_usuario(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(
        refused.message().starts_with("grpc-timeout:"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_method_or_a_service_that_does_not_exist_is_unimplemented() {
    let (server, _life) = start_server(&[]).await;
    let mut client = tonic::client::Grpc::new(connect(server).await);
    let paths = [
        "/usuarios.v1.UsuarioService/Nada",
        "/usuarios.v1.Nada/ObterUsuario",
        "/usuarios.v1.UsuarioService",
        "/",
    ];
    for path in paths {
        client.ready().await.unwrap();
        let codec = tonic_prost::ProstCodec::<(), ()>::default();
        let request = tonic::Request::new(());
        let answer = client.unary(request, path.parse().unwrap(), codec).await;
        let status = answer.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented, "{path}");
        assert!(status.message().starts_with("no such "), "{status:?}");
    }
}

#[tokio::test]
async fn a_browser_is_told_in_its_own_words() {
    let (server, _life) = start_server(&[]).await;
    let answer = reqwest::get(format!("http://{server}/")).await.unwrap();
    assert_eq!(answer.status(), 505);
    assert!(answer.text().await.unwrap().contains("gRPC"));
}

#[tokio::test]
async fn silence_is_borne_for_a_while() {
    let (server, lifecycle) = start_server(&[("HANDSHAKE_TIMEOUT", "20ms")]).await;
    for sent in [&b""[..], b"PRI * HTTP/2.0\r\n"] {
        let mut stream = TcpStream::connect(server).await.unwrap();
        stream.write_all(sent).await.unwrap();
        assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    }
    let metrics = lifecycle.lifecycle().metrics().render().unwrap();
    let line = r#"server_connections_cut_total{protocol="grpc",reason="handshake_timeout"} 2"#;
    assert!(metrics.contains(line), "{metrics}");
}

/// A frame of HTTP/2 on stream 0.
fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[0, 0, length, kind, flags, 0, 0, 0, 0], payload].concat()
}

#[tokio::test]
async fn who_breaks_the_rules_of_http_2_is_counted_by_the_rule() {
    let (server, lifecycle) = start_server(&[]).await;
    let window = 0x7fff_ffff_u32.to_be_bytes();
    for (frame, reason) in [
        (frame(8, 0, &window), "flow_control_error"),
        (frame(0, 0, &[0]), "protocol_error"),
        (vec![0, 0xff, 0xff, 0, 0, 0, 0, 0, 1], "frame_size_error"),
    ] {
        let hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
        let mut stream = TcpStream::connect(server).await.unwrap();
        stream
            .write_all(&[&hello[..], &frame].concat())
            .await
            .unwrap();
        testing::read_to_end(&mut stream).await;
        let line =
            format!(r#"server_connections_cut_total{{protocol="grpc",reason="{reason}"}} 1"#);
        let counted = async || {
            let metrics = lifecycle.lifecycle().metrics().render().unwrap();
            metrics.contains(&line).then_some(())
        };
        testing::eventually(&line, counted).await;
    }
}

#[tokio::test]
async fn a_connection_that_never_speaks_does_not_hold_the_end() {
    let patient = [("HANDSHAKE_TIMEOUT", "1h"), ("KEEPALIVE_INTERVAL", "1h")];
    let (server, lifecycle) = start_server(&patient).await;
    let _silent = TcpStream::connect(server).await.unwrap();
    // The preface, empty SETTINGS, and not a word more: not even to a PING.
    let mut mute = TcpStream::connect(server).await.unwrap();
    let hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    mute.write_all(hello).await.unwrap();
    assert!(mute.read(&mut [0; 9]).await.unwrap() > 0);
    assert_eq!(lifecycle.end(Duration::from_mins(1)).await, 0);
}

#[tokio::test]
async fn http_2_that_is_no_call_is_told_so() {
    let (server, _life) = start_server(&[]).await;
    let http2 = reqwest::Client::builder()
        .http2_prior_knowledge()
        .build()
        .unwrap();
    let answer = http2.get(format!("http://{server}/")).send().await.unwrap();
    assert_eq!(answer.status(), 415);
}

/// Metadata of this many bytes beside what every call has.
fn with_metadata(size: usize) -> tonic::Request<ListarUsuariosRequest> {
    let mut request = tonic::Request::new(ListarUsuariosRequest::default());
    let value = "a".repeat(size).parse().unwrap();
    request.metadata_mut().insert("x-grande", value);
    request
}

#[tokio::test]
async fn metadata_beyond_the_limit_is_refused_by_a_status_and_the_connection_goes_on() {
    let (mut client, _life) = start(&[]).await;
    let stayed = client.listar_usuarios(with_metadata(15_000)).await;
    assert!(stayed.is_ok(), "{stayed:?}");
    for size in [17_000, 30_000, 60_000] {
        let refused = client
            .listar_usuarios(with_metadata(size))
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
        let text = "more than the 16384 that this server takes";
        assert!(refused.message().contains(text), "{refused:?}");
    }
    create(&mut client, "Ana").await;
}

/// Nobody but HTTP/2 itself reads so much.
#[tokio::test]
async fn metadata_of_more_than_four_times_the_limit_is_a_431() {
    let (server, _life) = start_server(&[]).await;
    let http2 = reqwest::Client::builder()
        .http2_prior_knowledge()
        .build()
        .unwrap();
    let answer = http2
        .post(format!(
            "http://{server}/usuarios.v1.UsuarioService/ListarUsuarios"
        ))
        .header("content-type", "application/grpc")
        .header("x-grande", "a".repeat(100_000))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 431);
}
