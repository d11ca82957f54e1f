//! The declaration of settings: a TOML text with a comment above each key.

/// One setting as its TOML text declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The name in files, as in `drain_delay`.
    pub key: String,
    /// What it is, for `--help`.
    pub about: String,
}

impl Setting {
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

    /// Whether the name alone says that the value must never be shown.
    pub fn is_secret(&self) -> bool {
        ["secret", "password", "token"]
            .iter()
            .any(|word| self.key.contains(word))
    }
}

/// The embedded defaults of a service: TOML texts, its own first, then those of what it uses.
#[derive(Clone, Copy, Debug)]
pub struct Defaults(pub &'static [&'static str]);

/// The settings that a TOML text declares, in its order.
///
/// A comment block directly above a key belongs to it; a blank line ends a block.
pub(super) fn declared(toml: &str) -> Vec<Setting> {
    let mut settings = Vec::new();
    let mut about: Vec<&str> = Vec::new();
    for line in toml.lines().map(str::trim) {
        if let Some(comment) = line.strip_prefix('#') {
            about.push(comment.trim());
        } else if let Some((key, _)) = line.split_once('=') {
            settings.push(Setting {
                key: key.trim().to_owned(),
                about: about.join(" "),
            });
            about.clear();
        } else {
            about.clear();
        }
    }
    settings
}
