//! What the service can be told.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use runtime::Settings;
use runtime::http::HttpLimits;
use runtime::settings::{CommaList, FromSetting, Secret, SettingsError, Source};
use runtime::trace::Trust;
use runtime_redis::RedisSettings;
use url::Url;

use crate::domain::Token;
use crate::domain::log::Retention;
use crate::domain::outbox::Bounds;
use crate::wire::signature::Keys;

/// The service's settings.
#[derive(Clone, Debug)]
pub struct ChatSettings {
    /// `LISTEN`: where it listens.
    pub listen: SocketAddr,
    /// `SERVICE_NAME`: which service it is.
    pub service: Token,
    /// What it keeps: `HISTORY_*`, `OUTBOX_MAX*`.
    pub retention: Retention,
    /// `OUTBOX_DIR`, `OUTBOX_SYNC`: where it keeps that.
    pub disk: Option<Disk>,
    /// `REDIS_URL` and the like: where the replicas of the service share it.
    pub redis: Option<RedisSettings>,
    /// `REPLICA_TIMEOUT`: after which a silent replica is dead.
    pub replica_timeout: Duration,
    /// How it relays.
    pub relay: RelaySettings,
    /// What it bears of its clients.
    pub client: ClientLimits,
    /// `ALLOWED_ORIGINS`: whose pages may connect, beside its own.
    pub allowed_origins: Vec<String>,
    /// `TRACE_URL`: where the page looks at a trace.
    pub trace_url: Option<String>,
    /// `TRACE_TRUST`: whose clients' own traces are continued.
    pub trust: Trust,
    /// The limits of its HTTP server.
    pub limits: HttpLimits,
}

/// A log that outlives the process.
#[derive(Clone, Debug)]
pub struct Disk {
    /// `OUTBOX_DIR`: the directory.
    pub directory: PathBuf,
    /// `OUTBOX_SYNC`: whether each message waits for the disk itself.
    pub sync: bool,
}

/// How messages pass between services.
#[derive(Clone, Debug)]
pub struct RelaySettings {
    /// `PEER_URL`: the peers.
    pub peers: Vec<Url>,
    /// `RELAY_LISTEN`: a port for them alone.
    pub listen: Option<SocketAddr>,
    /// `RELAY_SECRET`: what makes them believed.
    pub keys: Option<Keys>,
    /// `RELAY_TOLERANCE`: how far their clocks may be off.
    pub tolerance: Duration,
    /// `RELAY_TIMEOUT`: for one request.
    pub timeout: Duration,
    /// `RELAY_BACKOFF`: the shortest wait.
    pub backoff: Duration,
    /// `RELAY_MAX_BACKOFF`: the longest wait.
    pub max_backoff: Duration,
    /// `PRESENCE_INTERVAL`: between two questions.
    pub presence_interval: Duration,
}

/// What one connection may do.
#[derive(Clone, Copy, Debug)]
pub struct ClientLimits {
    /// `CLIENT_QUEUE`: frames that may wait for it.
    pub queue: usize,
    /// `MAX_MESSAGE_BYTES`: its largest frame.
    pub max_message: usize,
    /// `RATE`: messages a second.
    pub rate: u32,
    /// `RATE_BURST`: messages at once.
    pub burst: u32,
    /// `PING_INTERVAL`: between two pings.
    pub ping_interval: Duration,
    /// `PONG_TIMEOUT`: silence after one.
    pub pong_timeout: Duration,
    /// `CLOSE_TIMEOUT`: for its answer to a close.
    pub close_timeout: Duration,
}

impl FromSetting for Token {
    const EXPECTED: &'static str = "1 to 64 of A-Z a-z 0-9 _ -";

