//! A client that somebody runs beside a lab: it asks the lab's services, and its spans go there.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use serde::Deserialize;

use crate::catalogue::{Asks, Row};
use crate::plan::reached_at;

/// A lab that runs on this machine.
#[derive(Debug, Deserialize)]
pub(crate) struct RunningLab {
    services: Vec<Listening>,
    #[serde(rename = "tracesGoTo")]
    traces_go_to: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Listening {
    name: String,
    listen: Option<SocketAddr>,
}

/// How long a lab may take to answer; it is on this machine.
const PATIENCE: Duration = Duration::from_millis(500);

/// The ports of a lab that nobody told anything else.
const PAGE: u16 = 8888;
const SPANS: u16 = 4318;

/// What a person's environment and arguments say.
#[derive(Debug)]
pub(crate) struct Said<'a> {
    pub(crate) environment: &'a HashMap<String, String>,
    pub(crate) args: &'a [OsString],
}

impl Said<'_> {
    /// Whether the program is only to tell something of itself.
    pub(crate) fn is_a_question(&self) -> bool {
        let questions = ["--help", "-h", "--version", "-V"];
        self.args
            .iter()
            .any(|arg| questions.iter().any(|question| arg == question))
    }

    /// The value of a setting, by a flag or the environment.
    fn value(&self, setting: &str) -> Option<String> {
        let flag = format!("--{}", setting.to_lowercase().replace('_', "-"));
        let mut args = self.args.iter().map(|arg| arg.to_string_lossy());
        while let Some(arg) = args.next() {
            if arg == flag {
                return args.next().map(Cow::into_owned);
            }
            if let Some(value) = arg.strip_prefix(&format!("{flag}=")) {
                return Some(value.to_owned());
            }
        }
        self.environment.get(setting).cloned()
    }

    fn address(&self, setting: &str, port: u16) -> SocketAddr {
        let said = self.environment.get(setting);
        said.and_then(|text| text.parse().ok())
            .unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }

    /// Whether spans go somewhere already.
    pub(crate) fn exports(&self) -> bool {
        let names = [
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        ];
        names
            .iter()
            .any(|name| self.environment.contains_key(*name))
    }

    /// The first of those that a service asks of whom nothing is said.
    pub(crate) fn unsaid<'b>(&self, row: &'b Row) -> Option<&'b Asks> {
        row.asks
            .iter()
            .find(|asks| self.value(asks.setting).is_none())
    }
}

/// The lab that runs on this machine, if one does.
pub(crate) fn running_lab(said: &Said<'_>) -> Option<RunningLab> {
    let page = said.address("LAB_PAGE_LISTEN", PAGE);
    let mut stream = TcpStream::connect_timeout(&page, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let host = reached_at(page);
    let request =
        format!("GET /lab/services HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    read(&answer)
}

/// A lab's answer. Whatever else listens there does not answer so.
fn read(answer: &str) -> Option<RunningLab> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let is_well = head.starts_with("HTTP/1.1 200 ");
    is_well.then(|| serde_json::from_str(body).ok())?
}

impl RunningLab {
    /// What a client needs to be told beside this lab, where nothing else is said.
    pub(crate) fn settings(&self, row: &Row, said: &Said<'_>) -> BTreeMap<String, String> {
        let mut settings = BTreeMap::new();
        let spans = reached_at(said.address("LAB_OTLP_LISTEN", SPANS));
        let spans = self
            .traces_go_to
            .clone()
            .unwrap_or_else(|| format!("http://{spans}"));
        settings.insert("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), spans);
        let mut is_asked_here = false;
        for asks in row.asks {
            let own = self
                .services
                .iter()
                .find(|service| service.name == asks.service);
            let Some(listen) = own.and_then(|own| own.listen) else {
                continue;
            };
            let here = reached_at(listen);
            if let Some(value) = said.value(asks.setting) {
                // A server of somebody's own may not expect a header.
                is_asked_here = value.contains(&here) || value.contains(&listen.to_string());
            } else {
                is_asked_here = true;
                settings.insert(asks.setting.to_owned(), asks.form.replace("{}", &here));
            }
        }
        if is_asked_here && said.value("TRACE_CONTEXT").is_none() {
            settings.insert("TRACE_CONTEXT".to_owned(), "proxy".to_owned());
        }
        settings
    }
}

/// What somebody needs to say who runs a client where no lab is.
pub(crate) fn hint(row: &Row, asks: &Asks) -> String {
    let name = row.program.name;
    let setting = asks.setting;
    let flag = setting.to_lowercase().replace('_', "-");
    let port = crate::catalogue::service(asks.service).and_then(|service| service.port);
    let here = port.map_or_else(String::new, |port| {
        let value = asks.form.replace("{}", &format!("localhost:{port}"));
        format!(", or say where one is: --{flag} {value}")
    });
    format!(
        "{name} asks {asked}, and no lab runs here: start one in another terminal (`malha`, or `cargo run`){here}",
        asked = asks.service,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    fn lab() -> RunningLab {
        let body = r#"{"version":"1","tracesGoTo":null,"services":[
            {"name":"hello-server","listen":"127.0.0.1:8180","pid":1},
            {"name":"hello-client","listen":null,"pid":2}]}"#;
        read(&format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{body}"
        ))
        .unwrap()
    }

    fn settings(args: &[&str], environment: &[(&str, &str)]) -> BTreeMap<String, String> {
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        let pairs = environment.iter();
        let environment = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let said = Said {
            environment: &environment.collect(),
            args: &args,
        };
        lab().settings(catalogue::service("hello-client").unwrap(), &said)
    }

    #[test]
    fn beside_a_lab_a_client_asks_its_server_and_sends_its_spans_there() {
        let all = settings(&["--name", "João"], &[]);
        assert_eq!(all["SERVER_ADDRESS"], "localhost:8180");
        assert_eq!(all["TRACE_CONTEXT"], "proxy");
        assert_eq!(all["OTEL_EXPORTER_OTLP_ENDPOINT"], "http://localhost:4318");
    }

    #[test]
    fn what_somebody_says_counts_and_a_server_of_their_own_gets_no_header() {
        let own = settings(&["--server-address", "localhost:9000"], &[]);
        assert!(!own.contains_key("SERVER_ADDRESS") && !own.contains_key("TRACE_CONTEXT"));
        let same = settings(&["--server-address=localhost:8180"], &[]);
        assert_eq!(same["TRACE_CONTEXT"], "proxy");
        let off = settings(
            &[],
            &[("TRACE_CONTEXT", "off"), ("LAB_OTLP_LISTEN", "127.0.0.1:5")],
        );
        assert!(!off.contains_key("TRACE_CONTEXT"));
        assert_eq!(off["OTEL_EXPORTER_OTLP_ENDPOINT"], "http://localhost:5");
    }

    #[test]
    fn what_is_no_lab_is_none() {
        for answer in [
            "",
            "HTTP/1.1 404 Not Found\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\n\r\n<html>",
        ] {
            assert!(read(answer).is_none(), "{answer}");
        }
    }

    #[test]
    fn without_a_lab_it_says_what_it_needs() {
        let row = catalogue::service("desafio1-client").unwrap();
        let hint = hint(row, &row.asks[0]);
        assert!(
            hint.contains("--server-url http://localhost:8080/"),
            "{hint}"
        );
    }
}
