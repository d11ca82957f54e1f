//! What slow and hostile clients get.

use futures_util::SinkExt;
use testing::eventually;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Client, Service};

#[tokio::test]
async fn a_message_larger_than_allowed_is_refused_with_1009() {
    let service = Service::alone(&[]).await;
    let mut client = service.plain(1).await;
    client.say("x".repeat(16 * 1024)).await;
    client.say("x".repeat(16 * 1024 + 1)).await;
    assert_eq!(client.closed().await, (1009, "message too big".to_owned()));
    assert_eq!(
        service.metric("chat_entries_taken_total{from=\"own\",kind=\"message\"}"),
        1
    );
}

/// Says all of this at once.
async fn say_at_once(client: &mut Client, texts: impl IntoIterator<Item = String>) {
    for text in texts {
        let message = Message::Text(text.into());
        client.0.feed(message).await.unwrap();
    }
    client.0.flush().await.unwrap();
}

#[tokio::test]
async fn what_is_said_at_once_arrives_at_both_services_in_order_and_nobody_is_told_off() {
    const COUNT: usize = 500;
    let (a, b) = Service::pair(&[("RATE", "500"), ("RATE_BURST", "10")]).await;
    let mut speaker = a.plain(1).await;
    let mut near = a.plain(2).await;
    b.knows_joined(2).await;
    let mut far = b.plain(3).await;
    a.knows_joined(1).await;
    let reading = async |reader: &mut Client| {
        let mut heard = Vec::new();
        while heard.len() < COUNT {
            let line = reader.line().await;
            heard.extend(line.strip_prefix("Client #1: ").map(str::to_owned));
        }
        heard
    };
    let texts: Vec<_> = (0..COUNT).map(|number| number.to_string()).collect();
    let ((), at_a, at_b) = tokio::join!(
        say_at_once(&mut speaker, texts.clone()),
        reading(&mut near),
        reading(&mut far),
    );
    assert_eq!(at_a, texts);
    assert_eq!(at_b, texts);
    near.say("fim").await;
    let mut told = String::new();
    while told != "Client #2: fim" {
        told = speaker.line().await;
        assert!(told.starts_with("Client #"), "{told}");
    }
}

#[tokio::test]
async fn who_is_ahead_of_its_rate_for_long_is_shown_out() {
    let limits = [
        ("RATE", "20"),
        ("RATE_BURST", "2"),
        ("RATE_PATIENCE", "100ms"),
    ];
    let service = Service::alone(&limits).await;
    let mut client = service.plain(1).await;
    say_at_once(&mut client, (0..1000).map(|number| number.to_string())).await;
    assert_eq!(client.closed().await, (1008, "rate".to_owned()));
    // It was slowed down before.
    assert!(service.metric("chat_entries_taken_total{from=\"own\",kind=\"message\"}") > 2);
}

#[tokio::test]
async fn who_waits_for_an_answer_now_and_then_is_not_ahead() {
    let limits = [
        ("RATE", "20"),
        ("RATE_BURST", "1"),
        ("RATE_PATIENCE", "200ms"),
    ];
    let service = Service::alone(&limits).await;
    let (mut client, _) = service.v1(1, "").await;
    for round in 0..8 {
        for id in [format!("{round}-1"), format!("{round}-2")] {
            client.send(&id, "x").await;
        }
        for id in [format!("{round}-1"), format!("{round}-2")] {
            assert_eq!(client.frame_of("accepted").await["id"], id);
        }
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_is_ended_and_the_others_are_not() {
    let service = Service::alone(&[
        ("CLIENT_QUEUE", "8"),
        ("RATE", "1000000"),
        ("RATE_BURST", "1000000"),
        ("HISTORY_MAX_BYTES", "1GiB"),
        ("CLOSE_TIMEOUT", "50ms"),
    ])
    .await;
    let stuck = service.plain(1).await;
    let (mut speaker, _) = service.v1(2, "").await;
    let text = "x".repeat(8 * 1024);
    let mut sent = 0;
    // Until the buffers between here and the stuck one are full, however large they are.
    while service.metric("chat_websockets_closed_total{reason=\"too_slow\"}") == 0 {
        sent += 1;
        speaker.send(&sent.to_string(), &text).await;
        speaker.frame_of("accepted").await;
    }
    let left = speaker.frame_of("left").await;
    assert_eq!(left["client"], 1);
    drop(stuck);
}

#[tokio::test]
async fn a_silent_client_is_pinged_and_one_that_does_not_answer_is_gone() {
    // Long enough for a client that does answer, however busy this machine is.
    for timeout in ["100ms", "1s", "10s"] {
        let service = Service::alone(&[("PING_INTERVAL", "20ms"), ("PONG_TIMEOUT", timeout)]).await;
        // Nobody polls this one, so that nobody answers its pings.
        let silent = service.plain(1).await;
        let mut lively = service.plain(2).await;
        let Some(joined) = lively.text().await else {
            continue;
        };
        assert_eq!(joined, "Client #2 joined the chat");
        let Some(left) = lively.text().await else {
            continue;
        };
        assert_eq!(left, "Client #1 left the chat");
        drop(silent);
        return;
    }
    panic!("no client answers in time");
}

#[tokio::test]
async fn connections_beyond_the_cap_get_503_and_a_place_is_free_again_after_a_close() {
    let service = Service::alone(&[("MAX_CONNECTIONS", "1")]).await;
    let first = service.plain(1).await;
    assert!(service.connect("/ws/2", &[]).await.is_err());
    first.leave().await;
    eventually("a free place", async || {
        service.connect("/ws/2", &[]).await.ok()
    })
    .await;
}

/// A masked text frame of this length, in two pieces.
fn pieces(length: u16, first: usize) -> (Vec<u8>, Vec<u8>) {
    let [high, low] = length.to_be_bytes();
    let mut frame = vec![0x81, 0x80 | 0x7e, high, low, 0, 0, 0, 0];
    frame.resize(8 + usize::from(length), b'x');
    let rest = frame.split_off(first);
    (frame, rest)
}

#[tokio::test]
async fn messages_beyond_the_memory_end_their_connection_and_those_before_them_go_on() {
    let service = Service::alone(&[]).await;
    let memory = service.lifecycle.lifecycle().memory();
    let (mut listener, mut first) = (service.plain(1).await, service.plain(2).await);
    let mut second = service.plain(3).await;
    let (half, rest) = pieces(16_000, 8_000);
    let (most, _) = pieces(16_000, 16_000);
    let before = memory.held();
    memory.set(before + 20_000); // a whole message, and not a half beside it
    first.0.get_mut().write_all(&half).await.unwrap();
    let read = async || (memory.held() >= before + half.len()).then_some(());
    eventually("half a message is read", read).await;
    second.0.get_mut().write_all(&most).await.unwrap();
    assert_eq!(second.closed().await, (1013, "memory budget".to_owned()));
    let closed = "chat_websockets_closed_total{reason=\"memory_budget\"}";
    assert_eq!(service.metric(closed), 1);
    first.0.get_mut().write_all(&rest).await.unwrap();
    let message = format!("Client #2: {}", "x".repeat(16_000));
    while listener.line().await != message {}
    drop((listener, first, second));
    let nothing = async || (memory.held() == 0).then_some(());
    eventually("everything is given back", nothing).await;
}
