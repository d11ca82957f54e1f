//! The two programs as real processes: what they print, and how they end.
#![cfg(test)]

use std::process::Output;

use testing::{Process, Signal};
use tokio::process::Command;

const SERVER: &str = env!("CARGO_BIN_EXE_sockets-server");
const CLIENT: &str = env!("CARGO_BIN_EXE_sockets-client");

async fn client(server: &Process, args: &[&str]) -> Output {
    let address = server.address("LISTEN").await.to_string();
    let mut command = Command::new(CLIENT);
    command
        .args([
            "--admin-listen",
            "127.0.0.1:0",
            "--server-address",
            &address,
        ])
        .args(args);
    command.kill_on_drop(true).output().await.unwrap()
}

#[tokio::test]
async fn one_number_is_answered_and_the_program_ends_well() {
    let server = Process::start(SERVER, &[]);
    let output = client(&server, &["--number", "17"]).await;
    assert_eq!(String::from_utf8_lossy(&output.stdout), "ÍMPAR\n");
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[tokio::test]
async fn a_number_that_is_none_ends_it_with_2() {
    let server = Process::start(SERVER, &[]);
    assert_eq!(
        client(&server, &["--number", "-1"]).await.status.code(),
        Some(2)
    );
}

#[tokio::test]
async fn for_ever_ends_when_it_is_told() {
    let server = Process::start(SERVER, &[("MODE", "full")]);
    let address = server.address("LISTEN").await.to_string();
    let settings = [
        ("SERVER_ADDRESS", &*address),
        ("COUNT", "0"),
        ("INTERVAL", "10ms"),
    ];
    let mut client = Process::start(CLIENT, &settings);
    client.stdout.containing("PRIMO").await;
    client.signal(Signal::SIGTERM);
    assert_eq!(client.ended().await.code(), Some(0));
}
