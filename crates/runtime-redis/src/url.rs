//! The grammar of `REDIS_URL`: `redis://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE]`, the same with
//! `rediss://` for TLS, or `unix:///PATH[?db=DATABASE&user=USER&pass=PASSWORD]`. User and password are
//! percent-encoded.
//!
//! It is stricter than a URL in general, so that a typing error is found at the start of the program
//! and not by a Redis that refuses the login.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use runtime::settings::{FromSetting, Secret};

/// Where a node listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Host and port; an IPv6 address without its brackets.
    Tcp(String, u16),
    /// The path of a socket on this machine.
    Unix(PathBuf),
}

/// One URL, read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RedisUrl {
    pub(super) address: Address,
    pub(super) has_tls: bool,
    pub(super) database: Option<i64>,
    pub(super) username: Option<String>,
    pub(super) password: Option<Secret>,
}

/// What would be right, to finish the sentence "expected …".
pub(super) type Expected = &'static str;

const SCHEME: Expected = "redis://HOST[:PORT][/DATABASE], or rediss:// for TLS, several with commas, \
                          or unix:///PATH";
const HOST: Expected = "a host after redis://, as in redis://redis:6379";
const PORT: Expected = "a port from 1 to 65535 after the host, as in redis://redis:6379";
const DATABASE: Expected = "a database from 0 to 2147483647, as in redis://redis:6379/0";
const PATH: Expected = "the whole path of a socket, as in unix:///run/redis.sock";
const QUERY: Expected = "nothing after the database: no ? and no #";
const UNIX_QUERY: Expected = "db, user and pass alone after the ? of a unix:// URL, each once";
const ENCODING: Expected = "a URL whose user and password are percent-encoded (%40 for @, %2C for a \
                            comma), or given by REDIS_USERNAME and REDIS_PASSWORD";

/// The largest database, as Redis counts them.
const MAX_DATABASE: u32 = i32::MAX as u32;

/// Reads a list of URLs with commas between them.
pub(super) fn parse_list(text: &str) -> Result<Vec<RedisUrl>, Expected> {
    let parts: Vec<_> = text.split(',').map(str::trim).collect();
    if parts.iter().skip(1).any(|part| !part.contains("://")) {
        return Err(ENCODING); // of a password with a comma, more likely than not
    }
    parts.into_iter().map(RedisUrl::parse).collect()
}

impl RedisUrl {
    fn parse(text: &str) -> Result<Self, Expected> {
        if !text.bytes().all(is_url_byte) {
            return Err(ENCODING);
        }
        let (scheme, rest) = text.split_once("://").ok_or(SCHEME)?;
        match scheme.to_ascii_lowercase().as_str() {
            "redis" => Self::tcp(rest, false),
            "rediss" => Self::tcp(rest, true),
            "unix" | "redis+unix" => Self::unix(rest),
            _ => Err(SCHEME),
        }
    }

    fn tcp(rest: &str, has_tls: bool) -> Result<Self, Expected> {
        let (login, rest) = match rest.rsplit_once('@') {
            Some((login, rest)) => (Some(login), rest),
            None => (None, rest),
        };
        // What stands there unencoded would end the URL's authority before the host.
        if login.is_some_and(|login| login.contains(['@', '/', '?', '#', '[', ']'])) {
            return Err(ENCODING);
        }
        if rest.contains(['?', '#']) {
            return Err(QUERY);
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = host_and_port(authority)?;
        let (username, password) =
            match login.map(|login| login.split_once(':').unwrap_or((login, ""))) {
                Some((username, password)) => (decode(username)?, decode(password)?),
                None => (String::new(), String::new()),
            };
        Ok(Self {
            address: Address::Tcp(host.to_owned(), port),
            has_tls,
            database: (!path.is_empty()).then(|| database(path)).transpose()?,
            username: given(username),
            password: given(password).and_then(|text| Secret::from_setting(&text)),
        })
    }

    fn unix(rest: &str) -> Result<Self, Expected> {
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        if !path.starts_with('/') || path.len() == 1 || rest.contains('#') {
            return Err(PATH);
        }
        let mut url = Self {
            address: Address::Unix(decode(path)?.into()),
            has_tls: false,
            database: None,
            username: None,
            password: None,
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or(UNIX_QUERY)?;
            let is_new = match name {
                "db" => url.database.replace(database(value)?).is_none(),
                "user" => url.username.replace(decode(value)?).is_none(),
                "pass" => {
                    let before = url.password.take();
                    url.password = Secret::from_setting(&decode(value)?);
                    before.is_none()
                }
                _ => false,
            };
            if !is_new {
                return Err(UNIX_QUERY);
            }
        }
        Ok(url)
    }
}

/// Whether a URL may hold this byte (RFC 3986, 2).
fn is_url_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
}

fn host_and_port(authority: &str) -> Result<(&str, u16), Expected> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or(HOST)?;
            host.parse::<std::net::Ipv6Addr>().map_err(|_| HOST)?;
            let port = match rest {
                "" => None,
                rest => Some(rest.strip_prefix(':').ok_or(PORT)?),
            };
            (host, port)
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    if host.is_empty() || !host.bytes().all(is_name) {
        return Err(HOST);
    }
    let port = port.map_or(Ok(6379), |port| digits(port).ok_or(PORT))?;
    match u16::try_from(port) {
        Ok(port @ 1..) => Ok((host, port)),
        _ => Err(PORT),
    }
}

