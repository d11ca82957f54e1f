//! What a client of Redis is told.

use std::path::PathBuf;
use std::time::Duration;

use super::tls::{Tls, TlsFiles};
use super::url::{Address, parse_list};
use runtime::settings::{
    FromSetting, HOUR, MILLISECOND, Secret, SettingsError, Source, parse, within,
};

/// The settings of a client of Redis as they are given; [`RedisSettings::read`] makes sense of them.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct RedisOptions {
    /// Redis, as in `redis://redis:6379/0`, `rediss://redis:6380` by TLS, or `unix:///run/redis.sock`;
    /// user and password may stand in it, percent-encoded, as in `redis://ana:s%40same@redis`; several
    /// with commas: the first nodes of a cluster, or the sentinels; empty: none
    #[arg(value_parser = parse::<Secret>, help_heading = "Settings")]
    redis_url: Option<Secret>,
    /// What `redis_url` names: node, sentinel or cluster
    #[arg(default_value = "node", value_parser = parse::<Mode>)]
    redis_mode: Mode,
    /// Sentinel's name of the master
    #[arg(default_value = "mymaster", value_parser = parse::<String>)]
    redis_master_name: String,
    /// User of Redis' access control lists, with its password; empty: the default user, or that of
    /// `redis_url`
    #[arg(value_parser = parse::<String>)]
    redis_username: Option<String>,
    /// Password of Redis; empty: none, or that of `redis_url`
    #[arg(value_parser = parse::<Secret>)]
    redis_password: Option<Secret>,
    /// Password of the sentinels; empty: none
    #[arg(value_parser = parse::<Secret>)]
    redis_sentinel_password: Option<Secret>,
    /// File with the certificates of the authorities, in PEM, that sign those of a `rediss://` Redis;
    /// empty: the system's
    #[arg(value_parser = parse::<PathBuf>)]
    pub(super) redis_ca_file: Option<PathBuf>,
    /// File with this client's certificate, in PEM, where Redis asks for one; with `redis_key_file`
    #[arg(value_parser = parse::<PathBuf>)]
    pub(super) redis_cert_file: Option<PathBuf>,
    /// File with the private key of `redis_cert_file`, in PEM
    #[arg(value_parser = parse::<PathBuf>)]
    pub(super) redis_key_file: Option<PathBuf>,
    /// Connections, shared by commands that are under way at the same time
    #[arg(default_value = "2", value_parser = within(1_usize..=64))]
    redis_connections: usize,
    /// Commands under way at once; more wait for their turn
    #[arg(default_value = "256", value_parser = within(1_usize..=65_536))]
    redis_max_commands: usize,
    /// For a connection to be made
    #[arg(default_value = "200ms", value_parser = within(MILLISECOND..=HOUR))]
    redis_connect_timeout: Duration,
    /// For a command, the wait for its turn included; after that Redis counts as hung
    #[arg(default_value = "250ms", value_parser = within(MILLISECOND..=HOUR))]
    redis_timeout: Duration,
    /// How often a Redis that answers is probed
    #[arg(default_value = "2s", value_parser = within(MILLISECOND..=HOUR))]
    redis_check_interval: Duration,
    /// Longest time between two probes of one that does not answer
    #[arg(default_value = "1s", value_parser = within(MILLISECOND..=HOUR))]
    redis_max_backoff: Duration,
}

