//! The program's loads that go on until they are told to end.
#![cfg(test)]

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::Notify;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Answers every request, and says when there have been this many. Before the first comes a connection
/// without any, by which the load learns that the address is reached.
async fn answer(listener: TcpListener, answered: Arc<AtomicU64>, many: u64, enough: Arc<Notify>) {
    let (mut dial, _) = listener.accept().await.unwrap();
    assert_eq!(dial.read_buf(&mut Vec::new()).await.unwrap(), 0);
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
        }
        stream.write_all(ANSWER).await.unwrap();
        if answered.fetch_add(1, Ordering::Relaxed) + 1 == many {
            enough.notify_one();
        }
    }
}

#[tokio::test]
async fn a_load_goes_on_beyond_its_least_number_until_sigterm_and_reports() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("--url=http://{}/", listener.local_addr().unwrap());
    let (answered, enough) = (Arc::<AtomicU64>::default(), Arc::<Notify>::default());
    let load = Command::new(env!("CARGO_BIN_EXE_e2e"))
        .args(["load", "--until-told", "--requests=10", "--rate=500", &url])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let pid = Pid::from_raw(i32::try_from(load.id().unwrap()).unwrap());
    let serving = answer(listener, Arc::clone(&answered), 30, Arc::clone(&enough));
    let ended = async {
        enough.notified().await;
        kill(pid, Signal::SIGTERM).unwrap();
        load.wait_with_output().await.unwrap()
    };
    let output = tokio::select! {
        () = serving => unreachable!(),
        output = ended => output,
    };
    let report = String::from_utf8(output.stdout).unwrap();
    let answered = answered.load(Ordering::Relaxed);
    let wanted = format!("{answered} ok, 0 lost, in ");
    assert!(report.starts_with(&wanted), "{answered} answered: {report}");
    assert_eq!(output.status.code(), Some(0));
}
