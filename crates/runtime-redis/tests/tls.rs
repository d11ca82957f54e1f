//! Redis by TLS, as `rediss://` asks for it.
#![cfg(test)]

use std::process::{Child, Stdio};

use clap::{Args, Command as Program};
use runtime::settings::{Inputs, Source};
use runtime_redis::{Command, Policy, Probe, RedisClient, RedisOptions, RedisSettings};
use testing::{Authority, RedisServer, Signed, TestLifecycle, address, eventually, has_redis};

/// A Redis with a port for TLS beside its other one, over which the test asks it.
struct TlsRedis {
    server: RedisServer,
    port: String,
}

impl TlsRedis {
    async fn start(authority: &Authority, asks_for_certificates: bool, more: &[&str]) -> Self {
        let (port, files) = (address().port().to_string(), Files::of(authority));
        let asks = if asks_for_certificates { "yes" } else { "no" };
        let arguments = [&files.arguments(&port, asks)[..], more];
        let server = RedisServer::start(&arguments.concat()).await;
        Self { server, port }
    }

    fn url(&self) -> String {
        format!("rediss://127.0.0.1:{}", self.port)
    }
}

/// What a server shows, and whom it believes.
struct Files {
    own: Signed,
    ca: String,
}

impl Files {
    fn of(authority: &Authority) -> Self {
        Self {
            own: authority.sign("redis"),
            ca: authority.certificate(),
        }
    }

    fn arguments<'a>(&'a self, port: &'a str, asks: &'a str) -> [&'a str; 10] {
        let Signed { certificate, key } = &self.own;
        [
            "--tls-port",
            port,
            "--tls-cert-file",
            certificate,
            "--tls-key-file",
            key,
            "--tls-ca-cert-file",
            &self.ca,
            "--tls-auth-clients",
            asks,
        ]
    }
}

/// A sentinel that listens by TLS alone, and watches a master by TLS. Killed when dropped.
struct TlsSentinel {
    process: Child,
    port: String,
    _directory: tempfile::TempDir,
}

impl TlsSentinel {
    fn start(authority: &Authority, master: &TlsRedis) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let watched = format!("sentinel monitor mymaster 127.0.0.1 {} 1\n", master.port);
        std::fs::write(directory.path().join("sentinel.conf"), watched).unwrap();
        let (port, files) = (address().port().to_string(), Files::of(authority));
        let process = std::process::Command::new("redis-server")
            .args(["sentinel.conf", "--sentinel", "--port", "0"])
            .args(["--bind", "127.0.0.1", "--tls-replication", "yes"])
            .args(files.arguments(&port, "no"))
            .current_dir(&directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            process,
            port,
            _directory: directory,
        }
    }
}

impl Drop for TlsSentinel {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn read(settings: &[(&str, &str)]) -> Result<RedisSettings, String> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let inputs = Inputs {
        environment: settings.iter().map(owned).collect(),
        ..Inputs::default()
    };
    let program = RedisOptions::augment_args(Program::new("test"));
    let source = Source::load(program, inputs).unwrap();
    let read = RedisSettings::read(source.group().unwrap(), &source);
    read.map(Option::unwrap).map_err(|error| error.to_string())
}

/// A client that has time for a handshake on any machine, and what its readiness tells.
fn client(settings: &[(&str, &str)]) -> (RedisClient, TestLifecycle) {
    let patient = [("REDIS_CONNECT_TIMEOUT", "20s"), ("REDIS_TIMEOUT", "20s")];
    let settings = read(&[settings, &patient].concat()).unwrap();
    let life = TestLifecycle::default();
    let probe = Probe::new("probe", &[]);
    let client = RedisClient::new(settings, Policy::FailFast, probe, life.lifecycle());
    (client.unwrap(), life)
}

/// Writes by a shared connection and reads by one of its own, once Redis answers.
async fn exchange((client, _life): (RedisClient, TestLifecycle)) -> String {
    let set = Command::write("SET").arg("key").arg("olá");
    eventually("Redis takes a value", async || {
        client.query::<()>(&set).await.ok()
    })
    .await;
    let mut dedicated = client.dedicated().await.unwrap();
    let get = Command::read("GET").arg("key");
    let limit = std::time::Duration::from_secs(20);
    dedicated.query(&get, limit).await.unwrap()
}

