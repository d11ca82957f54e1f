//! What hostile clients came to: who was refused and why, what the ordinary client noticed, and
//! where memory went.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Came;
use crate::load::Found;
use crate::row::{Row, by_kind, readable};
use crate::service::Service;
use crate::tally::{Sample, percentile};
use crate::world::World;

/// An attack, from its first client to its last.
#[derive(Clone, Debug)]
pub(crate) struct Siege {
    clients: u32,
    came: u64,
    /// How often by which reason, as the service counts.
    refused: BTreeMap<String, u64>,
    /// While clients of the same kind were at a process that does nothing for them.
    control: Option<[Instant; 2]>,
    /// Of the ordinary client: before, beside those, and beside these.
    p99: [Option<Duration>; 3],
    memory: Memory,
    wrong: Vec<String>,
    began: Instant,
    over: Instant,
}

/// Resident memory in kilobytes.
#[derive(Clone, Copy, Debug, Default)]
struct Memory {
    before: u64,
    most: u64,
    after: u64,
    /// How long it took to be back.
    back: Option<Duration>,
}

/// Memory counts as back where it is no more than this above what it was: an eighth of a pod's.
const SLACK: u64 = 8 << 10;

impl Siege {
    pub(super) async fn begun(
        service: &Service,
        clients: u32,
        control: Option<[Instant; 2]>,
    ) -> Self {
        let before = service.resident().unwrap_or_default();
        let now = Instant::now();
        Self {
            clients,
            came: 0,
            refused: service.refusals().await,
            control,
            p99: [None; 3],
            memory: Memory {
                before,
                most: before,
                ..Memory::default()
            },
            wrong: Vec::new(),
            began: now,
            over: now,
        }
    }

    pub(super) fn add(&mut self, came: Vec<Came>) {
        self.came += came.iter().map(|one| one.times).sum::<u64>();
        self.wrong
            .extend(came.into_iter().filter_map(|one| one.wrong));
    }

    pub(super) fn look(&mut self, service: &Service) {
        let resident = service.resident().unwrap_or_default();
        self.memory.most = self.memory.most.max(resident);
    }

    /// Whether somebody was refused by one of these reasons since it began; true where there are none.
    pub(super) async fn is_refused_by(&self, reasons: &[&str], service: &Service) -> bool {
        let refused = self.refused_since(service).await;
        let is_refused = |reason: &&str| refused.contains_key(*reason);
        reasons.is_empty() || reasons.iter().any(is_refused)
    }

    /// What the service refused since `refused` was counted.
    async fn refused_since(&self, service: &Service) -> BTreeMap<String, u64> {
        let now = service.refusals().await.into_iter();
        let more = now.map(|(reason, count)| {
            let before = self.refused.get(&reason).copied().unwrap_or_default();
            (reason, count.saturating_sub(before))
        });
        more.filter(|(_, count)| *count > 0).collect()
    }

    /// All clients have gone: counts.
    pub(super) async fn ended(&mut self, service: &Service) {
        self.over = Instant::now();
        self.refused = self.refused_since(service).await;
        self.wrong.extend(service.wrong_in_log());
    }

    /// Waits until memory is back. It must be, where it is given its minute.
    pub(super) async fn watch_memory(&mut self, service: &Service, world: &World) {
        let patience = Duration::from_secs(if world.full { 60 } else { 1 });
        loop {
            self.look(service);
            self.memory.after = service.resident().unwrap_or_default();
            if self.memory.after <= self.memory.before + SLACK {
                self.memory.back = Some(self.over.elapsed());
                return;
            }
            if self.over.elapsed() >= patience {
                break;
            }
            sleep(Duration::from_millis(100)).await;
        }
        if world.full {
            let kept = self.memory.after.saturating_sub(self.memory.before);
            let kept = kept.div_ceil(1024);
            self.wrong
                .push(format!("{kept} MB not given back within a minute"));
        }
    }

    /// Judges by counts: what the ordinary client lost, and whether anybody was refused by one of
    /// these reasons.
    pub(super) fn judged(
        mut self,
        name: &str,
        reasons: &[&str],
        samples: &[Sample],
        found: Found,
    ) -> Row {
        let within = |began: Instant, over: Instant| -> Vec<Sample> {
            let those = samples.iter();
            let those = those.filter(|sample| sample.ended >= began && sample.begun <= over);
            those.cloned().collect()
        };
        let beside = within(self.began, self.over);
        let mut row = Row::measured(name, &beside);
        let p99 = |those: &[Sample]| {
            let good = those.iter().filter(|sample| sample.failure.is_none());
            let times = good.map(|sample| sample.ended - sample.begun);
            percentile(times.collect(), 99)
        };
        let first = self.control.map_or(self.began, |[began, _]| began);
        let before = samples.iter().filter(|sample| sample.ended < first);
        let before: Vec<_> = before.cloned().collect();
        let control = self.control.map(|[began, over]| within(began, over));
        self.p99 = [
            p99(&before),
            control.and_then(|those| p99(&those)),
            p99(&beside),
        ];

        row.lost = found.lost;
        row.doubled = found.doubled;
        row.broken = found.broken;
        row.broken.append(&mut self.wrong);
        row.broken.dedup();
        let failed = samples.iter().filter(|sample| sample.failure.is_some());
        let failed = failed.count() as u64;
        row.must_be_none("failed of the ordinary client", failed);
        row.must_be_none("lost", found.lost);
        row.must_be_none("doubled", found.doubled);
        let is_refused = |reason: &&str| self.refused.contains_key(*reason);
        if !reasons.is_empty() && !reasons.iter().any(is_refused) {
            let reasons = reasons.join(" or ");
            row.broken.push(format!("nobody was refused by {reasons}"));
        }
        row.other = Some((HEAD, self.cells(&row)));
        row
    }
}

/// What its cells are.
const HEAD: [&str; 10] = [
    "exercise and client",
    "how many",
    "refused",
    "requests, failed",
    "p99 before",
    "p99 beside a sink",
    "p99 beside",
    "ratio",
    "memory before, most, after",
    "back after",
];

impl Siege {
    fn cells(&self, row: &Row) -> [String; 10] {
        let [before, control, beside] = self.p99;
        let ratio = before.zip(beside).map(|(before, beside)| {
            let ratio = beside.as_secs_f64() / before.as_secs_f64().max(1e-6);
            format!("{ratio:.1}")
        });
        let megabytes = |kilobytes: u64| kilobytes.div_ceil(1024).to_string();
        let memory = [self.memory.before, self.memory.most, self.memory.after];
        [
            row.exercise.clone(),
            format!("{}, {} times", self.clients, self.came),
            by_kind(&self.refused),
            format!("{}, {}", row.requests, by_kind(&row.failed)),
            readable(before),
            readable(control),
            readable(beside),
            ratio.unwrap_or_else(|| "–".to_owned()),
            memory.map(megabytes).join(", ") + " MB",
            readable(self.memory.back),
        ]
    }
}
