//! A crowd that comes at once. In a process of its own, for it takes more files than most may have.
#![cfg(all(test, target_os = "linux"))]

use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// More than tokio's own listeners queue.
const CROWD: u64 = 1_500;

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn clients_that_come_before_anybody_is_accepted_are_queued() {
    let queue = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
    let (_, files) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    if queue.trim().parse::<u64>().unwrap() < CROWD || files < CROWD + 100 {
        eprintln!("skipped: this system queues, or opens, fewer than {CROWD} connections");
        return;
    }
    setrlimit(Resource::RLIMIT_NOFILE, files, files).unwrap();
    let listener = runtime::net::bind("LISTEN", ([127, 0, 0, 1], 0).into()).unwrap();
    let address = listener.local_addr().unwrap();
    let mut clients = JoinSet::new();
    for _ in 0..CROWD {
        clients.spawn(TcpStream::connect(address));
    }
    // Who is not queued is dropped, and tries for minutes.
    let clients = tokio::time::timeout(PATIENCE, clients.join_all()).await;
    let clients = clients.expect("somebody is not queued");
    for client in clients {
        client.unwrap();
    }
}
