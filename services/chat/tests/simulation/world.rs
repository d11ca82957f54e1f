//! One run: two services, their clients, and what goes wrong.

use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chat::Chat;
use chat::checker::{ClientLog, Seen};
use chat::metrics::ChatMetrics;
use chat::relay::inbound::Inbound;
use chat::relay::outbound::Outbound;
use chat::server::App;
use testing::{TestLifecycle, settings};
use turmoil::net::TcpStream;

use crate::clients::{Client, Clock, Log};
use crate::faults::{Faults, SERVICES};
use crate::network::{Courier, PORT, serve};

/// Where the services have their logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    OnDisk,
    InMemory,
}

/// What became of a run.
pub(crate) struct World {
    pub(crate) logs: Vec<ClientLog>,
    pub(crate) crashes: usize,
    pub(crate) duplicates: usize,
}

/// Nothing goes wrong after this, and nothing new is said.
const FAULTS: Duration = Duration::from_secs(5);

/// By now all that was said has arrived.
const END: Duration = Duration::from_secs(12);

const CLIENTS: i64 = 6;

impl World {
    /// Runs a seed to its end.
    pub(crate) fn run(seed: u64, kept: Kept) -> Self {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        count_tasks_anew();
        let disk = tempfile::tempdir().unwrap();
        let duplicates = Arc::new(AtomicUsize::new(0));
        let mut sim = turmoil::Builder::new()
            .rng_seed(seed)
            .simulation_duration(END * 3)
            .tick_duration(Duration::from_millis(5))
            .min_message_latency(Duration::from_millis(1))
            .max_message_latency(Duration::from_millis(30))
            .tcp_capacity(4096)
            .build();
        for index in 0..2 {
            let host = Host {
                name: ["serviceA", "serviceB"][index],
                peer: SERVICES[1 - index],
                directory: (kept == Kept::OnDisk).then(|| disk.path().to_owned()),
                seed,
                lives: Arc::default(),
                duplicates: Arc::clone(&duplicates),
            };
            sim.host(SERVICES[index], move || host.clone().live());
        }
        let mut logs: Vec<(i64, Log)> = Vec::new();
        let mut names = Vec::new();
        for number in 1..=CLIENTS {
            let service = SERVICES[usize::try_from(number % 2).unwrap()];
            let log: Log = Arc::new(Mutex::new(Vec::new()));
            logs.push((number, Arc::clone(&log)));
            let name = format!("client{number}");
            names.push((name.clone(), service));
            sim.client(name, async move {
                let clock = Clock {
                    elapsed: Arc::new(turmoil::elapsed),
                    until: FAULTS,
                    over: Arc::new(|| turmoil::elapsed() >= END),
                };
                let client = Client::new(number, format!("{service}:{PORT}"), seed, clock, log);
                client
                    .live(async || TcpStream::connect((service, PORT)).await.ok())
                    .await;
                Ok(())
            });
        }
        let mut faults = Faults::planned(seed, FAULTS, names, kept == Kept::OnDisk);
        while !sim.step().unwrap() {
            faults.advance(&mut sim);
        }
        let log = |(client, log): (i64, Log)| ClientLog {
            client,
            events: log.lock().unwrap().clone(),
        };
        Self {
            logs: logs.into_iter().map(log).collect(),
            crashes: faults.crashes,
            duplicates: duplicates.load(Ordering::Relaxed),
        }
    }

    /// Everything that every client did and saw.
    pub(crate) fn print(&self) {
        for log in &self.logs {
            for event in &log.events {
                println!(
                    "{:>6} ms, client {}: {:?}",
                    event.at, log.client, event.what
                );
            }
        }
    }

    fn count(&self, is: impl Fn(&Seen) -> bool) -> usize {
        let events = self.logs.iter().flat_map(|log| &log.events);
        events.filter(|event| is(&event.what)).count()
    }

    /// Whether there was anything to judge.
    pub(crate) fn says_enough(&self) -> bool {
        self.count(|seen| matches!(seen, Seen::Accepted(_))) > 50
            && self.count(|seen| matches!(seen, Seen::Message { .. })) > 200
    }

    /// How often clients came back.
    pub(crate) fn reconnections(&self) -> usize {
        self.count(|seen| matches!(seen, Seen::Connected(Some(_))))
    }
}

/// Brings tokio's count of tasks to where every run begins.
///
/// A runtime that is dropped, as at a crash, drops its tasks by their numbers modulo a power of
/// two, and with them their connections. The numbers go on over all runtimes of a process, so that
/// without this a seed would give another run as the second of a process than as the first.
fn count_tasks_anew() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let number = || {
        let task = tokio::task::LocalSet::new().spawn_local(async {});
        let number: u64 = task.id().to_string().parse().unwrap();
        number
    };
    let _entered = runtime.enter();
    while number() % 64 != 63 {}
}

/// One service, over all its lives.
#[derive(Clone)]
struct Host {
    name: &'static str,
    peer: &'static str,
    directory: Option<std::path::PathBuf>,
    seed: u64,
    lives: Arc<AtomicU64>,
    duplicates: Arc<AtomicUsize>,
}

impl Host {
    async fn live(self) -> turmoil::Result {
        let lifecycle = TestLifecycle::default();
        let peer = format!("http://{}:8000/relay", self.peer);
        let directory = self.directory.as_deref().and_then(Path::to_str);
        // With one, what a proxy sends twice is refused as a replay; without, it is taken once.
        let secret =
            ["", "a secret of these two services"][usize::from(self.seed.is_multiple_of(2))];
        let settings = settings::<Chat>(&[
            ("SERVICE_NAME", self.name),
            ("PEER_URL", &peer),
            ("OUTBOX_DIR", directory.unwrap_or_default()),
            ("RELAY_SECRET", secret),
            ("RELAY_BACKOFF", "20ms"),
            ("RELAY_MAX_BACKOFF", "300ms"),
            ("PRESENCE_INTERVAL", "500ms"),
            ("PING_INTERVAL", "1s"),
            ("PONG_TIMEOUT", "1s"),
            ("CLOSE_TIMEOUT", "200ms"),
        ]);
        let metrics = ChatMetrics::new(lifecycle.lifecycle().metrics());
        let hub = chat::room(&settings, metrics)?;
        hub.start(lifecycle.lifecycle());
        let lives = self.lives.fetch_add(1, Ordering::Relaxed);
        let seed = self.seed.wrapping_mul(1009).wrapping_add(lives);
        let courier = Arc::new(Courier::new(seed, self.duplicates));
        for url in &settings.relay.peers {
            let courier = Arc::clone(&courier);
            let outbound = Outbound::new(hub.clone(), courier, url.clone(), &settings.relay);
            let outbound = outbound.seeded(seed);
            lifecycle
                .lifecycle()
                .spawn(outbound.run(lifecycle.lifecycle().clone()));
        }
        let keys = settings.relay.keys.clone();
        let inbound = Inbound::new(hub.clone(), keys, settings.relay.tolerance);
        let app = App::new(hub, &settings, lifecycle.lifecycle().clone());
        serve(app.routes().merge(inbound.routes()), &lifecycle).await?;
        Ok(())
    }
}
