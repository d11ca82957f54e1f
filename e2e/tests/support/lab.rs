//! A lab of its own for a test: free ports, its lines, its end.

use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use catalogue::Catalogue;
use e2e::target::Target;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Child;
use url::Url;

use crate::support::{eventually, root};

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

/// A free port below those that systems give to clients, so that it is not taken by the time the
/// lab listens.
fn free() -> SocketAddr {
    // Labs that start at once must not find the same ones.
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 22_000 + u16::try_from(std::process::id() % 220).unwrap() * 40;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed);
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

/// Addresses of a lab.
struct Moved {
    /// The setting that says where, the port of the documents, the address in this lab.
    all: Vec<(String, u16, SocketAddr)>,
}

impl Moved {
    /// A free port for everything of this exercise that listens, or of all.
    fn everything(of: Option<&str>) -> Self {
        let own = [
            ("LAB_PAGE_LISTEN", 8888),
            ("LAB_OTLP_LISTEN", 4318),
            ("LAB_OTLP_GRPC_LISTEN", 4317),
            ("LAB_TOXIPROXY_LISTEN", 8474),
            ("ADMIN_LISTEN", 9464),
        ];
        let own = own.map(|(setting, port)| (setting.to_owned(), port));
        let catalogue = Catalogue::read(&root()).unwrap();
        let services = catalogue.services();
        let wanted = services.filter(|(exercise, _)| of.is_none_or(|of| exercise.name == of));
        let services = wanted.flat_map(|(_, service)| {
            let prefix = service.name.to_uppercase().replace('-', "_");
            let serves = service.serves.iter();
            let serves = serves.map(|serves| (format!("{prefix}_LISTEN"), serves.lab));
            let probes = (format!("{prefix}_ADMIN_LISTEN"), service.probes);
            serves.chain([probes]).collect::<Vec<_>>()
        });
        let all = own.into_iter().chain(services);
        let all = all.map(|(setting, port)| (setting, port, free())).collect();
        Self { all }
    }

    fn of(&self, setting: &str) -> SocketAddr {
        self.find(setting).unwrap()
    }

    /// None, where the service is of another exercise.
    fn find(&self, setting: &str) -> Option<SocketAddr> {
        let mut all = self.all.iter();
        all.find(|(known, ..)| known == setting)
            .map(|(_, _, address)| *address)
    }
}

/// A service without a lab beside it.
pub(crate) fn alone(service: &str) -> tokio::process::Command {
    let mut command = tokio::process::Command::new(malha());
    command
        .arg(service)
        .env_remove("OTEL_EXPORTER_OTLP_ENDPOINT")
        .env("LAB_PAGE_LISTEN", free().to_string());
    command
}

/// A process that goes on, and what it has printed so far. It is killed when dropped.
pub(crate) struct Printing {
    process: Child,
    printed: Arc<Mutex<String>>,
}

impl Printing {
    pub(crate) fn start(mut command: tokio::process::Command) -> Self {
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let printed = Arc::default();
        follow(process.stdout.take(), &printed);
        follow(process.stderr.take(), &printed);
        Self { process, printed }
    }

    /// Waits for a line that has all of these in it.
    pub(crate) async fn says(&self, texts: &[&str]) {
        eventually(&texts.join(" … "), async || {
            let printed = self.printed.lock().unwrap();
            let is_it = |line: &str| texts.iter().all(|text| line.contains(text));
            printed.lines().any(is_it).then_some(())
        })
        .await;
    }
}

const CLIENTS: [&str; 3] = ["DESAFIO1_CLIENT", "HELLO_CLIENT", "SOCKETS_CLIENT"];

pub(crate) struct Lab {
    /// With answers and logs in what it prints.
    running: Printing,
    pub(crate) target: Target,
    page: Url,
    /// Addresses as the documents name them, and where they are in this lab.
    moved: Moved,
}

impl Lab {
    pub(crate) async fn start() -> Self {
        Self::with(None, &[]).await
    }

    /// A lab of one exercise, with these settings.
    pub(crate) async fn of(exercise: &str, environment: &[(&str, &str)]) -> Self {
        Self::with(Some(exercise), environment).await
    }

    async fn with(exercise: Option<&str>, environment: &[(&str, &str)]) -> Self {
        let moved = Moved::everything(exercise);
        let listen = moved.all.iter();
        let listen = listen.map(|(setting, _, address)| (setting, address.to_string()));
        let mut command = tokio::process::Command::new(malha());
        command
            .args(exercise)
            .env_remove("OTEL_EXPORTER_OTLP_ENDPOINT")
            .envs(listen)
            .envs(CLIENTS.map(|client| (format!("{client}_INTERVAL"), "200ms")))
            .env("DESAFIO1_CLIENT_MAX_BACKOFF", "400ms")
            .envs(environment.iter().copied());
        let running = Printing::start(command);
        let url = |address: SocketAddr| Url::parse(&format!("http://{address}/")).unwrap();
        let text = |address: SocketAddr| address.to_string();
        let page = url(moved.of("LAB_PAGE_LISTEN"));
        let target = Target {
            desafio1: moved.find("DESAFIO1_SERVIDOR_LISTEN").map(url),
            hello: moved.find("HELLO_SERVER_LISTEN").map(text),
            usuarios: moved.find("GRPC_CLIENTE_LISTEN").map(url),
            usuarios_grpc: moved.find("GRPC_SERVIDOR_LISTEN").map(url),
            usuarios_store: None,
            chat_a: moved.find("SERVICEA_LISTEN").map(url),
            chat_b: moved.find("SERVICEB_LISTEN").map(url),
            sockets: moved.find("SOCKETS_SERVER_LISTEN").map(text),
            jaeger: Some(page.clone()),
        };
        let ready = url(moved.of("ADMIN_LISTEN")).join("readyz").unwrap();
        let lab = Self {
            running,
            target,
            page,
            moved,
        };
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
        self.running.printed.lock().unwrap().clone()
    }

    /// A text of the documents, with the addresses of this lab, be they in a line or in Python.
    pub(crate) fn moved(&self, text: &str) -> String {
        let python = |address: &str| address.replace(':', "\", ");
        let moved = self.moved.all.iter();
        moved.fold(text.to_owned(), |text, (_, port, address)| {
            let named = format!("localhost:{port}");
            let actual = format!("localhost:{}", address.port());
            let text = text.replace(&named, &actual);
            text.replace(&python(&named), &python(&actual))
        })
    }

    /// Where the page answers.
    pub(crate) fn page_address(&self) -> String {
        self.moved.of("LAB_PAGE_LISTEN").to_string()
    }

    /// What the page knows of the server.
    pub(crate) async fn servidor(&self) -> Option<Value> {
        self.service("desafio1-servidor").await
    }

    /// What the page knows of a service.
    pub(crate) async fn service(&self, name: &str) -> Option<Value> {
        let answer = reqwest::get(self.page.join("lab/services").unwrap())
            .await
            .ok()?;
        let state: Value = answer.json().await.ok()?;
        let services = state["services"].as_array()?.clone();
        services.into_iter().find(|service| service["name"] == name)
    }

    /// Runs a command of the lab's beside it, and gives what it printed.
    pub(crate) fn command(&self, line: &str) -> String {
        let page = self.page_address();
        let output = Command::new(malha())
            .args(line.split(' '))
            .args(["--at", &page])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) async fn end(mut self) {
        let id = i32::try_from(self.running.process.id().unwrap()).unwrap();
        kill(Pid::from_raw(id), Signal::SIGTERM).unwrap();
        assert_eq!(self.running.process.wait().await.unwrap().code(), Some(0));
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
