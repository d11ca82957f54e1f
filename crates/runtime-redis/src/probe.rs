//! What the health check asks.

use super::command::Command;

/// What a store must do for a program, to be found ready: take its login and its writes, and have the
/// functions that its scripts call.
#[derive(Clone, Debug)]
pub struct Probe {
    key: String,
    functions: &'static [&'static str],
}

const SCRIPT: &str = include_str!("probe.lua");

impl Probe {
    /// `key` is one that never exists, under the prefix of those that are used: permissions are given
    /// by prefixes, and in a cluster each key is somewhere else. `functions` are named as in
    /// `cjson.encode`.
    pub fn new(key: impl Into<String>, functions: &'static [&'static str]) -> Self {
        Self {
            key: key.into(),
            functions,
        }
    }

    pub(super) fn command(&self) -> Command {
        Command::write("EVAL")
            .arg(SCRIPT)
            .arg(1)
            .arg(&self.key)
            .arg(self.functions)
    }
}
