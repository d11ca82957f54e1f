//! How a process ended, in words.

use std::fmt;
use std::process::ExitStatus;

/// The end of a process.
#[derive(Debug)]
pub enum Exit {
    /// It ran and ended.
    Ended(ExitStatus),
    /// It never ran.
    NotStarted(std::io::Error),
}

impl Exit {
    /// Whether starting it again would end the same way: its settings are wrong.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Ended(status) if status.code() == Some(2))
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = match self {
            Self::NotStarted(error) => return write!(f, "could not be started: {error}"),
            Self::Ended(status) => status,
        };
        match (status.code(), signal(*status)) {
            (Some(0), _) => f.write_str("ended in order (exit code 0: told by SIGTERM, or done)"),
            (Some(2), _) => f.write_str("refused its settings (exit code 2)"),
            (Some(101), _) => f.write_str("panicked (exit code 101)"),
            (Some(code), _) => write!(f, "failed (exit code {code})"),
            (None, Some(number)) => match signal_name(number) {
                Some(name) => write!(f, "was killed by {name} (signal {number})"),
                None => write!(f, "was killed by signal {number}"),
            },
            (None, None) => f.write_str("ended without an exit code"),
        }
    }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

/// The names of signals that have the same number on every system.
fn signal_name(number: i32) -> Option<&'static str> {
    Some(match number {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        _ => return None,
    })
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use nix::sys::signal::Signal;

    use super::*;

    fn said(raw: i32) -> String {
        Exit::Ended(ExitStatus::from_raw(raw)).to_string()
    }

    #[test]
    fn signals_are_named() {
        assert_eq!(said(9), "was killed by SIGKILL (signal 9)");
        assert_eq!(said(64), "was killed by signal 64");
    }

    #[test]
    fn a_signal_has_the_name_that_the_system_gives_it() {
        let names = || (1..=64).filter_map(|number| Some((number, signal_name(number)?)));
        for (number, name) in names() {
            assert_eq!(Signal::try_from(number).unwrap().as_str(), name);
        }
        assert_eq!(names().count(), 11, "all that end a process everywhere");
    }

    #[test]
    fn exit_codes_are_said_with_what_they_mean() {
        assert_eq!(
            said(0),
            "ended in order (exit code 0: told by SIGTERM, or done)"
        );
        assert_eq!(said(1 << 8), "failed (exit code 1)");
        assert_eq!(said(2 << 8), "refused its settings (exit code 2)");
        assert_eq!(said(101 << 8), "panicked (exit code 101)");
    }

    #[test]
    fn only_wrong_settings_are_final() {
        assert!(Exit::Ended(ExitStatus::from_raw(2 << 8)).is_final());
        assert!(!Exit::Ended(ExitStatus::from_raw(0)).is_final());
        assert!(!Exit::Ended(ExitStatus::from_raw(9)).is_final());
    }
}
