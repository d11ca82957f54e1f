//! What a client of Redis is told.

use std::time::Duration;

use url::Url;

use runtime::settings::{FromSetting, Secret, SettingsError, Source};

/// The TOML that declares the settings of a client of Redis.
pub const DEFAULTS: &str = include_str!("client.toml");

/// What a client of Redis is told.
#[derive(Clone, Debug)]
pub struct RedisSettings {
    /// `REDIS_URL`: hosts and ports.
    pub nodes: Vec<(String, u16)>,
    /// The path of the first URL: which database; 0 in a cluster.
    pub database: i64,
    /// `REDIS_MODE`, `REDIS_MASTER_NAME`: what the nodes are.
    pub topology: Topology,
    /// `REDIS_USERNAME`.
    pub username: Option<String>,
    /// `REDIS_PASSWORD`.
    pub password: Option<Secret>,
    /// `REDIS_SENTINEL_PASSWORD`.
    pub sentinel_password: Option<Secret>,
    /// `REDIS_CONNECTIONS`: shared by all commands.
    pub connections: usize,
    /// `REDIS_MAX_COMMANDS`: under way at once.
    pub max_commands: usize,
    /// `REDIS_CONNECT_TIMEOUT`: for a connection to be made.
    pub connect_timeout: Duration,
    /// `REDIS_TIMEOUT`: for a command, the wait for its turn included.
    pub timeout: Duration,
    /// `REDIS_CHECK_INTERVAL`: between two looks at a Redis that answers.
    pub check_interval: Duration,
    /// `REDIS_MAX_BACKOFF`: between two looks at one that does not.
    pub max_backoff: Duration,
}

/// What the nodes of a URL are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Topology {
    /// One Redis.
    Node,
    /// Sentinels, who know where the master of this name is.
    Sentinel(String),
    /// Nodes of a cluster, which know the others.
    Cluster,
}

/// Address and database of one `redis://` URL.
#[derive(Debug, PartialEq, Eq)]
struct NodeUrl {
    host: String,
    port: u16,
    database: i64,
    has_credentials: bool,
}

impl NodeUrl {
    const EXPECTED: &'static str =
        "redis://HOST:PORT/DATABASE, several with commas (TLS, rediss://, is not built in)";

    fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text.trim()).ok()?;
        let path = url.path().trim_matches('/');
        let plain = url.query().is_none() && url.fragment().is_none();
        (url.scheme() == "redis" && plain).then_some(())?;
        Some(Self {
            host: url.host_str().filter(|host| !host.is_empty())?.to_owned(),
            port: url.port().unwrap_or(6379),
            database: if path.is_empty() {
                0
            } else {
                path.parse().ok()?
            },
            has_credentials: !url.username().is_empty() || url.password().is_some(),
        })
    }
}

