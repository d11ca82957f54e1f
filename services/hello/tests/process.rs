//! The two programs as real processes: what they print, and how they end.
#![cfg(test)]

use std::process::{Output, Stdio};

use testing::{Process, Signal, listener};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

const SERVER: &str = env!("CARGO_BIN_EXE_hello-server");
const CLIENT: &str = env!("CARGO_BIN_EXE_hello-client");

/// Runs the client with this input to its end.
async fn client(args: &[&str], environment: &[(&str, &str)], input: &str) -> Output {
    let mut child = Command::new(CLIENT)
        .args(args)
        .env("ADMIN_LISTEN", "127.0.0.1:0")
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).await.unwrap();
    drop(stdin);
    child.wait_with_output().await.unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

#[tokio::test]
async fn a_name_on_the_command_line_is_greeted_and_the_program_ends_well() {
    let server = Process::start(SERVER, &[]);
    let address = server.address("LISTEN").await.to_string();
    let args = ["--server-address", &address, "--name", "João"];
    // Some systems set NAME to the name of the machine.
    let output = client(&args, &[("NAME", "DESKTOP-1")], "").await;
    assert_eq!(
        (stdout(&output), output.status.code()),
        ("Olá, João!\n", Some(0))
    );
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[tokio::test]
async fn a_pipe_is_read_to_its_end_with_the_prompt_of_the_original() {
    let server = Process::start(SERVER, &[]);
    let address = server.address("LISTEN").await.to_string();
    let settings = [("SERVER_ADDRESS", &*address)];
    let output = client(&[], &settings, "João\n").await;
    assert_eq!(
        stdout(&output),
        "Digite seu nome: Olá, João!\nDigite seu nome: \n"
    );
    assert_eq!(output.status.code(), Some(0));
}

#[tokio::test]
async fn a_refused_name_and_an_absent_server_end_it_with_1_and_a_reason() {
    let server = Process::start(SERVER, &[]);
    let address = server.address("LISTEN").await.to_string();
    let output = client(&["--name", " "], &[("SERVER_ADDRESS", &address)], "").await;
    assert_eq!(
        (stdout(&output), output.status.code()),
        ("Erro: o nome está vazio\n", Some(1))
    );

    let away = listener().await;
    let address = away.local_addr().unwrap().to_string();
    drop(away);
    let settings = [("SERVER_ADDRESS", &*address), ("GIVE_UP_AFTER", "0s")];
    let output = client(&["--name", "Ana"], &settings, "").await;
    assert_eq!((stdout(&output), output.status.code()), ("", Some(1)));
    let reason = String::from_utf8_lossy(&output.stderr);
    assert!(
        reason.contains(&format!("no connection to {address}")),
        "{reason}"
    );
}

#[tokio::test]
async fn a_wrong_setting_ends_it_with_2() {
    let output = client(&[], &[("SERVER_ADDRESS", "server")], "").await;
    assert_eq!(output.status.code(), Some(2));
    let reason = String::from_utf8_lossy(&output.stderr);
    assert!(reason.contains("such as server:8080"), "{reason}");
}

#[tokio::test]
async fn two_at_a_prompt_do_not_quarrel_over_the_admin_port() {
    let taken = listener().await;
    let address = taken.local_addr().unwrap().to_string();
    let output = client(&[], &[("ADMIN_LISTEN", &address)], "").await;
    assert_eq!(
        (stdout(&output), output.status.code()),
        ("Digite seu nome: \n", Some(0))
    );
    // Without a person there are probes to answer.
    let settings = [("ADMIN_LISTEN", &*address), ("NAMES", "Ana")];
    assert_eq!(client(&[], &settings, "").await.status.code(), Some(1));
}

#[tokio::test]
async fn a_list_goes_on_until_it_is_told_to_end() {
    let server = Process::start(SERVER, &[]);
    let address = server.address("LISTEN").await.to_string();
    let settings = [
        ("SERVER_ADDRESS", &*address),
        ("NAMES", "Ana,Rui"),
        ("INTERVAL", "10ms"),
    ];
    let mut client = Process::start(CLIENT, &settings);
    assert_eq!(client.stdout.containing("Rui").await, "Olá, Rui!");
    client.signal(Signal::SIGTERM);
    assert_eq!(client.ended().await.code(), Some(0));
}