/// Waits until readiness tells that Redis is not come to, with this in the reason.
async fn refused_for((_client, life): (RedisClient, TestLifecycle), reason: &str) {
    let readiness = life.lifecycle().readiness();
    eventually(reason, async || {
        let checks = readiness.report().checks;
        let mut reasons = checks.into_iter().filter_map(|check| check.reason);
        reasons.any(|told| told.contains(reason)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_redis_is_believed_by_the_authority_that_signed_its_certificate() {
    if !has_redis("a_redis_is_believed_by_the_authority_that_signed_its_certificate") {
        return;
    }
    let (authority, stranger) = (Authority::new(), Authority::new());
    let redis = TlsRedis::start(&authority, false, &[]).await;
    let (url, ca, other) = (redis.url(), authority.certificate(), stranger.certificate());
    let url = ("REDIS_URL", &*url);

    let believing = client(&[url, ("REDIS_CA_FILE", &ca)]);
    assert_eq!(exchange(believing).await, "olá");
    assert_eq!(redis.server.ask(&["GET", "key"]).as_deref(), Some("olá"));

    let doubting = client(&[url, ("REDIS_CA_FILE", &other)]);
    refused_for(doubting, "invalid peer certificate").await;
}

#[tokio::test]
async fn a_redis_that_asks_for_a_certificate_is_shown_one() {
    if !has_redis("a_redis_that_asks_for_a_certificate_is_shown_one") {
        return;
    }
    let authority = Authority::new();
    let redis = TlsRedis::start(&authority, true, &[]).await;
    let (url, ca, own) = (redis.url(), authority.certificate(), authority.sign("us"));
    let server = [("REDIS_URL", &*url), ("REDIS_CA_FILE", &*ca)];
    let identity = [
        ("REDIS_CERT_FILE", &*own.certificate),
        ("REDIS_KEY_FILE", &*own.key),
    ];
    let known = client(&[server, identity].concat());
    assert_eq!(exchange(known).await, "olá");
    refused_for(client(&server), "CertificateRequired").await;
}

#[tokio::test]
async fn the_nodes_of_a_cluster_are_asked_by_tls() {
    if !has_redis("the_nodes_of_a_cluster_are_asked_by_tls") {
        return;
    }
    let authority = Authority::new();
    let of_cluster = ["--cluster-enabled", "yes", "--tls-cluster", "yes"];
    let redis = TlsRedis::start(&authority, false, &of_cluster).await;
    let all = redis
        .server
        .ask(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    assert_eq!(all.as_deref(), Some("OK"));
    eventually("the cluster is whole", async || {
        let info = redis.server.ask(&["CLUSTER", "INFO"])?;
        info.contains("cluster_state:ok").then_some(())
    })
    .await;
    let (url, ca) = (redis.url(), authority.certificate());
    let settings = [
        ("REDIS_URL", &*url),
        ("REDIS_CA_FILE", &*ca),
        ("REDIS_MODE", "cluster"),
    ];
    assert_eq!(exchange(client(&settings)).await, "olá");
}

#[tokio::test]
async fn sentinels_and_their_master_are_asked_by_tls() {
    if !has_redis("sentinels_and_their_master_are_asked_by_tls") {
        return;
    }
    let authority = Authority::new();
    let redis = TlsRedis::start(&authority, false, &[]).await;
    let sentinel = TlsSentinel::start(&authority, &redis);
    let url = format!("rediss://localhost:{}", sentinel.port);
    let ca = authority.certificate();
    let settings = [
        ("REDIS_URL", &*url),
        ("REDIS_CA_FILE", &*ca),
        ("REDIS_MODE", "sentinel"),
    ];
    assert_eq!(exchange(client(&settings)).await, "olá");
}

#[test]
fn files_that_cannot_be_used_are_refused_by_the_name_of_their_setting() {
    let authority = Authority::new();
    let (ca, own) = (authority.certificate(), authority.sign("us"));
    let other = authority.sign("other");
    let (tls, plain) = (
        ("REDIS_URL", "rediss://redis"),
        ("REDIS_URL", "redis://redis"),
    );
    let (certificate, key) = ("REDIS_CERT_FILE", "REDIS_KEY_FILE");
    for (settings, name, expected) in [
        (
            &[tls, ("REDIS_CA_FILE", "/nowhere/ca.pem")][..],
            "REDIS_CA_FILE=\"/nowhere/ca.pem\"",
            "cannot be read",
        ),
        (
            &[tls, ("REDIS_CA_FILE", &*own.key)],
            "REDIS_CA_FILE=",
            "no certificate in PEM",
        ),
        (
            &[tls, (certificate, &*own.certificate)],
            "REDIS_KEY_FILE is not set",
            "the certificate's key",
        ),
        (
            &[tls, (key, &*own.key)],
            "REDIS_CERT_FILE is not set",
            "the key's certificate",
        ),
        (
            &[tls, (certificate, &*own.certificate), (key, &*ca)],
            "REDIS_KEY_FILE=",
            "no private key in PEM",
        ),
        (
            &[
                tls,
                ("REDIS_CA_FILE", &*ca),
                (certificate, &*own.certificate),
                (key, &*other.key),
            ],
            "REDIS_KEY_FILE=",
            "certificate and key cannot be used",
        ),
        (
            &[plain, ("REDIS_CA_FILE", &*ca)],
            "REDIS_CA_FILE=",
            "a rediss:// URL",
        ),
    ] {
        let error = read(settings).unwrap_err();
        assert!(
            error.starts_with(name) && error.contains(expected),
            "{error}"
        );
    }
}
