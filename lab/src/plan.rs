//! Which processes to start, each with its addresses and its environment.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use runtime::settings::{FromSetting, SettingsError};

use crate::catalogue::{Exercise, Row};
use crate::collector::rounds::LAUNCHER;

/// One process to start.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The service, which is also the argument that makes this program run it.
    pub name: &'static str,
    /// The exercise it belongs to.
    pub exercise: &'static str,
    /// Where it serves; none for a client.
    pub listen: Option<SocketAddr>,
    /// Whether a browser can ask there.
    pub http: bool,
    /// Where its probes answer.
    pub admin: SocketAddr,
    /// Whom it asks.
    pub asks: Vec<&'static str>,
    /// Its settings, beside what it inherits.
    pub environment: BTreeMap<String, String>,
}

impl Planned {
    /// Lets the page open WebSockets here, where nothing is said of that.
    pub(crate) fn admit(&mut self, page: &str, environment: &HashMap<String, String>) {
        let name = "ALLOWED_ORIGINS";
        if self.http && !environment.contains_key(name) {
            let origins = self.environment.entry(name.to_owned());
            origins.or_insert_with(|| page.to_owned());
        }
    }

    /// A client of no exercise, which nobody asks.
    #[cfg(test)]
    pub(crate) fn example(name: &'static str) -> Self {
        Self {
            name,
            exercise: "test",
            listen: None,
            http: false,
            admin: ([127, 0, 0, 1], 1).into(),
            asks: Vec::new(),
            environment: BTreeMap::new(),
        }
    }

    /// How long its drain may take; a value that is none ends the service itself.
    pub fn drain_timeout(&self) -> Duration {
        let timeout = self.environment.get("DRAIN_TIMEOUT");
        timeout
            .and_then(|text| Duration::from_setting(text))
            .unwrap_or_default()
    }
}

/// Variables of the lab's own environment that no service may inherit: the file is the lab's, and
/// one name for every service would make them one in every trace.
pub const NOT_INHERITED: &[&str] = &["CONFIG_FILE", "OTEL_SERVICE_NAME"];

/// What services get where the lab's own environment does not say otherwise.
const UNLESS_SET: &[(&str, &str)] = &[
    ("LOG_FORMAT", "text"),
    ("LOG_LEVEL", "info"),
    ("DRAIN_DELAY", "0s"), // no load balancer has to take a process of the lab out
    ("DRAIN_TIMEOUT", "5s"),
    ("TRACE_CONTEXT", "proxy"),
    ("OTEL_BSP_SCHEDULE_DELAY", "500"), // ms: a trace is on the page when its answer is read
];

/// The processes of these exercises. `environment` is the lab's own; spans go to `spans_to`, where
/// `trace_url`, if any, is where a browser looks at a trace.
///
/// A variable that begins with a service's name, as in `DESAFIO1_SERVIDOR_LISTEN`, is a setting of
/// that service alone and wins over everything else.
pub fn plan(
    exercises: &[&'static Exercise],
    environment: &HashMap<String, String>,
    spans_to: &str,
    trace_url: Option<&str>,
) -> Result<Vec<Planned>, SettingsError> {
    let common = Common {
        environment,
        spans_to,
        trace_url,
    };
    let all = || {
        let rows = |exercise: &'static Exercise| exercise.services.iter();
        exercises
            .iter()
            .flat_map(move |exercise| rows(exercise).map(move |row| (*exercise, row)))
    };
    // Before anything else, for two services may ask each other.
    let mut listening = HashMap::new();
    for (_, row) in all() {
        let own = own(row, environment);
        let listen = row.port.map(|port| address(row, &own, "LISTEN", port));
        listening.extend(listen.transpose()?.map(|listen| (row.program.name, listen)));
    }
    all()
        .map(|(exercise, row)| process(exercise, row, &common, &listening))
        .collect()
}

/// Settings of one service alone.
fn own(row: &Row, environment: &HashMap<String, String>) -> BTreeMap<String, String> {
    let prefix = prefix(row.program.name);
    let own = environment
        .iter()
        .filter_map(|(key, value)| Some((key.strip_prefix(&prefix)?.to_owned(), value.clone())));
    own.collect()
}

fn address(
    row: &Row,
    own: &BTreeMap<String, String>,
    setting: &str,
    port: u16,
) -> Result<SocketAddr, SettingsError> {
    match own.get(setting) {
        None => Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        Some(text) => {
            SocketAddr::from_setting(text).ok_or_else(|| refused(row.program.name, setting, text))
        }
    }
}

/// The prefix of the variables that are meant for one service alone.
pub fn prefix(service: &str) -> String {
    format!("{}_", service.to_uppercase().replace('-', "_"))
}

/// What is the same for every process.
struct Common<'a> {
    environment: &'a HashMap<String, String>,
    spans_to: &'a str,
    trace_url: Option<&'a str>,
}

