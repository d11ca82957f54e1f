//! The conformance image: journeys against the addresses in the environment, or a steady load.
#![expect(clippy::print_stdout, reason = "its report is its product")]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use e2e::Failure;
use e2e::dial::{self, Expected};
use e2e::journeys::{self, Context};
use e2e::load::{self, Load};
use e2e::quota::Quota;
use e2e::soak::{Plan, chat, users};
use e2e::target::{self, Target};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::signal::unix::{SignalKind, signal};

const UNTIL_TOLD: &str = "until-told";

/// The flag of whatever can go on until `end` is called.
fn until_told() -> Arg {
    let flag = Arg::new(UNTIL_TOLD).long(UNTIL_TOLD);
    flag.action(ArgAction::SetTrue)
        .help("Go on after those until SIGTERM or `end`, for ten minutes at most")
}

fn number(name: &'static str, default: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .default_value(default)
        .value_parser(value_parser!(u64))
        .help(help)
}

fn command() -> Command {
    let load = Command::new("load")
        .about("A steady load of GET requests, once the address takes connections, or after 10 s; exit code 1 if any fails")
        .arg(
            Arg::new("url")
                .long("url")
                .required(true)
                .help("What is asked for")
                .value_parser(value_parser!(url::Url)),
        )
        .arg(number("requests", "1000", "How many"))
        .arg(until_told())
        .arg(
            number("concurrency", "4", "How many at once, from 1 to 1000")
                .value_parser(value_parser!(u64).range(1..=1000)),
        )
        .arg(number("rate", "0", "How many a second; 0: as many as go"));
    Command::new("e2e")
        .about("User journeys of Malha, by DESAFIO1_URL, HELLO_ADDRESS, USUARIOS_URL, CHAT_A_URL, SOCKETS_ADDRESS and the like, and JAEGER_URL")
        .args_conflicts_with_subcommands(true)
        .arg(
            Arg::new("list")
                .long("list")
                .action(ArgAction::SetTrue)
                .help("List the journeys"),
        )
        .arg(
            Arg::new("exercise")
                .num_args(0..)
                .help("Run those of these exercises; none: of all with an address"),
        )
        .subcommand(load)
        .subcommand(dials())
        .subcommand(Command::new("end").about("Tells a load in this container, which is process 1, that it is enough"))
        // Not `users` and `chat`: a subcommand named like an exercise would be run in its place.
        .subcommand(soak("soak-users", "Creates users at USUARIOS_URL, each until it is acknowledged, and reads all back; exit code 1 if one is lost"))
        .subcommand(soak("soak-chat", "Talks at CHAT_A_URL, each message until it is accepted, and listens at CHAT_B_URL; exit code 1 if one is lost, doubled or out of order"))
}

fn dials() -> Command {
    let address = |expected: Expected, help: &'static str| {
        let name = match expected {
            Expected::Open => "open",
            Expected::Closed => "closed",
        };
        let argument = Arg::new(name).long(name).value_name("HOST:PORT");
        argument.action(ArgAction::Append).help(help)
    };
    Command::new("dial")
        .about("Dials addresses; exit code 1 if one is not as expected")
        .arg(address(Expected::Open, "Must take a connection"))
        .arg(address(Expected::Closed, "Must take none"))
        .arg(number(
            "patience",
            "15",
            "Seconds in which that must come to be",
        ))
}

fn soak(name: &'static str, about: &'static str) -> Command {
    Command::new(name)
        .about(about)
        .arg(number("writes", "500", "How many"))
        .arg(until_told())
        .arg(
            number("rate", "20", "How many a second")
                .value_parser(value_parser!(u64).range(1..=1000)),
        )
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let matches = command().get_matches();
    match matches.subcommand() {
        Some(("load", matches)) => run_load(matches).await,
        Some(("soak-users", matches)) => soak_users(matches).await,
        Some(("soak-chat", matches)) => soak_chat(matches).await,
        Some(("dial", matches)) => run_dials(matches).await,
        Some(("end", _)) => {
            kill(Pid::from_raw(1), Signal::SIGTERM)?;
            Ok(ExitCode::SUCCESS)
        }
        _ => run_journeys(&matches).await,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this program's settings are these variables"
)]
fn target() -> anyhow::Result<Target> {
    Target::from_variables(|name| std::env::var(name).ok()).map_err(anyhow::Error::msg)
}

