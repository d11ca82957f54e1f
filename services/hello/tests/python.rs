//! The programs as processes, and Python's plain `socket` on the other side: the original's shape.
#![cfg(test)]

use testing::{Process, python};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

const SERVER: &str = env!("CARGO_BIN_EXE_hello-server");
const CLIENT: &str = env!("CARGO_BIN_EXE_hello-client");

/// Connects, sends a name, reads once.
const PLAIN_CLIENT: &str = r#"
import socket, sys

host, port = sys.argv[1].rsplit(":", 1)
with socket.create_connection((host, int(port)), timeout=30) as connection:
    connection.sendall(sys.argv[2].encode())
    print(connection.recv(1024).decode(), end="")
"#;

/// Reads once, sends once, closes.
const PLAIN_SERVER: &str = r#"
import socket

with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    connection, _ = server.accept()
    with connection:
        nome = connection.recv(1024).decode()
        connection.send(f"Olá, {nome}!".encode())
"#;

#[tokio::test]
async fn a_plain_python_client_is_greeted() {
    let server = Process::start(SERVER, &[]);
    let address = server.address("LISTEN").await.to_string();
    for (name, greeting) in [
        ("João", "Olá, João!"),
        ("李小龙\n", "Olá, 李小龙!"),
        ("\t", "Erro: o nome tem caracteres de controle"),
    ] {
        let Some(mut client) = python(PLAIN_CLIENT) else {
            return;
        };
        let output = client.args([&*address, name]).output().await.unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), greeting);
    }
}

#[tokio::test]
async fn a_plain_python_server_is_understood() {
    let Some(mut server) = python(PLAIN_SERVER) else {
        return;
    };
    let mut server = server.spawn().unwrap();
    let mut port = String::new();
    let mut printed = BufReader::new(server.stdout.take().unwrap());
    printed.read_line(&mut port).await.unwrap();
    let output = Command::new(CLIENT)
        .args(["--name", "João", "--admin-listen", "127.0.0.1:0"])
        .args(["--server-address", &format!("127.0.0.1:{}", port.trim())])
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "Olá, João!\n");
    assert_eq!(output.status.code(), Some(0));
    assert!(server.wait().await.unwrap().success());
}
