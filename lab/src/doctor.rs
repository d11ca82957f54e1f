//! `malha doctor`: what this machine has, what it lacks, and what would mend that.
//!
//! # Layout
//! - [`finding`]: what was found, and what that means for who asks.
//! - [`tools`]: the programs looked for, and how each says its version.
//! - [`judge`]: from what a program said to a finding; no I/O.
//! - [`report`]: the findings as lines, or as JSON.
//! - [`running`]: the lab that runs already, if one does.
//! - `probe`: runs the programs, each for a bounded time.

use std::ffi::OsString;

use crate::preflight::{ports, unusable};
use crate::settings::LabSettings;
use finding::{Finding, Need};
use runtime::settings::SettingsError;

pub mod finding;
pub mod judge;
mod probe;
pub mod report;
pub mod running;
pub mod tools;

/// What somebody wants to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// What Kubernetes needs is required too.
    pub kubernetes: bool,
    /// Answer for scripts.
    pub json: bool,
}

impl Question {
    /// Reads the arguments after `doctor`; the first that is none is returned.
    pub fn read(args: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut question = Self::default();
        for arg in args {
            match arg.to_str() {
                Some("--kubernetes") => question.kubernetes = true,
                Some("--json") => question.json = true,
                _ => return Err(arg.to_string_lossy().into_owned()),
            }
        }
        Ok(question)
    }

    /// Whether what serves this need must be there.
    pub fn requires(self, need: Need) -> bool {
        match need {
            Need::Lab => true,
            Need::Kubernetes => self.kubernetes,
            Need::Comfort => false,
        }
    }
}

/// Looks at the machine. `settings` are the lab's, which say where it would listen.
pub fn examine(settings: Result<LabSettings, SettingsError>) -> std::io::Result<Vec<Finding>> {
    let seen = probe::all()?;
    let mut findings = judge::lab(&seen);
    findings.push(match settings {
        Ok(settings) => {
            let ports = ports(&settings);
            let count = ports.len();
            let unusable = unusable(ports);
            let running = (!unusable.is_empty()).then(|| running::lab(settings.page_listen));
            match running.flatten() {
                Some(running) => judge::running(&running),
                None => judge::ports(count, &unusable),
            }
        }
        Err(error) => judge::settings(&error.to_string()),
    });
    findings.extend(judge::kubernetes(&seen));
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &[&str]) -> Result<Question, String> {
        Question::read(args.iter().map(OsString::from))
    }

    #[test]
    fn only_the_lab_is_required_unless_kubernetes_is_asked_for() {
        let lab = read(&[]).unwrap();
        assert!(lab.requires(Need::Lab) && !lab.requires(Need::Kubernetes));
        let cluster = read(&["--kubernetes"]).unwrap();
        assert!(cluster.requires(Need::Kubernetes) && !cluster.requires(Need::Comfort));
    }

    #[test]
    fn an_argument_that_is_none_is_given_back() {
        assert!(read(&["--json"]).unwrap().json);
        assert_eq!(read(&["--jsno"]).unwrap_err(), "--jsno");
    }
}