/// What a client of Redis is told.
#[derive(Clone, Debug)]
pub struct RedisSettings {
    /// `REDIS_URL`: where the nodes are.
    pub nodes: Vec<Address>,
    /// `REDIS_URL`: which database; 0 in a cluster.
    pub database: i64,
    /// `REDIS_URL`, `REDIS_CA_FILE`, `REDIS_CERT_FILE`, `REDIS_KEY_FILE`: how TLS is spoken, if it is.
    pub tls: Option<Tls>,
    /// `REDIS_MODE`, `REDIS_MASTER_NAME`: what the nodes are.
    pub topology: Topology,
    /// `REDIS_USERNAME`, or of `REDIS_URL`.
    pub username: Option<String>,
    /// `REDIS_PASSWORD`, or of `REDIS_URL`.
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

impl RedisSettings {
    /// Reads the settings; none where `REDIS_URL` is empty.
    pub fn read(options: RedisOptions, source: &Source) -> Result<Option<Self>, SettingsError> {
        let Some(url) = &options.redis_url else {
            return Ok(None);
        };
        let refused = |expected: &str| source.refused("REDIS_URL", expected);
        let urls = parse_list(url.reveal()).map_err(refused)?; // to be read, here alone
        let has_own_username = options.redis_username.is_some();
        let mut login = Login {
            username: options.redis_username.clone(),
            password: options.redis_password.clone(),
        };
        let (mut database, mut has_tls) = (None, None);
        for url in &urls {
            let expected = "the user of REDIS_USERNAME, or none: two differ";
            agree(&mut login.username, url.username.as_ref()).ok_or_else(|| refused(expected))?;
            let expected = "the password of REDIS_PASSWORD, or none: two differ";
            agree(&mut login.password, url.password.as_ref()).ok_or_else(|| refused(expected))?;
            let expected = "one database for all nodes";
            agree(&mut database, url.database.as_ref()).ok_or_else(|| refused(expected))?;
            let expected = "one scheme for all nodes, redis:// or rediss://";
            agree(&mut has_tls, Some(&url.has_tls)).ok_or_else(|| refused(expected))?;
        }
        let files = TlsFiles {
            ca: options.redis_ca_file.as_deref(),
            certificate: options.redis_cert_file.as_deref(),
            key: options.redis_key_file.as_deref(),
        };
        let tls = Tls::read(files, has_tls.unwrap_or_default(), source)?;
        if login.username.is_some() && login.password.is_none() {
            let name = if has_own_username {
                "REDIS_USERNAME"
            } else {
                "REDIS_URL"
            };
            let expected = "a user beside its password (REDIS_PASSWORD), or none";
            return Err(source.refused(name, expected));
        }
        let topology = match options.redis_mode {
            Mode::Node => Topology::Node,
            Mode::Sentinel => Topology::Sentinel(options.redis_master_name),
            Mode::Cluster => Topology::Cluster,
        };
        let has_socket = urls
            .iter()
            .any(|url| matches!(url.address, Address::Unix(_)));
        match &topology {
            Topology::Node if urls.len() > 1 => {
                return Err(refused("one URL, or REDIS_MODE=cluster or sentinel"));
            }
            Topology::Cluster if database.unwrap_or_default() != 0 => {
                return Err(refused("URLs without a database: a cluster has only 0"));
            }
            Topology::Cluster | Topology::Sentinel(_) if has_socket => {
                return Err(refused(
                    "redis:// URLs: sockets are for REDIS_MODE=node alone",
                ));
            }
            _ => {}
        }
        Ok(Some(Self {
            nodes: urls.into_iter().map(|url| url.address).collect(),
            database: database.unwrap_or_default(),
            tls,
            topology,
            username: login.username,
            password: login.password,
            sentinel_password: options.redis_sentinel_password,
            connections: options.redis_connections,
            max_commands: options.redis_max_commands,
            connect_timeout: options.redis_connect_timeout,
            timeout: options.redis_timeout,
            check_interval: options.redis_check_interval,
            max_backoff: options.redis_max_backoff,
        }))
    }
}

/// As whom to log in.
struct Login {
    username: Option<String>,
    password: Option<Secret>,
}

/// Takes over what is said, unless something else was said before.
fn agree<T: Clone + PartialEq>(known: &mut Option<T>, said: Option<&T>) -> Option<()> {
    match (&known, said) {
        (Some(known), Some(said)) if known != said => return None,
        (None, Some(said)) => *known = Some(said.clone()),
        _ => {}
    }
    Some(())
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
    use clap::{Args, Command};
    use runtime::settings::Inputs;

    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<Option<RedisSettings>, String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let inputs = Inputs {
            environment: settings.iter().map(owned).collect(),
            ..Inputs::default()
        };
        let command = RedisOptions::augment_args(Command::new("test"));
        let source = Source::load(command, inputs).unwrap();
        RedisSettings::read(source.group().unwrap(), &source).map_err(|error| error.to_string())
    }

    #[test]
    fn without_a_url_there_is_none() {
        assert!(read(&[]).unwrap().is_none());
    }

    #[test]
    fn every_mode_is_read() {
        let node = read(&[("REDIS_URL", "redis://redis/3")]).unwrap().unwrap();
        assert_eq!(node.nodes, [Address::Tcp("redis".to_owned(), 6379)]);
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
            ("rediss://:sesame@redis#insecure", "no #"),
            ("redis://a,rediss://:sesame@b", "one scheme for all"),
            ("redis://redis/x", "a database from 0"),
            ("redis://:sesame@redis/2147483648", "a database from 0"),
            ("redis://:sesame@", "a host"),
            ("redis://:ses@me:sesame@redis", "percent-encoded"),
            ("redis://a,redis://b", "REDIS_MODE"),
            ("redis://ana@redis", "REDIS_PASSWORD"),
            ("x://:sesame@redis", "redis://HOST"),
            ("sesame", "redis://HOST"),
        ] {
            let error = read(&[("REDIS_URL", url)]).unwrap_err();
            let names_it = error.starts_with("REDIS_URL=") || error.starts_with("REDIS_USERNAME=");
            assert!(
                names_it && error.contains(expected) && !error.contains("sesame"),
                "{error}"
            );
        }
        let cluster = [("REDIS_URL", "redis://a/1"), ("REDIS_MODE", "cluster")];
        assert!(read(&cluster).unwrap_err().contains("only 0"));
        let sentinel = [("REDIS_URL", "unix:///s"), ("REDIS_MODE", "sentinel")];
        assert!(read(&sentinel).unwrap_err().contains("sockets"));
    }

    #[test]
    fn who_logs_in_is_said_in_the_url_or_beside_it_and_never_in_two_ways() {
        let in_url = ("REDIS_URL", "redis://ana:s%40same@redis");
        let login = |settings: &[(&str, &str)]| {
            let read = read(settings)?.unwrap();
            let password = read.password.map(|password| password.reveal().to_owned());
            Ok::<_, String>((read.username, password))
        };
        let right = Ok((Some("ana".to_owned()), Some("s@same".to_owned())));
        let (username, password) = (("REDIS_USERNAME", "ana"), ("REDIS_PASSWORD", "s@same"));
        let plain = ("REDIS_URL", "redis://redis");
        for settings in [
            &[in_url][..],
            &[in_url, username, password],
            &[plain, username, password],
            &[("REDIS_URL", "redis://ana@redis"), password],
        ] {
            assert_eq!(login(settings), right, "{settings:?}");
        }
        for (settings, expected) in [
            (
                &[in_url, ("REDIS_PASSWORD", "other")][..],
                "REDIS_PASSWORD, or none",
            ),
            (
                &[in_url, ("REDIS_USERNAME", "rui")],
                "REDIS_USERNAME, or none",
            ),
            (&[plain, username], "REDIS_USERNAME="),
        ] {
            let error = login(settings).unwrap_err();
            assert!(error.contains(expected), "{error}");
            assert!(
                !error.contains("same") && !error.contains("other"),
                "{error}"
            );
        }
        let shown = format!("{:?}", read(&[in_url]));
        assert!(!shown.contains("same"), "{shown}");
    }
}
