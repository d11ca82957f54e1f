//! What Redis is asked: a command, or a script that runs as one.

use redis::{Cmd, FromRedisValue, ToRedisArgs, Value, from_redis_value};

use super::error::RedisError;

/// A command, and what is known of it.
#[derive(Clone, Debug)]
pub struct Command {
    pub(super) cmd: Cmd,
    /// As in `HMGET`.
    pub(super) operation: &'static str,
    pub(super) script: Option<&'static str>,
    /// Whether it may be sent again where it is not known what became of it.
    pub(super) repeatable: bool,
}

impl Command {
    /// A command that changes nothing, as in `HMGET`. It is sent again once where its connection
    /// turns out to be gone.
    pub fn read(operation: &'static str) -> Self {
        Self {
            repeatable: true,
            ..Self::write(operation)
        }
    }

    /// A command that changes something. It is sent once.
    pub fn write(operation: &'static str) -> Self {
        Self {
            cmd: with_room(operation),
            operation,
            script: None,
            repeatable: false,
        }
    }

    /// Adds an argument, or several.
    #[must_use]
    pub fn arg(mut self, argument: impl ToRedisArgs) -> Self {
        self.cmd.arg(argument);
        self
    }
}

/// A command with room for the arguments that most have, which would else grow one by one.
fn with_room(operation: &str) -> Cmd {
    let mut cmd = Cmd::with_capacity(8, 128);
    cmd.arg(operation);
    cmd
}

/// A script in Lua, which Redis runs as one step.
#[derive(Debug)]
pub struct Script {
    pub(super) name: &'static str,
    source: String,
    sha1: String,
}

impl Script {
    /// A script of this name, for spans, and source: parts put together in this order.
    pub fn new(name: &'static str, parts: &[&str]) -> Self {
        let source = parts.concat();
        let sha1 = redis::Script::new(&source).get_hash().to_owned();
        Self { name, source, sha1 }
    }

    /// The script, by its hash (`by_hash`) or its text, with these keys and arguments.
    pub(super) fn command(&self, by_hash: bool, keys: &[&str], arguments: &[&[u8]]) -> Command {
        let (operation, what) = if by_hash {
            ("EVALSHA", &self.sha1)
        } else {
            ("EVAL", &self.source)
        };
        let command = Command::write(operation)
            .arg(what)
            .arg(keys.len())
            .arg(keys)
            .arg(arguments);
        Command {
            script: Some(self.name),
            ..command
        }
    }
}

/// An answer as what the caller expects.
pub fn convert<T: FromRedisValue>(value: Value) -> Result<T, RedisError> {
    from_redis_value(value).map_err(|error| RedisError::Answer(error.to_string()))
}
