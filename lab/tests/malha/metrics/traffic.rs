//! A lab in which as much happens as is needed for metrics to have values.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use lab::catalogue;
use lab::plan::prefix;

use super::documents::Documented;
use super::openmetrics::{self, Family};
use testing::address;

use crate::harness::Lab;

/// Metrics that have values in every run, where there is a service that has them.
pub(super) const HAPPENS: &[&str] = &[
    "target_info",
    "service_dependency_ready",
    "server_connections_open",
    "server_connections_accepted_total",
    "server_connections_refused_total",
    "server_connections_cut_total",
    "http_server_request_duration_seconds",
    "http_client_request_duration_seconds",
    "tcp_server_request_duration_seconds",
    "tcp_client_request_duration_seconds",
    "rpc_server_call_duration_seconds",
    "rpc_client_call_duration_seconds",
    "db_client_operation_duration_seconds",
    "chat_clients",
    "chat_entries_taken_total",
    "chat_outbox_waiting",
    "chat_relayed_total",
    "chat_refused_total",
];

/// A lab that is used, with a Redis where one is installed.
pub(super) struct Busy {
    lab: Lab,
    redis: Option<Redis>,
    addresses: BTreeMap<&'static str, SocketAddr>,
    admins: Vec<SocketAddr>,
    http: reqwest::Client,
    // They hold places, and are looked at by limits, for as long as they are open.
    held: Vec<TcpStream>,
}

impl Busy {
    pub(super) async fn start() -> Self {
        let redis = Redis::start();
        let mut environment: Vec<(String, String)> = [
            // The third connection is refused; who has said too much may not stay.
            ("SOCKETS_SERVER_MAX_CONNECTIONS", "2"),
            ("SOCKETS_SERVER_LINGER_TIMEOUT", "10ms"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        if let Some(redis) = &redis {
            let url = format!("redis://{}", redis.address);
            environment.push(("GRPC_SERVIDOR_REDIS_URL".to_owned(), url));
        }
        let (mut addresses, mut admins) = (BTreeMap::new(), Vec::new());
        for (_, row) in catalogue::services() {
            let (name, admin) = (row.program.name, address());
            environment.push((format!("{}ADMIN_LISTEN", prefix(name)), admin.to_string()));
            admins.push(admin);
            if row.port.is_some() {
                let listen = address();
                environment.push((format!("{}LISTEN", prefix(name)), listen.to_string()));
                addresses.insert(name, listen);
            }
        }
        let borrowed: Vec<_> = environment
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let lab = Lab::ready(&borrowed).await;
        let mut busy = Self {
            lab,
            redis,
            addresses,
            admins,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            held: Vec::new(),
        };
        busy.use_it().await;
        busy
    }

    /// Does what the services' own clients do not.
    async fn use_it(&mut self) {
        let sockets = self.addresses["sockets-server"];
        let mut talkative = TcpStream::connect(sockets).unwrap();
        talkative.write_all(&[1; 100]).unwrap();
        self.held.push(talkative);
        for _ in 0..3 {
            self.held.push(TcpStream::connect(sockets).unwrap());
        }
        if let Some(gateway) = self.addresses.get("grpc-cliente") {
            let users = format!("http://{gateway}/usuarios");
            let answer = self.http.get(users).send().await.unwrap();
            assert_eq!(answer.status(), 200);
        }
        if let Some(chat) = self.addresses.get("serviceA") {
            self.held.push(joining(*chat, "7"));
            self.held.push(joining(*chat, "nobody")); // no number: refused
        }
    }

    /// Whether some service of this lab has that metric.
    pub(super) fn has(&self, metric: &Documented) -> bool {
        let of_redis = metric.name.starts_with("db_") || metric.name.starts_with("redis_");
        if of_redis && self.redis.is_none() {
            return false;
        }
        let mut exercises = metric.section.split_whitespace();
        metric.section == "Every service"
            || exercises.any(|word| catalogue::exercise(word).is_some())
    }

    /// The metrics of all services; none while one of them does not answer.
    pub(super) async fn families(&self) -> Option<BTreeMap<String, Family>> {
        let mut families = BTreeMap::new();
        for admin in &self.admins {
            let asked = self.http.get(format!("http://{admin}/metrics"));
            let asked = asked.header("accept", "application/openmetrics-text");
            let answer = asked.timeout(Duration::from_secs(5)).send().await.ok()?;
            openmetrics::read(&answer.text().await.ok()?, &mut families);
        }
        Some(families)
    }

    /// The names of the attributes of all spans so far, as Jaeger's API gives them.
    pub(super) async fn attributes(&self) -> Option<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        for service in self.lab.json("/api/services").await["data"].as_array()? {
            let asked = format!(
                "/api/traces?service={}&limit=100&lookback=1h",
                service.as_str()?
            );
            for trace in self.lab.json(&asked).await["data"].as_array()? {
                for span in trace["spans"].as_array()? {
                    let tags = span["tags"].as_array()?.iter();
                    names.extend(tags.filter_map(|tag| Some(tag["key"].as_str()?.to_owned())));
                }
            }
        }
        Some(names)
    }

    /// An attribute of each protocol that this lab speaks.
    pub(super) fn attributes_expected(&self) -> Vec<&'static str> {
        let by_service = [
            ("desafio1-servidor", "http.route"),
            ("sockets-server", "network.transport"),
            ("grpc-servidor", "rpc.status_code"),
            ("serviceA", "chat.client"),
        ];
        let there = by_service.into_iter();
        let mut expected: Vec<_> = there
            .filter(|(service, _)| self.addresses.contains_key(service))
            .map(|(_, attribute)| attribute)
            .collect();
        if self.redis.is_some() && self.addresses.contains_key("grpc-servidor") {
            expected.push("db.operation.name");
        }
        expected
    }
}

/// A client of the chat that asks to join.
fn joining(chat: SocketAddr, client: &str) -> TcpStream {
    let mut stream = TcpStream::connect(chat).unwrap();
    let upgrade = format!(
        "GET /ws/{client} HTTP/1.1\r\nHost: {chat}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(upgrade.as_bytes()).unwrap();
    stream
}

/// A Redis of this test's own.
struct Redis {
    process: Child,
    address: SocketAddr,
}

impl Redis {
    /// None where it is not installed.
    #[expect(clippy::print_stderr, reason = "says what is not looked at")]
    fn start() -> Option<Self> {
        let address = address();
        let port = address.port().to_string();
        let started = Command::new("redis-server")
            .args([
                "--port",
                &port,
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
            ])
            .stdout(Stdio::null())
            .spawn();
        match started {
            Ok(process) => Some(Self { process, address }),
            Err(error) => {
                eprintln!("skipped: the metrics of Redis, since redis-server: {error}");
                None
            }
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It has ended already where it could not listen.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
