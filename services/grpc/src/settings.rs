//! What the server can be told.

use std::net::SocketAddr;
use std::time::Duration;

use runtime::Settings;
use runtime::settings::{Expected, SettingsError, Source, parse, within};
use runtime_grpc::GrpcLimits;
use runtime_redis::{RedisOptions, RedisSettings};

use crate::domain::Rules;
use crate::store::StoreRules;

/// The server's settings.
#[derive(Clone, Debug, clap::Args)]
pub struct ServidorSettings {
    /// Address that the server listens on
    #[arg(default_value = "[::]:50051", value_parser = parse::<SocketAddr>)]
    pub listen: SocketAddr,
    /// How long a user lives after it was last written; 0: for ever
    #[arg(default_value = "1h", value_parser = user_ttl)]
    user_ttl: Duration,
    /// Users in the store at once; more get `RESOURCE_EXHAUSTED`
    #[arg(default_value = "100000", value_parser = within(1_usize..=100_000_000))]
    max_users: usize,
    /// Changes kept for those who come back with a token; in Redis about as many
    #[arg(default_value = "10000", value_parser = within(1_usize..=10_000_000))]
    max_changes: usize,
    /// Streams of changes open at once, the last quarter for addresses that have few; more get
    /// `RESOURCE_EXHAUSTED`
    #[arg(default_value = "600", value_parser = within(1_usize..=1_000_000))]
    pub max_watchers: usize,
    #[command(flatten)]
    redis_options: RedisOptions,
    /// `REDIS_URL` and the like: where users are kept; none: in memory.
    #[arg(skip)]
    pub redis: Option<RedisSettings>,
    /// Its limits.
    #[command(flatten)]
    pub limits: GrpcLimits,
}

impl Settings for ServidorSettings {
    fn finish(mut self, source: &Source) -> Result<Self, SettingsError> {
        self.redis = RedisSettings::read(self.redis_options.clone(), source)?;
        Ok(self)
    }
}

impl ServidorSettings {
    /// What the store keeps.
    pub fn rules(&self) -> StoreRules {
        StoreRules {
            users: Rules {
                ttl: (!self.user_ttl.is_zero()).then_some(self.user_ttl),
                max_users: self.max_users,
            },
            max_changes: self.max_changes,
        }
    }
}

fn user_ttl(text: &str) -> Result<Duration, Expected> {
    let ttl = within(Duration::ZERO..=LONGEST_TTL)(text)?;
    if ttl.subsec_nanos().is_multiple_of(1_000_000) {
        return Ok(ttl);
    }
    let expected = "0, or a duration of whole milliseconds";
    Err(Expected(expected.to_owned()))
}

/// Ten years: whatever is meant to last longer is meant to last for ever.
const LONGEST_TTL: Duration = Duration::from_hours(24 * 3652);

#[cfg(test)]
mod tests {
    use runtime::settings::Inputs;

    use super::*;
    use crate::Servidor;

    fn read(name: &str, value: &str) -> Result<ServidorSettings, SettingsError> {
        let environment = [(name.to_owned(), value.to_owned())].into();
        let inputs = Inputs {
            environment,
            ..Inputs::default()
        };
        runtime::settings_from::<Servidor>(inputs)
    }

    #[test]
    fn the_defaults_can_be_read() {
        let settings = read("", "").unwrap();
        assert_eq!(settings.listen.port(), 50051);
        assert_eq!(settings.rules().users.ttl, Some(Duration::from_hours(1)));
    }

    #[test]
    fn users_may_live_for_ever_but_not_for_half_a_millisecond() {
        assert_eq!(read("USER_TTL", "0").unwrap().rules().users.ttl, None);
        assert_eq!(read("USER_TTL", "0s").unwrap().rules().users.ttl, None);
        let error = read("USER_TTL", "500us").unwrap_err().to_string();
        assert!(error.contains("whole milliseconds"), "{error}");
    }
}
