//! What a shell can complete of the command line.

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command};
use clap_complete::Shell;
use runtime::settings::declared;

use crate::catalogue::{self, EXERCISES};
use crate::lab::Lab;
use crate::remote;

/// The shells that there are completions for.
pub const SHELLS: &str = "bash, zsh, fish, elvish or powershell";

/// The script that teaches a shell the command line.
pub fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "malha", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The command line as clap would have it; [`cli`](crate::cli) reads it.
fn command() -> Command {
    let names = EXERCISES.iter().map(|exercise| exercise.name);
    let exercises = Arg::new("EXERCISE")
        .num_args(0..)
        .value_parser(PossibleValuesParser::new(names));
    let lab = Command::new("malha").disable_help_subcommand(true);
    let lab = lab
        .arg(exercises)
        .arg(flag("list", "Shows exercises, services and ports"));
    let services = catalogue::services().map(|(_, row)| {
        let program = row.program;
        let service = Command::new(program.name).about(program.about);
        with_settings(service, &(program.command)())
    });
    with_settings(lab, &runtime::command::<Lab>())
        .subcommands(services)
        .subcommands([doctor(), trace(), completions()])
        .subcommands(remote::USAGE.map(|(verb, usage)| beside_a_lab(verb, usage)))
}

fn doctor() -> Command {
    Command::new("doctor")
        .about("Checks this machine")
        .arg(flag("kubernetes", "What the charts need is required too"))
        .arg(flag("json", "For scripts"))
}

fn trace() -> Command {
    Command::new("trace")
        .about("Shows a trace of the lab that runs")
        .arg(flag("follow", "Goes on with those that come").short('f'))
        .arg(flag("errors", "Only those that failed"))
        .arg(
            Arg::new("service")
                .long("service")
                .value_name("NAME")
                .help("Only those in which it has a part"),
        )
        .arg(flag("json", "For scripts"))
        .arg(
            Arg::new("at")
                .long("at")
                .value_name("HOST:PORT")
                .help("Where the lab's page is"),
        )
        .arg(Arg::new("ID"))
}

/// A command to a lab that runs.
fn beside_a_lab(verb: &'static str, usage: &'static str) -> Command {
    let at = Arg::new("at").long("at").value_name("HOST:PORT");
    Command::new(verb)
        .about(usage)
        .arg(flag("json", "For scripts"))
        .arg(at.help("Where the lab's page is"))
        .arg(Arg::new("WHAT").num_args(0..))
}

fn completions() -> Command {
    let shell = Arg::new("SHELL").value_parser(clap::value_parser!(Shell));
    Command::new("completions")
        .about("Prints completions for a shell")
        .arg(shell)
}

fn flag(name: &'static str, about: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .help(about)
        .action(ArgAction::SetTrue)
}

/// A command with a flag for each of the settings that another declares.
fn with_settings(command: Command, settings: &Command) -> Command {
    declared(settings)
        .into_iter()
        .fold(command, |command, setting| {
            let flag = setting.flag();
            let arg = Arg::new(setting.key).long(flag).value_name("VALUE");
            command.arg(arg.help(setting.about))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_one() {
        command().debug_assert();
    }

    #[test]
    fn every_name_and_flag_is_in_the_script_of_each_shell() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = script(shell);
            let others = ["doctor", "trace", "completions"].into_iter();
            for name in catalogue::names().chain(others).chain(remote::verbs()) {
                assert!(script.contains(name), "{shell}: {name}");
            }
            for flag in ["lab-page-listen", "drain-timeout", "list", "follow"] {
                assert!(script.contains(flag), "{shell}: {flag}");
            }
        }
    }
}
