//! What hostile clients cost a machine that does nothing for them: a process that takes what they send.

use std::io;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// What this program is called with, to be the process.
pub(crate) const ARGUMENT: &str = "sink";

/// As many as a service lets in under a pod's memory limit; more are closed.
const MOST: usize = 3000;

/// Who says nothing goes after what services are told to wait.
const SILENCE: Duration = Duration::from_millis(1500);

/// Who has said much, and waits for an answer, goes as soon as it would have one.
const PAUSE: Duration = Duration::from_millis(20);

/// So much is more than slow clients say.
const MUCH: usize = 100;

/// The process, and where it listens.
pub(super) async fn start() -> anyhow::Result<(Child, SocketAddr)> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg(format!("--{ARGUMENT}"))
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let stdout = child.stdout.take().context("its stdout is a pipe")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).await?;
    let address = line.trim().parse();
    Ok((child, address.context("it says where it listens")?))
}

/// Takes what comes, until it is killed.
pub(crate) async fn take(listener: TcpListener) -> io::Result<()> {
    let mut all = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        while all.try_join_next().is_some() {}
        if all.len() < MOST {
            all.spawn(take_from(stream));
        }
    }
}

async fn take_from(mut stream: TcpStream) -> io::Result<()> {
    let (mut piece, mut all) = (vec![0; 16 * 1024], 0);
    loop {
        let wait = if all < MUCH { SILENCE } else { PAUSE };
        let read = timeout(wait, stream.read(&mut piece)).await??;
        if read == 0 {
            return Ok(());
        }
        if all == 0 && piece.starts_with(b"GET /ws/") {
            // Its frames would not come otherwise.
            stream.write_all(b"HTTP/1.1 101 \r\n\r\n").await?;
        }
        all += read;
    }
}
