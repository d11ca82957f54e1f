//! Traces by Jaeger's query API (`/api`), which Jaeger and the lab answer alike.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use crate::Failure;
use crate::span::Span;

/// A client of the query API.
#[derive(Clone, Debug)]
pub struct Jaeger {
    base: Url,
    http: reqwest::Client,
}

#[derive(Deserialize)]
struct Answer<T> {
    data: Option<Vec<T>>,
}

#[derive(Deserialize)]
struct RawTrace {
    spans: Vec<RawSpan>,
    processes: HashMap<String, RawProcess>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawSpan {
    #[serde(rename = "spanID")]
    span_id: String,
    operation_name: String,
    start_time: u64,
    duration: u64,
    references: Vec<RawReference>,
    tags: Vec<RawTag>,
    #[serde(rename = "processID")]
    process_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawReference {
    ref_type: String,
    #[serde(rename = "spanID")]
    span_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawProcess {
    service_name: String,
    #[serde(default)]
    tags: Vec<RawTag>,
}

#[derive(Deserialize)]
struct RawTag {
    key: String,
    value: Value,
}

/// How long spans may take to arrive before a journey fails: far more than any exporter waits.
const ARRIVAL: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(100);

impl Jaeger {
    /// A client for the API under this address.
    pub fn new(base: Url, http: reqwest::Client) -> Self {
        Self { base, http }
    }

    /// The names of all services with a span.
    pub async fn services(&self) -> Result<Vec<String>, Failure> {
        let answer: Option<Answer<String>> = self.get("/api/services", &[]).await?;
        Ok(answer.and_then(|answer| answer.data).unwrap_or_default())
    }

    /// Waits until a trace has this many spans, and gives them all.
    pub async fn trace(&self, trace_id: &str, spans: usize) -> Result<Vec<Span>, Failure> {
        let path = format!("/api/traces/{trace_id}");
        self.until(&format!("{spans} spans in trace {trace_id}"), async || {
            let trace = self.traces(&path, &[]).await?.pop();
            Ok(trace.filter(|trace| trace.len() >= spans))
        })
        .await
    }

    /// Waits for a recent trace of a service that this test picks.
    pub async fn recent(
        &self,
        service: &str,
        what: &str,
        pick: impl Fn(&[Span]) -> bool,
    ) -> Result<Vec<Span>, Failure> {
        let query = [("service", service), ("limit", "20"), ("lookback", "1h")];
        self.until(what, async || {
            let mut traces = self.traces("/api/traces", &query).await?;
            traces.sort_by_key(|trace| trace.iter().map(|span| span.start).min());
            Ok(traces.into_iter().rev().find(|trace| pick(trace)))
        })
        .await
    }

    /// All traces in which a service took part between two times, in microseconds since 1970.
    pub async fn between(
        &self,
        service: &str,
        from: u64,
        to: u64,
    ) -> Result<Vec<Vec<Span>>, Failure> {
        let (from, to) = (from.to_string(), to.to_string());
        let query = [
            ("service", service),
            ("start", &from),
            ("end", &to),
            ("limit", "5000"),
        ];
        self.traces("/api/traces", &query).await
    }

    async fn until<T>(
        &self,
        what: &str,
        mut ask: impl AsyncFnMut() -> Result<Option<T>, Failure>,
    ) -> Result<T, Failure> {
        let deadline = Instant::now() + ARRIVAL;
        loop {
            if let Some(found) = ask().await? {
                return Ok(found);
            }
            if Instant::now() >= deadline {
                return Err(Failure::Never(format!("{what} at {}", self.base)));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn traces(&self, path: &str, query: &[(&str, &str)]) -> Result<Vec<Vec<Span>>, Failure> {
        let answer: Option<Answer<RawTrace>> = self.get(path, query).await?;
        let traces = answer.and_then(|answer| answer.data).unwrap_or_default();
        Ok(traces.into_iter().map(spans).collect())
    }

    /// One answer; none where the API says 404, as it does of a trace it does not know yet.
    async fn get<T: serde::de::DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Option<T>, Failure> {
        let mut url = self.base.clone();
        url.set_path(path);
        let failed = |source| Failure::Request {
            what: format!("{path} of Jaeger"),
            source,
        };
        let answer = self
            .http
            .get(url)
            .query(query)
            .send()
            .await
            .map_err(failed)?;
        if answer.status() == reqwest::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let answer = answer.error_for_status().map_err(failed)?;
        answer.json().await.map(Some).map_err(failed)
    }
}

fn spans(trace: RawTrace) -> Vec<Span> {
    let RawTrace { spans, processes } = trace;
    let tags = |tags: &[RawTag]| -> BTreeMap<String, Value> {
        tags.iter()
            .map(|tag| (tag.key.clone(), tag.value.clone()))
            .collect()
    };
    let of = |span: RawSpan| {
        let process = processes.get(&span.process_id);
        let parent = span
            .references
            .iter()
            .find(|reference| reference.ref_type == "CHILD_OF");
        let attributes = tags(&span.tags);
        let kind = attributes
            .get("span.kind")
            .and_then(Value::as_str)
            .unwrap_or("internal");
        Span {
            id: span.span_id,
            parent: parent.map(|reference| reference.span_id.clone()),
            service: process
                .map(|process| process.service_name.clone())
                .unwrap_or_default(),
            name: span.operation_name,
            kind: kind.to_owned(),
            start: span.start_time,
            duration: span.duration,
            resource: process
                .map(|process| tags(&process.tags))
                .unwrap_or_default(),
            attributes,
        }
    };
    spans.into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_read_with_parents_services_and_typed_tags() {
        let json = r#"{"data":[{"traceID":"t","spans":[{"traceID":"t","spanID":"b",
            "operationName":"GET /","references":[{"refType":"CHILD_OF","traceID":"t","spanID":"a"}],
            "startTime":7,"duration":3,"tags":[{"key":"span.kind","type":"string","value":"server"},
            {"key":"http.response.status_code","type":"int64","value":200}],"logs":[],
            "processID":"p1","warnings":null}],"processes":{"p1":{"serviceName":"s","tags":[
            {"key":"service.instance.id","type":"string","value":"i"}]}},"warnings":null}]}"#;
        let mut answer: Answer<RawTrace> = serde_json::from_str(json).unwrap();
        let read = spans(answer.data.as_mut().unwrap().pop().unwrap());
        let [span] = &read[..] else {
            panic!("{read:?}")
        };
        assert_eq!((span.service.as_str(), span.name.as_str()), ("s", "GET /"));
        assert_eq!(
            (span.kind.as_str(), span.parent.as_deref()),
            ("server", Some("a"))
        );
        assert_eq!(span.attributes["http.response.status_code"], 200);
        assert_eq!(span.resource["service.instance.id"], "i");
        assert_eq!((span.start, span.duration), (7, 3));
    }
}