    fn from_setting(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_hours(1);

impl Settings for ChatSettings {
    fn read(source: &Source) -> Result<Self, SettingsError> {
        let bytes = |name| bytes(source, name);
        let retention = Retention {
            history: source.get_within("HISTORY_MAX", 0..=1_000_000)?,
            history_bytes: bytes("HISTORY_MAX_BYTES")?,
            outbox: Bounds {
                entries: source.get_within("OUTBOX_MAX", 1..=10_000_000)?,
                bytes: bytes("OUTBOX_MAX_BYTES")?,
            },
        };
        let directory: Option<String> = source.get_optional("OUTBOX_DIR")?;
        let sync = source.get("OUTBOX_SYNC")?;
        let disk = directory.map(|directory| Disk {
            directory: directory.into(),
            sync,
        });
        let redis = RedisSettings::read(source)?;
        if redis.is_some() && disk.is_some() {
            let expected = "one of OUTBOX_DIR and REDIS_URL alone".to_owned();
            return Err(source.refused("REDIS_URL", "***", expected)); // it may hold a password
        }
        let origins: Option<CommaList<String>> = source.get_optional("ALLOWED_ORIGINS")?;
        let mut limits = HttpLimits::read(source)?;
        // A relayed line holds a whole message beside its prefix, which JSON may make six times
        // as long.
        let client = ClientLimits::read(source)?;
        let longest = u64::try_from(client.max_message * 6 + 1024).unwrap_or(u64::MAX);
        limits.max_body = limits.max_body.max(ByteSize::b(longest));
        Ok(Self {
            listen: source.get("LISTEN")?,
            service: source.get("SERVICE_NAME")?,
            retention,
            disk,
            redis,
            replica_timeout: source.get_within("REPLICA_TIMEOUT", MS * 100..=HOUR)?,
            relay: RelaySettings::read(source)?,
            client,
            allowed_origins: origins.unwrap_or_default().0,
            trace_url: source.get_optional("TRACE_URL")?,
            trust: source.get("TRACE_TRUST")?,
            limits,
        })
    }
}

impl Settings for RelaySettings {
    fn read(source: &Source) -> Result<Self, SettingsError> {
        let peers: Option<CommaList<Url>> = source.get_optional("PEER_URL")?;
        let secret: Option<Secret> = source.get_optional("RELAY_SECRET")?;
        let keys = secret.as_ref().map(Keys::try_from).transpose();
        let refused = |expected: &str| source.refused("RELAY_SECRET", "", expected.to_owned());
        let time = |name| source.get_within(name, MS..=HOUR);
        Ok(Self {
            peers: peers
                .map_or_else(Vec::new, |peers| peers.0)
                .into_iter()
                .map(relay_url)
                .collect(),
            listen: source.get_optional("RELAY_LISTEN")?,
            keys: keys.map_err(refused)?,
            tolerance: source.get_within("RELAY_TOLERANCE", Duration::from_secs(1)..=HOUR)?,
            timeout: time("RELAY_TIMEOUT")?,
            backoff: time("RELAY_BACKOFF")?,
            max_backoff: time("RELAY_MAX_BACKOFF")?,
            presence_interval: time("PRESENCE_INTERVAL")?,
        })
    }
}

impl Settings for ClientLimits {
    fn read(source: &Source) -> Result<Self, SettingsError> {
        let time = |name| source.get_within(name, MS..=HOUR);
        let size = ByteSize::b(64)..=ByteSize::mib(1);
        let max_message: ByteSize = source.get_within("MAX_MESSAGE_BYTES", size)?;
        Ok(Self {
            queue: source.get_within("CLIENT_QUEUE", 1..=1_000_000)?,
            max_message: usize::try_from(max_message.as_u64()).unwrap_or(usize::MAX),
            rate: source.get_within("RATE", 1..=1_000_000)?,
            burst: source.get_within("RATE_BURST", 1..=1_000_000)?,
            ping_interval: time("PING_INTERVAL")?,
            pong_timeout: time("PONG_TIMEOUT")?,
            close_timeout: time("CLOSE_TIMEOUT")?,
        })
    }
}

fn bytes(source: &Source, name: &str) -> Result<usize, SettingsError> {
    let size: ByteSize = source.get_within(name, ByteSize::kib(1)..=ByteSize::gib(16))?;
    Ok(usize::try_from(size.as_u64()).unwrap_or(usize::MAX))
}

/// A peer of which only the host was given takes messages where the original does.
fn relay_url(mut url: Url) -> Url {
    if url.path() == "/" {
        url.set_path("/relay");
    }
    url
}

#[cfg(test)]
mod tests {
    use runtime::settings::Inputs;

    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<ChatSettings, String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let inputs = Inputs {
            environment: pairs.iter().map(owned).collect(),
            ..Inputs::default()
        };
        let source =
            Source::load(<crate::service::Chat as runtime::Service>::DEFAULTS, inputs).unwrap();
        ChatSettings::read(&source).map_err(|error| error.to_string())
    }

    #[test]
    fn the_defaults_can_be_read() {
        let read = read(&[]).unwrap();
        assert_eq!(
            (read.service.as_str(), read.listen.port()),
            ("serviceA", 8000)
        );
        assert!(read.relay.peers.is_empty() && read.relay.keys.is_none() && read.disk.is_none());
        assert_eq!(read.client.max_message, 16 * 1024);
        assert_eq!(read.limits.max_connections, 20_000);
    }

    #[test]
    fn peers_are_several_and_a_host_alone_will_do() {
        let read = read(&[("PEER_URL", "http://serviceB:8000, http://c:1/x/relay")]).unwrap();
        let peers: Vec<_> = read.relay.peers.iter().map(Url::as_str).collect();
        assert_eq!(peers, ["http://serviceb:8000/relay", "http://c:1/x/relay"]);
    }

    #[test]
    fn what_is_wrong_is_refused_by_its_name_and_a_secret_is_not_shown() {
        for (name, value) in [
            ("SERVICE_NAME", "service a"),
            ("PEER_URL", "serviceB:8000"),
            ("MAX_MESSAGE_BYTES", "2GiB"),
            ("RATE", "0"),
            ("RELAY_LISTEN", "8000"),
            ("REDIS_URL", "redis://:tooshort@redis/x"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert!(error.starts_with(&format!("{name}=")), "{error}");
            assert!(!error.contains("tooshort"), "{error}");
        }
        let error = read(&[("RELAY_SECRET", "tooshort")]).unwrap_err();
        assert!(
            error.contains("RELAY_SECRET") && !error.contains("tooshort"),
            "{error}"
        );
    }
}