impl RedisSettings {
    /// Reads the settings; none where `REDIS_URL` is empty.
    pub fn read(source: &Source) -> Result<Option<Self>, SettingsError> {
        let Some(text) = source.get_optional::<String>("REDIS_URL")? else {
            return Ok(None);
        };
        let refused = |shown: &str, expected: &str| {
            Err(source.refused("REDIS_URL", shown, expected.to_owned()))
        };
        let urls: Option<Vec<_>> = text.split(',').map(NodeUrl::parse).collect();
        let Some(urls) = urls else {
            // It may hold a password, in a form that is not understood.
            let shown = if text.contains('@') { "***" } else { &text };
            return refused(shown, NodeUrl::EXPECTED);
        };
        if urls.iter().any(|url| url.has_credentials) {
            let right = "a URL without user and password: they are REDIS_USERNAME, REDIS_PASSWORD";
            return refused("***", right);
        }
        let topology = match source.get::<Mode>("REDIS_MODE")? {
            Mode::Node => Topology::Node,
            Mode::Sentinel => Topology::Sentinel(source.get("REDIS_MASTER_NAME")?),
            Mode::Cluster => Topology::Cluster,
        };
        let database = urls.first().map_or(0, |url| url.database);
        if topology == Topology::Node && urls.len() > 1 {
            return refused(&text, "one URL, or REDIS_MODE=cluster or sentinel");
        }
        if topology == Topology::Cluster && database != 0 {
            return refused(&text, "URLs without a database: a cluster has only 0");
        }
        let time =
            |name| source.get_within(name, Duration::from_millis(1)..=Duration::from_hours(1));
        Ok(Some(Self {
            nodes: urls.into_iter().map(|url| (url.host, url.port)).collect(),
            database,
            topology,
            username: source.get_optional("REDIS_USERNAME")?,
            password: source.get_optional("REDIS_PASSWORD")?,
            sentinel_password: source.get_optional("REDIS_SENTINEL_PASSWORD")?,
            connections: source.get_within("REDIS_CONNECTIONS", 1..=64)?,
            max_commands: source.get_within("REDIS_MAX_COMMANDS", 1..=65_536)?,
            connect_timeout: time("REDIS_CONNECT_TIMEOUT")?,
            timeout: time("REDIS_TIMEOUT")?,
            check_interval: time("REDIS_CHECK_INTERVAL")?,
            max_backoff: time("REDIS_MAX_BACKOFF")?,
        }))
    }
}

#[derive(Clone, Copy, Debug)]
enum Mode {
    Node,
    Sentinel,
    Cluster,
}

impl FromSetting for Mode {
    const EXPECTED: &'static str = "node, sentinel or cluster";

    fn from_setting(text: &str) -> Option<Self> {
        match text {
            "node" => Some(Self::Node),
            "sentinel" => Some(Self::Sentinel),
            "cluster" => Some(Self::Cluster),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::settings::{Defaults, Inputs};

    fn read(settings: &[(&str, &str)]) -> Result<Option<RedisSettings>, String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let inputs = Inputs {
            environment: settings.iter().map(owned).collect(),
            ..Inputs::default()
        };
        let source = Source::load(Defaults(&[DEFAULTS]), inputs).unwrap();
        RedisSettings::read(&source).map_err(|error| error.to_string())
    }

    #[test]
    fn without_a_url_there_is_none() {
        assert!(read(&[]).unwrap().is_none());
    }

    #[test]
    fn every_mode_is_read() {
        let node = read(&[("REDIS_URL", "redis://redis/3")]).unwrap().unwrap();
        assert_eq!(node.nodes, [("redis".to_owned(), 6379)]);
        assert_eq!((node.database, node.topology), (3, Topology::Node));
        let several = ("REDIS_URL", "redis://a:1, redis://b:2");
        let cluster = read(&[several, ("REDIS_MODE", "cluster")])
            .unwrap()
            .unwrap();
        assert_eq!(
            (cluster.nodes.len(), cluster.topology),
            (2, Topology::Cluster)
        );
        let sentinel = read(&[several, ("REDIS_MODE", "sentinel")])
            .unwrap()
            .unwrap();
        assert_eq!(sentinel.topology, Topology::Sentinel("mymaster".to_owned()));
    }

    #[test]
    fn what_cannot_be_is_refused_and_no_password_is_shown() {
        for (url, expected) in [
            ("http://redis", "redis://HOST"),
            ("rediss://redis", "TLS"),
            ("redis://redis/x", "redis://HOST"),
            ("redis://a,redis://b", "REDIS_MODE"),
            ("redis://:sesame@redis", "REDIS_PASSWORD"),
            ("x://:sesame@redis", "redis://HOST"),
        ] {
            let error = read(&[("REDIS_URL", url)]).unwrap_err();
            assert!(
                error.contains(expected) && !error.contains("sesame"),
                "{error}"
            );
        }
        let cluster = [("REDIS_URL", "redis://a/1"), ("REDIS_MODE", "cluster")];
        assert!(read(&cluster).unwrap_err().contains("only 0"));
    }
}
