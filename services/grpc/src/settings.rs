//! What the server can be told.

use std::net::SocketAddr;
use std::time::Duration;

use runtime::Settings;
use runtime::settings::{SettingsError, Source};
use runtime_grpc::GrpcLimits;
use runtime_redis::RedisSettings;

use crate::domain::Rules;
use crate::store::StoreRules;

/// The server's settings.
#[derive(Clone, Debug)]
pub struct ServidorSettings {
    /// `LISTEN`: where it listens.
    pub listen: SocketAddr,
    /// What the store keeps.
    pub rules: StoreRules,
    /// `REDIS_URL` and the like: where users are kept; none: in memory.
    pub redis: Option<RedisSettings>,
    /// `MAX_WATCHERS`: streams of changes open at once.
    pub max_watchers: usize,
    /// Its limits.
    pub limits: GrpcLimits,
}

impl Settings for ServidorSettings {
    fn read(source: &Source) -> Result<Self, SettingsError> {
        Ok(Self {
            listen: source.get("LISTEN")?,
            rules: StoreRules::read(source)?,
            redis: RedisSettings::read(source)?,
            max_watchers: source.get_within("MAX_WATCHERS", 1..=1_000_000)?,
            limits: GrpcLimits::read(source)?,
        })
    }
}

impl Settings for StoreRules {
    fn read(source: &Source) -> Result<Self, SettingsError> {
        let ttl: Duration = source.get_within("USER_TTL", Duration::ZERO..=LONGEST_TTL)?;
        if !ttl.subsec_nanos().is_multiple_of(1_000_000) {
            let expected = "0, or a duration of whole milliseconds".to_owned();
            return Err(source.refused("USER_TTL", &format!("{ttl:?}"), expected));
        }
        Ok(Self {
            users: Rules {
                ttl: (!ttl.is_zero()).then_some(ttl),
                max_users: source.get_within("MAX_USERS", 1..=100_000_000)?,
            },
            max_changes: source.get_within("MAX_CHANGES", 1..=10_000_000)?,
        })
    }
}

/// Ten years: whatever is meant to last longer is meant to last for ever.
const LONGEST_TTL: Duration = Duration::from_hours(24 * 3652);

#[cfg(test)]
mod tests {
    use runtime::Service;
    use runtime::settings::Inputs;

    use super::*;
    use crate::Servidor;

    fn read(name: &str, value: &str) -> Result<ServidorSettings, SettingsError> {
        let environment = [(name.to_owned(), value.to_owned())].into();
        let inputs = Inputs {
            environment,
            ..Inputs::default()
        };
        ServidorSettings::read(&Source::load(Servidor::DEFAULTS, inputs).unwrap())
    }

    #[test]
    fn the_defaults_can_be_read() {
        let settings = read("", "").unwrap();
        assert_eq!(settings.listen.port(), 50051);
        assert_eq!(settings.rules.users.ttl, Some(Duration::from_hours(1)));
    }

    #[test]
    fn users_may_live_for_ever_but_not_for_half_a_millisecond() {
        assert_eq!(read("USER_TTL", "0").unwrap().rules.users.ttl, None);
        assert_eq!(read("USER_TTL", "0s").unwrap().rules.users.ttl, None);
        let error = read("USER_TTL", "500us").unwrap_err().to_string();
        assert!(error.contains("whole milliseconds"), "{error}");
    }
}
