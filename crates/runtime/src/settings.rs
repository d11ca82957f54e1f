//! Settings: defaults, then a file, then the environment, then flags.
//!
//! A setting is declared once, as the field of a struct that derives [`clap::Args`]: its doc
//! comment is its text in `--help`, its `#[arg]` holds the default, the type and the range.
//!
//! ```
//! # use std::time::Duration;
//! # use runtime::settings::{HOUR, MILLISECOND, within};
//! #[derive(Clone, Debug, clap::Args)]
//! pub struct ClientSettings {
//!     /// Time between two requests
//!     #[arg(default_value = "5s", value_parser = within(MILLISECOND..=HOUR))]
//!     pub interval: Duration,
//! }
//! ```
//!
//! The name follows from the field: `interval` in a file, `INTERVAL` in the environment,
//! `--interval` as a flag. A field without a default is an `Option`, or must be set. A value that
//! nobody may see is a [`Secret`]. Help shows a doc comment without its backticks; one that begins
//! with `Flag only: ` is not read from the environment.

mod command_line;
mod declared;
mod layers;
mod nearest;
mod source;
mod value;

use std::fmt::Display;

use config::ConfigError;

pub use command_line::{environment, invocation};
pub use declared::{Setting, adjust, declared, undeclared};
pub use layers::Inputs;
pub use nearest::nearest;
pub use source::{ShownSetting, Source, defaults};
pub use value::{
    CommaList, DAY, Expected, FromSetting, HOUR, MILLISECOND, Secret, bytes, list, parse, within,
};

/// All that a service is told, before anything starts.
pub trait Settings: clap::Args + Send + 'static {
    /// Checks the rules between several settings, and fills in what follows from them.
    fn finish(self, source: &Source) -> Result<Self, SettingsError> {
        let _ = source;
        Ok(self)
    }
}

/// Why the settings cannot be used. The process ends with exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A value that its setting cannot take.
    #[error("{name}={value:?} ({origin}) is refused: expected {expected}")]
    Refused {
        /// The setting, as the environment spells it.
        name: String,
        /// What was given, or `***` where the setting is a secret.
        value: String,
        /// Where it was given.
        origin: String,
        /// What would be right.
        expected: String,
    },
    /// A setting with no value where one is needed.
    #[error("{name} is not set: expected {expected}")]
    Missing {
        /// The setting, as the environment spells it.
        name: String,
        /// What would be right.
        expected: String,
    },
    /// A settings file names something that is no setting of this service.
    #[error("{file}: {key:?} is no setting of this service{}", suggestion.as_ref().map(|s| format!("; did you mean {s:?}?")).unwrap_or_default())]
    Unknown {
        /// The settings file.
        file: String,
        /// The name in it.
        key: String,
        /// The nearest name that exists.
        suggestion: Option<String>,
    },
    /// The settings file cannot be read.
    #[error("settings cannot be read: {0}")]
    Unreadable(String),
    /// A flag that does not exist, or `--help` and `--version`.
    #[error(transparent)]
    Usage(#[from] clap::Error),
}

impl SettingsError {
    /// A bounded name for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "setting_refused",
            Self::Missing { .. } => "setting_missing",
            Self::Unknown { .. } => "setting_unknown",
            Self::Unreadable(_) => "settings_unreadable",
            Self::Usage(_) => "usage",
        }
    }
}

impl From<ConfigError> for SettingsError {
    fn from(error: ConfigError) -> Self {
        Self::Unreadable(without_quotes(&error.to_string()))
    }
}

impl SettingsError {
    /// The file is called as it was called to us: `config` calls it as seen from where the process runs.
    fn in_file(path: &str, error: ConfigError) -> Self {
        match error {
            ConfigError::FileParse { cause, .. } => {
                Self::unreadable_file(path, &without_quotes(&cause.to_string()))
            }
            error => error.into(),
        }
    }

    /// Whoever did not set `CONFIG_FILE` on this command line may have it in the environment.
    fn unreadable_file(path: &str, reason: &dyn Display) -> Self {
        Self::Unreadable(format!("CONFIG_FILE={path:?}: {reason}"))
    }
}

/// The text of the file itself is left out: the line that cannot be read may hold a secret.
fn without_quotes(text: &str) -> String {
    let is_quoted = |line: &&str| {
        let bar = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
        bar.starts_with('|')
    };
    let told: Vec<_> = text.lines().filter(|line| !is_quoted(line)).collect();
    told.join(": ")
}

#[cfg(test)]
mod tests;
