//! What the program says of itself: `--help`, `--list`, and why it cannot start.

use std::fmt::Write;

use runtime::settings::declared;

use crate::catalogue::{EXERCISES, Row};
use crate::cli::suggestions;
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
                                with those that come, --json is for scripts, --at HOST:PORT says where the lab is
  malha completions SHELL       prints completions for bash, zsh or fish, as in
                                malha completions bash > ~/.local/share/bash-completion/completions/malha
  malha --list                  shows exercises, services and ports
  malha --help                  shows this

Under cargo, arguments follow two dashes: cargo run -- desafio1

Programs of your own send their spans to the lab by OTLP: over HTTP (protobuf or JSON, gzip too) to
http://localhost:4318, or over gRPC to http://localhost:4317, which are the defaults of most.
";

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
    format!("malha trace: {trouble}; expected [-f] [ID] [--json] [--at HOST:PORT]")
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
    fn a_name_that_is_none_is_answered_with_what_was_meant() {
        assert!(unknown("desafio1-servido").ends_with("did you mean desafio1-servidor?"));
        assert!(unknown("xyz").ends_with("see malha --list"));
    }
}
