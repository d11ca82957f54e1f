//! The layers, laid over each other by the `config` crate.

use std::collections::HashMap;

use config::{Config, Environment, File, FileFormat};

use super::{Setting, SettingsError, nearest};

/// Where values come from beside the defaults. Tests fill it by hand.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// Environment variables; those that are no setting of the service are passed over.
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

/// A settings file, after a look at its names: one that nobody reads is most often misspelt.
fn read_file(path: &str, settings: &[Setting]) -> Result<Config, SettingsError> {
    let file = Config::builder()
        .add_source(File::new(path, FileFormat::Toml))
        .build()
        .map_err(|error| SettingsError::in_file(path, error))?;
    let table = file.cache.clone().into_table()?;
    let known = || settings.iter().map(|setting| setting.key.as_str());
    for key in table.keys() {
        if known().all(|name| name != key) {
            return Err(SettingsError::Unknown {
                file: path.to_owned(),
                key: key.clone(),
                suggestion: nearest(key, known()).first().map(|&name| name.to_owned()),
            });
        }
    }
    Ok(file)
}
