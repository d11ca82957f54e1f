//! DNS that can be broken: a server of our own, which services ask because they see another
//! `/etc/resolv.conf` (in a mount namespace of their own, which needs root).

mod answer;
mod named;

pub(crate) use named::{Named, Places};

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::UdpSocket;
use tokio::process::Command;
use tokio::task::JoinHandle;

use crate::row::Row;

/// The names that one exercise looks up, and the server that knows them.
#[derive(Debug)]
pub(crate) struct Names {
    /// Where it listens.
    address: SocketAddr,
    known: Arc<Mutex<HashMap<String, Vec<Ipv4Addr>>>>,
    serving: Mutex<Option<JoinHandle<()>>>,
    /// The files that services see in `/etc`.
    files: tempfile::TempDir,
}

/// Shows it files of ours in `/etc` before it becomes the program. Nobody else sees them.
const SEE: &str =
    r#"for file in "$0"/*; do mount --bind "$file" "/etc/${file##*/}" || exit; done; exec "$1""#;

/// Programs that ask anybody else than DNS would not notice that it is broken.
const ORDER: &str = "hosts: files dns\n";

impl Names {
    /// A server at an address that nobody has; none where this machine does not allow it. A service
    /// that is patient asks again only when the C library's own time has passed.
    pub(crate) async fn start(patient: bool) -> anyhow::Result<Option<Self>> {
        let files = tempfile::tempdir()?;
        let Some(socket) = free().await else {
            return Ok(None);
        };
        let address = socket.local_addr()?;
        let again = if patient { "" } else { "options timeout:1\n" };
        let resolver = format!("nameserver {}\n{again}", address.ip());
        for (name, text) in [
            ("resolv.conf", resolver.as_str()),
            ("hosts", "127.0.0.1 localhost\n"),
            ("nsswitch.conf", ORDER),
        ] {
            std::fs::write(files.path().join(name), text)?;
        }
        let names = Self {
            address,
            known: Arc::default(),
            serving: Mutex::default(),
            files,
        };
        let mut trial = command(names.files(), Path::new("true"));
        let tried = trial.stderr(Stdio::null()).status().await;
        if !tried.is_ok_and(|status| status.success()) {
            return Ok(None);
        }
        names.answer(socket);
        Ok(Some(names))
    }

    /// What a scenario says where there is none.
    pub(crate) fn lacking() -> Row {
        let why = "this machine lets nobody have an /etc/resolv.conf and a port 53 of their own";
        Row::skipped("all", why)
    }

    /// Where the files are that services must see.
    pub(crate) fn files(&self) -> &Path {
        self.files.path()
    }

    /// The name has these addresses from now on.
    pub(crate) fn set(&self, name: &str, addresses: &[Ipv4Addr]) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(name.to_owned(), addresses.to_owned());
    }

    /// Nobody is there any more: who asks is told so by the system.
    pub(crate) async fn is_gone(&self) {
        self.end().await;
    }

    /// Nobody answers any more, and nobody is told.
    pub(crate) async fn is_silent(&self) -> io::Result<()> {
        self.end().await;
        let socket = UdpSocket::bind(self.address).await?;
        self.run(async move {
            let _mute = socket;
            std::future::pending::<()>().await;
        });
        Ok(())
    }

    /// All is well again.
    pub(crate) async fn is_well(&self) -> io::Result<()> {
        self.end().await;
        self.answer(UdpSocket::bind(self.address).await?);
        Ok(())
    }

    fn answer(&self, socket: UdpSocket) {
        let known = Arc::clone(&self.known);
        self.run(async move {
            let mut question = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut question).await {
                let known = |name: &str| {
                    let known = known.lock().unwrap_or_else(PoisonError::into_inner);
                    known.get(name).cloned()
                };
                if let Some(answer) = answer::to(&question[..length], known) {
                    // Who is gone needs no answer.
                    let _ = socket.send_to(&answer, from).await;
                }
            }
        });
    }

    #[expect(clippy::disallowed_methods, reason = "ends with the scenario")]
    fn run(&self, server: impl Future<Output = ()> + Send + 'static) {
        let mut serving = self.serving.lock().unwrap_or_else(PoisonError::into_inner);
        *serving = Some(tokio::spawn(server));
    }

    async fn end(&self) {
        let serving = {
            let mut serving = self.serving.lock().unwrap_or_else(PoisonError::into_inner);
            serving.take()
        };
        if let Some(serving) = serving {
            serving.abort();
            // Its socket is closed once it has ended, which is by being told to.
            let _ = serving.await;
        }
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        let mut serving = self.serving.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(serving) = serving.take() {
            serving.abort();
        }
    }
}

/// A command that becomes the program, and sees these files in its `/etc`.
pub(crate) fn command(files: &Path, program: &Path) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "sh", "-c", SEE]);
    command.arg(files).arg(program);
    command
}

/// The port of DNS at one of this machine's many addresses.
async fn free() -> Option<UdpSocket> {
    for _ in 0..20 {
        let address = Ipv4Addr::new(127, 53, rand::random(), rand::random_range(1..255));
        if let Ok(socket) = UdpSocket::bind((address, 53)).await {
            return Some(socket);
        }
    }
    None
}
