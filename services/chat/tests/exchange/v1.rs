//! `malha.chat.v1`.

use serde_json::json;

use crate::support::Service;

#[tokio::test]
async fn a_message_is_accepted_delivered_and_read_at_both_services() {
    let (a, b) = Service::pair(&[("TRACE_URL", "http://jaeger/trace/{trace}")]).await;
    let (mut sender, welcome) = a.v1(261, "session=s-1").await;
    assert_eq!(welcome["service"], "serviceA");
    assert_eq!(
        (&welcome["client"], &welcome["session"]),
        (&json!(261), &json!("s-1"))
    );
    assert_eq!(
        (&welcome["cursor"], &welcome["behind"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(welcome.get("recovered"), None);
    assert_eq!(welcome["trace_url"], "http://jaeger/trace/{trace}");
    assert_eq!(welcome["max_message_bytes"], 16384);
    assert_eq!(sender.frame_of("joined").await["client"], 261);
    let (mut far, _) = b.v1(9, "").await;
    far.frame_of("joined").await;

    sender.send("m-1", "teste").await;
    let accepted = sender.frame_of("accepted").await;
    assert_eq!(accepted["id"], "m-1");
    let message = far.frame_of("message").await;
    assert_eq!(
        (
            &message["id"],
            &message["client"],
            &message["service"],
            &message["text"]
        ),
        (
            &json!("m-1"),
            &json!(261),
            &json!("serviceA"),
            &json!("teste")
        )
    );
    let delivered = sender.frame_of("delivered").await;
    assert_eq!(
        delivered,
        json!({"type":"delivered","id":"m-1","service":"serviceB","through":accepted["cursor"]})
    );
}

#[tokio::test]
async fn a_message_sent_again_is_taken_once() {
    let service = Service::alone(&[]).await;
    let mut reader = service.plain(1).await;
    assert_eq!(reader.line().await, "Client #1 joined the chat");
    let (mut sender, _) = service.v1(2, "session=s").await;
    assert_eq!(reader.line().await, "Client #2 joined the chat");
    for id in ["m-1", "m-1", "m-2"] {
        sender.send(id, id).await;
    }
    assert_eq!(reader.line().await, "Client #2: m-1");
    assert_eq!(reader.line().await, "Client #2: m-2");
    sender.frame_of("joined").await;
    let mut answers = [
        sender.frame().await,
        sender.frame().await,
        sender.frame().await,
    ];
    answers.sort_by_key(|answer| (answer["id"].to_string(), answer["duplicate"] == true));
    let [first, again, second] = answers;
    assert_eq!(
        (&first["type"], &first["cursor"]),
        (&json!("accepted"), &json!(3))
    );
    assert_eq!(
        again,
        json!({"type":"accepted","cursor":3,"id":"m-1","duplicate":true})
    );
    assert_eq!(
        (&second["id"], &second["cursor"]),
        (&json!("m-2"), &json!(4))
    );
}

#[tokio::test]
async fn what_is_no_message_is_refused_with_the_reason() {
    let service = Service::alone(&[]).await;
    let (mut client, _) = service.v1(1, "").await;
    client.frame_of("joined").await;
    for (frame, id, reason) in [
        (
            json!({"type":"send","id":"m","text":""}),
            json!("m"),
            "empty",
        ),
        (json!({"type":"send","text":"x"}), json!(null), "id"),
        (
            json!({"type":"send","id":"a b","text":"x"}),
            json!("a b"),
            "id",
        ),
        (json!({"type":"dance","id":"m"}), json!("m"), "type"),
    ] {
        client.say(frame.to_string()).await;
        let refused = client.frame_of("refused").await;
        assert_eq!((&refused["id"], &refused["reason"]), (&id, &json!(reason)));
        assert!(
            refused["text"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
    }
    client.say("no json").await;
    let (code, reason) = client.closed().await;
    assert_eq!(code, 1008);
    assert!(reason.starts_with("bad frame: "), "{reason}");
}

#[tokio::test]
async fn a_ping_is_given_back() {
    let service = Service::alone(&[]).await;
    let (mut client, _) = service.v1(1, "").await;
    client.say(json!({"type":"ping","at":17}).to_string()).await;
    assert_eq!(
        client.frame_of("pong").await,
        json!({"type":"pong","at":17})
    );
}

#[tokio::test]
async fn who_is_where_is_known_at_both_services() {
    let (a, b) = Service::pair(&[]).await;
    let (mut far, _) = b.v1(9, "").await;
    far.frame_of("joined").await;
    let mut near = a.plain(7).await;
    near.line().await;
    assert_eq!(far.frame_of("joined").await["service"], "serviceA");
    let (_client, welcome) = a.v1(261, "").await;
    assert_eq!(
        welcome["presence"],
        json!([
            {"service":"serviceA","count":1,"clients":[7]},
            {"service":"serviceB","count":1,"clients":[9]},
        ])
    );
}

#[tokio::test]
async fn a_service_that_begins_anew_learns_who_is_at_the_other() {
    let (a, b) = Service::pair(&[]).await;
    let mut far = b.plain(9).await;
    far.line().await;
    let waiting = format!("chat_outbox_waiting{{peer=\"{}\"}}", a.address);
    let is_told = async || (b.metric(&waiting) == 0).then_some(());
    a.knows_joined(1).await;
    testing::eventually("the first one was told", is_told).await;
    let address = a.address;
    a.lifecycle.end(std::time::Duration::from_secs(5)).await;
    drop(a);
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let peer = b.url("/relay");
    let a = Service::on(listener, &[("PEER_URL", &peer)]);
    let (mut client, welcome) = a.v1(1, "").await;
    let known = |presence: &serde_json::Value| {
        presence
            .as_array()
            .unwrap()
            .iter()
            .any(|here| here["service"] == "serviceB" && here["clients"] == json!([9]))
    };
    if !known(&welcome["presence"]) {
        while !known(&client.frame_of("presence").await["presence"]) {}
    }
}

#[tokio::test]
async fn a_wrong_query_gets_400_with_what_is_wrong() {
    let service = Service::alone(&[]).await;
    let protocol = [("sec-websocket-protocol", "malha.chat.v1")];
    let refused = service.connect("/ws/1?cursor=5", &protocol).await;
    let Err(tokio_tungstenite::tungstenite::Error::Http(answer)) = refused else {
        panic!("let in");
    };
    assert_eq!(answer.status(), 400);
    let body = answer.body().clone().unwrap();
    assert!(body.starts_with(b"epoch and cursor"), "{body:?}");
}
