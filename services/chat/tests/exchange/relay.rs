//! Between services: originals, peers that are away, and strangers.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use testing::{TestLifecycle, eventually, listener};

use crate::support::Service;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What a peer was sent, and what it answers.
#[derive(Clone, Default)]
struct Peer {
    got: Arc<Mutex<Vec<(HeaderMap, String)>>>,
    /// The bodies that it took.
    taken: Arc<Mutex<Vec<String>>>,
    answers: Arc<Mutex<Vec<u16>>>,
}

impl Peer {
    /// A peer that answers these statuses, one after the other, and then 200.
    async fn start(answers: &[u16]) -> (Self, String, TestLifecycle) {
        let peer = Self::default();
        peer.answers.lock().unwrap().extend(answers.iter().rev());
        let routes = axum::Router::new()
            .route("/relay", post(receive))
            .with_state(peer.clone());
        let (listener, lifecycle) = (listener().await, TestLifecycle::default());
        let url = format!("http://{}/relay", listener.local_addr().unwrap());
        let (limits, served) = (
            testing::settings::<chat::Chat>(&[]).limits,
            lifecycle.lifecycle().clone(),
        );
        lifecycle.lifecycle().spawn(async move {
            runtime::http::serve_untraced("peer", listener, routes, limits, &served).await;
        });
        (peer, url, lifecycle)
    }

    async fn got(&self, count: usize) -> Vec<(HeaderMap, String)> {
        eventually(&format!("{count} requests"), async || {
            let got = self.got.lock().unwrap().clone();
            (got.len() >= count).then_some(got)
        })
        .await
    }
}

async fn receive(
    State(peer): State<Peer>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let body = String::from_utf8(body.to_vec()).unwrap();
    peer.got.lock().unwrap().push((headers, body.clone()));
    let status = peer.answers.lock().unwrap().pop().unwrap_or(200);
    if status == 200 {
        peer.taken.lock().unwrap().push(body);
    }
    (
        StatusCode::from_u16(status).unwrap(),
        json!({"status":"ok"}).to_string(),
    )
}

async fn relay(service: &Service, body: &str, headers: &[(&str, &str)]) -> (u16, Value) {
    let mut request = reqwest::Client::new()
        .post(service.url("/relay"))
        .header("content-type", "application/json")
        .body(body.to_owned());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn relay_headers<'a>(
    epoch: &'a str,
    sequence: &'a str,
    id: &'a str,
) -> [(&'static str, &'a str); 4] {
    [
        ("chat-origin", "serviceB"),
        ("chat-epoch", epoch),
        ("chat-sequence", sequence),
        ("chat-id", id),
    ]
}

