use std::time::Duration;

use malha_proto::usuarios::v1 as proto;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tonic::Status;

use crate::failing::failing;
use crate::support::{Gateway, Server, header, pair, problem};

/// A client of server-sent events, as the HTML standard reads them.
struct Events {
    answer: Response,
    unread: String,
    /// The id of the last event, with data or without.
    last_id: String,
}

/// What one event says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Message {
    name: String,
    data: String,
    comment: bool,
}

impl Events {
    async fn open(gateway: &Gateway, last_id: &str) -> Self {
        let mut request = gateway.ask(Method::GET, "/usuarios/mudancas");
        if !last_id.is_empty() {
            request = request.header("last-event-id", last_id);
        }
        Self::of(request.send().await.unwrap(), last_id)
    }

    /// As a browser's `EventSource`, which says what it reads.
    async fn source(gateway: &Gateway) -> Self {
        let request = gateway.ask(Method::GET, "/usuarios/mudancas");
        let request = request.header("accept", "text/event-stream");
        Self::of(request.send().await.unwrap(), "")
    }

    fn of(answer: Response, last_id: &str) -> Self {
        assert_eq!(answer.status(), 200);
        assert_eq!(header(&answer, "content-type"), "text/event-stream");
        Self {
            answer,
            unread: String::new(),
            last_id: last_id.to_owned(),
        }
    }

    /// The next block, or none at the end.
    async fn block(&mut self) -> Option<Message> {
        let (block, rest) = loop {
            if let Some((block, rest)) = self.unread.split_once("\n\n") {
                break (block.to_owned(), rest.to_owned());
            }
            let piece = self.answer.chunk().await.unwrap()?;
            self.unread += std::str::from_utf8(&piece).unwrap();
        };
        self.unread = rest;
        let mut message = Message::default();
        for line in block.lines() {
            match line.split_once(':').unwrap() {
                ("", _) => message.comment = true,
                ("id", id) => id.trim().clone_into(&mut self.last_id),
                ("event", name) => name.trim().clone_into(&mut message.name),
                ("data", data) => data.trim().clone_into(&mut message.data),
                _ => {}
            }
        }
        Some(message)
    }

    /// The next event that has data.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            let message = self.block().await?;
            if !message.data.is_empty() {
                return Some((message.name, serde_json::from_str(&message.data).unwrap()));
            }
        }
    }

    /// Waits until the stream has said from where it goes.
    async fn until_open(&mut self) {
        while self.last_id.is_empty() {
            self.block().await.unwrap();
        }
    }
}

#[tokio::test]
async fn every_change_is_an_event_in_the_order_of_the_changes() {
    let (gateway, _server) = pair().await;
    let mut events = Events::open(&gateway, "").await;
    events.until_open().await;
    let (user, _) = gateway.create("Ana", "ana@exemplo.com").await;
    let path = format!("/usuarios/{}", user["id"].as_str().unwrap());
    let request = gateway
        .ask(Method::PATCH, &path)
        .json(&json!({"nome": "Maria"}));
    let changed: Value = request.send().await.unwrap().json().await.unwrap();
    gateway.ask(Method::DELETE, &path).send().await.unwrap();
    for (tipo, user) in [
        ("criado", &user),
        ("atualizado", &changed),
        ("removido", &changed),
    ] {
        let (name, change) = events.next().await.unwrap();
        assert_eq!(
            (name.as_str(), &change["tipo"], &change["usuario"]),
            ("", &json!(tipo), user)
        );
        assert!(change["momento"].as_str().unwrap().ends_with('Z'));
    }
}

#[tokio::test]
async fn a_client_that_comes_back_gets_what_it_missed() {
    let (gateway, _server) = pair().await;
    let mut events = Events::open(&gateway, "").await;
    events.until_open().await;
    gateway.create("Ana", "ana@exemplo.com").await;
    events.next().await.unwrap();
    let last_id = events.last_id.clone();
    drop(events);
    for number in 0..3 {
        gateway
            .create("João", &format!("joao{number}@exemplo.com"))
            .await;
    }
    let mut events = Events::open(&gateway, &last_id).await;
    for number in 0..3 {
        let (_, change) = events.next().await.unwrap();
        assert_eq!(
            change["usuario"]["email"],
            json!(format!("joao{number}@exemplo.com"))
        );
    }
}

