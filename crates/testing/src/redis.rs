//! Real Redis servers for tests: one alone, a cluster of three, a master that sentinels watch.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::eventually;
use super::ports::{Ports, is_free};
use super::skip::{is_installed, not_installed};

/// A Redis server on a free port of this machine, without anything on disk. Killed when dropped.
#[derive(Debug)]
pub struct RedisServer {
    process: Option<Child>,
    port: u16,
    arguments: Vec<String>,
    password: Option<String>,
    directory: PathBuf,
}

/// Three nodes that share the slots of a cluster.
#[derive(Debug)]
pub struct RedisCluster(Vec<RedisServer>);

/// A master, its replica, and a sentinel who watches both.
#[derive(Debug)]
pub struct RedisSentinel {
    _redis: [RedisServer; 2],
    sentinel: RedisServer,
}

/// Whether this machine has a Redis; where it has none, says which test is skipped.
pub fn has_redis(test: &str) -> bool {
    let found = is_installed("redis-server");
    if !found {
        not_installed(test, "redis-server", "redis-server");
    }
    found
}

impl RedisServer {
    /// Starts a server with these arguments beside those that keep it off the disk, and waits
    /// until it answers.
    ///
    /// # Panics
    /// If it cannot be started.
    pub async fn start(arguments: &[&str]) -> Self {
        let mut server = Self::absent(arguments);
        server.restart().await;
        server
    }

    /// The same for those alone who say this password first.
    ///
    /// # Panics
    /// If it cannot be started.
    pub async fn start_with_password(password: &str) -> Self {
        let mut server = Self::absent(&["--requirepass", password]);
        server.password = Some(password.to_owned());
        server.restart().await;
        server
    }

    /// One that is not there yet.
    ///
    /// # Panics
    /// If it gets no directory of its own.
    #[expect(
        clippy::expect_used,
        reason = "a test without a directory cannot go on"
    )]
    pub fn absent(arguments: &[&str]) -> Self {
        let port = free_port();
        let directory = std::env::temp_dir().join(format!("malha-redis-{port}"));
        // Left by a process that was killed, if at all.
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).expect("a directory");
        Self {
            process: None,
            port,
            arguments: arguments.iter().map(|&text| text.to_owned()).collect(),
            password: None,
            directory,
        }
    }

    /// Starts it, or starts it again, and waits until it answers.
    ///
    /// # Panics
    /// If it cannot be started.
    #[expect(clippy::expect_used, reason = "a test without Redis cannot go on")]
    pub async fn restart(&mut self) {
        self.kill();
        let process = Command::new("redis-server")
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--loglevel", "warning"])
            .args(&self.arguments)
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        self.process = Some(process.expect("redis-server starts"));
        eventually("Redis answers", async || {
            (self.ask(&["PING"])? == "PONG").then_some(())
        })
        .await;
    }

    /// Ends it at once, as a power cut does.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have ended by itself.
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Sends it a signal: `SIGSTOP` makes it hang, `SIGCONT` go on.
    ///
    /// # Panics
    /// If it does not run.
    #[expect(clippy::expect_used, reason = "a signal to nobody fails the test")]
    pub fn signal(&self, signal: Signal) {
        let id = self.process.as_ref().map(Child::id);
        let id = id
            .and_then(|id| i32::try_from(id).ok())
            .expect("a running process");
        kill(Pid::from_raw(id), signal).expect("the signal is sent");
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// As `REDIS_URL` has it, with a password beside it.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// As `REDIS_URL` has it, with the password in it, if there is one.
    pub fn url_with_password(&self) -> String {
        let login = self.password.as_ref();
        let login = login.map_or(String::new(), |password| format!(":{password}@"));
        format!("redis://{login}127.0.0.1:{}", self.port)
    }

    /// What `redis-cli` prints for these arguments, if it ends well.
    pub fn ask(&self, arguments: &[&str]) -> Option<String> {
        let output = Command::new("redis-cli")
            .args(["-p", &self.port.to_string()])
            .args(arguments)
            .envs(
                self.password
                    .iter()
                    .map(|password| ("REDISCLI_AUTH", password)),
            )
            .stderr(Stdio::null())
            .output()
            .ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim_end().to_owned())
    }
}

impl RedisServer {
    /// Makes a user with these permissions, as in `on >password ~prefix:* +@read`.
    ///
    /// # Panics
    /// If it is refused.
    pub fn add_user(&self, name: &str, permissions: &str) {
        let permissions: Vec<_> = permissions.split(' ').collect();
        let made = self.ask(&[&["ACL", "SETUSER", name], &permissions[..]].concat());
        assert_eq!(made.as_deref(), Some("OK"), "{permissions:?}");
    }