#[tokio::test]
async fn an_original_peer_is_understood_and_answered_as_by_its_own_kind() {
    let service = Service::alone(&[]).await;
    let mut client = service.plain(1).await;
    client.line().await;
    let answer = relay(&service, r#"{"message":"Client #261: teste"}"#, &[]).await;
    assert_eq!(answer, (200, json!({"status":"ok"})));
    assert_eq!(client.line().await, "Client #261: teste");
    // It cannot say what is one message and what is two: both count.
    relay(&service, r#"{"message":"Client #261: teste"}"#, &[]).await;
    assert_eq!(client.line().await, "Client #261: teste");
    let (status, detail) = relay(&service, r#"{"msg":1}"#, &[]).await;
    assert_eq!(
        (status, &detail["detail"][0]["loc"]),
        (422, &json!(["body", "message"]))
    );
}

#[tokio::test]
async fn an_original_peer_gets_the_originals_body() {
    let (peer, url, _life) = Peer::start(&[]).await;
    let service = Service::alone(&[("PEER_URL", &url)]).await;
    let mut client = service.plain(261).await;
    client.say("teste").await;
    let got = peer.got(2).await;
    assert_eq!(got[0].1, r#"{"message":"Client #261 joined the chat"}"#);
    assert_eq!(got[1].1, r#"{"message":"Client #261: teste"}"#);
    let header = |name: &str| got[1].0[name].to_str().unwrap();
    assert_eq!(
        (header("chat-origin"), header("chat-sequence")),
        ("serviceA", "2")
    );
    assert!(!got[1].0.contains_key("webhook-signature"));
}

#[tokio::test]
async fn what_a_peer_fails_to_take_is_sent_again_until_it_takes_it_and_in_order() {
    let (peer, url, _life) = Peer::start(&[500, 503, 401, 404, 429]).await;
    let service = Service::alone(&[("PEER_URL", &url), ("RELAY_SECRET", SECRET)]).await;
    let mut client = service.plain(1).await;
    for text in ["um", "dois", "três"] {
        client.say(text).await;
    }
    let got = peer.got(9).await;
    let numbers: Vec<_> = got
        .iter()
        .map(|(headers, _)| headers["chat-sequence"].to_str().unwrap())
        .collect();
    assert_eq!(numbers, ["1", "1", "1", "1", "1", "1", "2", "3", "4"]);
    let mut signatures: Vec<_> = got
        .iter()
        .map(|(headers, _)| &headers["webhook-signature"])
        .collect();
    signatures.dedup();
    assert_eq!(signatures.len(), 9, "no signature is used twice");
}

/// Says three things while the peer fails, then one when it is back: what the peer has of them in the
/// end, and how many the service counts as lost.
async fn survivors(pairs: &[(&str, &str)]) -> (Vec<String>, u64) {
    let (peer, url, _life) = Peer::start(&[200, 503, 503, 503]).await;
    let service = Service::alone(&[&[("PEER_URL", url.as_str())], pairs].concat()).await;
    let (mut client, welcome) = service.v1(1, "").await;
    // The client is told, so that it says what is lost.
    assert_eq!(welcome["at_most_once"] == true, !pairs.is_empty());
    peer.got(1).await; // the join
    for (id, text) in [("a", "um"), ("b", "dois"), ("c", "três")] {
        client.send(id, text).await;
    }
    peer.got(4).await;
    client.send("depois", "depois").await;
    while client.frame_of("delivered").await["id"] != "depois" {}
    let mut bodies: Vec<_> = peer.taken.lock().unwrap().clone();
    bodies.retain(|body| !body.contains("joined"));
    let host = url.trim_start_matches("http://").trim_end_matches("/relay");
    let lost = service.metric(&format!("chat_outbox_lost_total{{peer=\"{host}\"}}"));
    (bodies, lost)
}

#[tokio::test]
async fn what_is_said_while_a_peer_is_away_is_lost_where_it_is_sent_at_most_once() {
    let said = |texts: &[&str]| -> Vec<String> {
        let body = |text| json!({"message": format!("Client #1: {text}")}).to_string();
        texts.iter().map(body).collect()
    };
    let (taken, lost) = survivors(&[("RELAY_DELIVERY", "at-most-once")]).await;
    assert_eq!((taken, lost), (said(&["depois"]), 3));
    let (taken, lost) = survivors(&[]).await;
    assert_eq!((taken, lost), (said(&["um", "dois", "três", "depois"]), 0));
}

#[tokio::test]
async fn what_a_peer_refuses_for_good_is_told_to_the_sender_and_holds_nothing_up() {
    let (peer, url, _life) = Peer::start(&[200, 422]).await;
    let service = Service::alone(&[("PEER_URL", &url)]).await;
    let (mut client, _) = service.v1(1, "").await;
    client.send("bad", "x").await;
    client.send("good", "y").await;
    let refused = client.frame_of("refused").await;
    assert_eq!(
        (&refused["id"], &refused["reason"]),
        (&json!("bad"), &json!("undeliverable"))
    );
    assert_eq!(client.frame_of("delivered").await["id"], "good");
    assert_eq!(peer.got(3).await.len(), 3);
}

#[tokio::test]
async fn a_message_relayed_twice_is_taken_once() {
    let service = Service::alone(&[]).await;
    let mut client = service.plain(1).await;
    client.line().await;
    for (sequence, id) in [("1", "a"), ("1", "a"), ("2", "b"), ("1", "a"), ("3", "c")] {
        let body = json!({"message": format!("Client #9: {id}")}).to_string();
        assert_eq!(
            relay(&service, &body, &relay_headers("e", sequence, id))
                .await
                .0,
            200
        );
    }
    // The same message by another number, after its origin lost its memory.
    let again = r#"{"message":"Client #9: c"}"#;
    assert_eq!(
        relay(&service, again, &relay_headers("f", "1", "c"))
            .await
            .0,
        200
    );
    relay(&service, r#"{"message":"fim"}"#, &[]).await;
    for line in ["Client #9: a", "Client #9: b", "Client #9: c", "fim"] {
        assert_eq!(client.line().await, line);
    }
}

#[tokio::test]
async fn half_a_stamp_other_types_and_large_bodies_are_refused() {
    let service = Service::alone(&[]).await;
    let body = r#"{"message":"x"}"#;
    assert_eq!(relay(&service, body, &[("chat-id", "a")]).await.0, 400);
    let text = reqwest::Client::new()
        .post(service.url("/relay"))
        .header("content-type", "text/plain")
        .body(body);
    assert_eq!(text.send().await.unwrap().status(), 415);
    let large = json!({"message": "x".repeat(1 << 20)}).to_string();
    let large = reqwest::Client::new()
        .post(service.url("/relay"))
        .body(large);
    assert_eq!(large.send().await.unwrap().status(), 413);
}

#[tokio::test]
async fn a_message_that_comes_back_to_its_own_service_is_a_loop() {
    let listener = listener().await;
    let url = format!("http://{}/relay", listener.local_addr().unwrap());
    let service = Service::on(listener, &[("PEER_URL", &url)]);
    let (mut client, _) = service.v1(1, "").await;
    client.send("m", "eco").await;
    let refused = client.frame_of("refused").await;
    assert_eq!(refused["reason"], "undeliverable");
}

#[tokio::test]
async fn with_a_secret_strangers_get_401_and_nobody_hears_them() {
    let (a, b) = Service::pair(&[("RELAY_SECRET", SECRET)]).await;
    let mut client = a.plain(1).await;
    client.line().await;
    let body = r#"{"message":"Client #9: forjada"}"#;
    assert_eq!(relay(&a, body, &[]).await.0, 401);
    let wrong = [
        ("webhook-id", "x"),
        ("webhook-timestamp", "1"),
        ("webhook-signature", "v1,AAAA"),
    ];
    assert_eq!(relay(&a, body, &wrong).await.0, 401);
    assert_eq!(
        reqwest::get(a.url("/relay/presence"))
            .await
            .unwrap()
            .status(),
        401
    );
    assert_eq!(
        a.metric("chat_relay_unbelieved_total{reason=\"unsigned\"}"),
        2
    );
    assert_eq!(a.metric("chat_relay_unbelieved_total{reason=\"wrong\"}"), 1);
    let mut far = b.plain(9).await;
    far.say("de verdade").await;
    assert_eq!(client.line().await, "Client #9 joined the chat");
    assert_eq!(client.line().await, "Client #9: de verdade");
}

#[tokio::test]
async fn a_signed_request_counts_once_and_only_as_it_was_signed() {
    let (peer, url, _life) = Peer::start(&[]).await;
    let sender = Service::alone(&[
        ("PEER_URL", &url),
        ("RELAY_SECRET", SECRET),
        ("SERVICE_NAME", "serviceB"),
    ])
    .await;
    let _client = sender.plain(9).await;
    let (headers, body) = peer.got(1).await.remove(0);
    let text = |name: &'static str| (name, headers[name].to_str().unwrap());
    let signed: Vec<_> = [
        "chat-id",
        "chat-origin",
        "chat-epoch",
        "chat-sequence",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
    ]
    .into_iter()
    .map(text)
    .collect();

    let service = Service::alone(&[("RELAY_SECRET", SECRET)]).await;
    let mut other_number = signed.clone();
    other_number[3].1 = "2";
    assert_eq!(
        relay(&service, &body, &other_number).await.0,
        401,
        "the number is signed"
    );
    let service = Service::alone(&[("RELAY_SECRET", SECRET)]).await;
    assert_eq!(relay(&service, &body, &signed).await.0, 200);
    assert_eq!(relay(&service, &body, &signed).await.0, 401);
    assert_eq!(
        service.metric("chat_relay_unbelieved_total{reason=\"replayed\"}"),
        1
    );
}

#[tokio::test]
async fn a_full_outbox_is_told_and_drains_once_the_peer_is_there() {
    let absent = listener().await;
    let address = absent.local_addr().unwrap();
    drop(absent);
    let url = format!("http://{address}/relay");
    let a = Service::alone(&[("PEER_URL", &url), ("OUTBOX_MAX", "3")]).await;
    let (mut client, _) = a.v1(1, "").await;
    for id in ["1", "2", "3"] {
        client.send(id, id).await;
    }
    let refused = client.frame_of("refused").await;
    assert_eq!(
        (&refused["id"], &refused["reason"]),
        (&json!("3"), &json!("outbox_full"))
    );
    assert_eq!(
        a.metric(&format!("chat_outbox_waiting{{peer=\"{address}\"}}")),
        3
    );

    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let b = Service::on(listener, &[("SERVICE_NAME", "serviceB")]);
    let (mut far, _) = b.v1(2, "history=10").await;
    assert_eq!(client.frame_of("delivered").await["id"], "1");
    assert_eq!(client.frame_of("delivered").await["id"], "2");
    client.send("3", "3").await;
    for id in ["1", "2", "3"] {
        assert_eq!(far.frame_of("message").await["id"], id);
    }
}

#[tokio::test]
async fn three_services_have_one_room_without_a_loop() {
    let (a, b, c) = (listener().await, listener().await, listener().await);
    let url = |listener: &tokio::net::TcpListener| {
        format!("http://{}/relay", listener.local_addr().unwrap())
    };
    let (of_a, of_b, of_c) = (url(&a), url(&b), url(&c));
    let on = |listener, name: &str, peers: String| {
        Service::on(listener, &[("SERVICE_NAME", name), ("PEER_URL", &peers)])
    };
    let a = on(a, "serviceA", format!("{of_b},{of_c}"));
    let b = on(b, "serviceB", format!("{of_a},{of_c}"));
    let c = on(c, "serviceC", format!("{of_a},{of_b}"));
    let mut clients: Vec<crate::support::Client> = Vec::new();
    for (number, service) in (1..).zip([&a, &b, &c]) {
        service.knows_joined(clients.len() as u64).await;
        let mut client = service.plain(number).await;
        assert_eq!(
            client.line().await,
            format!("Client #{number} joined the chat")
        );
        for earlier in &mut clients {
            assert_eq!(
                earlier.line().await,
                format!("Client #{number} joined the chat")
            );
        }
        clients.push(client);
    }
    for speaker in 0..3 {
        clients[speaker].say(format!("de {speaker}")).await;
        for (listener, client) in clients.iter_mut().enumerate() {
            if listener != speaker {
                let line = format!("Client #{}: de {speaker}", speaker + 1);
                assert_eq!(client.line().await, line);
            }
        }
    }
}
