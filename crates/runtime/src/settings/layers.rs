//! The layers, laid over each other by the `config` crate.

use std::collections::HashMap;
use std::io::{self, Read};

use config::{Config, Environment, File, FileFormat, Value, ValueKind};

use super::{Setting, SettingsError, nearest};

/// Where values come from beside the defaults. Tests fill it by hand.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// Environment variables; those that are no setting of the service are passed over. What is no
    /// UTF-8 stands in them as U+FFFD.
    pub environment: HashMap<String, String>,
    /// Flags by the name of their setting (`drain_delay`); they win over the environment.
    pub flags: HashMap<String, String>,
}

/// All settings of one service, merged and still text. It has no `Debug`, for it holds secrets.
pub(super) struct Layers {
    merged: Config,
    file: Option<(String, Config)>,
    inputs: Inputs,
}

impl Layers {
    /// Merges the defaults, the file named by `CONFIG_FILE`, the environment and the flags.
    pub(super) fn merge(settings: &[Setting], mut inputs: Inputs) -> Result<Self, SettingsError> {
        inputs.environment.retain(|name, value| {
            let read = |setting: &Setting| setting.env() == *name && !setting.is_flag_only();
            !value.is_empty() && settings.iter().any(read)
        });
        refuse_broken_text(settings, &inputs.environment)?;
        let path = inputs
            .flags
            .get("config_file")
            .or_else(|| inputs.environment.get("CONFIG_FILE"))
            .cloned();
        let file = path.map(|path| read_file(&path, settings).map(|read| (path, read)));
        let file = file.transpose()?;

        let mut builder = Config::builder();
        for setting in settings {
            builder = builder.set_default(&setting.key, setting.default.as_str())?;
        }
        if let Some((_, file)) = &file {
            builder = builder.add_source(file.clone());
        }
        builder =
            builder.add_source(Environment::default().source(Some(inputs.environment.clone())));
        for (key, value) in &inputs.flags {
            builder = builder.set_override(key, value.as_str())?;
        }
        let merged = builder.build()?;
        Ok(Self {
            merged,
            file,
            inputs,
        })
    }

    /// The value that won; empty where there is none.
    pub(super) fn text(&self, key: &str) -> Result<String, SettingsError> {
        Ok(self.merged.get_string(key)?)
    }

    /// Where that value was given.
    pub(super) fn origin(&self, setting: &Setting) -> String {
        let key = &setting.key;
        match &self.file {
            _ if self.inputs.flags.contains_key(key) => "from the command line".to_owned(),
            _ if self.inputs.environment.contains_key(&setting.env()) => {
                "from the environment".to_owned()
            }
            Some((path, file)) if file.get_string(key).is_ok() => format!("from {path}"),
            _ => "the default".to_owned(),
        }
    }
}

/// A value that is no UTF-8 is refused, for whoever set it meant something. A wrong value of
/// OpenTelemetry's variables is for its own reader to warn of.
fn refuse_broken_text(
    settings: &[Setting],
    environment: &HashMap<String, String>,
) -> Result<(), SettingsError> {
    for setting in settings {
        let name = setting.env();
        let value = environment.get(&name).map_or("", String::as_str);
        if value.contains(char::REPLACEMENT_CHARACTER) && !name.starts_with("OTEL_") {
            return Err(SettingsError::Refused {
                name,
                value: setting.shown(value),
                origin: "from the environment".to_owned(),
                expected: "a text in UTF-8".to_owned(),
            });
        }
    }
    Ok(())
}

/// A settings file, after a look at its names: one that nobody reads is most often misspelt.
fn read_file(path: &str, settings: &[Setting]) -> Result<Config, SettingsError> {
    let text = text_of(path).map_err(|error| SettingsError::unreadable_file(path, &error))?;
    let file = Config::builder()
        .add_source(File::from_str(&text, FileFormat::Toml))
        .build()
        .map_err(|error| SettingsError::in_file(path, error))?;
    for (key, value) in file.cache.clone().into_table()? {
        let Some(setting) = settings.iter().find(|setting| setting.key == key) else {
            let known = settings.iter().map(|setting| setting.key.as_str());
            return Err(SettingsError::Unknown {
                file: path.to_owned(),
                suggestion: nearest(&key, known).first().map(|&name| name.to_owned()),
                key,
            });
        };
        if let Some((value, expected)) = unusable(setting, &value) {
            return Err(SettingsError::Refused {
                name: setting.env(),
                value: setting.shown(&value),
                origin: format!("from {path}"),
                expected: expected.to_owned(),
            });
        }
    }
    Ok(file)
}

/// The text of a settings file, which may also be a pipe or `/dev/null`.
fn text_of(path: &str) -> io::Result<String> {
    /// No settings file is longer; a device may have no end.
    const LONGEST: u64 = 1024 * 1024;
    let mut text = String::new();
    let file = std::fs::File::open(path)?;
    file.take(LONGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST {
        return Err(io::Error::other("is longer than 1 MiB"));
    }
    Ok(text)
}

/// What a file says of a setting, and what would be right, where no setting can be that.
fn unusable(setting: &Setting, value: &Value) -> Option<(String, &'static str)> {
    let one = "one text, number or boolean; several values are one text with commas between them";
    match &value.kind {
        ValueKind::Array(_) => Some(("[…]".to_owned(), one)),
        ValueKind::Table(_) => Some(("{…}".to_owned(), one)),
        _ if setting.key == "config_file" => {
            let expected = "it in the environment or as a flag: a file names no other";
            Some((value.to_string(), expected))
        }
        _ => None,
    }
}