fn value(matches: &ArgMatches, name: &str) -> u64 {
    matches.get_one(name).copied().unwrap_or_default()
}

/// How much there is to do, by the argument that names its number.
fn quota(matches: &ArgMatches, name: &str) -> Quota {
    if matches.get_flag(UNTIL_TOLD) {
        Quota::at_least(value(matches, name))
    } else {
        Quota::exactly(value(matches, name))
    }
}

/// Does work to its end. Where it goes on until it is told, SIGTERM tells it.
async fn to_the_end<T>(
    matches: &ArgMatches,
    quota: &Quota,
    work: impl Future<Output = T>,
) -> anyhow::Result<T> {
    if !matches.get_flag(UNTIL_TOLD) {
        return Ok(work.await);
    }
    let mut told = signal(SignalKind::terminate())?;
    tokio::pin!(work);
    tokio::select! {
        outcome = &mut work => return Ok(outcome),
        _ = told.recv() => quota.end(),
    }
    Ok(work.await)
}

/// How long an address may take to be reached after its pods are ready.
const SETTLING: Duration = Duration::from_secs(10);

/// Waits until an address is reached. A Service refuses connections until every node has heard of its
/// first pod, which is a moment after that pod is ready; who stays away is for others to tell.
async fn settled(address: &str) {
    dial::until(address, Expected::Open, SETTLING).await;
}

