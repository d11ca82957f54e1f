//! What a program declares: one setting for each argument of its command.

use std::any::TypeId;
use std::collections::HashMap;

use clap::{Arg, Command};

use super::Secret;

/// One setting as its field declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The name in files, as in `drain_delay`.
    pub key: String,
    /// What it is, for `--help`.
    pub about: String,
    /// What holds where nobody says otherwise; empty: nothing.
    pub default: String,
    /// Whether its value must never be shown.
    pub is_secret: bool,
    /// Whether the program cannot do without a value.
    pub(super) is_needed: bool,
}

/// The settings that a command declares, in its order.
pub fn declared(command: &Command) -> Vec<Setting> {
    command.get_arguments().map(Setting::of).collect()
}

/// The variables whose names begin so, and which are set although the command declares none of them.
pub fn undeclared(
    command: &Command,
    environment: &HashMap<String, String>,
    prefix: &str,
) -> Vec<String> {
    let declared: Vec<_> = declared(command).iter().map(Setting::env).collect();
    let set = environment.iter().filter(|(_, value)| !value.is_empty());
    let ours = set
        .map(|(name, _)| name)
        .filter(|name| name.starts_with(prefix));
    let mut names: Vec<_> = ours
        .filter(|name| !declared.contains(name))
        .cloned()
        .collect();
    names.sort();
    names
}

/// Gives a setting that is declared elsewhere a default or a text of the program's own. It keeps its
/// place in `--help`.
pub fn adjust(command: Command, key: &str, change: impl Fn(Arg) -> Arg) -> Command {
    debug_assert!(
        command.get_arguments().any(|arg| arg.get_id() == key),
        "{key} is not declared"
    );
    command.mut_args(|arg| {
        if arg.get_id() == key {
            change(arg)
        } else {
            arg
        }
    })
}

impl Setting {
    pub(super) fn of(arg: &Arg) -> Self {
        let about = arg.get_help().map(ToString::to_string);
        let default = arg.get_default_values().first();
        Self {
            key: arg.get_id().to_string(),
            about: about.unwrap_or_default().replace('`', ""),
            default: default.map_or_else(String::new, |text| text.to_string_lossy().into_owned()),
            is_secret: arg.get_value_parser().type_id() == TypeId::of::<Secret>(),
            is_needed: default.is_some() || arg.is_required_set(),
        }
    }

    /// The name in the environment, as in `DRAIN_DELAY`.
    pub fn env(&self) -> String {
        self.key.to_uppercase()
    }

    /// The name of the flag, as in `drain-delay`.
    pub fn flag(&self) -> String {
        self.key.replace('_', "-")
    }

    /// Whether its text says that it is not read from the environment, where some systems have a
    /// variable of the same name with another meaning.
    pub fn is_flag_only(&self) -> bool {
        self.about.starts_with("Flag only: ")
    }

    /// A value of this setting as anybody may see it.
    pub(super) fn shown(&self, value: &str) -> String {
        let hidden = self.is_secret && !value.is_empty();
        if hidden {
            return "***".to_owned();
        }
        without_logins(value)
    }
}

/// A text without the users and passwords of the URLs in it. One that is no URL hides rather more.
fn without_logins(text: &str) -> String {
    let mut pieces = text.split("://");
    let mut shown = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        shown.push_str("://");
        match piece.rsplit_once('@') {
            Some((_, host)) => shown.extend(["***@", host]),
            None => shown.push_str(piece),
        }
    }
    shown
}
