//! Two real processes and their clients, while the processes are killed and stopped.
//!
//! `CHAT_SEEDS=20` runs so many seeds, `CHAT_SEED=7` that one alone. What is done follows from the
//! seed; how the machine takes it does not, so that a seed need not give the same run again.
#![cfg(test)]

#[path = "clients/mod.rs"]
mod clients;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chat::checker::{ClientLog, Seen, Violation, check};
use clients::{Client, Clock, Log};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use testing::{Process, RedisServer, Signal, address, has_redis};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

const CHAT: &str = env!("CARGO_BIN_EXE_chat");

/// How long things go wrong and new messages are said.
const FAULTS: Duration = Duration::from_secs(4);

/// By then everything has arrived on any machine.
const PATIENCE: Duration = Duration::from_secs(40);

const CLIENTS: i64 = 6;

#[expect(clippy::disallowed_methods, reason = "the switch of these tests")]
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// A process that is started again and again, on the same address and with the same store.
struct Service {
    settings: Vec<(&'static str, String)>,
    process: Process,
}

impl Service {
    fn start(
        name: &str,
        listen: SocketAddr,
        peer: SocketAddr,
        store: (&'static str, &str),
    ) -> Self {
        let text = |name: &'static str, text: &str| (name, text.to_owned());
        let settings = vec![
            text("SERVICE_NAME", name),
            text("LISTEN", &listen.to_string()),
            text("PEER_URL", &format!("http://{peer}/relay")),
            text(store.0, store.1),
            text("REPLICA_TIMEOUT", "500ms"),
            text("RELAY_SECRET", "a secret of these two services"),
            text("RELAY_BACKOFF", "10ms"),
            text("RELAY_MAX_BACKOFF", "100ms"),
            text("RELAY_TIMEOUT", "300ms"),
            text("PING_INTERVAL", "500ms"),
            text("PONG_TIMEOUT", "1s"),
        ];
        let process = Self::process(&settings);
        Self { settings, process }
    }

    fn process(settings: &[(&'static str, String)]) -> Process {
        let settings = settings.iter().map(|(name, text)| (*name, text.as_str()));
        Process::start(CHAT, &settings.collect::<Vec<_>>())
    }

    async fn kill_and_start(&mut self, pause: Duration) {
        self.process.signal(Signal::SIGKILL);
        self.process.ended().await;
        sleep(pause).await;
        self.process = Self::process(&self.settings);
    }

    async fn stop_and_go_on(&self, pause: Duration) {
        self.process.signal(Signal::SIGSTOP);
        sleep(pause).await;
        self.process.signal(Signal::SIGCONT);
    }
}

/// Kills and stops, as the seed says.
async fn faults(services: &mut [Service], seed: u64) -> usize {
    let mut dice = SmallRng::seed_from_u64(seed);
    let (begun, mut kills) = (Instant::now(), 0);
    while begun.elapsed() < FAULTS {
        sleep(Duration::from_millis(dice.random_range(50..500))).await;
        let service = dice.random_range(0..services.len());
        let service = &mut services[service];
        let pause = Duration::from_millis(dice.random_range(5..700));
        if dice.random_bool(0.5) {
            service.kill_and_start(pause).await;
            kills += 1;
        } else {
            service.stop_and_go_on(pause).await;
        }
    }
    kills
}

fn read(logs: &[(i64, Log)]) -> Vec<ClientLog> {
    let read = |(client, log): &(i64, Log)| ClientLog {
        client: *client,
        events: log.lock().unwrap().clone(),
    };
    logs.iter().map(read).collect()
}

/// Runs a seed with these services, whose clients find them at these addresses. Gives what is found
/// in the end, how much was accepted, and how many were killed.
async fn run(
    seed: u64,
    services: &mut [Service],
    addresses: &[SocketAddr],
) -> (Vec<Violation>, usize, usize) {
    let (begun, over) = (Instant::now(), Arc::new(AtomicBool::new(false)));
    let clock = Clock {
        elapsed: Arc::new(move || begun.elapsed()),
        until: FAULTS,
        over: {
            let over = Arc::clone(&over);
            Arc::new(move || over.load(Ordering::Relaxed))
        },
    };
    let logs: Vec<(i64, Log)> = (1..=CLIENTS)
        .map(|number| (number, Log::default()))
        .collect();
    let living = logs.iter().map(|(number, log)| {
        let address = addresses[usize::try_from(*number).unwrap() % addresses.len()];
        let log = Arc::clone(log);
        let client = Client::new(*number, address.to_string(), seed, clock.clone(), log);
        client.live(async move || TcpStream::connect(address).await.ok())
    });
    let judging = async {
        let kills = faults(services, seed).await;
        // What is on its way counts as lost until it has arrived.
        let mended = Instant::now();
        while !check(&read(&logs)).is_empty() && mended.elapsed() < PATIENCE {
            sleep(Duration::from_millis(100)).await;
        }
        over.store(true, Ordering::Relaxed);
        kills
    };
    let (_, kills) = tokio::join!(futures_util::future::join_all(living), judging);
    let logs = read(&logs);
    let accepted = |log: &ClientLog| {
        let events = log.events.iter();
        events
            .filter(|event| matches!(event.what, Seen::Accepted(_)))
            .count()
    };
    (check(&logs), logs.iter().map(accepted).sum(), kills)
}

fn seeds() -> std::ops::Range<u64> {
    match setting("CHAT_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..setting("CHAT_SEEDS").unwrap_or(1),
    }
}

async fn classify(seed: u64, services: &mut [Service], addresses: &[SocketAddr]) {
    println!("seed {seed}");
    let (violations, accepted, kills) = run(seed, services, addresses).await;
    let found: Vec<String> = violations.iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "CHAT_SEED={seed}: {found:#?}");
    assert!(
        accepted > 20 && kills > 0,
        "CHAT_SEED={seed}: {accepted} accepted, {kills} killed"
    );
}

#[tokio::test]
async fn processes_that_are_killed_and_stopped_keep_their_promises() {
    for seed in seeds() {
        let disk = tempfile::tempdir().unwrap();
        let store = ("OUTBOX_DIR", disk.path().to_str().unwrap());
        let [a, b] = std::array::from_fn(|_| address());
        let mut services = [
            Service::start("serviceA", a, b, store),
            Service::start("serviceB", b, a, store),
        ];
        classify(seed, &mut services, &[a, b]).await;
    }
}

#[tokio::test]
async fn replicas_that_are_killed_and_stopped_keep_their_promises() {
    if !has_redis("replicas that fail") {
        return;
    }
    for seed in seeds() {
        let redis = RedisServer::start_with_password("for-tests").await;
        let store = ("REDIS_URL", &*redis.url_with_password());
        let [one, two, b] = std::array::from_fn(|_| address());
        let mut services = [
            Service::start("serviceA", one, b, store),
            Service::start("serviceA", two, b, store),
            Service::start("serviceB", b, one, store),
        ];
        classify(seed, &mut services, &[one, two, b]).await;
    }
}
