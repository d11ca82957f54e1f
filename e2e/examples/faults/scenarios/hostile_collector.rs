//! Hostile exporters at the lab's receiver of spans.

use std::io::{self, Write};
use std::sync::LazyLock;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::Scenario;
use crate::hostile::{Attack, Hostile, Refused, impatient, must, under_attack};
use crate::row::Row;
use crate::world::{How, World};

pub(crate) const SCENARIO: Scenario = Scenario {
    name: "hostile_collector",
    fault: "hostile exporters at the lab's receiver of spans, each kind beside an ordinary one and under the memory limit of the lab's pod",
    promise: "No export of the ordinary one fails, no export of theirs is taken, refusals are counted by reason, and memory is back within a minute.",
    alone: false,
    run: |world| Box::pin(run(world)),
};

/// Makes what takes a while to make, before the time of those who send it.
pub(super) fn prepare() {
    LazyLock::force(&BOMB);
}

/// What the chart gives the lab.
const POD: u64 = 160 << 20;

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        scenario: SCENARIO.name,
        name: "little that becomes much",
        clients: (5, 50),
        refused: Refused::By(&["too_large"]),
        client: |it| Box::pin(bomb(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "oversized exports",
        clients: (5, 50),
        refused: Refused::By(&["body_too_large"]),
        client: |it| Box::pin(oversized(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "deep and broken JSON",
        clients: (5, 50),
        refused: Refused::By(&["json"]),
        client: |it| Box::pin(deep(it)),
    },
    Attack {
        scenario: SCENARIO.name,
        name: "exports without end",
        clients: (50, 200),
        refused: Refused::Late(&["body_timeout", "memory_budget"]),
        client: |it| Box::pin(unfinished(it)),
    },
];

async fn run(world: &World) -> anyhow::Result<Vec<Row>> {
    let how = How {
        memory: Some(POD),
        ..impatient(world, &[])
    };
    under_attack(world, ATTACKS, async || world.lab(&how).await).await
}

fn post(more: &str, length: usize, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/json\r\n{more}content-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

async fn not_taken(it: Hostile, request: &[u8]) -> io::Result<()> {
    let answer = it.say(request).await?;
    let taken = answer.starts_with(b"HTTP/1.1 2");
    must(!taken, "a hostile export was taken")
}

/// 32 MiB of spaces, four times what is taken, in 32 KiB.
static BOMB: LazyLock<io::Result<Vec<u8>>> = LazyLock::new(|| {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    let spaces = vec![b' '; 1 << 20];
    for _ in 0..32 {
        gzip.write_all(&spaces)?;
    }
    let body = gzip.finish()?;
    Ok(post("content-encoding: gzip\r\n", body.len(), &body))
});

async fn bomb(it: Hostile) -> io::Result<()> {
    match &*BOMB {
        Ok(request) => not_taken(it, request).await,
        Err(error) => Err(error.kind().into()),
    }
}

async fn oversized(it: Hostile) -> io::Result<()> {
    let body = vec![b' '; 16 << 20];
    not_taken(it, &post("", body.len(), &body)).await
}

async fn deep(it: Hostile) -> io::Result<()> {
    for body in [
        "[".repeat(100_000),
        r#"{"resourceSpans":"#.repeat(10_000),
        format!(r#"{{"resourceSpans":{}}}"#, "9".repeat(100_000)),
    ] {
        not_taken(it, &post("", body.len(), body.as_bytes())).await?;
    }
    Ok(())
}

async fn unfinished(it: Hostile) -> io::Result<()> {
    let body = vec![b' '; 500_000];
    not_taken(it, &post("", 1 << 20, &body)).await
}
