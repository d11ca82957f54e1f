//! A lab of its own for a test: free ports, its lines, its end.

use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use e2e::target::Target;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Child;
use url::Url;

use crate::support::eventually;

/// The program `malha`, built as `cargo run` would.
pub(crate) fn malha() -> &'static str {
    static PATH: OnceLock<String> = OnceLock::new();
    PATH.get_or_init(|| {
        let built = Command::new(env!("CARGO"))
            .args([
                "build",
                "--package=lab",
                "--bin=malha",
                "--message-format=json",
            ])
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(built.status.success(), "the lab does not build");
        let messages = String::from_utf8(built.stdout).unwrap();
        let messages = messages
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let paths = messages.filter_map(|message| Some(message["executable"].as_str()?.to_owned()));
        paths.fold(None, |_, path| Some(path)).unwrap()
    })
}

/// Free ports below those that systems give to clients, so that none is taken by the time the
/// lab listens.
fn free<const N: usize>() -> [SocketAddr; N] {
    // Labs that start at once must not find the same ones.
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 22_000 + u16::try_from(std::process::id() % 220).unwrap() * 40;
    std::array::from_fn(|_| {
        loop {
            let port = first + NEXT.fetch_add(1, Ordering::Relaxed);
            let address = SocketAddr::from(([127, 0, 0, 1], port));
            if TcpListener::bind(address).is_ok() {
                return address;
            }
        }
    })
}

/// The probes that no test asks.
const OTHERS: [&str; 9] = [
    "GRPC_SERVIDOR_ADMIN_LISTEN",
    "GRPC_CLIENTE_ADMIN_LISTEN",
    "DESAFIO1_CLIENT_ADMIN_LISTEN",
    "HELLO_SERVER_ADMIN_LISTEN",
    "HELLO_CLIENT_ADMIN_LISTEN",
    "SERVICEA_ADMIN_LISTEN",
    "SERVICEB_ADMIN_LISTEN",
    "SOCKETS_SERVER_ADMIN_LISTEN",
    "SOCKETS_CLIENT_ADMIN_LISTEN",
];

const CLIENTS: [&str; 3] = ["DESAFIO1_CLIENT", "HELLO_CLIENT", "SOCKETS_CLIENT"];

pub(crate) struct Lab {
    process: Child,
    pub(crate) target: Target,
    page: Url,
    /// What it has printed so far, answers and logs.
    printed: Arc<Mutex<String>>,
    /// Addresses as the documents name them, and where they are in this lab.
    moved: [(&'static str, String); 10],
}

impl Lab {
    pub(crate) async fn start() -> Self {
        let [page, otlp, admin, servidor, servidor_admin, hello, sockets] = free();
        let [cliente, usuarios, service_a, service_b] = free();
        let others: [SocketAddr; 9] = free();
        let text = |address: SocketAddr| address.to_string();
        let mut process = tokio::process::Command::new(malha())
            .env_remove("OTEL_EXPORTER_OTLP_ENDPOINT")
            .envs([
                ("LAB_PAGE_LISTEN", text(page)),
                ("LAB_OTLP_LISTEN", text(otlp)),
                ("ADMIN_LISTEN", text(admin)),
                ("DESAFIO1_SERVIDOR_LISTEN", text(servidor)),
                ("DESAFIO1_SERVIDOR_ADMIN_LISTEN", text(servidor_admin)),
                ("HELLO_SERVER_LISTEN", text(hello)),
                ("GRPC_CLIENTE_LISTEN", text(cliente)),
                ("GRPC_SERVIDOR_LISTEN", text(usuarios)),
                ("SERVICEA_LISTEN", text(service_a)),
                ("SERVICEB_LISTEN", text(service_b)),
                ("SOCKETS_SERVER_LISTEN", text(sockets)),
            ])
            .envs(OTHERS.into_iter().zip(others.map(text)))
            .envs(CLIENTS.map(|client| (format!("{client}_INTERVAL"), "200ms")))
            .env("DESAFIO1_CLIENT_MAX_BACKOFF", "400ms")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let url = |address: SocketAddr| Url::parse(&format!("http://{address}/")).unwrap();
        let target = Target {
            desafio1: Some(url(servidor)),
            hello: Some(text(hello)),
            usuarios: Some(url(cliente)),
            usuarios_grpc: Some(url(usuarios)),
            usuarios_store: None,
            chat_a: Some(url(service_a)),
            chat_b: Some(url(service_b)),
            sockets: Some(text(sockets)),
            jaeger: Some(url(page)),
        };
        let moved = [
            ("localhost:8080", servidor),
            ("localhost:8888", page),
            ("localhost:4318", otlp),
            ("localhost:9111", servidor_admin),
            ("localhost:8180", hello),
            ("localhost:8100", cliente),
            ("localhost:50051", usuarios),
            ("localhost:8000", service_a),
            ("localhost:8001", service_b),
            ("localhost:65432", sockets),
        ];
        let moved = moved.map(|(named, address)| (named, format!("localhost:{}", address.port())));
        let printed = Arc::default();
        follow(process.stdout.take(), &printed);
        follow(process.stderr.take(), &printed);
        let lab = Self {
            process,
            target,
            page: url(page),
            printed,
            moved,
        };
        let ready = url(admin).join("readyz").unwrap();
        eventually("every service of the lab is ready", async || {
            reqwest::get(ready.clone())
                .await
                .ok()?
                .status()
                .is_success()
                .then_some(())
        })
        .await;
        lab
    }

    /// What it has printed so far.
    pub(crate) fn printed(&self) -> String {
        self.printed.lock().unwrap().clone()
    }

    /// A text of the documents, with the addresses of this lab, be they in a line or in Python.
    pub(crate) fn moved(&self, text: &str) -> String {
        let python = |address: &str| address.replace(':', "\", ");
        let moved = self.moved.iter();
        moved.fold(text.to_owned(), |text, (named, actual)| {
            let text = text.replace(named, actual);
            text.replace(&python(named), &python(actual))
        })
    }

    /// What the page knows of the server.
    pub(crate) async fn servidor(&self) -> Option<Value> {
        let answer = reqwest::get(self.page.join("lab/services").unwrap())
            .await
            .ok()?;
        let state: Value = answer.json().await.ok()?;
        let services = state["services"].as_array()?.clone();
        services
            .into_iter()
            .find(|service| service["name"] == "desafio1-servidor")
    }

    pub(crate) async fn end(mut self) {
        let id = i32::try_from(self.process.id().unwrap()).unwrap();
        kill(Pid::from_raw(id), Signal::SIGTERM).unwrap();
        assert_eq!(self.process.wait().await.unwrap().code(), Some(0));
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "ends with the process whose output it reads"
)]
fn follow(output: Option<impl AsyncRead + Unpin + Send + 'static>, printed: &Arc<Mutex<String>>) {
    let (output, printed) = (output.unwrap(), Arc::clone(printed));
    tokio::spawn(async move {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut printed = printed.lock().unwrap();
            printed.push_str(&line);
            printed.push('\n');
        }
    });
}
