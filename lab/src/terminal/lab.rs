//! The HTTP API of a lab that runs.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

use crate::plan::reached_at;

/// The lab answers at once, or not at all.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// No lab where it should be.
    #[error(
        "no lab answers at {0} ({1}): start one with `malha`, or say where it is with --at HOST:PORT"
    )]
    NoLab(String, #[source] reqwest::Error),
    /// Something else answers there.
    #[error("what answers at {0} is no lab")]
    Stranger(String),
    /// The lab says why not.
    #[error("the lab at {0} says: {1}")]
    Refused(String, String),
    /// No trace came yet.
    #[error("the lab at {0} has no trace yet")]
    Nothing(String),
    /// Nothing can be asked or printed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// A lab that runs.
pub(super) struct Lab {
    at: String,
    client: reqwest::Client,
}

impl Lab {
    pub(super) fn at(page: SocketAddr) -> Result<Self, AskError> {
        let at = reached_at(page);
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE);
        match client.build() {
            Ok(client) => Ok(Self { at, client }),
            Err(error) => Err(AskError::NoLab(at, error)),
        }
    }

    /// A trace by its id, with its spans.
    pub(super) async fn trace(&self, id: &str) -> Result<Value, AskError> {
        let mut answer = self.ask(&format!("/api/traces/{id}")).await?;
        match answer["data"].get_mut(0) {
            Some(trace) => Ok(trace.take()),
            None => Err(self.stranger()),
        }
    }

    /// The id of the trace that came last.
    pub(super) async fn newest(&self) -> Result<String, AskError> {
        let newest = self.latest().await?.into_iter().next();
        newest
            .map(|(id, _)| id)
            .ok_or_else(|| AskError::Nothing(self.at.clone()))
    }

    /// The traces that came last, newest first, each with the number of its spans.
    pub(super) async fn latest(&self) -> Result<Vec<(String, u64)>, AskError> {
        let times =
            "query.startTimeMin=1970-01-01T00:00:00Z&query.startTimeMax=9999-12-31T00:00:00Z";
        let path = format!("/api/v3/trace-summaries?{times}&query.searchDepth=200");
        let answer = self.ask(&path).await?;
        let summaries = answer["summaries"]
            .as_array()
            .ok_or_else(|| self.stranger())?;
        let known = summaries.iter().filter_map(|summary| {
            let id = summary["traceId"].as_str()?.to_owned();
            Some((id, summary["spanCount"].as_u64()?))
        });
        Ok(known.collect())
    }

    async fn ask(&self, path: &str) -> Result<Value, AskError> {
        let lost = |error| AskError::NoLab(self.at.clone(), error);
        let asked = self.client.get(format!("http://{}{path}", self.at));
        let answer = asked.send().await.map_err(lost)?;
        let status = answer.status();
        let body: Value = answer.json().await.map_err(|_| self.stranger())?;
        if status == StatusCode::OK {
            return Ok(body);
        }
        let reasons = [&body["errors"][0]["msg"], &body["error"]["message"]];
        let reason = reasons.into_iter().find_map(Value::as_str);
        Err(reason.map_or_else(
            || self.stranger(),
            |reason| AskError::Refused(self.at.clone(), reason.to_owned()),
        ))
    }

    fn stranger(&self) -> AskError {
        AskError::Stranger(self.at.clone())
    }
}
