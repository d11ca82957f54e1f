//! The HTTP API of a lab that runs, asked.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use crate::plan::reached_at;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No lab where it should be.
    #[error(
        "no lab answers at {at}; start one with malha, or say where it is with --at HOST:PORT ({})",
        runtime::cause::innermost(.source)
    )]
    NoLab {
        /// Where.
        at: String,
        /// Why not.
        #[source]
        source: reqwest::Error,
    },
    /// Something else answers there.
    #[error("what answers at {0} is no lab")]
    NotALab(String),
    /// The lab refuses it, and says why.
    #[error("{0}")]
    Refused(String),
    /// The lab has seen nothing yet of what is asked for.
    #[error("the lab at {0} has no trace yet{1}")]
    NoTrace(String, String),
    /// The lab has seen nothing of a trace pass.
    #[error("the lab remembers nothing that passed with trace {0}")]
    NothingPassed(String),
    /// The settings do not say where the lab is.
    #[error(transparent)]
    Settings(#[from] runtime::settings::SettingsError),
    /// Nothing can be asked or printed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Host and port of a lab's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(String);

impl Place {
    /// Reads `HOST:PORT`, as somebody writes it after `--at`, or copies it from where the lab says it.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let place = text.strip_prefix("http://").unwrap_or(text);
        let place = place.strip_suffix('/').unwrap_or(place);
        if let Ok(address) = place.parse::<SocketAddr>() {
            return Ok(address.into());
        }
        let is_of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let is_place = place.rsplit_once(':').is_some_and(|(host, port)| {
            let is_name = !host.is_empty() && host.bytes().all(is_of_a_name);
            is_name && port.parse::<u16>().is_ok_and(|port| port > 0)
        });
        if is_place {
            Ok(Self(place.to_owned()))
        } else {
            Err(format!(
                "--at {text:?} is refused: expected a host and a port, such as localhost:8888, \
                 127.0.0.1:8888 or [::1]:8888"
            ))
        }
    }
}

impl From<SocketAddr> for Place {
    fn from(address: SocketAddr) -> Self {
        Self(reached_at(address))
    }
}

/// A lab answers at once, or not at all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A lab that runs.
pub(crate) struct LabClient {
    at: String,
    client: reqwest::Client,
}

impl LabClient {
    /// The lab whose page is here.
    pub(crate) fn at(page: impl Into<Place>, patience: Duration) -> Result<Self, ClientError> {
        let Place(at) = page.into();
        let client = reqwest::Client::builder().no_proxy().timeout(patience);
        match client.build() {
            Ok(client) => Ok(Self { at, client }),
            Err(source) => Err(ClientError::NoLab { at, source }),
        }
    }

    /// Host and port of its page.
    pub(crate) fn address(&self) -> &str {
        &self.at
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value, ClientError> {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, ClientError> {
        let mut request = self
            .client
            .request(method, format!("http://{}{path}", self.at));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.map_err(|source| ClientError::NoLab {
            at: self.at.clone(),
            source,
        })?;
        let is_success = answer.status().is_success();
        let body: Value = answer.json().await.map_err(|_| self.not_a_lab())?;
        if is_success {
            return Ok(body);
        }
        // The lab's own paths, and Jaeger's in both versions.
        let reasons = [
            &body["error"],
            &body["errors"][0]["msg"],
            &body["error"]["message"],
        ];
        let reason = reasons.into_iter().find_map(Value::as_str);
        Err(reason.map_or_else(
            || self.not_a_lab(),
            |reason| ClientError::Refused(reason.to_owned()),
        ))
    }

    pub(crate) fn not_a_lab(&self) -> ClientError {
        ClientError::NotALab(self.at.clone())
    }
}

/// Prints what was asked for; whoever reads it has it at once.
pub(crate) fn print(text: &str) -> Result<(), ClientError> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Whoever reads what is printed may have seen enough: that is no error.
pub(crate) fn unless_read_enough(shown: Result<(), ClientError>) -> Result<(), ClientError> {
    match shown {
        Err(ClientError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        shown => shown,
    }
}

/// Runs what asks a lab to its end, on this thread.
pub(crate) fn blocking<T>(asking: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(asking))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lab_is_found_by_a_name_or_an_address() {
        for (text, at) in [
            ("localhost:8888", "localhost:8888"),
            ("http://localhost:8888/", "localhost:8888"),
            ("my-lab.example:80", "my-lab.example:80"),
            ("127.0.0.1:9", "localhost:9"),
            ("[::1]:9", "[::1]:9"),
            ("192.0.2.7:9", "192.0.2.7:9"),
        ] {
            assert_eq!(Place::read(text), Ok(Place(at.to_owned())), "{text}");
        }
        for text in [
            "",
            "x",
            "localhost",
            "localhost:0",
            ":8888",
            "a b:1",
            "x:y",
            "u@x:1",
            "a:70000",
        ] {
            let said = Place::read(text).unwrap_err();
            assert!(said.contains("such as localhost:8888"), "{text}: {said}");
        }
    }

    #[test]
    fn whoever_has_read_enough_is_told_nothing() {
        let failed = |kind: io::ErrorKind| Err(ClientError::Io(kind.into()));
        assert!(unless_read_enough(failed(io::ErrorKind::BrokenPipe)).is_ok());
        assert!(unless_read_enough(failed(io::ErrorKind::StorageFull)).is_err());
    }
}
