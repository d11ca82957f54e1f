//! What slow and hostile clients get.

use futures_util::SinkExt;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::support::Service;

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

#[tokio::test]
async fn who_speaks_too_often_is_told_to_wait_and_then_shown_out() {
    let service = Service::alone(&[("RATE", "1"), ("RATE_BURST", "2")]).await;
    let (mut client, _) = service.v1(1, "").await;
    for id in ["1", "2", "3"] {
        client.send(id, "x").await;
    }
    let refused = client.frame_of("refused").await;
    assert_eq!(
        (&refused["id"], &refused["reason"]),
        (&json!("3"), &json!("rate"))
    );
    assert!(refused["retry_after"].as_u64().unwrap() <= 1000);
    for _ in 0..30 {
        let frame = json!({"type":"send","id":"4","text":"x"}).to_string();
        // It may be closed before all of them are sent.
        let _ = client.0.send(Message::Text(frame.into())).await;
    }
    assert_eq!(client.closed().await, (1008, "rate".to_owned()));
}

#[tokio::test]
async fn a_plain_client_is_told_in_words() {
    let service = Service::alone(&[("RATE", "1"), ("RATE_BURST", "1")]).await;
    let mut client = service.plain(1).await;
    client.line().await;
    client.say("um").await;
    client.say("dois").await;
    let line = client.line().await;
    assert!(
        line.starts_with("Erro: mensagem recusada: mensagens demais"),
        "{line}"
    );
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
    testing::eventually("a free place", async || {
        service.connect("/ws/2", &[]).await.ok()
    })
    .await;
}