fn exit_code(good: bool) -> ExitCode {
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

async fn run_dials(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let patience = Duration::from_secs(value(matches, "patience"));
    let addresses = |name: &str| {
        matches
            .get_many::<String>(name)
            .unwrap_or_default()
            .cloned()
    };
    let open = addresses("open").map(|address| (Expected::Open, address));
    let closed = addresses("closed").map(|address| (Expected::Closed, address));
    let mut dials = tokio::task::JoinSet::new();
    for (expected, address) in open.chain(closed) {
        dials.spawn(async move {
            let answer = dial::until(&address, expected, patience).await;
            (expected, address, answer)
        });
    }
    anyhow::ensure!(
        !dials.is_empty(),
        "no address; --open and --closed take one each"
    );
    let mut failed = 0;
    let all = dials.len();
    while let Some(dialled) = dials.join_next().await {
        let (expected, address, answer) = dialled?;
        let good = expected.fits(&answer);
        failed += usize::from(!good);
        let mark = if good { "ok     " } else { "FAILED " };
        println!("{mark} {address} is {expected}: {answer}");
    }
    println!("{} as expected, {failed} not", all - failed);
    Ok(exit_code(failed == 0))
}

async fn soak_users(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let context = Context::new(target()?)?;
    let base = context.target.usuarios.context("USUARIOS_URL is not set")?;
    let writes = quota(matches, "writes");
    let plan = Plan {
        writes: &writes,
        rate: value(matches, "rate"),
    };
    let outcome = to_the_end(matches, &writes, users::run(plan, &base, &context.http)).await??;
    println!(
        "{} acknowledged, {} lost, {} errors on the way, longest gap {:?}",
        outcome.acknowledged,
        outcome.lost.len(),
        outcome.errors,
        outcome.longest_gap
    );
    for id in &outcome.lost {
        println!("lost: {id}");
    }
    Ok(exit_code(outcome.lost.is_empty()))
}

async fn soak_chat(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let target = target()?;
    let a = target.chat_a.context("CHAT_A_URL is not set")?;
    let b = target.chat_b.context("CHAT_B_URL is not set")?;
    let writes = quota(matches, "writes");
    let plan = Plan {
        writes: &writes,
        rate: value(matches, "rate"),
    };
    let outcome = to_the_end(matches, &writes, Box::pin(chat::run(plan, a, b))).await??;
    let (lost, doubled) = (outcome.lost.len(), outcome.doubled.len());
    println!(
        "{} accepted, {lost} lost, {doubled} doubled, in order: {}, {} reconnects, {} times told of a gap",
        outcome.accepted, outcome.in_order, outcome.reconnects, outcome.missed
    );
    Ok(exit_code(lost == 0 && doubled == 0 && outcome.in_order))
}

async fn run_journeys(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let wanted: Vec<&String> = matches.get_many("exercise").unwrap_or_default().collect();
    let chosen = journeys::all().into_iter();
    let chosen = chosen.filter(|journey| {
        wanted.is_empty() || wanted.iter().any(|exercise| *exercise == journey.exercise)
    });
    let chosen: Vec<_> = chosen.collect();
    anyhow::ensure!(
        !chosen.is_empty(),
        "no journey of {wanted:?}; --list lists them"
    );
    if matches.get_flag("list") {
        for journey in chosen {
            println!("{}: {}", journey.exercise, journey.name);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let target = target()?;
    // A run that looks at nothing must not be taken for a success.
    anyhow::ensure!(
        !wanted.is_empty() || chosen.iter().any(|journey| target.has(journey.exercise)),
        "no exercise has an address: set DESAFIO1_URL, HELLO_ADDRESS, USUARIOS_URL, CHAT_A_URL or SOCKETS_ADDRESS"
    );
    for address in target.addresses() {
        settled(&address).await;
    }
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    let context = Context::new(target)?;
    for journey in chosen {
        // Whoever names an exercise wants it looked at: then a missing address is a failure.
        if wanted.is_empty() && !context.target.has(journey.exercise) {
            skipped += 1;
            println!(
                "skipped {}: {}\n        it has no address",
                journey.exercise, journey.name
            );
            continue;
        }
        let outcome = journey.run(context.clone()).await;
        let (exercise, name) = (journey.exercise, journey.name);
        match outcome {
            Ok(()) => {
                passed += 1;
                println!("ok      {exercise}: {name}");
            }
            Err(reason @ Failure::NoTraces) => {
                skipped += 1;
                println!("skipped {exercise}: {name}\n        {reason}");
            }
            Err(error) => {
                failed += 1;
                println!("FAILED  {exercise}: {name}\n        {error}");
            }
        }
    }
    match skipped {
        0 => println!("{passed} passed, {failed} failed"),
        _ => println!("{passed} passed, {failed} failed, {skipped} skipped"),
    }
    Ok(exit_code(failed == 0))
}

async fn run_load(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    let url = matches.get_one::<url::Url>("url").cloned();
    let load = Load {
        url: url.context("--url is missing")?,
        concurrency: value(matches, "concurrency"),
        rate: value(matches, "rate"),
    };
    let requests = Arc::new(quota(matches, "requests"));
    let context = Context::new(Target::default())?;
    let work = async {
        if let Some(address) = target::address(&load.url) {
            settled(&address).await;
        }
        load::run(&load, &requests, &context.http).await
    };
    let outcome = to_the_end(matches, &requests, work).await?;
    println!(
        "{} ok, {} lost, in {:?}",
        outcome.ok, outcome.failed, outcome.took
    );
    for reason in &outcome.reasons {
        println!("lost: {reason}");
    }
    Ok(exit_code(outcome.failed == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exercise_as_argument_means_its_journeys() {
        for journey in journeys::all() {
            let matches = command().get_matches_from(["e2e", journey.exercise]);
            assert_eq!(matches.subcommand_name(), None, "{}", journey.exercise);
        }
    }
}
