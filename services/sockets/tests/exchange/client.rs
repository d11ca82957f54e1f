//! The client against servers that know nothing of it.

use std::io::{Cursor, Read, Write};
use std::net::{SocketAddr, TcpListener};

use sockets::{Client, Error, client};
use testing::{CapturedOutput, TestLifecycle, blocking, settings};

use crate::support::start_server;

/// A client that ends by itself: what it prints, and how it ends.
async fn run(server: SocketAddr, more: &[(&str, &str)]) -> (Vec<String>, Result<(), Error>) {
    let address = server.to_string();
    let environment = [&[("SERVER_ADDRESS", &*address), ("INTERVAL", "1ms")], more].concat();
    let (printed, lifecycle) = (CapturedOutput::default(), TestLifecycle::default());
    let settings = settings::<Client>(&environment);
    let outcome = client::run(settings, printed.clone(), lifecycle.lifecycle().clone()).await;
    (printed.lines(), outcome)
}

#[tokio::test]
async fn without_a_number_it_sends_one_from_1_to_1000_each_time() {
    let (server, _life) = start_server(&[("MODE", "full")]).await;
    let (lines, outcome) = run(server, &[("COUNT", "20")]).await;
    outcome.unwrap();
    assert_eq!(lines.len(), 20);
    for line in lines {
        let number: u64 = line.split_once(':').unwrap().0.parse().unwrap();
        assert!((1..=1000).contains(&number), "{line}");
    }
}

#[tokio::test]
async fn a_wide_number_is_sent_whole() {
    let (server, _life) = start_server(&[]).await;
    let number = "9".repeat(154);
    let (lines, outcome) = run(server, &[("NUMBER", &number)]).await;
    outcome.unwrap();
    assert_eq!(lines, [number]);
}

#[tokio::test]
async fn an_absent_server_costs_an_answer_and_not_the_program() {
    let away = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = away.local_addr().unwrap();
    drop(away);
    let (lines, outcome) = run(address, &[("GIVE_UP_AFTER", "0s"), ("COUNT", "2")]).await;
    assert!(lines.is_empty());
    assert_eq!(
        outcome.unwrap_err().to_string(),
        "2 of 2 numbers got no answer"
    );
}

#[tokio::test]
async fn an_answer_that_cannot_be_printed_counts_as_none() {
    let (server, _life) = start_server(&[]).await;
    let address = server.to_string();
    let settings = settings::<Client>(&[("SERVER_ADDRESS", &address)]);
    let full = Cursor::new([0; 1]);
    let lifecycle = TestLifecycle::default();
    let outcome = client::run(settings, full, lifecycle.lifecycle().clone()).await;
    assert_eq!(
        outcome.unwrap_err().to_string(),
        "1 of 1 numbers got no answer"
    );
}

/// A server as in any textbook: reads once, sends once, closes. Returns what it read.
fn plain_server(listener: &TcpListener) -> Vec<u8> {
    let (mut stream, _) = listener.accept().unwrap();
    let mut number = [0; 1024];
    let read = stream.read(&mut number).unwrap();
    stream.write_all("ÍMPAR".as_bytes()).unwrap();
    number[..read].to_vec()
}

#[tokio::test]
async fn a_plain_server_gets_two_bytes() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = blocking(move || plain_server(&listener));
    let client = run(address, &[("NUMBER", "17")]);
    let (received, (lines, outcome)) = tokio::join!(server, client);
    outcome.unwrap();
    assert_eq!((received, lines), (vec![0, 17], vec!["ÍMPAR".to_owned()]));
}
