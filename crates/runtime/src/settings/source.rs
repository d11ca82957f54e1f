//! The layers, laid over each other by the `config` crate.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use config::{Config, Environment, File, FileFormat};

use super::spec::{Defaults, Setting, declared};
use super::{FromSetting, SettingsError};

/// Where values come from beside the embedded defaults. Tests fill it by hand.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// Environment variables; those that are no setting of the service are passed over.
    pub environment: HashMap<String, String>,
    /// Flags by the name of their setting (`drain_delay`); they win over the environment.
    pub flags: HashMap<String, String>,
}

/// All settings of one service, merged and still text.
#[derive(Debug)]
pub struct Source {
    settings: Vec<Setting>,
    merged: Config,
    file: Option<(String, Config)>,
    inputs: Inputs,
}

/// What every service has, whatever else it declares.
pub(super) const COMMON: &str = include_str!("../defaults.toml");

impl Source {
    /// The settings that a service with these embedded defaults declares, its own first.
    ///
    /// One that is declared again counts where it stands first: a service may give a common
    /// setting another default.
    pub fn declared(defaults: Defaults) -> Vec<Setting> {
        let mut settings: Vec<Setting> = Vec::new();
        for setting in defaults
            .0
            .iter()
            .chain([&COMMON])
            .flat_map(|text| declared(text))
        {
            if settings.iter().all(|known| known.key != setting.key) {
                settings.push(setting);
            }
        }
        settings
    }

    /// Merges the defaults, the file named by `CONFIG_FILE`, the environment and the flags.
    pub fn load(defaults: Defaults, mut inputs: Inputs) -> Result<Self, SettingsError> {
        let settings = Self::declared(defaults);
        inputs.environment.retain(|name, value| {
            let read = |setting: &Setting| setting.env() == *name && !setting.is_flag_only();
            !value.is_empty() && settings.iter().any(read)
        });
        let path = inputs
            .flags
            .get("config_file")
            .or_else(|| inputs.environment.get("CONFIG_FILE"))
            .cloned();
        let file = path.map(|path| read_file(&path, &settings).map(|read| (path, read)));
        let file = file.transpose()?;

        let mut builder = Config::builder();
        for text in [COMMON].iter().chain(defaults.0.iter().rev()) {
            builder = builder.add_source(File::from_str(text, FileFormat::Toml));
        }
        if let Some((_, file)) = &file {
            builder = builder.add_source(file.clone());
        }
        builder =
            builder.add_source(Environment::default().source(Some(inputs.environment.clone())));
        for (key, value) in &inputs.flags {
            builder = builder.set_override(key, value.as_str())?;
        }
        Ok(Self {
            merged: builder.build()?,
            settings,
            file,
            inputs,
        })
    }

    /// One setting by its name in the environment, as in `get::<Duration>("DRAIN_DELAY")`.
    pub fn get<T: FromSetting>(&self, name: &str) -> Result<T, SettingsError> {
        let text = self.text(name)?;
        if text.is_empty() {
            let (name, expected) = (name.to_owned(), T::EXPECTED.to_owned());
            return Err(SettingsError::Missing { name, expected });
        }
        T::from_setting(&text).ok_or_else(|| self.refused(name, &text, T::EXPECTED.to_owned()))
    }

    /// One setting that may be left empty.
    pub fn get_optional<T: FromSetting>(&self, name: &str) -> Result<Option<T>, SettingsError> {
        if self.text(name)?.is_empty() {
            Ok(None)
        } else {
            self.get(name).map(Some)
        }
    }

    /// One setting that must lie within a range.
    pub fn get_within<T>(&self, name: &str, range: RangeInclusive<T>) -> Result<T, SettingsError>
    where
        T: FromSetting + PartialOrd + std::fmt::Debug,
    {
        let value: T = self.get(name)?;
        if range.contains(&value) {
            return Ok(value);
        }
        let expected = format!(
            "{}, from {:?} to {:?}",
            T::EXPECTED,
            range.start(),
            range.end()
        );
        Err(self.refused(name, &self.text(name)?, expected))
    }

    /// The refusal of a value, for rules that only the caller knows.
    pub fn refused(&self, name: &str, value: &str, expected: String) -> SettingsError {
        let secret = self.setting(name).is_some_and(Setting::is_secret);
        let value = if secret { "***" } else { value }.to_owned();
        SettingsError::Refused {
            name: name.to_owned(),
            value,
            origin: self.origin(name),
            expected,
        }
    }

    /// Name and value of every setting, secrets hidden, for one log line at the start.
    pub fn shown(&self) -> String {
        let shown = self.settings.iter().map(|setting| {
            let text = self.text(&setting.env()).unwrap_or_default();
            let hidden = setting.is_secret() && !text.is_empty();
            format!("{}={}", setting.env(), if hidden { "***" } else { &text })
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    fn text(&self, name: &str) -> Result<String, SettingsError> {
        Ok(self.merged.get_string(&name.to_lowercase())?)
    }

    fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.env() == name)
    }

    fn origin(&self, name: &str) -> String {
        let key = name.to_lowercase();
        match &self.file {
            _ if self.inputs.flags.contains_key(&key) => "from the command line".to_owned(),
            _ if self.inputs.environment.contains_key(name) => "from the environment".to_owned(),
            Some((path, file)) if file.get_string(&key).is_ok() => format!("from {path}"),
            _ => "the default".to_owned(),
        }
    }
}

/// A settings file, after a look at its names: one that nobody reads is most often misspelt.
fn read_file(path: &str, settings: &[Setting]) -> Result<Config, SettingsError> {
    let file = Config::builder()
        .add_source(File::new(path, FileFormat::Toml))
        .build()?;
    let table = file.cache.clone().into_table()?;
    for key in table.keys() {
        if !settings.iter().any(|setting| setting.key == *key) {
            let suggestion = nearest(key, settings);
            let (file, key) = (path.to_owned(), key.clone());
            return Err(SettingsError::Unknown {
                file,
                key,
                suggestion,
            });
        }
    }
    Ok(file)
}

/// The declared name that shares the longest start with a misspelt one, if any is near.
fn nearest(key: &str, settings: &[Setting]) -> Option<String> {
    let shared = |name: &str| {
        name.chars()
            .zip(key.chars())
            .take_while(|(a, b)| a == b)
            .count()
    };
    let best = settings.iter().max_by_key(|setting| shared(&setting.key))?;
    (shared(&best.key) >= 3).then(|| best.key.clone())
}
