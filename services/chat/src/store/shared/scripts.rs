//! The scripts that run in Redis as one step each. Arguments and answers go by name.

use runtime_redis::Script;

/// Every script.
#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) begin: Script,
    pub(super) append: Script,
    pub(super) settle: Script,
    pub(super) lead: Script,
}

impl Default for Scripts {
    fn default() -> Self {
        let script = |name, source| Script::new(name, &[include_str!("common.lua"), source]);
        Self {
            begin: script("begin", include_str!("begin.lua")),
            append: script("append", include_str!("append.lua")),
            settle: script("settle", include_str!("settle.lua")),
            lead: script("lead", include_str!("lead.lua")),
        }
    }
}

/// What a script is asked: names and values, one after the other.
#[derive(Debug, Default)]
pub(super) struct Arguments(Vec<String>);

impl Arguments {
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "texts and numbers are given in one way"
    )]
    pub(super) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.0.extend([name.to_owned(), value.to_string()]);
        self
    }

    pub(super) fn list(&self) -> Vec<&[u8]> {
        self.0.iter().map(String::as_bytes).collect()
    }
}
