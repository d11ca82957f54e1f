//! The HTTP API of a lab that runs, asked.

use std::io;
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
        "no lab answers at {at}; start one with malha, or say where it is with --at HOST:PORT ({source})"
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
    /// The lab has seen nothing yet.
    #[error("the lab at {0} has no trace yet")]
    NoTrace(String),
    /// The settings do not say where the lab is.
    #[error(transparent)]
    Settings(#[from] runtime::settings::SettingsError),
    /// Nothing can be asked or printed.
    #[error(transparent)]
    Io(#[from] io::Error),
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
    pub(crate) fn at(page: SocketAddr, patience: Duration) -> Result<Self, ClientError> {
        let at = reached_at(page);
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

/// Runs what asks a lab to its end, on this thread.
pub(crate) fn blocking<T>(asking: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(asking))
}
