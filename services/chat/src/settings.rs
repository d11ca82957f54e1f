//! What the service can be told.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use runtime::Settings;
use runtime::http::{AllowedOrigin, HttpLimits, ProxySettings};
use runtime::settings::{
    CommaList, Expected, FromSetting, HOUR, MILLISECOND, Secret, SettingsError, Source, bytes,
    list, parse, within,
};
use runtime::trace::Trust;
use runtime_redis::{RedisOptions, RedisSettings};
use url::Url;

use crate::domain::Token;
use crate::domain::log::Retention;
use crate::domain::outbox::Bounds;
use crate::wire::relay::Keys;

/// The service's settings.
#[derive(Clone, Debug, clap::Args)]
pub struct ChatSettings {
    /// Address of the page, the WebSockets and, without `RELAY_LISTEN`, the relay
    #[arg(default_value = "[::]:8000", value_parser = parse::<SocketAddr>)]
    pub listen: SocketAddr,
    /// Name of this service: 1 to 64 of A-Z a-z 0-9 _ -
    #[arg(id = "service_name", default_value = "serviceA", value_parser = parse::<Token>)]
    pub service: Token,
    /// How it relays.
    #[command(flatten)]
    pub relay: RelaySettings,
    /// Messages that may wait for a peer; then senders are told to wait
    #[arg(default_value = "10000", value_parser = within(1_usize..=10_000_000))]
    outbox_max: usize,
    /// Bytes of messages that may wait for a peer, roughly
    #[arg(default_value = "16MiB", value_parser = bytes(ByteSize::kib(1)..=ByteSize::gib(16)))]
    outbox_max_bytes: usize,
    /// Directory that keeps the log and the outbox over a restart; empty: memory alone
    #[arg(value_parser = parse::<PathBuf>)]
    outbox_dir: Option<PathBuf>,
    /// Wait for the disk itself at each message, so that not even a power cut loses one
    #[arg(default_value = "false", value_parser = parse::<bool>)]
    outbox_sync: bool,
    /// `OUTBOX_DIR`, `OUTBOX_SYNC`: where it keeps its log.
    #[arg(skip)]
    pub disk: Option<Disk>,
    /// After this long without a sign of life a replica is dead: its clients have left, and another
    /// one relays; with `OUTBOX_DIR`, how long clients of a killed process have to come back to the
    /// next one before they have left
    #[arg(default_value = "10s", value_parser = within(MILLISECOND * 100..=HOUR))]
    pub replica_timeout: Duration,
    /// Entries kept for clients that come back
    #[arg(default_value = "1000", value_parser = within(0_usize..=1_000_000))]
    history_max: usize,
    /// Bytes of entries kept for clients that come back, roughly
    #[arg(default_value = "4MiB", value_parser = bytes(ByteSize::kib(1)..=ByteSize::gib(16)))]
    history_max_bytes: usize,
    /// What it bears of its clients.
    #[command(flatten)]
    pub client: ClientLimits,
    /// Pages of other hosts that may connect, as in `https://chat.example`, with commas between; *
    /// for any
    #[arg(default_value = "", value_parser = list::<AllowedOrigin>)]
    pub allowed_origins: CommaList<AllowedOrigin>,
    /// Who may be in front of it, and tell which host a page asked.
    #[command(flatten)]
    pub proxies: ProxySettings,
    /// Where the page looks at a trace, as in `http://localhost:16686/trace/{trace}`; empty: nowhere
    #[arg(value_parser = trace_url)]
    pub trace_url: Option<String>,
    /// Networks whose clients' own traces are continued (commas between), or none; those of others
    /// are linked to
    #[arg(
        id = "trace_trust",
        default_value = "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7",
        value_parser = parse::<Trust>
    )]
    pub trust: Trust,
    /// The limits of its HTTP server.
    #[command(flatten)]
    pub limits: HttpLimits,
    #[command(flatten)]
    redis_options: RedisOptions,
    /// `REDIS_URL` and the like: where the replicas of the service share their log.
    #[arg(skip)]
    pub redis: Option<RedisSettings>,
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
#[derive(Clone, Debug, clap::Args)]
pub struct RelaySettings {
    /// Where the other services take messages, with commas between, as in
    /// `http://serviceB:8000/relay`; empty: no peers
    #[arg(id = "peer_url", default_value = "", value_parser = peers)]
    pub peers: CommaList<Url>,
    /// Address of /relay alone, so that the public port does not answer it; empty: the same as
    /// LISTEN
    #[arg(id = "relay_listen", value_parser = parse::<SocketAddr>)]
    pub listen: Option<SocketAddr>,
    /// Secrets that the services share, with commas between: the first signs, any is right; `whsec_`
    /// and base64, or 16 bytes or more; empty: anybody may relay
    #[arg(value_parser = parse::<Secret>)]
    relay_secret: Option<Secret>,
    /// `RELAY_SECRET`: what makes the peers believed.
    #[arg(skip)]
    pub keys: Option<Keys>,
    /// How far a signature's time may be off
    #[arg(
        id = "relay_tolerance",
        default_value = "60s",
        value_parser = within(Duration::from_secs(1)..=HOUR)
    )]
    pub tolerance: Duration,
    /// How long one relayed message may take
    #[arg(id = "relay_timeout", default_value = "5s", value_parser = within(MILLISECOND..=HOUR))]
    pub timeout: Duration,
    /// Shortest wait before a message is relayed again
    #[arg(id = "relay_backoff", default_value = "200ms", value_parser = within(MILLISECOND..=HOUR))]
    pub backoff: Duration,
    /// Longest wait before a message is relayed again
    #[arg(
        id = "relay_max_backoff",
        default_value = "10s",
        value_parser = within(MILLISECOND..=HOUR)
    )]
    pub max_backoff: Duration,
    /// effectively-once keeps a message until the peer has it; at-most-once tries it once, as the
    /// original does, and loses it where that fails
    #[arg(
        id = "relay_delivery",
        default_value = "effectively-once",
        value_parser = parse::<Delivery>
    )]
    pub delivery: Delivery,
    /// Time between two questions to a peer who is there
    #[arg(default_value = "5s", value_parser = within(MILLISECOND..=HOUR))]
    pub presence_interval: Duration,
}

