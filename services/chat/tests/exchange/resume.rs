//! Coming back.

use serde_json::{Value, json};

use crate::support::{Client, Service};

fn place(welcome: &Value, cursor: &Value) -> String {
    format!(
        "epoch={}&cursor={cursor}",
        welcome["epoch"].as_str().unwrap()
    )
}

/// A client that was told of `told`, lost its connection, and the query with which it comes back.
async fn lost(service: &Service, told: &str) -> String {
    let (mut client, welcome) = service.v1(1, "session=s").await;
    client.frame_of("joined").await;
    client.send(told, "antes").await;
    let cursor = client.frame_of("accepted").await["cursor"].clone();
    let query = format!("session=s&{}", place(&welcome, &cursor));
    client.leave().await;
    query
}

async fn say_all(speaker: &mut Client, texts: impl Iterator<Item = String>) {
    for text in texts {
        speaker.send(&text, &text).await;
        speaker.frame_of("accepted").await;
    }
}

#[tokio::test]
async fn who_comes_back_gets_what_was_said_in_the_meantime() {
    let service = Service::alone(&[]).await;
    let query = lost(&service, "m-1").await;
    let (mut speaker, _) = service.v1(2, "").await;
    say_all(&mut speaker, (0..3).map(|n| format!("t-{n}"))).await;

    let (mut back, welcome) = service.v1(1, &query).await;
    assert_eq!(welcome["recovered"], true);
    assert_eq!(welcome["behind"], 5, "a leave, a join, three messages");
    assert_eq!(back.frame().await["type"], "left");
    assert_eq!(back.frame().await["type"], "joined");
    for n in 0..3 {
        assert_eq!(back.frame().await["text"], format!("t-{n}"));
    }
    // And from there on, without a gap.
    let joined = back.frame().await;
    assert_eq!(
        (&joined["type"], &joined["client"]),
        (&json!("joined"), &json!(1))
    );
}

#[tokio::test]
async fn who_missed_more_than_is_kept_is_told() {
    let service = Service::alone(&[("HISTORY_MAX", "3"), ("RATE_BURST", "100")]).await;
    let query = lost(&service, "m-1").await;
    let (mut speaker, _) = service.v1(2, "").await;
    say_all(&mut speaker, (0..10).map(|n| format!("t-{n}"))).await;
    let (mut back, welcome) = service.v1(1, &query).await;
    assert_eq!(
        (&welcome["recovered"], &welcome["behind"]),
        (&json!(false), &json!(3))
    );
    assert_eq!(back.frame().await["text"], "t-7");
    assert_eq!(service.metric("chat_resumed_total{recovered=\"false\"}"), 1);
}

#[tokio::test]
async fn a_cursor_of_another_life_recovers_nothing() {
    let service = Service::alone(&[]).await;
    lost(&service, "m-1").await;
    let (_, welcome) = service.v1(1, "session=s&epoch=another&cursor=1").await;
    assert_eq!(welcome["recovered"], false);
}

#[tokio::test]
async fn an_own_message_comes_back_as_accepted_and_can_be_sent_again() {
    let service = Service::alone(&[]).await;
    let query = lost(&service, "m-1").await;
    let before = query.rsplit_once('=').unwrap().0;
    // As if the answer to m-1 had been lost with the connection.
    let (mut back, welcome) = service.v1(1, &format!("{before}=1")).await;
    assert_eq!(welcome["recovered"], true);
    let accepted = back.frame().await;
    assert_eq!(
        (&accepted["type"], &accepted["id"]),
        (&json!("accepted"), &json!("m-1"))
    );
    back.send("m-1", "antes").await;
    assert_eq!(back.frame_of("accepted").await["duplicate"], true);
}

#[tokio::test]
async fn a_newcomer_may_ask_for_the_last_entries() {
    let service = Service::alone(&[]).await;
    lost(&service, "m-1").await;
    let (mut late, welcome) = service.v1(2, "history=2").await;
    assert_eq!(
        (&welcome["behind"], welcome.get("recovered")),
        (&json!(2), None)
    );
    assert_eq!(late.frame().await["text"], "antes");
    assert_eq!(late.frame().await["type"], "left");
}

#[tokio::test]
async fn a_second_connection_of_a_session_replaces_the_first_without_a_word_to_others() {
    let service = Service::alone(&[]).await;
    let mut other = service.plain(9).await;
    other.line().await;
    let (mut first, _) = service.v1(1, "session=s").await;
    assert_eq!(other.line().await, "Client #1 joined the chat");
    let (mut second, welcome) = service.v1(1, "session=s").await;
    assert_eq!(first.closed().await, (4000, "replaced".to_owned()));
    assert_eq!(welcome["presence"][0]["count"], 2);
    second.send("m", "ainda aqui").await;
    assert_eq!(other.line().await, "Client #1: ainda aqui");
    second.leave().await;
    assert_eq!(other.line().await, "Client #1 left the chat");
}

#[tokio::test]
async fn at_the_end_clients_are_told_to_come_again_and_the_log_outlives_it() {
    let directory = tempfile::tempdir().unwrap();
    let settings = [("OUTBOX_DIR", directory.path().to_str().unwrap())];
    let service = Service::alone(&settings).await;
    let (mut client, welcome) = service.v1(1, "session=s").await;
    let cursor = client.frame_of("joined").await["cursor"].clone();
    client.send("m-1", "antes").await;
    client.frame_of("accepted").await;
    let closed = async move { client.closed().await };
    let ended = service.lifecycle.end(std::time::Duration::from_secs(20));
    let (closed, cut) = tokio::join!(closed, ended);
    assert_eq!((closed, cut), ((1001, "draining".to_owned()), 0));

    let service = Service::alone(&settings).await;
    let query = format!("session=s&{}", place(&welcome, &cursor));
    let (mut back, again) = service.v1(1, &query).await;
    assert_eq!(
        (&again["recovered"], &again["epoch"]),
        (&json!(true), &welcome["epoch"])
    );
    assert_eq!(back.frame().await["id"], "m-1");
    assert_eq!(back.frame().await["type"], "left");
    back.send("m-1", "antes").await;
    assert_eq!(back.frame_of("accepted").await["duplicate"], true);
}
