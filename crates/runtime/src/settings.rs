//! Settings: embedded defaults, then a file, then the environment, then flags.
//!
//! A service embeds a TOML text whose comments are its documentation: the same text gives the
//! defaults and `--help`, so that neither can be forgotten. Every value is text until it is read
//! with [`Source::get`], which refuses a wrong one with the setting's name, where the value came
//! from, and what would be right.

mod cli;
mod source;
mod spec;
mod value;

pub use cli::{Invocation, invocation};
pub use source::{Inputs, Source};
pub use spec::{Defaults, Setting};
pub use value::{CommaList, FromSetting, Secret};

/// What a service reads of its settings, all at once, before anything starts.
pub trait Settings: Sized + Send + 'static {
    /// Reads every setting of this group.
    fn read(source: &Source) -> Result<Self, SettingsError>;
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
    /// The settings file, or an embedded default, cannot be read.
    #[error("settings cannot be read: {0}")]
    Unreadable(#[from] config::ConfigError),
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

#[cfg(test)]
mod tests;
