//! Hostile clients in processes of their own: they share no lock, no memory and no thread with the ordinary
//! client, and one process has not files enough for the crowds.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use tokio::process::Child;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Attack, Came, Hostile, again_and_again, leisure};
use crate::scenarios;
use crate::world::World;

/// So many fit into one process, which may have 20,000 files where it may have few.
const ONE_PROCESS: u32 = 15_000;

/// What this program is called with, to be one of the processes.
pub(crate) const ARGUMENT: &str = "crowd";

/// Starts as many processes as it takes for an attack on this address, which lasts so long.
pub(super) fn start(
    world: &World,
    attack: &Attack,
    service: SocketAddr,
    lasts: Duration,
) -> anyhow::Result<Vec<Child>> {
    let program = std::env::current_exe()?;
    let clients = attack.count(world);
    let firsts = (0..clients).step_by(ONE_PROCESS as usize);
    let children = firsts.map(|first| {
        let count = ONE_PROCESS.min(clients - first);
        let child = leisure::command(world, &program)
            .arg(format!("--{ARGUMENT}"))
            .args([attack.scenario, attack.name])
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

/// What came of the clients of a process.
pub(super) async fn came(child: Child) -> anyhow::Result<Came> {
    let output = child.wait_with_output().await?;
    let said = String::from_utf8_lossy(&output.stdout);
    let (times, wrong) = said.split_once('\n').unwrap_or((&said, ""));
    let wrong = wrong.trim();
    let times = times.trim().parse();
    Ok(Came {
        times: times.context("a process of hostile clients says how often they came")?,
        wrong: (!wrong.is_empty()).then(|| wrong.to_owned()),
    })
}

/// One of the processes: what its clients say of it in the end.
pub(crate) async fn sit(arguments: &[String]) -> anyhow::Result<String> {
    let [scenario, name, service, first, count, lasts] = arguments else {
        anyhow::bail!("--{ARGUMENT} takes a scenario, an attack, an address and three numbers");
    };
    let attack = scenarios::attacks().find(|it| it.scenario == *scenario && it.name == *name);
    let client = attack.context("there is no such attack")?.client;
    let (service, first) = (service.parse()?, first.parse::<u32>()?);
    scenarios::prepare(scenario);
    let until = Instant::now() + Duration::from_millis(lasts.parse()?);
    let mut all = JoinSet::new();
    for number in first..first + count.parse::<u32>()? {
        let hostile = Hostile {
            service,
            number,
            until,
        };
        all.spawn(again_and_again(hostile, client));
    }
    let came = all.join_all().await;
    let times: u64 = came.iter().map(|one| one.times).sum();
    let wrong = came.into_iter().find_map(|one| one.wrong);
    Ok(format!("{times}\n{}", wrong.unwrap_or_default()))
}
