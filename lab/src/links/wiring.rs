//! Which links there are, and what the settings of the services become with them.

use std::collections::HashMap;
use std::net::SocketAddr;

use runtime::settings::{Expected, FromSetting, list};

use super::ports::Ports;
use crate::catalogue;
use crate::plan::{Planned, reached_at};

/// A service that is left out, and where a program in its place listens, if that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Without {
    /// The service.
    pub service: &'static str,
    /// Where the other program is.
    pub place: Option<SocketAddr>,
}

/// One link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Its name.
    pub name: String,
    /// Who connects: a service, or [`OUTSIDE`].
    pub from: &'static str,
    /// Who is reached.
    pub to: &'static str,
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where it leads.
    pub leads: Leads,
}

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leads {
    /// To a service, or to a program in its place.
    Service {
        /// Where the service listens.
        own: SocketAddr,
        /// Where a program may listen too that was started in its place: the documented port, where
        /// this link is on another.
        documented: Option<SocketAddr>,
    },
    /// To what the lab did not start: host and port.
    Elsewhere(String),
}

/// Every link, and what is held for them.
#[derive(Debug, Default)]
pub struct Wiring {
    /// The links.
    pub edges: Vec<Edge>,
    ports: Ports,
}

/// Whoever connects from outside the lab: a browser, curl, a program of one's own.
pub const OUTSIDE: &str = "browser";

/// What a link to Redis leads to.
pub const REDIS: &str = "redis";

/// Services listen from here up, links on ports that no document names from there.
const SERVICES_FROM: u16 = 20_000;
const LINKS_FROM: u16 = 10_000;

impl Wiring {
    /// Puts a link before every service, and one between two that ask each other; the services are
    /// moved behind them. `environment` is the lab's own.
    pub fn of(
        services: &mut [Planned],
        without: &[Without],
        environment: &HashMap<String, String>,
    ) -> std::io::Result<Self> {
        let mut wiring = Self::default();
        let places = wiring.places(services, without)?;
        for service in places.keys().copied().collect::<Vec<_>>() {
            let (listen, own) = places[service];
            let from = asks_alone(service, services).unwrap_or(OUTSIDE);
            let leads = Leads::Service {
                own,
                documented: None,
            };
            wiring.add(from, service, listen, leads);
        }
        for planned in services.iter_mut() {
            wiring.between(planned, &places)?;
            wiring.before_redis(planned, environment)?;
        }
        for planned in services.iter_mut() {
            if let Some((_, own)) = places.get(planned.name) {
                let listen = ("LISTEN".to_owned(), own.to_string());
                planned.environment.extend([listen]);
            }
        }
        let order = |edge: &Edge| (place_of(services, edge.to), edge.from != OUTSIDE);
        wiring.edges.sort_by_key(order);
        Ok(wiring)
    }

