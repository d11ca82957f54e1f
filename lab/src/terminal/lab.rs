//! What `malha trace` asks of a lab.

use std::fmt::Write;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::question::Question;
use crate::client::{ClientError, LabClient};

/// A trace by its id, with its spans.
pub(super) async fn trace(lab: &LabClient, id: &str) -> Result<Value, ClientError> {
    let mut answer = lab.get(&format!("/api/traces/{id}")).await?;
    match answer["data"].get_mut(0) {
        Some(trace) => Ok(trace.take()),
        None => Err(lab.not_a_lab()),
    }
}

/// The id of the trace that came last, of those that are asked for.
pub(super) async fn newest(lab: &LabClient, question: &Question) -> Result<String, ClientError> {
    let newest = latest(lab, question).await?.into_iter().next();
    newest
        .map(|(id, _)| id)
        .ok_or_else(|| ClientError::NoTrace(lab.address().to_owned(), which(question)))
}

/// Which traces are asked for, in words; nothing where it is all.
fn which(question: &Question) -> String {
    let of = question.service.as_ref();
    let of = of.map_or_else(String::new, |name| format!(" in which {name:?} has a part"));
    let failed = if question.errors { " that failed" } else { "" };
    format!("{of}{failed}")
}

/// The traces that came last, of those that are asked for, newest first, each with the number of its
/// spans.
pub(super) async fn latest(
    lab: &LabClient,
    question: &Question,
) -> Result<Vec<(String, u64)>, ClientError> {
    let times = "query.startTimeMin=1970-01-01T00:00:00Z&query.startTimeMax=9999-12-31T00:00:00Z";
    let mut path = format!("/api/v3/trace-summaries?{times}&query.searchDepth=200");
    if let Some(service) = &question.service {
        let service = utf8_percent_encode(service, NON_ALPHANUMERIC);
        let _ = write!(path, "&query.serviceName={service}");
    }
    if question.errors {
        let failed = utf8_percent_encode(r#"{"error":"true"}"#, NON_ALPHANUMERIC);
        let _ = write!(path, "&query.attributes={failed}");
    }
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