    /// Checks that nobody was refused a key, and that all keys that there are begin so.
    ///
    /// # Panics
    /// If one does not, or none is there.
    #[expect(
        clippy::expect_used,
        reason = "a server that does not answer fails the test"
    )]
    pub fn assert_keys_under(&self, prefix: &str) {
        let log = self.ask(&["ACL", "LOG"]).expect("the log of refusals");
        assert!(!log.lines().any(|line| line == "key"), "{log}");
        let keys = self.ask(&["KEYS", "*"]).expect("all keys");
        let is_ours = |key: &str| key.starts_with(prefix);
        assert!(!keys.is_empty() && keys.lines().all(is_ours), "{keys}");
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
        // A directory that stays does no harm.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

const NODE: [&str; 4] = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"];

impl RedisCluster {
    /// Starts three nodes and makes a cluster of them.
    ///
    /// # Panics
    /// If that cannot be done.
    pub async fn start() -> Self {
        let mut nodes = Vec::new();
        for _ in 0..3 {
            nodes.push(RedisServer::start(&NODE).await);
        }
        let addresses: Vec<_> = nodes
            .iter()
            .map(|node| format!("127.0.0.1:{}", node.port))
            .collect();
        let created = Command::new("redis-cli")
            .args(["--cluster", "create"])
            .args(&addresses)
            .arg("--cluster-yes")
            .output();
        let created = created.is_ok_and(|output| output.status.success());
        assert!(created, "redis-cli makes no cluster of {addresses:?}");
        let cluster = Self(nodes);
        for node in &cluster.0 {
            eventually("the cluster is whole", async || {
                node.ask(&["CLUSTER", "INFO"])?
                    .contains("cluster_state:ok")
                    .then_some(())
            })
            .await;
        }
        cluster
    }

    /// The nodes.
    pub fn nodes(&self) -> &[RedisServer] {
        &self.0
    }

    /// Takes a node out, as it stands: what becomes of it is the caller's.
    ///
    /// # Panics
    /// If there are not as many.
    pub fn take(&mut self, node: usize) -> RedisServer {
        self.0.remove(node)
    }

    /// Starts a node more, which follows this one and has all that it has.
    ///
    /// # Panics
    /// If there are not as many, or the new one cannot be started.
    #[expect(clippy::expect_used, reason = "a test without its node cannot go on")]
    pub async fn add_replica_of(&mut self, node: usize) {
        let replica = RedisServer::start(&NODE).await;
        let master = &self.0[node];
        let id = master.ask(&["CLUSTER", "MYID"]).expect("a node has an id");
        replica.ask(&["CLUSTER", "MEET", "127.0.0.1", &master.port.to_string()]);
        eventually("the replica knows its master", async || {
            let answer = replica.ask(&["CLUSTER", "REPLICATE", &id])?;
            (answer == "OK").then_some(())
        })
        .await;
        eventually("the replica follows", async || {
            let role = replica.ask(&["ROLE"])?;
            role.contains("connected").then_some(())
        })
        .await;
        self.0.push(replica);
    }

    /// As `REDIS_URL` has it.
    pub fn url(&self) -> String {
        self.0
            .iter()
            .map(RedisServer::url)
            .collect::<Vec<_>>()
            .join(",")
    }
}

impl RedisSentinel {
    /// Starts a master of the name `mymaster`, a replica and a sentinel who knows of both.
    ///
    /// # Panics
    /// If that cannot be done.
    #[expect(clippy::expect_used, reason = "a test without a sentinel cannot go on")]
    pub async fn start() -> Self {
        let master = RedisServer::start(&["--repl-diskless-sync-delay", "0"]).await;
        let port = master.port.to_string();
        let replica = RedisServer::start(&["--replicaof", "127.0.0.1", &port]).await;
        eventually("the replica follows", async || {
            let role = replica.ask(&["ROLE"])?;
            role.contains("connected").then_some(())
        })
        .await;
        // A sentinel keeps what it knows in a file.
        let mut sentinel = RedisServer::absent(&["sentinel.conf", "--sentinel"]);
        let file = sentinel.directory.join("sentinel.conf");
        let watched = format!("sentinel monitor mymaster 127.0.0.1 {port} 1\n");
        std::fs::write(file, watched).expect("a file");
        // The file must come first among the arguments.
        sentinel.process = Command::new("redis-server")
            .args(&sentinel.arguments)
            .args(["--port", &sentinel.port.to_string(), "--bind", "127.0.0.1"])
            .current_dir(&sentinel.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .ok();
        eventually("the sentinel knows of the replica", async || {
            let known = sentinel.ask(&["SENTINEL", "REPLICAS", "mymaster"])?;
            known.contains("slave-repl-offset").then_some(())
        })
        .await;
        Self {
            _redis: [master, replica],
            sentinel,
        }
    }

    /// Makes the replica the master, and the master a replica.
    pub async fn fail_over(&self) {
        let master = || {
            self.sentinel
                .ask(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"])
        };
        let before = master();
        eventually("the sentinel begins", async || {
            let answer = self.sentinel.ask(&["SENTINEL", "FAILOVER", "mymaster"])?;
            (answer == "OK").then_some(())
        })
        .await;
        eventually("there is another master", async || {
            (master().is_some() && master() != before).then_some(())
        })
        .await;
    }

    /// As `REDIS_URL` has it.
    pub fn url(&self) -> String {
        self.sentinel.url()
    }
}

/// A free port, low enough for the bus of a cluster, ten thousand above; none that `address` gives.
fn free_port() -> u16 {
    static PORTS: Ports = Ports::new(21_100, 8, 200);
    PORTS.find(|port| is_free(port) && is_free(port + 10_000))
}
