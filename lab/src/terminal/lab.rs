//! What `malha trace` asks of a lab.

use serde_json::Value;

use crate::client::{ClientError, LabClient};

/// A trace by its id, with its spans.
pub(super) async fn trace(lab: &LabClient, id: &str) -> Result<Value, ClientError> {
    let mut answer = lab.get(&format!("/api/traces/{id}")).await?;
    match answer["data"].get_mut(0) {
        Some(trace) => Ok(trace.take()),
        None => Err(lab.not_a_lab()),
    }
}

/// The id of the trace that came last.
pub(super) async fn newest(lab: &LabClient) -> Result<String, ClientError> {
    let newest = latest(lab).await?.into_iter().next();
    newest
        .map(|(id, _)| id)
        .ok_or_else(|| ClientError::NoTrace(lab.address().to_owned()))
}

/// The traces that came last, newest first, each with the number of its spans.
pub(super) async fn latest(lab: &LabClient) -> Result<Vec<(String, u64)>, ClientError> {
    let times = "query.startTimeMin=1970-01-01T00:00:00Z&query.startTimeMax=9999-12-31T00:00:00Z";
    let path = format!("/api/v3/trace-summaries?{times}&query.searchDepth=200");
    let answer = lab.get(&path).await?;
    let summaries = answer["summaries"]
        .as_array()
        .ok_or_else(|| lab.not_a_lab())?;
    let known = summaries.iter().filter_map(|summary| {
        let id = summary["traceId"].as_str()?.to_owned();
        Some((id, summary["spanCount"].as_u64()?))
    });
    Ok(known.collect())
}
