//! The command line of a service: one flag per setting, `--help` and `--version`.

use std::collections::HashMap;
use std::ffi::OsString;

use clap::{Arg, Command};

use super::spec::{Defaults, Setting, declared};
use super::{Inputs, SettingsError, Source};

/// What a service tells of itself on the command line.
#[derive(Clone, Copy, Debug)]
pub struct Invocation {
    /// The program's name.
    pub name: &'static str,
    /// One line on what it does.
    pub about: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Its embedded defaults.
    pub defaults: Defaults,
}

/// Reads the arguments (without the program's name) over the environment.
///
/// `--help` and `--version` come back as [`SettingsError::Usage`], whose text is what to print.
pub fn invocation(
    service: Invocation,
    args: impl IntoIterator<Item = OsString>,
    environment: HashMap<String, String>,
) -> Result<Source, SettingsError> {
    let command = command(service)?;
    let words = std::iter::once(OsString::from(service.name)).chain(args);
    let matches = command.try_get_matches_from(words)?;
    let mut flags = HashMap::new();
    for setting in Source::declared(service.defaults) {
        if let Some(value) = matches.get_one::<String>(&setting.key) {
            flags.insert(setting.key, value.clone());
        }
    }
    Source::load(service.defaults, Inputs { environment, flags })
}

fn command(service: Invocation) -> Result<Command, SettingsError> {
    let own: Vec<_> = service
        .defaults
        .0
        .iter()
        .take(1)
        .flat_map(|text| declared(text))
        .collect();
    let common = declared(super::source::COMMON);
    let defaults = Source::load(service.defaults, Inputs::default())?;
    let args = Source::declared(service.defaults)
        .into_iter()
        .map(|setting| {
            let default = defaults
                .get_optional::<String>(&setting.env())
                .ok()
                .flatten();
            let default = default.unwrap_or_else(|| "none".to_owned());
            let heading = match &setting {
                setting if own.contains(setting) => "Settings",
                setting if setting.key.starts_with("otel_") => "Telemetry (OpenTelemetry's names)",
                setting if common.contains(setting) => "Settings of every service",
                _ => "Limits",
            };
            Arg::new(setting.key.clone())
                .long(setting.flag())
                .value_name("VALUE")
                .allow_hyphen_values(true)
                .help(help(&setting, &default))
                .help_heading(heading)
        });
    Ok(Command::new(service.name)
        .version(service.version)
        .about(service.about)
        .after_help(
            "A setting is taken from its flag, else from the environment variable in brackets, \
             else from the file CONFIG_FILE, else it has the default. OTEL_RESOURCE_ATTRIBUTES, \
             OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG, OTEL_BSP_* and OTEL_SPAN_*_LIMIT mean \
             what the OpenTelemetry specification says.\n\nExit codes: 0, it did all it was asked \
             for, or was told to end; 1, it did not, and the last line on stderr or the answer says \
             why; 2, a flag or a setting is wrong.",
        )
        .args(args))
}

fn help(setting: &Setting, default: &str) -> String {
    if setting.is_flag_only() {
        return format!("{} [default: {default}]", setting.about);
    }
    format!("{} [{}, default: {default}]", setting.about, setting.env())
}