#[tokio::test]
async fn what_is_not_kept_any_more_is_410_and_the_client_starts_anew() {
    let server = Server::start(&[("MAX_CHANGES", "2")]).await;
    let gateway = Gateway::start(&[server.address], &[]).await;
    let mut events = Events::open(&gateway, "").await;
    events.until_open().await;
    let last_id = events.last_id.clone();
    for number in 0..5 {
        gateway
            .create("Ana", &format!("ana{number}@exemplo.com"))
            .await;
    }
    let request = gateway.ask(Method::GET, "/usuarios/mudancas");
    let answer = request
        .header("last-event-id", last_id)
        .send()
        .await
        .unwrap();
    problem(answer, 410).await;
}

#[tokio::test]
async fn a_quiet_stream_shows_that_it_lives() {
    let server = Server::start(&[]).await;
    let gateway = Gateway::start(&[server.address], &[("HEARTBEAT_INTERVAL", "10ms")]).await;
    let mut events = Events::open(&gateway, "").await;
    events.until_open().await;
    for _ in 0..3 {
        assert!(events.block().await.unwrap().comment);
    }
}

fn change(token: &str) -> proto::ObservarUsuariosResponse {
    let usuario = proto::Usuario {
        id: token.to_owned(),
        ..proto::Usuario::default()
    };
    proto::ObservarUsuariosResponse {
        mudanca: Some(proto::Mudanca {
            tipo: proto::TipoMudanca::Criado.into(),
            usuario: Some(usuario),
            ..proto::Mudanca::default()
        }),
        token: token.to_owned(),
    }
}

#[tokio::test]
async fn a_server_that_goes_away_is_followed_by_another_one_from_where_it_was() {
    let (server, script, _life) = failing(Some(Status::unavailable("draining"))).await;
    let streams = [vec![change("a"), change("b")], vec![change("c")]];
    script.streams.lock().unwrap().extend(streams);
    let gateway = Gateway::start(&[server], &[]).await;
    let mut events = Events::open(&gateway, "").await;
    for id in ["a", "b", "c"] {
        let (_, change) = events.next().await.unwrap();
        assert_eq!(
            (events.last_id.as_str(), &change["usuario"]["id"]),
            (id, &json!(id))
        );
    }
    assert_eq!(*script.tokens.lock().unwrap(), ["", "b"]);
}

#[tokio::test]
async fn a_stream_that_cannot_go_on_says_why_with_its_last_event() {
    let (server, script, _life) = failing(Some(Status::out_of_range("lost"))).await;
    script.streams.lock().unwrap().push(vec![change("a")]);
    let gateway = Gateway::start(&[server], &[]).await;
    let mut events = Events::open(&gateway, "").await;
    events.next().await.unwrap();
    let (name, told) = events.next().await.unwrap();
    assert_eq!((name.as_str(), &told["status"]), ("erro", &json!(410)));
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn a_gateway_that_drains_ends_its_streams_and_finishes() {
    let (gateway, _server) = pair().await;
    let mut events = Events::open(&gateway, "").await;
    events.until_open().await;
    gateway.lifecycle.drain();
    assert_eq!(events.next().await, None);
    // One who comes now is served until nothing is any more.
    let mut late = Events::open(&gateway, "").await;
    late.until_open().await;
    assert_eq!(gateway.lifecycle.end(Duration::from_secs(20)).await, 0);
    assert_eq!(late.next().await, None);
}

#[tokio::test]
async fn an_event_source_waits_for_a_server_that_is_away() {
    let gateway = Gateway::without(&[]).await;
    let mut events = Events::source(&gateway).await;
    let server = Server::start(&[]).await;
    gateway.name.set([server.address]);
    events.until_open().await;
    gateway.create("Ana", "ana@exemplo.com").await;
    let (_, change) = events.next().await.unwrap();
    assert_eq!(change["tipo"], json!("criado"));
}

#[tokio::test]
async fn an_event_source_without_room_is_told_by_an_event_to_come_back() {
    let server = Server::start(&[]).await;
    let gateway = Gateway::start(&[server.address], &[("MAX_STREAMS", "1")]).await;
    let _first = Events::source(&gateway).await;
    let mut refused = Events::source(&gateway).await;
    let (name, told) = refused.next().await.unwrap();
    assert_eq!((name.as_str(), &told["status"]), ("erro", &json!(503)));
    assert_eq!(refused.next().await, None);

    let rates = [
        ("MAX_REQUESTS_PER_SECOND", "1"),
        ("MAX_REQUESTS_BURST", "1"),
    ];
    let gateway = Gateway::start(&[server.address], &rates).await;
    gateway.get("/docs").await;
    let (name, told) = Events::source(&gateway).await.next().await.unwrap();
    assert_eq!((name.as_str(), &told["status"]), ("erro", &json!(429)));
}
