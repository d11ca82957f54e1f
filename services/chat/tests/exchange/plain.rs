//! The original's protocol, word for word.

use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

use crate::support::Service;

#[tokio::test]
async fn clients_of_both_services_chat_in_the_originals_words() {
    let (a, b) = Service::pair(&[]).await;
    let mut first = a.plain(261).await;
    assert_eq!(first.line().await, "Client #261 joined the chat");
    b.knows_joined(1).await;
    let mut far = b.plain(9).await;
    assert_eq!(far.line().await, "Client #9 joined the chat");
    assert_eq!(first.line().await, "Client #9 joined the chat");
    let mut near = a.plain(7).await;
    for client in [&mut near, &mut first, &mut far] {
        assert_eq!(client.line().await, "Client #7 joined the chat");
    }

    first.say("teste").await;
    assert_eq!(near.line().await, "Client #261: teste");
    assert_eq!(far.line().await, "Client #261: teste");
    far.say("olá").await;
    // Its own message did not come back to the sender: this is the next thing that it hears.
    assert_eq!(first.line().await, "Client #9: olá");
    assert_eq!(near.line().await, "Client #9: olá");

    near.leave().await;
    assert_eq!(first.line().await, "Client #7 left the chat");
    assert_eq!(far.line().await, "Client #7 left the chat");
}

#[tokio::test]
async fn a_connection_that_breaks_is_a_leave() {
    let service = Service::alone(&[]).await;
    let mut stays = service.plain(1).await;
    let breaks = service.plain(2).await;
    assert_eq!(stays.line().await, "Client #1 joined the chat");
    assert_eq!(stays.line().await, "Client #2 joined the chat");
    drop(breaks);
    assert_eq!(stays.line().await, "Client #2 left the chat");
}

#[tokio::test]
async fn two_connections_of_one_client_hear_each_other() {
    let service = Service::alone(&[]).await;
    let (mut one, mut two) = (service.plain(5).await, service.plain(5).await);
    for _ in 0..2 {
        assert_eq!(one.line().await, "Client #5 joined the chat");
    }
    assert_eq!(two.line().await, "Client #5 joined the chat");
    one.say("").await;
    assert_eq!(two.line().await, "Client #5: ");
}

#[tokio::test]
async fn a_client_id_that_is_no_whole_number_gets_403() {
    let service = Service::alone(&[]).await;
    for path in ["/ws/x", "/ws/1.5", "/ws/99999999999999999999"] {
        let Err(Error::Http(answer)) = service.connect(path, &[]).await else {
            panic!("{path} was let in");
        };
        assert_eq!(answer.status(), 403, "{path}");
    }
}

#[tokio::test]
async fn a_foreign_page_cannot_connect_and_the_own_page_can() {
    let service = Service::alone(&[]).await;
    let own = format!("http://{}", service.address);
    let foreign = service
        .connect("/ws/1", &[("origin", "http://evil.example")])
        .await;
    let Err(Error::Http(answer)) = foreign else {
        panic!("a foreign page was let in");
    };
    assert_eq!(answer.status(), 403);
    let mut page = service.connect("/ws/1", &[("origin", &own)]).await.unwrap();
    assert_eq!(page.line().await, "Client #1 joined the chat");
    assert_eq!(service.metric("chat_refused_total{reason=\"origin\"}"), 1);
}

#[tokio::test]
async fn a_subprotocol_that_nobody_knows_leaves_plain_text() {
    let service = Service::alone(&[]).await;
    let offered = [("sec-websocket-protocol", "chat, malha.chat.v1")];
    let mut known = service.connect("/ws/1", &offered).await.unwrap();
    assert_eq!(known.frame().await["type"], "welcome");
}

#[tokio::test]
async fn binary_frames_are_refused_with_1003() {
    let service = Service::alone(&[]).await;
    let mut client = service.plain(1).await;
    futures_util::SinkExt::send(&mut client.0, Message::Binary(Bytes::from_static(b"x")))
        .await
        .unwrap();
    assert_eq!(client.closed().await, (1003, "text frames only".to_owned()));
}

#[tokio::test]
async fn the_page_is_served_with_a_policy_that_lets_nothing_else_in() {
    let service = Service::alone(&[]).await;
    for (path, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/app.js", "text/javascript; charset=utf-8"),
        ("/app.css", "text/css; charset=utf-8"),
    ] {
        let answer = reqwest::get(service.url(path)).await.unwrap();
        assert_eq!(answer.status(), 200);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), kind);
        assert!(
            header("content-security-policy").starts_with("default-src 'none'; script-src 'self'")
        );
        assert_eq!(header("x-content-type-options"), "nosniff");
    }
}