fn process(
    exercise: &Exercise,
    row: &Row,
    common: &Common<'_>,
    listening: &HashMap<&str, SocketAddr>,
) -> Result<Planned, SettingsError> {
    let Common {
        environment,
        spans_to,
        trace_url,
    } = *common;
    let name = row.program.name;
    let own = own(row, environment);
    let listen = listening.get(name).copied();
    let admin = address(row, &own, "ADMIN_LISTEN", row.admin_port)?;

    let mut settings = BTreeMap::new();
    let mut set = |key: &str, value: String| settings.insert(key.to_owned(), value);
    for (key, value) in UNLESS_SET {
        set(
            key,
            environment
                .get(*key)
                .map_or_else(|| (*value).to_owned(), Clone::clone),
        );
    }
    for (key, value) in row.settings {
        set(key, (*value).to_owned());
    }
    set("OTEL_EXPORTER_OTLP_ENDPOINT", spans_to.to_owned());
    if let Some(trace_url) = trace_url.filter(|_| !environment.contains_key("TRACE_URL")) {
        set("TRACE_URL", trace_url.to_owned());
    }
    set("OTEL_RESOURCE_ATTRIBUTES", resource_attributes(environment));
    set("EXIT_WITH_STDIN", "true".to_owned());
    set("ADMIN_LISTEN", admin.to_string());
    if let Some(listen) = listen {
        set("LISTEN", listen.to_string());
    }
    for asks in row.asks {
        if let Some(address) = listening.get(asks.service) {
            set(asks.setting, asks.form.replace("{}", &reached_at(*address)));
        }
    }
    settings.extend(own);
    let asks = row.asks.iter().map(|asks| asks.service).collect();
    Ok(Planned {
        name,
        exercise: exercise.name,
        listen,
        http: row.http,
        admin,
        asks,
        environment: settings,
    })
}

/// What the user says of every process, and that the lab started it.
fn resource_attributes(environment: &HashMap<String, String>) -> String {
    let (name, value) = LAUNCHER;
    let own = format!("{name}={value}");
    match environment.get("OTEL_RESOURCE_ATTRIBUTES") {
        Some(said) if !said.is_empty() => format!("{said},{own}"),
        _ => own,
    }
}

/// Host and port by which this machine reaches what listens at an address.
pub fn reached_at(address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_loopback() || ip.is_unspecified() => {
            format!("localhost:{}", address.port())
        }
        IpAddr::V6(ip) if ip.is_unspecified() => format!("localhost:{}", address.port()),
        _ => address.to_string(),
    }
}

fn refused(service: &str, setting: &str, value: &str) -> SettingsError {
    SettingsError::Refused {
        name: prefix(service) + setting,
        value: value.to_owned(),
        origin: "from the environment".to_owned(),
        expected: SocketAddr::EXPECTED.to_owned(),
    }
}

#[cfg(test)]
mod tests;
