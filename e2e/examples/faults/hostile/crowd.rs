//! Idle clients by the ten thousand: processes of their own, since one has not files enough for them.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use tokio::process::Child;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Came, Hostile, again_and_again, leisure};

/// So many fit into one process, which may have 20,000 files where it may have few.
pub(super) const ONE_PROCESS: u32 = 15_000;

/// What this program is called with, to be one of the processes.
pub(crate) const ARGUMENT: &str = "crowd";

/// Starts as many processes as it takes for so many clients, who go on for so long.
pub(super) fn start(
    service: SocketAddr,
    clients: u32,
    lasts: Duration,
) -> anyhow::Result<Vec<Child>> {
    let program = std::env::current_exe()?;
    let firsts = (0..clients).step_by(ONE_PROCESS as usize);
    let children = firsts.map(|first| {
        let count = ONE_PROCESS.min(clients - first);
        let child = leisure::command(&program)
            .arg(format!("--{ARGUMENT}"))
            .arg(service.to_string())
            .args([first, count].map(|number| number.to_string()))
            .arg(lasts.as_millis().to_string())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        child.context("chrt, of util-linux, starts it")
    });
    children.collect()
}

/// How often the clients of a process came.
pub(super) async fn came(child: Child) -> anyhow::Result<Came> {
    let output = child.wait_with_output().await?;
    let times = String::from_utf8_lossy(&output.stdout);
    let times = times.trim().parse();
    Ok(Came {
        times: times.context("a process of a crowd says how often they came")?,
        wrong: None,
    })
}

/// One of the processes: how often its clients came.
pub(crate) async fn sit(arguments: &[String]) -> anyhow::Result<u64> {
    let [service, first, count, lasts] = arguments else {
        anyhow::bail!("--{ARGUMENT} takes an address and three numbers");
    };
    let (service, first) = (service.parse()?, first.parse::<u32>()?);
    let until = Instant::now() + Duration::from_millis(lasts.parse()?);
    let mut all = JoinSet::new();
    for number in first..first + count.parse::<u32>()? {
        let hostile = Hostile {
            service,
            number,
            until,
        };
        all.spawn(again_and_again(hostile, |it| Box::pin(it.say_nothing())));
    }
    let came = all.join_all().await;
    Ok(came.iter().map(|one| one.times).sum())
}
