//! Ends of connections over a pipe.

use std::sync::Arc;

use testing::{TestLifecycle, settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::*;
use crate::domain::TraceContext;
use crate::hub::Join;
use crate::metrics::ChatMetrics;
use crate::{Chat, service};

const WITHIN: Duration = Duration::from_secs(10);

/// Code and reason of a close frame.
fn read(frame: &[u8]) -> (u16, &str) {
    let [0x88, _, high, low, reason @ ..] = frame else {
        panic!("{frame:x?}")
    };
    let code = u16::from_be_bytes([*high, *low]);
    (code, str::from_utf8(reason).unwrap())
}

#[test]
fn each_end_is_told_as_the_protocol_says() {
    let protocol = include_str!("../../../../../proto/chat-v1.md");
    for end in [
        Close::Draining,
        Close::Binary,
        Close::Flood,
        Close::TooBig,
        Close::Unavailable,
        Close::TooSlow,
        Close::NoMemory,
        Close::Replaced,
    ] {
        let frame = end.frame().unwrap();
        let (code, reason) = read(&frame);
        let row = format!("| {code} | `{reason}` |");
        assert!(protocol.contains(&row), "{row}");
    }
    let codes = [Close::Protocol, Close::NotUtf8].map(|end| end.code().to_string());
    let row = format!("| {} | protocol error", codes.join(", "));
    assert!(protocol.contains(&row), "{row}");
    let why = "bad frame: no text";
    let frame = Close::BadFrame(why.to_owned()).frame().unwrap();
    assert_eq!(read(&frame), (1008, why));
}

#[test]
fn a_client_that_closes_gets_its_code_back_and_one_that_is_gone_nothing() {
    let frame = |end: Close| end.frame();
    assert_eq!(read(&frame(Close::ByClient(3000)).unwrap()), (3000, ""));
    assert_eq!(frame(Close::ByClient(NO_CODE)).unwrap()[..], [0x88, 0]);
    for end in [Close::Gone, Close::Silent] {
        assert_eq!((end.code(), end.frame()), (1006, None));
    }
}

/// When a client that says this, and that its welcome is on its way to, sees the end of what it is
/// sent, and what that was.
async fn seen(end: &Close, said: &[u8]) -> (Duration, Vec<u8>) {
    let lifecycle = TestLifecycle::default();
    let metrics = ChatMetrics::new(lifecycle.lifecycle().metrics());
    let hub = service::room(&settings::<Chat>(&[]), metrics).unwrap();
    let (stream, mut client) = duplex(4000);
    let connection = hub.connect(Box::new(stream));
    let joined = hub.join(
        Join::example(),
        Arc::clone(&connection),
        TraceContext::default(),
        lifecycle.lifecycle(),
    );
    joined.await.unwrap();
    client.write_all(said).await.unwrap();
    let begun = Instant::now();
    let closing = async move {
        let reader = Some(FrameReader::new(1000));
        let handshake = CloseHandshake::say(&connection, end, WITHIN, reader).await;
        handshake.finish().await;
        drop((connection, hub));
    };
    let reading = async move {
        let mut all = Vec::new();
        client.read_to_end(&mut all).await.unwrap();
        (begun.elapsed(), all)
    };
    tokio::join!(closing, reading).1
}

const CLOSE: &[u8] = &[0x88, 0x80, 0, 0, 0, 0];
const PING: &[u8] = &[0x89, 0x80, 0, 0, 0, 0];

#[tokio::test(start_paused = true)]
async fn a_client_is_waited_for_until_it_closes_too_and_not_for_ever() {
    for end in [
        Close::Draining,
        Close::TooSlow,
        Close::Replaced,
        Close::Flood,
    ] {
        let now = Duration::ZERO;
        assert_eq!(seen(&end, CLOSE).await.0, now, "{end:?}");
        assert_eq!(seen(&end, &[PING, CLOSE].concat()).await.0, now, "{end:?}");
        assert_eq!(seen(&end, PING).await.0, WITHIN, "{end:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_awaited_of_who_closed_first_or_broke_the_protocol_or_is_gone() {
    for end in [
        Close::ByClient(1000),
        Close::Protocol,
        Close::Binary,
        Close::NotUtf8,
        Close::TooBig,
        Close::NoMemory,
        Close::Gone,
        Close::Silent,
    ] {
        assert_eq!(seen(&end, PING).await.0, Duration::ZERO, "{end:?}");
    }
    assert_eq!(seen(&Close::Gone, PING).await.1, b"");
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_said_before_a_goodbye_and_dropped_where_the_client_will_ask_again() {
    for (end, opcode) in [
        (Close::Draining, Opcode::Text),
        (Close::ByClient(1000), Opcode::Text),
        (Close::TooSlow, Opcode::Close),
        (Close::Unavailable, Opcode::Close),
    ] {
        let (_, all) = seen(&end, CLOSE).await;
        assert_eq!(all[0], 0x80 | opcode as u8, "{end:?}");
    }
}