fn database(text: &str) -> Result<i64, Expected> {
    let number = digits(text).filter(|number| *number <= MAX_DATABASE);
    number.map(i64::from).ok_or(DATABASE)
}

/// A number without a sign.
fn digits(text: &str) -> Option<u32> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

fn given(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// A text without its percent-encoding.
fn decode(text: &str) -> Result<String, Expected> {
    let mut parts = text.split('%');
    parts.next();
    let is_encoded =
        |part: &str| part.len() >= 2 && part.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    if !parts.all(is_encoded) {
        return Err(ENCODING);
    }
    let bytes = percent_decode_str(text).collect();
    String::from_utf8(bytes).map_err(|_| ENCODING)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str, port: u16) -> Address {
        Address::Tcp(host.to_owned(), port)
    }

    #[test]
    fn a_url_says_where_and_as_whom() {
        let socket = || Address::Unix("/run/redis.sock".into());
        for (text, address, database, username, password) in [
            ("redis://redis", tcp("redis", 6379), None, None, None),
            ("REDIS://redis:7000/", tcp("redis", 7000), None, None, None),
            (
                "redis://10.0.0.1/3",
                tcp("10.0.0.1", 6379),
                Some(3),
                None,
                None,
            ),
            (
                "redis://[::1]:6380/0",
                tcp("::1", 6380),
                Some(0),
                None,
                None,
            ),
            (
                "redis://h/2147483647",
                tcp("h", 6379),
                Some(2_147_483_647),
                None,
                None,
            ),
            (
                "redis://:sesame@h",
                tcp("h", 6379),
                None,
                None,
                Some("sesame"),
            ),
            (
                "redis://ana:a%40%2F%2c:%C3%A9@h",
                tcp("h", 6379),
                None,
                Some("ana"),
                Some("a@/,:é"),
            ),
            ("redis://ana@h", tcp("h", 6379), None, Some("ana"), None),
            ("unix:///run/redis.sock", socket(), None, None, None),
            (
                "redis+unix:///run/redis.sock?db=2&user=ana&pass=a%26+b",
                socket(),
                Some(2),
                Some("ana"),
                Some("a&+b"),
            ),
        ] {
            let url = RedisUrl::parse(text).unwrap();
            assert_eq!((url.address, url.database), (address, database), "{text}");
            assert_eq!(url.username.as_deref(), username, "{text}");
            assert_eq!(
                url.password.as_ref().map(Secret::reveal),
                password,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_such_url_is_told_with_what_would_be_right() {
        for (text, expected) in [
            ("", SCHEME),
            ("redis", SCHEME),
            ("redis:6379", SCHEME),
            ("http://redis", SCHEME),
            ("rediss://redis/0#insecure", QUERY),
            ("rediss://", HOST),
            ("redis://", HOST),
            ("redis://:6379", HOST),
            ("redis:///0", HOST),
            ("redis://:sesame@", HOST),
            ("redis://[::1", HOST),
            ("redis://[redis]", HOST),
            ("redis://a!b", HOST),
            ("redis://redis:", PORT),
            ("redis://redis:0", PORT),
            ("redis://redis:+1", PORT),
            ("redis://redis:65536", PORT),
            ("redis://redis:http", PORT),
            ("redis://[::1]6379", PORT),
            ("redis://redis/x", DATABASE),
            ("redis://redis/-1", DATABASE),
            ("redis://redis/0/", DATABASE),
            ("redis://redis/2147483648", DATABASE),
            ("redis://redis/99999999999999999999", DATABASE),
            ("redis://redis?protocol=resp3", QUERY),
            ("redis://redis/0#x", QUERY),
            ("redis://:a b@redis", ENCODING),
            ("redis://:é@redis", ENCODING),
            ("redis://:a@b@redis", ENCODING),
            ("redis://:a/b@redis", ENCODING),
            ("redis://:a#b@redis", ENCODING),
            ("redis://:a%4@redis", ENCODING),
            ("redis://:a%zz@redis", ENCODING),
            ("redis://:%ff@redis", ENCODING),
            ("redis://redis\n", ENCODING),
            ("unix://run/redis.sock", PATH),
            ("unix:///", PATH),
            ("unix:///a?db=x", DATABASE),
            ("unix:///a?database=1", UNIX_QUERY),
            ("unix:///a?db=1&db=2", UNIX_QUERY),
        ] {
            assert_eq!(RedisUrl::parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn tls_is_a_scheme_of_its_own_on_the_same_port() {
        for (text, has_tls) in [
            ("redis://redis", false),
            ("rediss://redis", true),
            ("REDISS://:sesame@redis:6379/2", true),
            ("unix:///run/redis.sock", false),
        ] {
            assert_eq!(RedisUrl::parse(text).unwrap().has_tls, has_tls, "{text}");
        }
        let address = RedisUrl::parse("rediss://redis").unwrap().address;
        assert_eq!(address, tcp("redis", 6379));
    }

    #[test]
    fn several_are_told_apart_by_commas() {
        let urls = parse_list("redis://a:1, redis://b:2").unwrap();
        let addresses: Vec<_> = urls.into_iter().map(|url| url.address).collect();
        assert_eq!(addresses, [tcp("a", 1), tcp("b", 2)]);
        assert_eq!(parse_list("redis://a,b:2"), Err(ENCODING));
        for wrong in ["redis://a,", "redis://:a,b@redis"] {
            assert_eq!(parse_list(wrong), Err(ENCODING), "{wrong}");
        }
    }
}