/// What becomes of a message that a peer does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It waits and is tried again, and the peer drops what it has already.
    EffectivelyOnce,
    /// It is lost.
    AtMostOnce,
}

impl FromSetting for Delivery {
    const EXPECTED: &'static str = "effectively-once or at-most-once";

    fn from_setting(text: &str) -> Option<Self> {
        match text {
            "effectively-once" => Some(Self::EffectivelyOnce),
            "at-most-once" => Some(Self::AtMostOnce),
            _ => None,
        }
    }
}

/// What one connection may do.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct ClientLimits {
    /// Frames that may wait for one client; beyond, it is too slow and disconnected with 1013
    #[arg(id = "client_queue", default_value = "512", value_parser = within(1_usize..=1_000_000))]
    pub queue: usize,
    /// Largest frame of a client
    #[arg(
        id = "max_message_bytes",
        default_value = "16KiB",
        value_parser = bytes(ByteSize::b(64)..=ByteSize::mib(1))
    )]
    pub max_message: usize,
    /// Messages a second that are read of one connection; what it sends beyond waits in its socket
    #[arg(default_value = "100", value_parser = within(1_u32..=1_000_000))]
    pub rate: u32,
    /// Messages that are read of one connection at once
    #[arg(id = "rate_burst", default_value = "100", value_parser = within(1_u32..=1_000_000))]
    pub burst: u32,
    /// How long one connection may be ahead of its rate without a break; then it is closed with
    /// 1008
    #[arg(default_value = "5m", value_parser = within(MILLISECOND..=HOUR))]
    pub rate_patience: Duration,
    /// Time between two pings to a client
    #[arg(default_value = "30s", value_parser = within(MILLISECOND..=HOUR))]
    pub ping_interval: Duration,
    /// How long a client may be silent after a ping
    #[arg(default_value = "20s", value_parser = within(MILLISECOND..=HOUR))]
    pub pong_timeout: Duration,
    /// How long a client gets to answer a close
    #[arg(default_value = "2s", value_parser = within(MILLISECOND..=HOUR))]
    pub close_timeout: Duration,
}

impl FromSetting for Token {
    const EXPECTED: &'static str = "1 to 64 of A-Z a-z 0-9 _ -";

