//! Why Redis gave no answer.

use redis::ErrorKind;
use redis::ServerErrorKind::{BusyLoading, ClusterDown, MasterDown, TryAgain};

/// Why there is no answer of Redis.
#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    /// It is away, hung, or not able to serve at the moment.
    #[error("Redis does not answer: {0}")]
    Unavailable(String),
    /// It answers, and refuses this: a replica takes no writes, a user may not.
    #[error("Redis refuses this: {0}")]
    Refused(String),
    /// Something answers where it should be, but no session comes about.
    #[error("no session with Redis: {0}")]
    NoSession(String),
    /// It lacks what the scripts of the program need.
    #[error("this Redis lacks what is needed: {0}")]
    Lacking(String),
    /// More commands are under way than may be, for too long.
    #[error("too many commands wait for Redis")]
    Busy,
    /// The deadline of the caller has passed.
    #[error("the caller's deadline passed before Redis answered")]
    DeadlineExceeded,
    /// It has no memory left for what should be written.
    #[error("Redis has no memory left")]
    Full,
    /// It answered what it never should.
    #[error("Redis answered what is not understood: {0}")]
    Answer(String),
}

impl RedisError {
    /// A bounded name, for `error.type` and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "unavailable",
            Self::Refused(_) => "refused",
            Self::NoSession(_) => "no_session",
            Self::Lacking(_) => "lacking",
            Self::Busy => "busy",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::Full => "full",
            Self::Answer(_) => "answer",
        }
    }

    /// Whether the same command may well be answered later.
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Unavailable(_) | Self::Refused(_) | Self::NoSession(_) | Self::Busy | Self::Full
        )
    }

    pub(super) fn timeout() -> Self {
        Self::Unavailable("no answer in time".to_owned())
    }

    pub(super) fn of(error: &redis::RedisError) -> Self {
        let text = text(error);
        let login = "the login (REDIS_USERNAME, REDIS_PASSWORD) is not taken";
        match (code(error), error.kind()) {
            (Some("OOM"), _) => Self::Full,
            (Some("READONLY" | "NOPERM" | "MISCONF" | "NOREPLICAS"), _) => Self::Refused(text),
            (Some("NOAUTH" | "WRONGPASS"), _) | (_, ErrorKind::AuthenticationFailed) => {
                Self::NoSession(format!("{login}: {text}"))
            }
            (_, ErrorKind::Parse) => Self::NoSession(format!("what answers is not Redis: {text}")),
            _ if is_unavailability(error) => Self::Unavailable(text),
            _ => Self::Answer(text),
        }
    }

    /// Why no connection was made.
    pub(super) fn of_connecting(error: &redis::RedisError) -> Self {
        match Self::of(error) {
            Self::Answer(text) if error.to_string().contains("switch database") => {
                Self::NoSession(format!("there is no such database (REDIS_URL): {text}"))
            }
            Self::Refused(text) | Self::Answer(text) => Self::NoSession(text),
            other => other,
        }
    }
}

/// An error as Redis says it; the display of the client writes `READONLY` otherwise.
fn text(error: &redis::RedisError) -> String {
    match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{code} {detail}"),
        _ => error.to_string(),
    }
}

/// The code of an error. Where it comes out of a script, the text alone has it: in 6.2 each, in all
/// versions that of permissions.
fn code(error: &redis::RedisError) -> Option<&str> {
    let code = error.code()?;
    let text = error.detail().unwrap_or_default();
    if code != "ERR" {
        return Some(code);
    }
    let forbidden = ["executing the script can't", "ACL failure in script"];
    if forbidden.iter().any(|words| text.contains(words)) {
        return Some("NOPERM");
    }
    match text.split_once(": -") {
        Some((_, hidden)) if text.starts_with("Error running script") => hidden.split(' ').next(),
        _ => Some(code),
    }
}

/// Whether another moment, or another node, may well answer.
fn is_unavailability(error: &redis::RedisError) -> bool {
    match error.kind() {
        ErrorKind::Io
        | ErrorKind::ClusterConnectionNotFound
        | ErrorKind::MasterNameNotFoundBySentinel
        | ErrorKind::NoValidReplicasFoundBySentinel => true,
        ErrorKind::Server(kind) => {
            matches!(kind, BusyLoading | ClusterDown | MasterDown | TryAgain)
        }
        ErrorKind::Extension => matches!(error.code(), Some("BUSY" | "UNBLOCKED")),
        _ => false,
    }
}

/// Whether the connection is of no use any more.
pub(super) fn breaks_connection(error: &redis::RedisError) -> bool {
    // Its node takes no writes any more: another may be the master now.
    let demoted = code(error) == Some("READONLY");
    demoted || error.is_unrecoverable_error() || error.is_io_error()
}

#[cfg(test)]
mod tests {
    use redis::{Value, parse_redis_value};

    use super::*;

    fn error(answer: &str) -> redis::RedisError {
        let answer = parse_redis_value(format!("-{answer}\r\n").as_bytes());
        answer.and_then(Value::extract_error).unwrap_err()
    }

    /// As Redis 6.2.5, 7.0.15, 8.2.3 and Valkey 9.1.2 said it.
    #[test]
    fn what_is_refused_in_a_script_is_known_in_every_version() {
        let old = "ERR Error running script (call to f_0c36): @user_script:20: @user_script: 20:";
        for (answer, code) in [
            ("READONLY You can't write against a read only replica.".to_owned(), "refused"),
            ("READONLY You can't write against a read only replica. script: 0c36, on @user_script:20.".to_owned(), "refused"),
            (format!("{old} -READONLY You can't write against a read only replica."), "refused"),
            ("NOPERM this user has no permissions to run the 'eval' command".to_owned(), "refused"),
            ("ERR The user executing the script can't run this command or subcommand script: 8b48, on @user_script:10.".to_owned(), "refused"),
            (format!("{old} The user executing the script can't run this command or subcommand"), "refused"),
            ("ERR ACL failure in script: User rui has no permissions to run the 'hdel' command script: on @user_script:20.".to_owned(), "refused"),
            ("ERR ACL failure in script: No permissions to access a key script: be04, on @user_script:1.".to_owned(), "refused"),
            ("MISCONF Redis is configured to save RDB snapshots".to_owned(), "refused"),
            ("NOREPLICAS Not enough good replicas to write.".to_owned(), "refused"),
            ("OOM command not allowed when used memory > 'maxmemory'. script: bd6f, on @user_script:1.".to_owned(), "full"),
            (format!("{old} -OOM command not allowed when used memory > 'maxmemory'."), "full"),
            ("NOAUTH Authentication required.".to_owned(), "no_session"),
            ("LOADING Redis is loading the dataset in memory".to_owned(), "unavailable"),
            ("ERR unknown command 'EVAL'".to_owned(), "answer"),
            (format!("{old} attempt to call field 'sha1hex' (a nil value)"), "answer"),
        ] {
            let error = RedisError::of(&error(&answer));
            assert_eq!(error.code(), code, "{answer}");
            assert!(code == "full" || error.to_string().ends_with(&answer), "{error}");
        }
    }

    #[test]
    fn who_takes_no_writes_any_more_is_left() {
        let old = "ERR Error running script (call to f_0c36): @user_script:1: @user_script: 1:";
        assert!(breaks_connection(&error("READONLY You can't write")));
        assert!(breaks_connection(&error(&format!(
            "{old} -READONLY You can't"
        ))));
        assert!(!breaks_connection(&error("OOM command not allowed")));
    }
}
