//! Faults under load, against our programs as real processes on loopback: what was asked, what failed
//! and how, how soon all was well again, and what was lost or doubled. `e2e/faults` builds and runs it.
//!
//! It fails on counts (lost, doubled, failed beyond what is promised), in its large size where memory is not
//! back within a minute, and never on other times.
//!
//! # Layout
//! - [`scenarios`]: one file for each scenario.
//! - [`timeline`]: calm, a fault, calm again.
//! - [`world`], [`service`]: the exercises as processes; [`toxics`], [`redis`]: faults of links
//!   and of Redis; [`collector`]: one that fails; [`disk`]: disks that are full, slow or fail;
//!   [`names`]: DNS that is gone, silent or wrong.
//! - [`load`]: who uses them meanwhile; [`tally`]: what came of each call.
//! - [`hostile`]: clients that mean harm, beside an ordinary one; [`control_group`]: the limits of a pod.
//! - [`row`]: what was measured, and the judgement; [`document`]: `docs/resilience.md`.
#![expect(clippy::print_stdout, reason = "its report is its product")]

mod collector;
mod control_group;
mod disk;
mod document;
mod hostile;
mod load;
mod names;
mod redis;
mod row;
mod scenarios;
mod service;
mod tally;
mod timeline;
mod toxics;
mod world;

use std::net::Ipv4Addr;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use futures_util::{FutureExt, StreamExt, stream};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::document::Outcome;
use crate::hostile::{crowd, sink};
use crate::row::{Row, head};
use crate::scenarios::{ALL, Scenario};
use crate::world::World;

fn command() -> Command {
    let flag = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    let names = ALL.iter().map(|scenario| scenario.name);
    Command::new("e2e/faults")
        .about(
            "Faults under load: what failed, how soon all was well again, what was lost or doubled",
        )
        .arg(flag("full").help("The large size: minutes instead of seconds"))
        .arg(flag("list").help("List the scenarios"))
        .arg(flag("write").help("Write docs/resilience.md; takes all scenarios"))
        .arg(
            Arg::new("seed")
                .long("seed")
                .value_parser(value_parser!(u64))
                .help("What chance follows from; at random if not given, and told"),
        )
        .arg(
            Arg::new(crowd::ARGUMENT)
                .long(crowd::ARGUMENT)
                .num_args(6)
                .hide(true),
        )
        .arg(flag(sink::ARGUMENT).hide(true))
        .arg(
            Arg::new("scenario")
                .num_args(0..)
                .value_parser(clap::builder::PossibleValuesParser::new(
                    names.collect::<Vec<_>>(),
                ))
                .help("Run these alone"),
        )
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let matches = command().get_matches();
    if matches.get_flag("list") {
        for scenario in ALL {
            println!("{:18} {}", scenario.name, scenario.fault);
        }
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(arguments) = matches.get_many::<String>(crowd::ARGUMENT) {
        let arguments: Vec<_> = arguments.cloned().collect();
        println!("{}", crowd::sit(&arguments).await?);
        return Ok(ExitCode::SUCCESS);
    }
    if matches.get_flag(sink::ARGUMENT) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        println!("{}", listener.local_addr()?);
        sink::take(listener).await?;
    }
    // Whoever interrupts it leaves no process and no mounted disk behind: both end where they are dropped.
    let mut told = signal(SignalKind::terminate())?;
    tokio::select! {
        measured = measure(&matches) => measured,
        _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted"),
        _ = told.recv() => anyhow::bail!("told to end"),
    }
}

async fn measure(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let wanted: Vec<&String> = matches.get_many("scenario").unwrap_or_default().collect();
    anyhow::ensure!(
        wanted.is_empty() || !matches.get_flag("write"),
        "--write takes all scenarios: name none"
    );
    let seed = matches.get_one("seed").copied();
    let seed = seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let world = World::new(matches.get_flag("full"), seed, programs()?);
    let size = if world.full { " --full" } else { "" };
    println!(
        "seed {seed}; the same again: e2e/faults --seed {seed}{size} {}",
        join(&wanted)
    );
    let wanted = |scenario: &&Scenario| {
        wanted.is_empty() || wanted.iter().any(|name| *name == scenario.name)
    };
    let (alone, others): (Vec<_>, Vec<_>) = ALL.iter().filter(wanted).partition(|one| one.alone);
    // The small size has its promises to keep, and no times to tell.
    let at_once = if world.full { 1 } else { AT_ONCE };
    let mut results: Vec<Outcome> = stream::iter(others)
        .map(|scenario| run(&world, scenario))
        .buffered(at_once)
        .collect()
        .await;
    for scenario in alone {
        results.push(run(&world, scenario).await);
    }
    if matches.get_flag("write") {
        document::write(&results, &world)?;
    }
    let broken: Vec<String> = results.iter().flat_map(Outcome::broken).collect();
    for what in &broken {
        println!("BROKEN {what}");
    }
    println!(
        "{} scenarios, {} broken promises, seed {seed}",
        results.len(),
        broken.len()
    );
    let good = broken.is_empty();
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Scenarios that are run side by side in the small size: they wait most of their time.
const AT_ONCE: usize = 3;

/// Runs one scenario to its end, whatever becomes of it.
async fn run(world: &World, scenario: &'static Scenario) -> Outcome {
    let begun = Instant::now();
    let ran = AssertUnwindSafe((scenario.run)(world)).catch_unwind().await;
    let rows = ran.unwrap_or_else(|_| Err(anyhow::anyhow!("a part of it panicked, see above")));
    let rows = rows.unwrap_or_else(|error| {
        vec![Row {
            exercise: "all".to_owned(),
            broken: vec![format!("{error:#}")],
            ..Row::default()
        }]
    });
    let took = begun.elapsed().as_secs_f64();
    println!("\n{}: {} ({took:.1} s)", scenario.name, scenario.fault);
    print(&rows);
    Outcome { scenario, rows }
}

fn print(rows: &[Row]) {
    let lines = std::iter::once(head(rows).map(str::to_owned)).chain(rows.iter().map(Row::cells));
    let lines: Vec<_> = lines.collect();
    for line in &lines {
        let cells = line.iter().enumerate().map(|(at, cell)| {
            let width = lines.iter().map(|line| line[at].chars().count()).max();
            format!("{cell:<0$}", width.unwrap_or_default())
        });
        println!("  {}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

fn join(words: &[&String]) -> String {
    let words: Vec<&str> = words.iter().map(|word| word.as_str()).collect();
    words.join(" ")
}

/// Where our programs are built to: beside the folder of this one.
fn programs() -> anyhow::Result<PathBuf> {
    let this = std::env::current_exe()?;
    let built = this.parent().and_then(std::path::Path::parent);
    let programs = built.context("this program is not where cargo builds it")?;
    anyhow::ensure!(
        programs.join("chat").exists(),
        "{} has no services: e2e/faults builds them",
        programs.display()
    );
    Ok(programs.to_owned())
}
