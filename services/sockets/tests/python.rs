//! The programs as processes, and Python's plain `socket` on the other side: the original's shape.
#![cfg(test)]

use testing::{Process, python};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

const SERVER: &str = env!("CARGO_BIN_EXE_sockets-server");
const CLIENT: &str = env!("CARGO_BIN_EXE_sockets-client");

/// Connects, sends a number in so many bytes, reads once.
const PLAIN_CLIENT: &str = r#"
import socket, sys

host, port = sys.argv[1].rsplit(":", 1)
number, size = int(sys.argv[2]), int(sys.argv[3])
with socket.create_connection((host, int(port)), timeout=30) as connection:
    connection.sendall(number.to_bytes(size, "big"))
    print(connection.recv(1024).decode(), end="")
"#;

/// Reads once, sends once, closes.
const PLAIN_SERVER: &str = r#"
import socket

with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    connection, _ = server.accept()
    with connection:
        number = connection.recv(1024)
        assert len(number) == 2, number
        even = int.from_bytes(number, "big") % 2 == 0
        connection.send(("PAR" if even else "ÍMPAR").encode())
"#;

#[tokio::test]
async fn a_plain_python_client_is_answered() {
    let server = Process::start(SERVER, &[]);
    let address = server.address("LISTEN").await.to_string();
    for (number, size, answer) in [
        ("17", "2", "ÍMPAR"),
        ("1000", "2", "PAR"),
        ("1000000000", "4", "1000000000"),
        ("17", "65", "Erro: mais de 64 bytes"),
    ] {
        let Some(mut client) = python(PLAIN_CLIENT) else {
            return;
        };
        let output = client.args([&*address, number, size]).output();
        let output = output.await.unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), answer);
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
        .args(["--number", "17", "--admin-listen", "127.0.0.1:0"])
        .args(["--server-address", &format!("127.0.0.1:{}", port.trim())])
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "ÍMPAR\n");
    assert_eq!(output.status.code(), Some(0));
    assert!(server.wait().await.unwrap().success());
}
