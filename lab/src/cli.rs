//! What the command line asks for.

use std::ffi::OsString;

use runtime::settings::nearest;

use crate::catalogue::{self, Exercise, Row};
use crate::remote;

/// What to do.
#[derive(Debug)]
pub enum Action {
    /// Start these exercises (none named: all), with these flags of the lab's.
    Start(Vec<&'static Exercise>, Vec<OsString>),
    /// Run one service, with its own arguments.
    RunService(&'static Row, Vec<OsString>),
    /// Show what there is.
    List,
    /// Show how to use this program.
    Help,
    /// Show how to use this command.
    HelpOf(&'static str),
    /// Look at the machine, by these arguments.
    Doctor(Vec<OsString>),
    /// Show traces of a lab that runs, by these arguments.
    Trace(Vec<OsString>),
    /// Print completions for the shell that these arguments name.
    Completions(Vec<OsString>),
    /// Ask a lab that runs.
    Remote(Result<remote::Command, remote::UsageError>),
    /// A name that is none.
    Unknown(String),
    /// Services can only be started alone.
    Mixed(&'static str),
}

/// The word that asks for a look at the machine.
const DOCTOR: &str = "doctor";

/// The word that asks for traces of a lab that runs.
const TRACE: &str = "trace";

/// The word that asks for completions of a shell.
const COMPLETIONS: &str = "completions";

/// The word that asks for help.
const HELP: &str = "help";

/// Reads the arguments, without the program's name.
///
/// Names of exercises come first, then flags. The name of a service makes everything after it
/// the service's own.
pub fn read(args: impl IntoIterator<Item = OsString>) -> Action {
    let args: Vec<_> = args.into_iter().collect();
    if let Some(help) = help(&args) {
        return help;
    }
    let mut args = args.into_iter().peekable();
    if args.next_if(|arg| arg == DOCTOR).is_some() {
        return Action::Doctor(args.collect());
    }
    if args.next_if(|arg| arg == TRACE).is_some() {
        return Action::Trace(args.collect());
    }
    if args.next_if(|arg| arg == COMPLETIONS).is_some() {
        return Action::Completions(args.collect());
    }
    let verb = args.next_if(|arg| remote::verbs().any(|verb| arg == verb));
    if let Some(verb) = verb {
        let args: Vec<_> = args.collect();
        if let Some(command) = remote::Command::read(&verb.to_string_lossy(), &args) {
            return Action::Remote(command);
        }
        return Action::Unknown(verb.to_string_lossy().into_owned());
    }
    let mut exercises = Vec::new();
    while let Some(name) = args.next_if(|arg| !arg.to_string_lossy().starts_with('-')) {
        let name = name.to_string_lossy();
        match (catalogue::exercise(&name), catalogue::service(&name)) {
            (Some(exercise), _) => exercises.push(exercise),
            (None, Some(row)) if exercises.is_empty() => {
                return Action::RunService(row, args.collect());
            }
            (None, Some(row)) => return Action::Mixed(row.program.name),
            (None, None) => return Action::Unknown(name.into_owned()),
        }
    }
    let flags = args.map(long);
    let flags: Vec<OsString> = flags.collect();
    match flags
        .first()
        .map(|flag| flag.to_string_lossy().into_owned())
        .as_deref()
    {
        Some("--help" | "-h") => Action::Help,
        Some("--list" | "-l") => Action::List,
        _ => Action::Start(exercises, flags),
    }
}

/// The help that these arguments ask for: `help`, `help NAME`, or a command with a flag.
fn help(args: &[OsString]) -> Option<Action> {
    let command = |name: &OsString| commands().find(|command| name == command);
    let is_flag = |arg: &OsString| arg == "--help" || arg == "-h";
    match args {
        [word] if word == HELP => Some(Action::Help),
        [word, name] if word == HELP => {
            if let Some(command) = command(name) {
                return Some(Action::HelpOf(command));
            }
            let name = name.to_string_lossy();
            Some(match catalogue::service(&name) {
                Some(row) => Action::RunService(row, vec!["--help".into()]),
                None if catalogue::exercise(&name).is_some() => Action::Help,
                None => Action::Unknown(name.into_owned()),
            })
        }
        [name, rest @ ..] if rest.iter().any(is_flag) => command(name).map(Action::HelpOf),
        _ => None,
    }
}

/// Every word that is a command and no name of the catalogue's.
fn commands() -> impl Iterator<Item = &'static str> {
    [DOCTOR, TRACE, COMPLETIONS]
        .into_iter()
        .chain(remote::verbs())
}

/// A flag with the short name that people remember, by its whole name.
fn long(flag: OsString) -> OsString {
    match flag
        .to_str()
        .and_then(|flag| flag.strip_prefix("--without"))
    {
        Some(rest) if rest.is_empty() || rest.starts_with('=') => {
            format!("--lab-without{rest}").into()
        }
        _ => flag,
    }
}

/// The names that are nearest to one that is none, or that hold it.
pub fn suggestions(unknown: &str) -> Vec<&'static str> {
    nearest(unknown, catalogue::names().chain(commands()).chain([HELP]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(args: &[&str]) -> Action {
        read(args.iter().map(OsString::from))
    }

    #[test]
    fn without_a_name_everything_starts() {
        assert!(
            matches!(ask(&[]), Action::Start(named, flags) if named.is_empty() && flags.is_empty())
        );
    }

    #[test]
    fn an_exercise_starts_alone_and_flags_are_the_lab_s() {
        let Action::Start(named, flags) = ask(&["desafio1", "--lab-page-listen", "127.0.0.1:1"])
        else {
            panic!("not a start")
        };
        assert_eq!(named[0].name, "desafio1");
        assert_eq!(flags, ["--lab-page-listen", "127.0.0.1:1"]);
    }

    #[test]
    fn everything_after_a_service_is_the_service_s_own() {
        let Action::RunService(row, args) = ask(&["desafio1-client", "--help"]) else {
            panic!("not one")
        };
        assert_eq!(
            (row.program.name, args.as_slice()),
            ("desafio1-client", &["--help".into()][..])
        );
    }

    #[test]
    fn help_and_the_list_are_asked_for_by_flags() {
        assert!(matches!(ask(&["--help"]), Action::Help));
        assert!(matches!(ask(&["-h"]), Action::Help));
        assert!(matches!(ask(&["--list"]), Action::List));
    }

    #[test]
    fn every_command_has_a_help_of_its_own() {
        for command in commands() {
            assert!(matches!(ask(&[command, "--help"]), Action::HelpOf(of) if of == command));
            assert!(matches!(ask(&[HELP, command]), Action::HelpOf(of) if of == command));
        }
        assert!(matches!(
            ask(&["break", "a-to-b", "-h"]),
            Action::HelpOf("break")
        ));
        assert!(matches!(ask(&[HELP]), Action::Help));
        assert!(matches!(ask(&[HELP, "hello"]), Action::Help));
        assert!(matches!(ask(&[HELP, "brake"]), Action::Unknown(name) if name == "brake"));
        assert!(matches!(
            ask(&[HELP, "desafio1-client"]),
            Action::RunService(_, args) if args == ["--help"]
        ));
        assert!(catalogue::names().all(|name| name != HELP));
    }

    #[test]
    fn the_doctor_takes_everything_after_its_name() {
        assert!(matches!(ask(&["doctor", "--json"]), Action::Doctor(args) if args == ["--json"]));
        assert!(catalogue::names().all(|name| name != DOCTOR));
        assert_eq!(suggestions("docter"), ["doctor"]);
    }

    #[test]
    fn traces_and_completions_take_everything_after_their_names() {
        assert!(matches!(ask(&["trace", "-f"]), Action::Trace(args) if args == ["-f"]));
        assert!(
            matches!(ask(&["completions", "zsh"]), Action::Completions(args) if args == ["zsh"])
        );
        assert!(catalogue::names().all(|name| ![TRACE, COMPLETIONS].contains(&name)));
        assert_eq!(suggestions("traces"), ["trace"]);
    }

    #[test]
    fn a_verb_asks_a_lab_that_runs_and_is_no_service() {
        assert!(matches!(ask(&["links"]), Action::Remote(Ok(_))));
        assert!(matches!(ask(&["stop"]), Action::Remote(Err(_))));
        assert!(catalogue::names().all(|name| remote::verbs().all(|verb| verb != name)));
    }

    #[test]
    fn a_service_is_left_out_by_a_short_flag() {
        let Action::Start(_, flags) = ask(&["--without", "hello-server"]) else {
            panic!("not a start")
        };
        assert_eq!(flags, ["--lab-without", "hello-server"]);
    }

    #[test]
    fn a_service_beside_an_exercise_is_refused() {
        assert!(matches!(
            ask(&["desafio1", "desafio1-client"]),
            Action::Mixed("desafio1-client")
        ));
    }

    #[test]
    fn a_name_that_is_none_gets_the_nearest_that_are() {
        assert!(
            matches!(ask(&["desafio1-cliente"]), Action::Unknown(name) if name == "desafio1-cliente")
        );
        assert_eq!(suggestions("Desafio1-cliente"), ["desafio1-client"]);
        assert_eq!(
            suggestions("servidor")[..2],
            ["grpc-servidor", "desafio1-servidor"]
        );
        assert_eq!(suggestions("desafio")[0], "desafio1");
        assert!(suggestions("xyz").is_empty());
    }
}
