//! What proxies in front of a server say of its requests, where they are trusted.

mod forwarded;
mod root_path;

use std::net::{IpAddr, SocketAddr};

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName};

use crate::settings::parse;
use crate::trace::Trust;

pub use root_path::RootPath;

/// The proxies in front of an HTTP server.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Proxies")]
pub struct ProxySettings {
    /// Networks of proxies (commas between) that are believed on who asks and for what, by
    /// `X-Forwarded-For`, `-Host`, `-Proto` and `-Prefix` or by `Forwarded`; or none
    #[arg(
        default_value = "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7",
        value_parser = parse::<Trust>
    )]
    pub forwarded_trust: Trust,
    /// Path below which a proxy serves this, as in `/api`; empty: at the root, unless
    /// `X-Forwarded-Prefix` names one
    #[arg(value_parser = parse::<RootPath>)]
    pub root_path: Option<RootPath>,
}

/// A request as its client made it, before any proxy: an extension of every request that a server
/// with [`ProxySettings`] gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarded {
    /// The other end of the connection: the client, or the proxy nearest to this server.
    pub peer: IpAddr,
    /// Who asks: the peer, or whom a trusted proxy names.
    pub client: IpAddr,
    /// The host that was asked for, where a trusted proxy says it.
    pub host: Option<String>,
    /// `http` or `https`, where a trusted proxy says it.
    pub scheme: Option<&'static str>,
    /// What stood before the path.
    pub root_path: RootPath,
    /// Whether it was all of the path, without a slash at its end: a page's relative links would
    /// lead beside it.
    pub lacks_slash: bool,
}

/// What the headers say, before anybody decides whether to believe it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    /// From the first client to the last proxy but one.
    clients: Vec<String>,
    host: Option<String>,
    scheme: Option<String>,
    prefix: Option<String>,
}

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");

impl ProxySettings {
    /// The request of this peer. Headers of a peer who is no trusted proxy are passed over.
    pub(super) fn read(&self, peer: IpAddr, headers: &HeaderMap) -> Forwarded {
        let root_path = self.root_path.clone().unwrap_or_default();
        let mut request = Forwarded {
            peer,
            client: peer.to_canonical(),
            host: None,
            scheme: None,
            root_path,
            lacks_slash: false,
        };
        if !self.forwarded_trust.holds(peer) {
            return request;
        }
        // One family of headers or the other: a proxy that sets one lets the other through as its
        // client sent it.
        let said = [FOR, HOST, PROTO, PREFIX];
        let told = if said.iter().any(|name| headers.contains_key(name)) {
            Told::of_x_forwarded(headers)
        } else {
            forwarded::read(headers)
        };
        // Each proxy adds whom it serves, and only what a trusted one added counts.
        for client in told.clients.iter().rev() {
            match address(client) {
                Some(address) if self.forwarded_trust.holds(request.client) => {
                    request.client = address;
                }
                _ => break,
            }
        }
        request.host = told.host.filter(|host| is_host(host));
        request.scheme = told.scheme.and_then(|scheme| known_scheme(&scheme));
        if let Some(prefix) = told.prefix.and_then(|prefix| RootPath::new(&prefix)) {
            request.root_path = prefix;
        }
        request
    }
}

impl Told {
    /// Of several hosts the first comes from the proxy nearest to the client.
    fn of_x_forwarded(headers: &HeaderMap) -> Self {
        let first = |name| list(headers, &name).next();
        Self {
            clients: list(headers, &FOR).collect(),
            host: first(HOST),
            scheme: first(PROTO),
            prefix: first(PREFIX),
        }
    }
}

/// The parts of a list, which may be spread over several headers.
fn list<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = String> + use<'a> {
    let lines = headers.get_all(name).into_iter();
    let lines = lines.filter_map(|line| line.to_str().ok());
    let parts = lines.flat_map(|line| line.split(','));
    parts.map(|part| part.trim().to_owned())
}

/// An address, with or without a port, brackets or both.
fn address(text: &str) -> Option<IpAddr> {
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || text.parse().ok().map(|address: SocketAddr| address.ip());
    let address: Option<IpAddr> = text.parse().ok().or_else(with_port).or_else(bare);
    address.map(|address| address.to_canonical())
}

fn is_host(text: &str) -> bool {
    !text.contains('@') && text.parse::<Authority>().is_ok()
}

