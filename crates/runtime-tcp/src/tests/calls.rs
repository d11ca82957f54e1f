//! Our client against servers of every kind.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream as StdStream};

use super::{LONG, SHORT};
use crate::client::{Protocol, TraceContext};
use crate::proxy::{self, Decoded};
use crate::{TcpClient, TcpClientError, TcpClientSettings};
use runtime::metrics::Metrics;
use runtime::net::ServerAddress;
use runtime::settings::FromSetting;
use runtime::trace::{self, Instrument, Parent, SpanKind};
use testing::Spans;

const PROTOCOL: Protocol = Protocol {
    name: "capitals",
    procedure: "capitals",
    max_answer: 16,
    is_refusal: |answer| answer.starts_with(b"refused"),
};

/// A client of a server that does this with its first connection, and then leaves it open until
/// the client has gone.
fn client_of(
    timeout: std::time::Duration,
    trace_context: TraceContext,
    serve: impl FnOnce(&mut StdStream) + Send + 'static,
) -> TcpClient {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = ServerAddress::from_setting(&listener.local_addr().unwrap().to_string()).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        serve(&mut stream);
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let settings = TcpClientSettings {
        server,
        timeout,
        trace_context,
    };
    TcpClient::new(PROTOCOL, settings, &Metrics::new("test", "0.0.0"))
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let client = client_of(SHORT, TraceContext::Off, move |_| {
        let _ = held.recv();
    });
    let error = client.call(b"ana").await.unwrap_err();
    assert!(matches!(error, TcpClientError::Timeout { .. }), "{error}");
    drop(hold);
}

#[tokio::test]
async fn a_server_that_closes_without_a_word_is_told_apart() {
    let client = client_of(LONG, TraceContext::Off, |stream| {
        stream.shutdown(std::net::Shutdown::Write).unwrap();
    });
    let error = client.call(b"ana").await.unwrap_err();
    assert!(matches!(error, TcpClientError::Silent { .. }), "{error}");
}

#[tokio::test]
async fn an_answer_over_the_limit_is_refused() {
    let client = client_of(LONG, TraceContext::Off, |stream| {
        let _ = stream.write_all(&[b'x'; 1 << 10]);
    });
    let error = client.call(b"ana").await.unwrap_err();
    assert!(
        matches!(error, TcpClientError::TooLarge { limit: 16, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_that_answers_and_does_not_close_is_believed_after_a_pause() {
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let client = client_of(LONG, TraceContext::Off, move |stream| {
        stream.write_all(b"ANA").unwrap();
        let _ = held.recv();
    });
    assert_eq!(client.call(b"ana").await.unwrap(), b"ANA");
    drop(hold);
}

#[tokio::test]
async fn an_unknown_name_is_an_error_of_the_connection() {
    let server = ServerAddress::from_setting("server.invalid:1").unwrap();
    let settings = TcpClientSettings {
        server,
        timeout: LONG,
        trace_context: TraceContext::Off,
    };
    let client = TcpClient::new(PROTOCOL, settings, &Metrics::new("test", "0.0.0"));
    let error = client.call(b"ana").await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("no connection to server.invalid:1: "),
        "{error}"
    );
}

#[tokio::test]
async fn the_context_is_sent_in_a_header_only_when_told_and_only_from_within_a_trace() {
    let _spans = Spans::capture();
    for (told, sent) in [(TraceContext::Proxy, true), (TraceContext::Off, false)] {
        let (tell, received) = tokio::sync::oneshot::channel();
        let client = client_of(LONG, told, move |stream| {
            let mut request = Vec::new();
            stream.read_to_end(&mut request).unwrap();
            tell.send(request).unwrap();
            stream.write_all(b"ANA").unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
        });
        let action = trace::start(SpanKind::Internal, "action", Parent::Current, []);
        client.call(b"ana").instrument(action).await.unwrap();
        let request = received.await.unwrap();
        match proxy::decode(&request) {
            Decoded::Header {
                length,
                context: Some(_),
            } if sent => {
                assert_eq!(&request[length..], b"ana");
            }
            other => assert!(!sent && request == b"ana", "{other:?}"),
        }
    }
}
