//! From the command line to what runs.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::process::{Command, ExitCode};

use runtime::settings;

use crate::beside::{self, Said};
use crate::catalogue::Row;
use crate::cli::{self, Action};
use crate::client::{self, unless_read_enough};
use crate::doctor::{self, Question, report};
use crate::lab::Lab;
use crate::preflight::{ports, unusable};
use crate::remote;
use crate::{completions, terminal, usage};

/// Exit code of wrong usage and wrong settings.
const WRONG: u8 = 2;

/// Does what the arguments say, to its end.
pub fn main() -> ExitCode {
    match cli::read(std::env::args_os().skip(1)) {
        Action::Start(exercises, flags) => {
            let names: Vec<_> = exercises.iter().map(|exercise| exercise.name).collect();
            start(&names, flags)
        }
        Action::RunService(row, args) => run_service(row, args),
        Action::List => print(&usage::list()),
        Action::Help => print(&usage::help()),
        Action::HelpOf(command) => print(&usage::of(command)),
        Action::Doctor(args) => examine(args),
        Action::Trace(args) => trace(args),
        Action::Completions(args) => complete(&args),
        Action::Remote(Ok(command)) => remote::run(&command),
        Action::Remote(Err(error)) => refuse(&error.to_string()),
        Action::Unknown(name) => refuse(&usage::unknown(&name)),
        Action::Mixed(service) => refuse(&usage::mixed(service)),
    }
}

fn start(exercises: &[&str], flags: Vec<OsString>) -> ExitCode {
    let mut args = Vec::new();
    if !exercises.is_empty() {
        args.extend([
            OsString::from("--lab-exercises"),
            exercises.join(",").into(),
        ]);
    }
    args.extend(flags);
    let taken = match Lab::settings(&args) {
        Ok(settings) => unusable(ports(&settings)),
        Err(_) => Vec::new(), // the runtime reads them again, and says what is wrong
    };
    if taken.is_empty() {
        // Of this process alone: it is the one that decompresses large exports.
        malloc_trim::keep_large_apart();
        return runtime::main_with::<Lab>(args);
    }
    let ports: Vec<_> = taken.iter().map(ToString::to_string).collect();
    refuse(&format!(
        "malha: nothing was started\n  {}",
        ports.join("\n  ")
    ))
}

/// Runs one service alone; a client beside a lab with what it needs to know of the lab.
fn run_service(row: &Row, args: Vec<OsString>) -> ExitCode {
    let environment = settings::environment();
    let said = Said {
        environment: &environment,
        args: &args,
    };
    let is_server = row.port.is_some();
    if is_server || said.is_a_question() || said.exports() {
        return (row.program.run)(args);
    }
    if let Some(lab) = beside::running_lab(&said) {
        return again(row, &args, lab.settings(row, &said));
    }
    if let Some(asks) = said.unsaid(row) {
        note(&beside::hint(row, asks));
    }
    (row.program.run)(args)
}

/// Becomes the same program with more in its environment, which a process cannot change safely.
fn again(row: &Row, args: &[OsString], settings: BTreeMap<String, String>) -> ExitCode {
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return refuse(&format!("malha: this program cannot find itself: {error}")),
    };
    let mut command = Command::new(program);
    command.arg(row.program.name).args(args).envs(settings);
    #[cfg(unix)]
    let error = std::os::unix::process::CommandExt::exec(&mut command);
    #[cfg(not(unix))]
    let error = match command.status() {
        Ok(status) => {
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            return ExitCode::from(code.unwrap_or(1));
        }
        Err(error) => error,
    };
    refuse(&format!(
        "malha: {} was not started: {error}",
        row.program.name
    ))
}

/// Says what this machine has and lacks; the exit code is 1 where something required is missing.
fn examine(args: Vec<OsString>) -> ExitCode {
    let question = match Question::read(args) {
        Ok(question) => question,
        Err(arg) => return refuse(&usage::not_the_doctor_s(&arg)),
    };
    let findings = match doctor::examine(Lab::settings(&[])) {
        Ok(findings) => findings,
        Err(error) => return refuse(&format!("malha doctor: nothing can be run: {error}")),
    };
    let printed = print(&if question.json {
        format!("{:#}\n", report::json(&findings, question))
    } else {
        report::text(&findings, question)
    });
    if report::can_run(&findings, question) {
        printed
    } else {
        ExitCode::FAILURE
    }
}

/// Shows traces of a lab that runs; the exit code is 1 where there is none to show.
fn trace(args: Vec<OsString>) -> ExitCode {
    let question = match terminal::question::Question::read(args) {
        Ok(question) => question,
        Err(trouble) => return refuse(&usage::not_a_trace(&trouble)),
    };
    let page = match Lab::settings(&[]) {
        Ok(settings) => settings.page_listen,
        Err(error) => return refuse(&format!("malha trace: {error}")),
    };
    match terminal::show(&question, page) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            note(&format!("malha trace: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn complete(args: &[OsString]) -> ExitCode {
    let named = match args {
        [shell] => shell.to_str().and_then(|shell| shell.parse().ok()),
        _ => None,
    };
    match named {
        Some(shell) => print(&completions::script(shell)),
        None => refuse(&format!(
            "malha completions: expected {}",
            completions::SHELLS
        )),
    }
}

/// Prints what was asked for.
fn print(text: &str) -> ExitCode {
    match unless_read_enough(client::print(text)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            note(&format!("malha: nothing can be printed: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn refuse(text: &str) -> ExitCode {
    note(text);
    ExitCode::from(WRONG)
}

#[expect(clippy::print_stderr, reason = "nothing runs yet, logs included")]
fn note(text: &str) {
    eprintln!("{text}");
}