/// For a WebSocket some proxies write `ws` and `wss`.
fn known_scheme(text: &str) -> Option<&'static str> {
    match text.to_ascii_lowercase().as_str() {
        "http" | "ws" => Some("http"),
        "https" | "wss" => Some("https"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::settings::FromSetting;

    const PROXY: &str = "10.0.0.1";

    fn read(peer: &str, headers: &[(&'static str, &'static str)]) -> Forwarded {
        let settings = ProxySettings {
            forwarded_trust: Trust::from_setting("10.0.0.0/8,fd00::/8").unwrap(),
            root_path: RootPath::new("/api"),
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        settings.read(peer.parse().unwrap(), &map)
    }

    fn client(peer: &str, clients: &'static str) -> String {
        read(peer, &[("x-forwarded-for", clients)])
            .client
            .to_string()
    }

    #[test]
    fn a_trusted_proxy_says_who_asks_for_what() {
        let read = read(
            PROXY,
            &[
                ("x-forwarded-for", "192.0.2.7"),
                ("x-forwarded-host", "users.example:8443"),
                ("x-forwarded-proto", "HTTPS"),
                ("x-forwarded-prefix", "/v1/"),
            ],
        );
        assert_eq!(
            read,
            Forwarded {
                peer: PROXY.parse().unwrap(),
                client: "192.0.2.7".parse().unwrap(),
                host: Some("users.example:8443".to_owned()),
                scheme: Some("https"),
                root_path: RootPath::new("/v1").unwrap(),
                lacks_slash: false,
            }
        );
    }

    #[test]
    fn nobody_else_is_believed() {
        let said = [
            ("x-forwarded-for", "192.0.2.7"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-prefix", "/evil"),
            ("forwarded", "for=192.0.2.7;host=evil.example"),
        ];
        let own = Forwarded {
            peer: "198.51.100.1".parse().unwrap(),
            client: "198.51.100.1".parse().unwrap(),
            host: None,
            scheme: None,
            root_path: RootPath::new("/api").unwrap(),
            lacks_slash: false,
        };
        assert_eq!(read("198.51.100.1", &said), own);
    }

    #[test]
    fn the_client_is_the_last_who_is_no_trusted_proxy() {
        for (clients, asks) in [
            ("192.0.2.7", "192.0.2.7"),
            ("192.0.2.7, 10.9.9.9", "192.0.2.7"),
            // What the client wrote itself stands before what a proxy saw of it.
            ("203.0.113.1, 192.0.2.7, 10.9.9.9", "192.0.2.7"),
            ("10.9.9.9", "10.9.9.9"),
            ("192.0.2.7:4711", "192.0.2.7"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("192.0.2.7, unknown", PROXY),
            ("", PROXY),
        ] {
            assert_eq!(client(PROXY, clients), asks, "{clients}");
        }
        assert_eq!(client("::ffff:10.0.0.1", "192.0.2.7"), "192.0.2.7");
        let several = [
            ("x-forwarded-for", "192.0.2.7"),
            ("x-forwarded-for", "10.9.9.9"),
        ];
        assert_eq!(read(PROXY, &several).client.to_string(), "192.0.2.7");
    }

    #[test]
    fn the_first_host_is_the_one_nearest_to_the_client() {
        let host = |text| read(PROXY, &[("x-forwarded-host", text)]).host;
        assert_eq!(host("a.example, inner:8080").as_deref(), Some("a.example"));
        for wrong in ["", "a b", "u@a.example", "a/b"] {
            assert_eq!(host(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_standard_header_counts_where_none_of_the_others_is() {
        let standard = ("forwarded", "for=192.0.2.7;host=a.example;proto=https");
        let alone = read(PROXY, &[standard]);
        assert_eq!(
            (
                alone.client.to_string().as_str(),
                alone.host.as_deref(),
                alone.scheme
            ),
            ("192.0.2.7", Some("a.example"), Some("https"))
        );
        let both = read(PROXY, &[standard, ("x-forwarded-proto", "http")]);
        assert_eq!((both.host, both.scheme), (None, Some("http")));
    }

    #[test]
    fn a_prefix_that_is_no_path_is_passed_over() {
        for wrong in ["//evil.example", "https://evil.example", "api", "/a/../b"] {
            let read = read(PROXY, &[("x-forwarded-prefix", wrong)]);
            assert_eq!(read.root_path.to_string(), "/api", "{wrong}");
        }
    }
}
