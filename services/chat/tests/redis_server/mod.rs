//! A real Redis, where one is installed.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use runtime::testing::{address, eventually};

/// A Redis of this test alone.
pub(crate) struct Redis {
    process: Child,
    /// Where it answers, with its password.
    pub(crate) url: String,
}

/// What it wants to hear first.
pub(crate) const PASSWORD: &str = "for-tests";

impl Redis {
    /// None where `redis-server` is not installed, which is said.
    pub(crate) async fn start() -> Option<Self> {
        Self::start_at(address()).await
    }

    /// One at an address that was known before.
    pub(crate) async fn start_at(address: SocketAddr) -> Option<Self> {
        let port = address.port().to_string();
        let started = Command::new("redis-server")
            .args([
                "--port",
                &port,
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--requirepass",
                PASSWORD,
            ])
            .stdout(Stdio::null())
            .spawn();
        let Ok(process) = started else {
            println!("not tested: redis-server is not installed");
            return None;
        };
        let redis = Self {
            process,
            url: format!("redis://:{PASSWORD}@127.0.0.1:{port}/0"),
        };
        eventually("Redis answers", async || redis.command(&["PING"]).await).await;
        Some(redis)
    }

    /// Its answer to a command.
    pub(crate) async fn command(&self, words: &[&str]) -> Option<redis::Value> {
        let client = redis::Client::open(&*self.url).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.ok()?;
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        command.query_async(&mut connection).await.ok()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}
