//! A lab of its own for a test: free ports, its lines, its end.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use lab::catalogue;
use lab::plan::prefix;
use serde_json::Value;
use testing::{address, eventually};

/// The binary `malha` without what a developer's own environment may say.
pub(crate) fn malha() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_malha"));
    for name in [
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_SDK_DISABLED",
        "LOG_LEVEL",
        "LOG_FORMAT",
    ] {
        command.env_remove(name);
    }
    command
}

/// The services that these tests do not look at listen anywhere.
fn others() -> impl Iterator<Item = (String, String)> {
    let others = catalogue::services().filter(|(exercise, _)| exercise.name != "desafio1");
    others.flat_map(|(_, row)| {
        let listen = row.port.map(|_| "LISTEN");
        let settings = listen.into_iter().chain(["ADMIN_LISTEN"]);
        settings.map(|setting| (prefix(row.program.name) + setting, address().to_string()))
    })
}

/// Where everything of one lab listens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    pub(crate) page: SocketAddr,
    pub(crate) otlp: SocketAddr,
    pub(crate) otlp_grpc: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) toxiproxy: SocketAddr,
    pub(crate) servidor: SocketAddr,
    pub(crate) servidor_admin: SocketAddr,
    pub(crate) client_admin: SocketAddr,
}

impl Ports {
    pub(crate) fn free() -> Self {
        Self {
            page: address(),
            otlp: address(),
            otlp_grpc: address(),
            admin: address(),
            toxiproxy: address(),
            servidor: address(),
            servidor_admin: address(),
            client_admin: address(),
        }
    }

    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let own = [
            ("LAB_PAGE_LISTEN", self.page.to_string()),
            ("LAB_OTLP_LISTEN", self.otlp.to_string()),
            ("LAB_OTLP_GRPC_LISTEN", self.otlp_grpc.to_string()),
            ("ADMIN_LISTEN", self.admin.to_string()),
            ("LAB_TOXIPROXY_LISTEN", self.toxiproxy.to_string()),
            ("DESAFIO1_SERVIDOR_LISTEN", self.servidor.to_string()),
            (
                "DESAFIO1_SERVIDOR_ADMIN_LISTEN",
                self.servidor_admin.to_string(),
            ),
            (
                "DESAFIO1_CLIENT_ADMIN_LISTEN",
                self.client_admin.to_string(),
            ),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value));
        own.into_iter().chain(others()).collect()
    }

    pub(crate) fn all(&self) -> [SocketAddr; 8] {
        [
            self.page,
            self.otlp,
            self.otlp_grpc,
            self.admin,
            self.toxiproxy,
            self.servidor,
            self.servidor_admin,
            self.client_admin,
        ]
    }
}

/// Whether anything listens there.
pub(crate) fn listens(address: SocketAddr) -> bool {
    TcpStream::connect(address).is_ok()
}

/// A running lab. It is killed when dropped, and its services end with it.
pub(crate) struct Lab {
    pub(crate) ports: Ports,
    process: Child,
    out: Lines,
    err: Lines,
    http: reqwest::Client,
}

impl Lab {
    /// Starts a lab whose client asks five times a second.
    pub(crate) fn start(args: &[&str], environment: &[(&str, &str)]) -> Self {
        let ports = Ports::free();
        let mut process = malha()
            .args(args)
            .envs(ports.environment())
            .env("DESAFIO1_CLIENT_INTERVAL", "200ms")
            .env("DESAFIO1_CLIENT_MAX_BACKOFF", "500ms")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = Lines::of(process.stdout.take().unwrap());
        let err = Lines::of(process.stderr.take().unwrap());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            ports,
            process,
            out,
            err,
            http,
        }
    }

    /// Starts a lab and waits until all its services are ready.
    pub(crate) async fn ready(environment: &[(&str, &str)]) -> Self {
        let lab = Self::start(&[], environment);
        lab.until_ready().await;
        lab
    }

    pub(crate) async fn until_ready(&self) {
        let url = format!("http://{}/readyz", self.ports.admin);
        eventually("every service is ready", async || {
            let answer = self.http.get(&url).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
    }

    pub(crate) fn request(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.get(format!("http://{}{path}", self.ports.page))
    }

    /// Sends it spans, as OTLP's JSON.
    pub(crate) async fn export(&self, export: &Value) {
        let url = format!("http://{}/v1/traces", self.ports.otlp);
        let answer = self.http.post(url).json(export).send().await.unwrap();
        assert_eq!(answer.json::<Value>().await.unwrap(), serde_json::json!({}));
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        self.request(path)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    /// The address of a page, as a browser has it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.ports.page.port())
    }

    /// What the page says of a service.
    pub(crate) async fn service(&self, name: &str) -> Value {
        let state = self.json("/lab/services").await;
        let services = state["services"].as_array().unwrap().clone();
        services
            .into_iter()
            .find(|service| service["name"] == name)
            .unwrap()
    }

    /// Waits for a line on standard output.
    pub(crate) async fn says(&self, text: &str) {
        eventually(text, async || self.out.position(&[text]).map(|_| ())).await;
    }

    /// Waits for a line on standard error that has all of these in it, and gives its number.
    pub(crate) async fn logs(&self, texts: &[&str]) -> usize {
        eventually(&texts.join(" … "), async || self.err.position(texts)).await
    }

    /// Sends it a signal, as in `TERM`.
    pub(crate) fn signal(&self, signal: &str) {
        send(signal, u64::from(self.process.id()));
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        eventually("the lab has ended", async || {
            self.process.try_wait().unwrap()
        })
        .await
    }
}

impl Drop for Lab {
    #[expect(
        clippy::print_stderr,
        reason = "a test that failed shows what was said"
    )]
    fn drop(&mut self) {
        // It has ended already in the tests of its end.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            eprintln!("{}\n{}", self.err.text(), self.out.text());
        }
    }
}

/// Sends a signal to a process.
pub(crate) fn send(signal: &str, pid: u64) {
    let command = format!("kill -{signal} {pid}");
    let sent = Command::new("sh").args(["-c", &command]).status().unwrap();
    assert!(sent.success(), "{command}");
}

/// What a process has written so far.
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn of(pipe: impl Read + Send + 'static) -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let own = Arc::clone(&lines);
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                own.lock().unwrap().push(line);
            }
        });
        Self(lines)
    }

    fn position(&self, texts: &[&str]) -> Option<usize> {
        let holds = |line: &String| texts.iter().all(|text| line.contains(text));
        self.0.lock().unwrap().iter().position(holds)
    }

    fn text(&self) -> String {
        self.0.lock().unwrap().join("\n")
    }
}