    /// Where each service is asked, and where it listens.
    fn places(
        &mut self,
        services: &[Planned],
        without: &[Without],
    ) -> std::io::Result<HashMap<&'static str, (SocketAddr, SocketAddr)>> {
        let mut places = HashMap::new();
        for planned in services {
            let Some(listen) = planned.listen else {
                continue;
            };
            let other = without.iter().find(|other| other.service == planned.name);
            let own = match other.and_then(|other| other.place) {
                Some(place) => place,
                None => self.ports.behind(SERVICES_FROM, documented(planned))?,
            };
            places.insert(planned.name, (listen, own));
        }
        Ok(places)
    }

    fn add(&mut self, from: &'static str, to: &'static str, listen: SocketAddr, leads: Leads) {
        self.edges.push(Edge {
            name: format!("{from}-to-{to}"),
            from,
            to,
            listen,
            leads,
        });
    }

    /// Links to those that this service asks and that others use too: browsers are not cut off where
    /// the peer is.
    fn between(
        &mut self,
        planned: &mut Planned,
        places: &HashMap<&'static str, (SocketAddr, SocketAddr)>,
    ) -> std::io::Result<()> {
        let Some(row) = catalogue::service(planned.name) else {
            return Ok(());
        };
        for asks in row.asks {
            let Some(&(listen, own)) = places.get(asks.service) else {
                continue;
            };
            let asked = catalogue::service(asks.service);
            let is_mutual = asked.is_some_and(|asked| is_asking(asked, planned.name));
            let through = asks.form.replace("{}", &reached_at(listen));
            let is_own = planned.environment.get(asks.setting) == Some(&through);
            if !is_mutual || !is_own {
                continue;
            }
            let port = asked.and_then(|asked| asked.port);
            let port = port.filter(|port| *port == listen.port());
            let at = self.ports.behind(LINKS_FROM, port)?;
            let leads = Leads::Service {
                own,
                documented: Some(listen),
            };
            self.add(planned.name, asks.service, at, leads);
            let value = asks.form.replace("{}", &reached_at(at));
            planned.environment.insert(asks.setting.to_owned(), value);
        }
        Ok(())
    }

    /// A link to Redis, where there is one. Sentinels and clusters name further addresses, which
    /// would not pass it; TLS would see another host.
    fn before_redis(
        &mut self,
        planned: &mut Planned,
        environment: &HashMap<String, String>,
    ) -> std::io::Result<()> {
        let row = catalogue::service(planned.name);
        if !row.is_some_and(|row| row.program.has_setting("redis_url")) {
            return Ok(());
        }
        let setting = |name: &str| {
            let own = planned.environment.get(name);
            own.or_else(|| environment.get(name)).cloned()
        };
        if setting("REDIS_MODE").is_some_and(|mode| !mode.is_empty() && mode != "node") {
            return Ok(());
        }
        let Some((moved, upstream)) = setting("REDIS_URL").and_then(|url| split(&url)) else {
            return Ok(());
        };
        let listen = self.ports.behind(LINKS_FROM, None)?;
        let url = moved.replace("{}", &listen.to_string());
        planned.environment.insert("REDIS_URL".to_owned(), url);
        self.add(planned.name, REDIS, listen, Leads::Elsewhere(upstream));
        Ok(())
    }
}

/// A URL of one plain Redis with `{}` for host and port, and these.
fn split(url: &str) -> Option<(String, String)> {
    let rest = url.strip_prefix("redis://")?;
    if rest.contains([',', '?', '{']) {
        return None;
    }
    let (authority, path) = match rest.split_once('/') {
        Some((authority, path)) => (authority, format!("/{path}")),
        None => (rest, String::new()),
    };
    let (login, host) = match authority.rsplit_once('@') {
        Some((login, host)) => (format!("{login}@"), host),
        None => (String::new(), authority),
    };
    if host.is_empty() {
        return None;
    }
    let has_port = host.rsplit_once(':').is_some_and(|(name, port)| {
        !name.is_empty() && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
    });
    let host = if has_port && !host.ends_with(']') {
        host.to_owned()
    } else {
        format!("{host}:6379")
    };
    Some((format!("redis://{login}{{}}{path}"), host))
}

/// The service's documented port, if it was not moved.
fn documented(planned: &Planned) -> Option<u16> {
    let port = catalogue::service(planned.name)?.port?;
    planned
        .listen
        .is_some_and(|at| at.port() == port)
        .then_some(port)
}

fn is_asking(row: &catalogue::Row, service: &str) -> bool {
    row.asks.iter().any(|asks| asks.service == service)
}

/// The one service that asks this one without being asked by it: they share the documented port
/// with whoever else comes.
fn asks_alone(service: &str, services: &[Planned]) -> Option<&'static str> {
    let row = catalogue::service(service)?;
    let mut asking = services
        .iter()
        .filter(|planned| planned.asks.contains(&service) && !is_asking(row, planned.name));
    asking.next().map(|planned| planned.name)
}

fn place_of(services: &[Planned], name: &str) -> usize {
    let mut services = services.iter();
    services
        .position(|planned| planned.name == name)
        .unwrap_or(usize::MAX)
}

impl FromSetting for Without {
    const EXPECTED: &'static str =
        "names of services, each alone or with =HOST:PORT of the program in its place";

    fn from_setting(text: &str) -> Option<Self> {
        let (name, place) = match text.split_once('=') {
            Some((name, place)) => (name, Some(SocketAddr::from_setting(place)?)),
            None => (text, None),
        };
        let service = catalogue::service(name)?.program.name;
        Some(Self { service, place })
    }
}

/// Services left out, from a setting.
pub(crate) fn without(text: &str) -> Result<runtime::settings::CommaList<Without>, Expected> {
    list::<Without>(text)
}

#[cfg(test)]
mod tests;
