//! The command line of a service: one flag for each setting, `--help` and `--version`.

use std::collections::HashMap;
use std::ffi::OsString;

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, Command};

use super::declared::{Setting, declared};
use super::{Inputs, SettingsError, Source};

/// Reads the arguments (without the program's name) over the environment.
///
/// `--help` and `--version` come back as [`SettingsError::Usage`], whose text is what to print.
pub fn invocation(
    command: Command,
    args: impl IntoIterator<Item = OsString>,
    environment: HashMap<String, String>,
) -> Result<Source, SettingsError> {
    let words = std::iter::once(OsString::from(command.get_name())).chain(args);
    // Text as yet: only the value that wins over the other layers is checked by its type.
    let mut given = as_text(command.clone()).try_get_matches_from(words)?;
    let mut flags = HashMap::new();
    for setting in declared(&command) {
        if let Some(value) = given.remove_one::<String>(&setting.key) {
            flags.insert(setting.key, value);
        }
    }
    Source::load(command, Inputs { environment, flags })
}

/// This process's environment. What is no UTF-8 in a value is U+FFFD there.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the environment is read"
)]
pub fn environment() -> HashMap<String, String> {
    let text = |(name, value): (OsString, OsString)| {
        let value = value.to_string_lossy().into_owned();
        Some((name.into_string().ok()?, value))
    };
    std::env::vars_os().filter_map(text).collect()
}

/// The command with a flag for each setting, and each value checked by its type.
pub(super) fn with_flags(command: Command) -> Command {
    let mut order = 0..;
    command.mut_args(|arg| {
        let flag = Setting::of(&arg).flag();
        arg.long(flag)
            .value_name("VALUE")
            .action(ArgAction::Set)
            .display_order(order.next().unwrap_or_default())
    })
}

fn as_text(command: Command) -> Command {
    let flag = |arg: Arg| {
        let setting = Setting::of(&arg);
        arg.help(help(&setting))
            .long_help(None::<&str>)
            .required(false)
            .default_values(Vec::<&'static str>::new())
            .value_parser(ValueParser::string())
            .allow_hyphen_values(true)
    };
    with_flags(command.mut_args(flag)).after_help(
        "A setting is taken from its flag, else from the environment variable in brackets, \
         else from the file CONFIG_FILE, else it has the default. HTTP_PROXY, HTTPS_PROXY, \
         ALL_PROXY and NO_PROXY hold for spans to a collector that is not on this machine.\n\n\
         Exit codes: 0, it did all it was asked \
         for, or was told to end; 1, it did not, and the last line on stderr or the answer says \
         why; 2, a flag or a setting is wrong.",
    )
}

fn help(setting: &Setting) -> String {
    let (about, default) = (&setting.about, &*setting.default);
    let default = if default.is_empty() { "none" } else { default };
    if setting.is_flag_only() {
        return format!("{about} [default: {default}]");
    }
    format!("{about} [{}, default: {default}]", setting.env())
}