    fn from_setting(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

impl Settings for ChatSettings {
    fn finish(mut self, source: &Source) -> Result<Self, SettingsError> {
        let secret = self.relay.relay_secret.as_ref();
        let keys = secret.map(Keys::try_from).transpose();
        self.relay.keys = keys.map_err(|expected| source.refused("RELAY_SECRET", expected))?;

        if self.outbox_sync && self.outbox_dir.is_none() {
            let expected = "OUTBOX_DIR beside it: without one nothing is kept on a disk";
            return Err(source.refused("OUTBOX_SYNC", expected));
        }
        self.disk = self.outbox_dir.take().map(|directory| Disk {
            directory,
            sync: self.outbox_sync,
        });
        self.redis = RedisSettings::read(self.redis_options.clone(), source)?;
        if self.redis.is_some() && self.disk.is_some() {
            let expected = "one of OUTBOX_DIR and REDIS_URL alone";
            return Err(source.refused("REDIS_URL", expected));
        }

        // A relayed line holds a whole message beside its prefix, which JSON may make six times
        // as long.
        let longest = u64::try_from(self.client.max_message * 6 + 1024).unwrap_or(u64::MAX);
        self.limits.max_body_bytes = self.limits.max_body_bytes.max(ByteSize::b(longest));
        Ok(self)
    }
}

impl ChatSettings {
    /// How much it keeps: `HISTORY_*`, `OUTBOX_MAX*`.
    pub fn retention(&self) -> Retention {
        Retention {
            history: self.history_max,
            history_bytes: self.history_max_bytes,
            outbox: Bounds {
                entries: self.outbox_max,
                bytes: self.outbox_max_bytes,
            },
        }
    }
}

fn peers(text: &str) -> Result<CommaList<Url>, Expected> {
    let CommaList(urls) = list(text)?;
    let urls: Vec<_> = urls.into_iter().map(relay_url).collect();
    let is_twice = |(at, url)| urls[..at].contains(url);
    if urls.iter().enumerate().any(is_twice) {
        return Err(Expected("each peer once".to_owned()));
    }
    Ok(CommaList(urls))
}

/// A peer of which only the host was given takes messages where the original does.
fn relay_url(mut url: Url) -> Url {
    if url.path() == "/" {
        url.set_path("/relay");
    }
    url
}

/// The page would show no link for any other.
fn trace_url(text: &str) -> Result<String, Expected> {
    let leads_to_a_page =
        Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if leads_to_a_page && text.contains("{trace}") {
        return Ok(text.to_owned());
    }
    let expected = "http:// or https:// and {trace} in the trace's place";
    Err(Expected(expected.to_owned()))
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
        runtime::settings_from::<crate::Chat>(inputs).map_err(|error| error.to_string())
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
    fn a_peer_that_is_named_twice_is_refused() {
        let twice = "http://serviceB:8000, http://serviceb:8000/relay";
        let error = read(&[("PEER_URL", twice)]).unwrap_err();
        assert!(
            error.ends_with("is refused: expected each peer once"),
            "{error}"
        );
    }

    #[test]
    fn a_log_on_disk_and_one_in_redis_are_refused_without_a_word_of_the_url() {
        let url = ("REDIS_URL", "redis://:abracadabra@redis:6379/0");
        let settings = read(&[url]).unwrap();
        assert!(settings.redis.is_some() && !format!("{settings:?}").contains("abracadabra"));
        let error = read(&[url, ("OUTBOX_DIR", "/var/lib/chat")]).unwrap_err();
        assert_eq!(
            error,
            "REDIS_URL=\"***\" (from the environment) is refused: \
             expected one of OUTBOX_DIR and REDIS_URL alone"
        );
    }

    #[test]
    fn a_log_on_disk_may_wait_for_the_disk() {
        let settings = read(&[("OUTBOX_DIR", "/var/lib/chat"), ("OUTBOX_SYNC", "true")]).unwrap();
        assert!(settings.disk.is_some_and(|disk| disk.sync));
    }

    #[test]
    fn what_is_wrong_is_refused_by_its_name_and_a_secret_is_not_shown() {
        for (name, value) in [
            ("SERVICE_NAME", "service a"),
            ("PEER_URL", "serviceB:8000"),
            ("MAX_MESSAGE_BYTES", "2GiB"),
            ("RATE", "0"),
            ("RATE_PATIENCE", "2h"),
            ("FORWARDED_TRUST", "all"),
            ("RELAY_LISTEN", "8000"),
            ("RELAY_DELIVERY", "once"),
            ("OUTBOX_SYNC", "true"),
            ("TRACE_URL", "localhost:16686/trace/{trace}"),
            ("TRACE_URL", "http://localhost:16686"),
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
