//! What the program says of itself: `--help`, `--list`, and why it cannot start.

use std::fmt::Write;

use runtime::settings::declared;

use crate::catalogue::{EXERCISES, Row};
use crate::cli::suggestions;
use crate::faults::kinds::{BESIDE, KINDS, Of};
use crate::lab::Lab;
use crate::plan::prefix;
use crate::remote::USAGE;

/// The text of `--help`.
pub fn help() -> String {
    let mut text = String::from(HEAD);
    text.push_str("\nBeside a lab that runs (--at HOST:PORT says where, --json is for scripts):\n");
    for (_, usage) in USAGE {
        let _ = writeln!(text, "  {usage}");
    }
    text.push_str("\nExercises and services:\n");
    text.push_str(&list());
    text.push_str("\nSettings of the lab, each an environment variable or a flag:\n");
    for setting in declared(&runtime::command::<Lab>()) {
        let (name, flag, about) = (setting.env(), setting.flag(), &setting.about);
        let default = Some(setting.default.as_str()).filter(|text| !text.is_empty());
        let default = default.unwrap_or("none");
        let _ = writeln!(
            text,
            "  {name}, --{flag}\n      {about} [default: {default}]"
        );
    }
    let mut services = EXERCISES.iter().flat_map(|exercise| exercise.services);
    if let Some(server) = services.find(|row| row.port.is_some()) {
        let _ = write!(text, "\n{}", overriding(server));
    }
    text
}

const HEAD: &str = "\
Every Malha service on this machine, with their traces on a page at http://localhost:8888.

Usage:
  malha                         starts every exercise
  malha EXERCISE...             starts these alone
  malha --without SERVICE       starts the others; a program of yours takes its place
  malha SERVICE [ARGUMENT...]   is that service, in this process; SERVICE --help lists its settings
  malha doctor                  checks this machine: what is missing, and what would mend it;
                                with --kubernetes what the charts need is required too, --json for scripts
  malha trace [-f] [ID]         shows a trace of the lab that runs as a tree: the newest, or that one; -f goes on
                                with those that come, --service NAME and --errors choose among them, --json is
                                for scripts, --at HOST:PORT says where the lab is
  malha completions SHELL       prints completions for bash, zsh or fish, as in
                                malha completions bash > ~/.local/share/bash-completion/completions/malha
  malha --list                  shows exercises, services and ports
  malha --help, malha help      shows this; malha COMMAND --help, or malha help COMMAND, how that one is used

Under cargo, arguments follow two dashes: cargo run -- desafio1

Programs of your own send their spans to the lab by OTLP: over HTTP (protobuf or JSON, gzip too) to
http://localhost:4318, or over gRPC to http://localhost:4317, which are the defaults of most.
";

/// How the commands are used that are not answered by what a lab does.
const OWN: [(&str, &str); 3] = [
    (
        "doctor",
        "malha doctor [--kubernetes] [--json]     checks this machine: what is missing, and what would mend it",
    ),
    (
        "trace",
        "malha trace [-f] [ID] [--service NAME] [--errors]  shows a trace as a tree: the newest, or that one; -f goes on
       with those that come. --service: only those in which it has a part; --errors: only those that failed,
       and with both those in which that service did",
    ),
    (
        "completions",
        "malha completions SHELL                  prints completions for bash, zsh, fish, elvish or powershell",
    ),
];

/// The text of a command's `--help`.
pub fn of(command: &str) -> String {
    let mut known = OWN.into_iter().chain(USAGE);
    let usage = known.find(|(name, _)| *name == command);
    let mut text = format!("usage: {}\n", usage.map_or(command, |(_, usage)| usage));
    if command == "break" {
        text.push_str("\nFaults of a link:\n");
        for kind in KINDS.iter().filter(|kind| kind.of == Of::Link) {
            let _ = writeln!(text, "  {}\n      {}", kind.example, kind.look_for.en);
        }
        text.push_str(BESIDE);
    }
    if !["doctor", "completions"].contains(&command) {
        text.push_str("\n--at HOST:PORT says where the lab's page is, --json is for scripts\n");
    }
    text
}

fn overriding(row: &Row) -> String {
    let (name, prefix) = (row.program.name, prefix(row.program.name));
    let moved = row.port.unwrap_or_default().saturating_add(1000);
    format!(
        "A setting of one service is set with its name in front, and those that ask it follow:\n  \
         {prefix}LISTEN=127.0.0.1:{moved}   moves {name}\n"
    )
}

/// The text of `--list`.
pub fn list() -> String {
    let width = EXERCISES.iter().flat_map(|exercise| exercise.services);
    let width = width
        .map(|row| row.program.name.len())
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    for exercise in EXERCISES {
        let _ = writeln!(text, "  {}: {}", exercise.name, exercise.about);
        for row in exercise.services {
            let (name, about) = (row.program.name, row.program.about);
            let port = row
                .port
                .map_or_else(|| "-".to_owned(), |port| port.to_string());
            let admin = row.admin_port;
            let _ = writeln!(
                text,
                "    {name:width$}  port {port:>5}  probes {admin}  {about}"
            );
        }
    }
    text
}

/// What is said of a name that is none.
pub fn unknown(name: &str) -> String {
    let near = suggestions(name);
    let hint = match near.as_slice() {
        [] => "see malha --list".to_owned(),
        near => format!("did you mean {}?", near.join(" or ")),
    };
    format!("malha: {name:?} is no exercise and no service; {hint}")
}

/// What is said of an argument that the doctor does not know.
pub fn not_the_doctor_s(arg: &str) -> String {
    format!("malha doctor: {arg:?} is not known; expected --kubernetes, --json, or nothing")
}

/// What is said where nothing can be shown by the arguments after `trace`.
pub fn not_a_trace(trouble: &str) -> String {
    format!(
        "malha trace: {trouble}; expected [-f] [ID] [--service NAME] [--errors] [--json] [--at HOST:PORT]"
    )
}

/// What is said where a service is named beside exercises.
pub fn mixed(service: &str) -> String {
    format!("malha: {service} is one service; start it alone, or name exercises only")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_every_exercise_service_and_setting() {
        let help = help();
        for name in crate::catalogue::names() {
            assert!(help.contains(name), "{name}");
        }
        for setting in declared(&runtime::command::<Lab>()) {
            assert!(help.contains(&setting.env()), "{}", setting.key);
        }
    }

    #[test]
    fn the_help_of_a_command_is_its_usage_and_of_a_break_its_faults() {
        for (command, says) in [
            ("doctor", "usage: malha doctor "),
            ("trace", "--at HOST:PORT"),
            ("completions", "usage: malha completions SHELL"),
            ("wire", "usage: malha wire LINK "),
            ("break", "  bandwidth=1KB\n"),
            ("break", "toward=server is "),
            ("break", "share=0.5 strikes "),
        ] {
            let text = of(command);
            assert!(text.contains(says), "{command}: {text}");
        }
    }

    #[test]
    fn a_name_that_is_none_is_answered_with_what_was_meant() {
        assert!(unknown("desafio1-servido").ends_with("did you mean desafio1-servidor?"));
        assert!(unknown("xyz").ends_with("see malha --list"));
    }
}
