//! What callers get whose calls together hold more memory than there is.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request};
use futures_util::{FutureExt, StreamExt, stream};
use testing::{TestLifecycle, eventually};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::client::GrpcService;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::support::{Client, connect, create, creation, start_server, watch};

/// What one connection holds, and what one call, at least.
const CONNECTION: usize = 48 << 10;
const CALL: usize = 4 << 10;

/// What HTTP/2 keeps for so many calls more.
const MORE_CALLS: usize = 32;
const TABLE: usize = MORE_CALLS * 640;

async fn holds(lifecycle: &TestLifecycle, least: usize, most: usize) {
    let memory = lifecycle.lifecycle().memory();
    let within = async || (least..=most).contains(&memory.held()).then_some(());
    eventually("as much is held", within).await;
}

#[tokio::test]
async fn calls_beyond_the_memory_are_told_when_to_ask_again() {
    let (server, lifecycle) = start_server(&[]).await;
    let memory = lifecycle.lifecycle().memory();
    let mut client = Client::new(connect(server).await);
    memory.set(CONNECTION + 3 * CALL / 2);
    let (watching, _) = watch(&mut client, "").await;
    let refused = client.criar_usuario(creation("Ana")).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(refused.message().contains("no memory"), "{refused:?}");
    assert!(refused.get_details_retry_info().is_some());
    drop(watching);
    holds(&lifecycle, CONNECTION, CONNECTION).await;
    create(&mut client, "Ana").await;
    drop(client);
    holds(&lifecycle, 0, 0).await;
}

#[tokio::test]
async fn connections_beyond_the_memory_are_told_so_by_http_2() {
    let (server, lifecycle) = start_server(&[]).await;
    let mut first = Client::new(connect(server).await);
    create(&mut first, "Ana").await;
    lifecycle
        .lifecycle()
        .memory()
        .set(CONNECTION + CALL + CALL / 2);
    let mut second = TcpStream::connect(server).await.unwrap();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    second.write_all(preface).await.unwrap();
    let mut answer = vec![];
    second.read_to_end(&mut answer).await.unwrap();
    // SETTINGS, then GOAWAY with ENHANCE_YOUR_CALM.
    assert_eq!(
        (answer[3], answer[9 + 3], answer.last()),
        (4, 7, Some(&0xb))
    );
    let line = "server_connections_cut_total{protocol=\"grpc\",reason=\"memory_budget\"} 1";
    let text = lifecycle.lifecycle().metrics().render().unwrap();
    assert!(text.lines().any(|each| each == line), "{text}");
}

#[tokio::test]
async fn what_http_2_keeps_for_calls_is_counted_until_their_connection_ends() {
    let (server, lifecycle) = start_server(&[]).await;
    let mut client = Client::new(connect(server).await);
    let mut streams = vec![];
    for _ in 0..=MORE_CALLS {
        streams.push(watch(&mut client, "").await);
    }
    drop(streams);
    holds(&lifecycle, CONNECTION + TABLE, CONNECTION + TABLE).await;
    create(&mut client, "Ana").await;
    drop(client);
    holds(&lifecycle, 0, 0).await;
}

/// How large a message is, roughly.
const MESSAGE: usize = 16 << 10;

/// A call of which the last byte is sent when told, and the head of its answer.
fn begin_call(
    channel: &Channel,
    lifecycle: &TestLifecycle,
    name: &str,
) -> (oneshot::Sender<()>, JoinHandle<HeaderMap>) {
    let mut message = vec![0x7a, 0x80, 0x80, 0x01]; // field 15, which nobody knows, of 16 KiB
    message.extend(vec![b'x'; MESSAGE]);
    for (field, text) in [(0x0a, name), (0x12, &format!("{name}@exemplo.com.br"))] {
        message.extend([field, u8::try_from(text.len()).unwrap()]);
        message.extend(text.as_bytes());
    }
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let mut bytes = [&[0][..], &length, &message].concat();
    let last = bytes.split_off(bytes.len() - 1);
    let (go_on, told) = oneshot::channel();
    let piece = |bytes: Vec<u8>| Ok::<_, Status>(Bytes::from(bytes));
    let rest = stream::once(told.map(move |_| piece(last)));
    let body = Body::from_stream(stream::iter([piece(bytes)]).chain(rest));
    let request = Request::post("http://test/usuarios.v1.UsuarioService/CriarUsuario")
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(tonic::body::Body::new(body))
        .unwrap();
    let mut channel = channel.clone();
    let call = async move {
        std::future::poll_fn(|cx| GrpcService::<tonic::body::Body>::poll_ready(&mut channel, cx))
            .await
            .unwrap();
        let answer = channel.call(request).await;
        answer.unwrap().into_parts().0.headers
    };
    (go_on, lifecycle.lifecycle().spawn(call))
}

#[tokio::test]
async fn messages_beyond_the_memory_are_refused_and_those_before_them_go_on() {
    let (server, lifecycle) = start_server(&[]).await;
    let channel = connect(server).await;
    let call = CALL + MESSAGE;
    lifecycle.lifecycle().memory().set(CONNECTION + 3 * call);
    let (first_goes_on, first) = begin_call(&channel, &lifecycle, "ana");
    holds(&lifecycle, CONNECTION + call, usize::MAX).await;
    let (second_goes_on, second) = begin_call(&channel, &lifecycle, "rui");
    holds(&lifecycle, CONNECTION + 2 * call, usize::MAX).await;
    let (_never, third) = begin_call(&channel, &lifecycle, "eva");
    let refused = third.await.unwrap();
    assert_eq!(refused.get("grpc-status").unwrap(), "8", "{refused:?}");
    first_goes_on.send(()).unwrap();
    second_goes_on.send(()).unwrap();
    for answer in [first.await.unwrap(), second.await.unwrap()] {
        assert_eq!(answer.get("grpc-status"), None, "{answer:?}");
    }
    drop(channel);
    holds(&lifecycle, 0, 0).await;
    assert_eq!(lifecycle.end(Duration::from_mins(1)).await, 0);
}
