//! `serviceA` and `serviceB` as real processes, that can die and come back.

use std::net::SocketAddr;

use runtime::testing::{Process, Signal, TestLife, listener};
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
        let settings = [
            ("LISTEN", address.as_str()),
            ("SERVICE_NAME", self.name),
            ("PEER_URL", &self.peer),
            ("TRACE_URL", TRACES),
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

/// Both services, which relay to one another.
pub(crate) async fn both() -> (Service, Service) {
    // Their addresses must be known before they start, and stay the same when they start again.
    let free = [listener().await, listener().await];
    let [a, b] = free.map(|listener| listener.local_addr().unwrap());
    let service = |name, address, peer: SocketAddr| Service {
        name,
        address,
        peer: format!("http://{peer}"),
        process: None,
    };
    let (mut a, mut b) = (service("serviceA", a, b), service("serviceB", b, a));
    a.start().await;
    b.start().await;
    (a, b)
}

/// A way to a service that can be cut, as networks are.
pub(crate) struct Wire {
    address: SocketAddr,
    whole: watch::Sender<bool>,
    _life: TestLife,
}

impl Wire {
    pub(crate) async fn to(service: SocketAddr) -> Self {
        let listener = listener().await;
        let address = listener.local_addr().unwrap();
        let (whole, wholes) = watch::channel(true);
        let life = TestLife::default();
        let spawner = life.life().clone();
        life.life().spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                spawner.spawn(carry(stream, service, wholes.clone()));
            }
        });
        Self {
            address,
            whole,
            _life: life,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Ends every connection, and every further one at once.
    pub(crate) fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Carries connections again.
    pub(crate) fn mend(&self) {
        self.whole.send_replace(true);
    }
}

/// Carries bytes both ways until either end closes or the wire is cut.
async fn carry(mut page: TcpStream, service: SocketAddr, mut wholes: watch::Receiver<bool>) {
    if !*wholes.borrow() {
        return;
    }
    let Ok(mut service) = TcpStream::connect(service).await else {
        return;
    };
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut page, &mut service) => {}
        _ = wholes.wait_for(|whole| !*whole) => {}
    }
}
