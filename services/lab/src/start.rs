//! From the command line to what runs.

use std::ffi::OsString;
use std::process::ExitCode;

use runtime::Service;
use runtime::settings::{self, Invocation, Settings};

use crate::cli::{self, Ask};
use crate::lab::Lab;
use crate::preflight::{ports, unusable};
use crate::settings::{LabSettings, environment};
use crate::usage;

/// Exit code of wrong usage and wrong settings.
const WRONG: u8 = 2;

/// Does what the arguments say, to its end.
pub fn main() -> ExitCode {
    match cli::read(std::env::args_os().skip(1)) {
        Ask::Start(exercises, flags) => {
            let names: Vec<_> = exercises.iter().map(|exercise| exercise.name).collect();
            start(&names, flags)
        }
        Ask::Be(row, args) => (row.program.run)(args),
        Ask::List => print(&usage::list()),
        Ask::Help => print(&usage::help()),
        Ask::Unknown(name) => refuse(&usage::unknown(&name)),
        Ask::Mixed(service) => refuse(&usage::mixed(service)),
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
    let taken = match settings_of(&args) {
        Some(settings) => unusable(ports(&settings)),
        None => Vec::new(), // the runtime reads them again, and says what is wrong
    };
    if taken.is_empty() {
        return runtime::main_with::<Lab>(args);
    }
    let ports: Vec<_> = taken.iter().map(ToString::to_string).collect();
    refuse(&format!(
        "malha: nothing was started\n  {}",
        ports.join("\n  ")
    ))
}

fn settings_of(args: &[OsString]) -> Option<LabSettings> {
    let invocation = Invocation {
        name: Lab::NAME,
        about: Lab::ABOUT,
        version: Lab::VERSION,
        defaults: Lab::DEFAULTS,
    };
    let source = settings::invocation(invocation, args.iter().cloned(), environment()).ok()?;
    LabSettings::read(&source).ok()
}

#[expect(
    clippy::print_stdout,
    reason = "what was asked for is the program's answer"
)]
fn print(text: &str) -> ExitCode {
    print!("{text}");
    ExitCode::SUCCESS
}

#[expect(clippy::print_stderr, reason = "nothing runs yet, logs included")]
fn refuse(text: &str) -> ExitCode {
    eprintln!("{text}");
    ExitCode::from(WRONG)
}
