//! The client against servers that know nothing of it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};

use crate::support::start_server;
use hello::input::{AtEnd, Typed};
use hello::settings::{ClientSettings, Names};
use hello::{Client, Error, client, input};
use testing::{CapturedOutput, TestLifecycle, blocking, eventually, settings};

/// A client that ends by itself: what it prints, and how it ends.
async fn run(
    server: SocketAddr,
    more: &[(&str, &str)],
    typed: Option<&str>,
) -> (String, Result<(), Error>) {
    let (printed, lifecycle) = (CapturedOutput::default(), TestLifecycle::default());
    let input =
        typed.map(|typed| input::lines(std::io::Cursor::new(typed.to_owned()), AtEnd::Stop));
    let outcome = client::run(
        told(server, more),
        input,
        printed.clone(),
        lifecycle.lifecycle().clone(),
    )
    .await;
    (printed.text(), outcome)
}

fn told(server: SocketAddr, more: &[(&str, &str)]) -> ClientSettings {
    let address = server.to_string();
    let environment = [&[("SERVER_ADDRESS", &*address), ("INTERVAL", "1ms")], more].concat();
    settings::<Client>(&environment)
}

#[tokio::test]
async fn it_prompts_as_the_original_and_greets_line_by_line_to_the_end_of_input() {
    let (server, _life) = start_server(&[("PAUSE", "1m")]).await;
    let (printed, outcome) = run(server, &[], Some("João\r\n\n李小龙")).await;
    outcome.unwrap();
    let expected = "Digite seu nome: Olá, João!\nDigite seu nome: Digite seu nome: Olá, 李小龙!\n\
                    Digite seu nome: \n";
    assert_eq!(printed, expected);
}

#[tokio::test]
async fn a_list_goes_round_as_often_as_it_is_told() {
    let (server, _life) = start_server(&[]).await;
    let (printed, outcome) = run(server, &[("NAMES", "Ana, Rui"), ("COUNT", "3")], None).await;
    outcome.unwrap();
    assert_eq!(printed, "Olá, Ana!\nOlá, Rui!\nOlá, Ana!\n");
}

#[tokio::test]
async fn an_answer_that_cannot_be_printed_is_not_success() {
    let (server, _life) = start_server(&[]).await;
    for (names, expected) in [
        (
            &[("NAMES", "Ana"), ("COUNT", "1")][..],
            "1 of 1 names got no greeting",
        ),
        (&[], "the answer could not be printed"),
    ] {
        let mut settings = told(server, names);
        if names.is_empty() {
            settings.names = Names::One("Ana".to_owned());
        }
        let full = std::io::Cursor::new([0; 1]);
        let lifecycle = TestLifecycle::default();
        let outcome = client::run(settings, None, full, lifecycle.lifecycle().clone()).await;
        assert_eq!(outcome.unwrap_err().to_string(), expected);
    }
}

#[tokio::test]
async fn a_list_and_a_terminal_are_both_heard() {
    let (server, lifecycle) = start_server(&[]).await;
    let (printed, of_client) = (CapturedOutput::default(), TestLifecycle::default());
    let (typed, lines) = tokio::sync::mpsc::channel(1);
    let settings = told(server, &[("NAMES", "Ana"), ("INTERVAL", "50ms")]);
    let running = client::run(
        settings,
        Some(lines),
        printed.clone(),
        of_client.lifecycle().clone(),
    );
    let running = of_client.lifecycle().spawn(running);
    // Somebody comes, leaves by Ctrl-D, and somebody else comes.
    typed.send(Typed::Left).await.unwrap();
    let name = "João".as_bytes().to_vec();
    typed.send(Typed::Line(name)).await.unwrap();
    eventually("both greeted", async || {
        let text = printed.text();
        (text.contains("Olá, João!\n") && text.contains("\nOlá, Ana!\n")).then_some(())
    })
    .await;
    of_client.drain();
    running.await.unwrap().unwrap();
    drop(lifecycle);
}

#[tokio::test]
async fn names_that_are_refused_are_counted_in_the_end() {
    let (server, _life) = start_server(&[]).await;
    let (printed, outcome) = run(server, &[], Some("a\tb\nAna\n")).await;
    assert!(
        printed.contains("Erro: o nome tem caracteres de controle\n"),
        "{printed}"
    );
    assert!(printed.contains("Olá, Ana!\n"), "{printed}");
    assert_eq!(
        outcome.unwrap_err().to_string(),
        "1 of 2 names got no greeting"
    );
}

#[tokio::test]
async fn an_absent_server_is_tried_again_until_it_is_there() {
    let away = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = away.local_addr().unwrap();
    drop(away);
    let (printed, lifecycle) = (CapturedOutput::default(), TestLifecycle::default());
    let running = client::run(
        told(address, &[("NAMES", "Ana"), ("COUNT", "1")]),
        None,
        printed.clone(),
        lifecycle.lifecycle().clone(),
    );
    let running = lifecycle.lifecycle().spawn(running);
    let reason = eventually("a reason", async || {
        let report = lifecycle.lifecycle().readiness().report();
        report
            .checks
            .iter()
            .find_map(|check| check.reason.clone())
            .filter(|reason| reason.contains("refused"))
    })
    .await;
    assert!(reason.contains(&address.to_string()), "{reason}");

    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let server = TestLifecycle::default();
    let served = server.lifecycle().clone();
    server.lifecycle().spawn(hello::server::serve(
        settings::<hello::Server>(&[]),
        listener,
        served,
    ));
    running.await.unwrap().unwrap();
    assert_eq!(printed.text(), "Olá, Ana!\n");
}

#[tokio::test]
async fn patience_with_an_absent_server_ends() {
    let away = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = away.local_addr().unwrap();
    drop(away);
    let (printed, outcome) = run(address, &[("GIVE_UP_AFTER", "0s")], Some("Ana\n")).await;
    assert_eq!(printed, "Digite seu nome: Digite seu nome: \n");
    assert_eq!(
        outcome.unwrap_err().to_string(),
        "1 of 1 names got no greeting"
    );
}

/// A server as in any textbook: reads once, sends once, closes. Returns what it read.
fn plain_server(listener: &TcpListener) -> Vec<u8> {
    let (mut stream, _) = listener.accept().unwrap();
    let mut name = [0; 1024];
    let read = stream.read(&mut name).unwrap();
    stream
        .write_all(&[b"Ol\xc3\xa1, ", &name[..read], b"!"].concat())
        .unwrap();
    name[..read].to_vec()
}

#[tokio::test]
async fn a_plain_server_gets_the_bare_name() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = blocking(move || plain_server(&listener));
    let client = run(address, &[("NAMES", "João"), ("COUNT", "1")], None);
    let (received, (printed, outcome)) = tokio::join!(server, client);
    outcome.unwrap();
    assert_eq!(printed, "Olá, João!\n");
    assert_eq!(received, "João".as_bytes());
}
