//! The settings of one program, each of its type.

use clap::error::{ContextKind, ContextValue};
use clap::{ArgMatches, Args, Command};

use super::command_line::with_flags;
use super::layers::Layers;
use super::{Expected, Inputs, Setting, Settings, SettingsError, declared};

/// A setting with the value that holds, secrets hidden.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ShownSetting {
    /// The name in the environment, as in `DRAIN_DELAY`.
    pub name: String,
    /// What holds; empty: nothing.
    pub value: String,
    /// What would hold where nobody said otherwise.
    pub default: String,
    /// What it is.
    pub about: String,
}

/// All settings of one program, merged and checked one by one.
pub struct Source {
    settings: Vec<Setting>,
    layers: Layers,
    checked: ArgMatches,
}

impl Source {
    /// Merges what the command declares with these inputs, and refuses what no setting can take.
    pub fn load(command: Command, inputs: Inputs) -> Result<Self, SettingsError> {
        let settings = declared(&command);
        let layers = Layers::merge(&settings, inputs)?;
        let mut words = vec![command.get_name().to_owned()];
        for setting in &settings {
            let text = layers.text(&setting.key)?;
            if setting.is_needed || !text.is_empty() {
                words.push(format!("--{}={text}", setting.flag()));
            }
        }
        let mut command = with_flags(command);
        match command.try_get_matches_from_mut(words) {
            Ok(checked) => Ok(Self {
                settings,
                layers,
                checked,
            }),
            Err(error) => Err(refusal(error, &command, &settings, &layers)),
        }
    }

    /// The settings of a program, with the rules between them.
    pub fn read<T: Settings>(&self) -> Result<T, SettingsError> {
        self.group::<T>()?.finish(self)
    }

    /// A group of settings that the program declares.
    pub fn group<T: Args>(&self) -> Result<T, SettingsError> {
        Ok(T::from_arg_matches(&self.checked)?)
    }

    /// The text of one setting by its name in the environment; none where it is not set.
    pub fn text(&self, name: &str) -> Option<String> {
        let setting = self.setting(name)?;
        let text = self.layers.text(&setting.key).ok()?;
        (!text.is_empty()).then_some(text)
    }

    /// The refusal of a value, for rules that only the caller knows.
    pub fn refused(&self, name: &str, expected: impl Into<String>) -> SettingsError {
        let (name, expected) = (name.to_owned(), expected.into());
        let Some(setting) = self.setting(&name) else {
            return SettingsError::Missing { name, expected };
        };
        let value = self.layers.text(&setting.key).unwrap_or_default();
        refused(setting, &value, &self.layers, expected)
    }

    /// Name and value of every setting, secrets hidden, for one log line at the start.
    pub fn shown(&self) -> String {
        let listed = self.listed().into_iter();
        let shown = listed.map(|one| format!("{}={}", one.name, one.value));
        shown.collect::<Vec<_>>().join(" ")
    }

    /// Every setting as anybody may see it, in the order of `--help`.
    pub fn listed(&self) -> Vec<ShownSetting> {
        let listed = self.settings.iter().map(|setting| {
            let text = self.layers.text(&setting.key).unwrap_or_default();
            ShownSetting {
                name: setting.env(),
                value: setting.shown(&text),
                default: setting.shown(&setting.default),
                about: setting.about.clone(),
            }
        });
        listed.collect()
    }

    fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.env() == name)
    }
}

/// A group of settings where nothing is set.
pub fn defaults<T: Args>() -> Result<T, SettingsError> {
    let command = T::augment_args(Command::new("defaults"));
    Source::load(command, Inputs::default())?.group()
}

fn refused(setting: &Setting, value: &str, layers: &Layers, expected: String) -> SettingsError {
    if value.is_empty() {
        let name = setting.env();
        return SettingsError::Missing { name, expected };
    }
    SettingsError::Refused {
        name: setting.env(),
        value: setting.shown(value),
        origin: layers.origin(setting),
        expected,
    }
}

/// What clap says of a value, with the setting's name and where the value came from.
fn refusal(
    error: clap::Error,
    command: &Command,
    settings: &[Setting],
    layers: &Layers,
) -> SettingsError {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text),
        _ => None,
    };
    // clap names an argument as its usage does.
    let of_usage = context(ContextKind::InvalidArg).and_then(|usage| {
        let mut args = command.get_arguments();
        let arg = args.find(|arg| arg.to_string() == *usage)?;
        settings
            .iter()
            .find(|setting| setting.key == arg.get_id().as_str())
    });
    let expected = std::error::Error::source(&error)
        .and_then(|source| source.downcast_ref())
        .map(|Expected(expected)| expected.clone());
    let expected = expected.unwrap_or_else(|| "another value".to_owned());
    match (of_usage, context(ContextKind::InvalidValue)) {
        (Some(setting), Some(value)) => refused(setting, value, layers, expected),
        _ => error.into(),
    }
}
