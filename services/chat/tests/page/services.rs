//! `serviceA` and `serviceB` as real processes, that can die and come back.

use std::net::SocketAddr;

use tempfile::{TempDir, tempdir};
use testing::{Process, Signal, TestLifecycle, address, listener};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

const CHAT: &str = env!("CARGO_BIN_EXE_chat");
pub(crate) const TRACES: &str = "http://traces.example/trace/{trace}";

/// One service, running or not, always at the same address.
pub(crate) struct Service {
    name: &'static str,
    address: SocketAddr,
    peer: String,
    process: Option<Process>,
    disk: Option<TempDir>,
}

impl Service {
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts it, and waits until it listens.
    pub(crate) async fn start(&mut self) {
        let address = self.address.to_string();
        let disk = self.disk.as_ref().map(|disk| disk.path().to_str().unwrap());
        let settings = [
            ("OUTBOX_DIR", disk.unwrap_or_default()),
            ("LISTEN", address.as_str()),
            ("SERVICE_NAME", self.name),
            ("PEER_URL", &self.peer),
            ("TRACE_URL", TRACES),
            ("ROOT_PATH", "/chat"),
        ];
        let process = Process::start(CHAT, &settings);
        assert_eq!(process.address("LISTEN").await, self.address);
        self.process = Some(process);
    }

    /// SIGKILL, as a machine that loses its power.
    pub(crate) async fn kill(&mut self) {
        let mut process = self.process.take().expect("a running service");
        process.signal(Signal::SIGKILL);
        process.ended().await;
    }
}

/// Both services, which relay to one another and keep what they know in memory alone.
pub(crate) async fn both() -> (Service, Service) {
    let (mut a, mut b) = neither();
    a.start().await;
    b.start().await;
    (a, b)
}

/// Both, with `serviceB` keeping its log on a disk.
pub(crate) async fn both_with_disk() -> (Service, Service) {
    let (mut a, mut b) = neither();
    b.disk = Some(tempdir().unwrap());
    a.start().await;
    b.start().await;
    (a, b)
}

fn neither() -> (Service, Service) {
    // Their addresses must be known before they start, and stay the same when they start again.
    let [a, b] = [address(), address()];
    let service = |name, address, peer: SocketAddr| Service {
        name,
        address,
        peer: format!("http://{peer}/relay"),
        process: None,
        disk: None,
    };
    (service("serviceA", a, b), service("serviceB", b, a))
}

/// A way to a service that can be cut, as networks are.
pub(crate) struct Wire {
    address: SocketAddr,
    state: watch::Sender<State>,
    _life: TestLifecycle,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Whole,
    /// What the service says is lost; what it is told is not.
    Deaf,
    Cut,
}

impl Wire {
    pub(crate) async fn to(service: SocketAddr) -> Self {
        let listener = listener().await;
        let address = listener.local_addr().unwrap();
        let (state, states) = watch::channel(State::Whole);
        let lifecycle = TestLifecycle::default();
        let spawner = lifecycle.lifecycle().clone();
        lifecycle.lifecycle().spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                spawner.spawn(carry(stream, service, states.clone()));
            }
        });
        Self {
            address,
            state,
            _life: lifecycle,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Loses what the service says from now on.
    pub(crate) fn deafen(&self) {
        self.state.send_replace(State::Deaf);
    }

    /// Ends every connection, and every further one at once.
    pub(crate) fn cut(&self) {
        self.state.send_replace(State::Cut);
    }

    /// Carries connections again.
    pub(crate) fn mend(&self) {
        self.state.send_replace(State::Whole);
    }
}

/// Carries bytes both ways until either end closes or the wire is cut.
async fn carry(mut page: TcpStream, service: SocketAddr, mut states: watch::Receiver<State>) {
    let state = states.clone();
    if *state.borrow() == State::Cut {
        return;
    }
    let Ok(mut service) = TcpStream::connect(service).await else {
        return;
    };
    let (mut from_page, mut to_page) = page.split();
    let (mut from_service, mut to_service) = service.split();
    let answers = async {
        let mut bytes = [0; 4096];
        while let Ok(length @ 1..) = from_service.read(&mut bytes).await {
            let lost = *state.borrow() == State::Deaf;
            if !lost && to_page.write_all(&bytes[..length]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        _ = tokio::io::copy(&mut from_page, &mut to_service) => {}
        () = answers => {}
        _ = states.wait_for(|state| *state == State::Cut) => {}
    }
}
