//! OTLP's JSON, as the browser's and Node's exporters send it, to OTLP's messages.
//!
//! It is the JSON of Protocol Buffers, but ids are hexadecimal and enums are numbers (OTLP, "JSON
//! Protobuf Encoding"). Fields that are not known are passed over; `null` is the same as no field.

mod scalar;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span};
use serde::Deserialize;

use scalar::{Base64, Double, Hex, Int64, Uint64};

/// Why a text is no export: the place in it, and what is wrong there.
pub type JsonError = serde_path_to_error::Error<serde_json::Error>;

/// Reads an `ExportTraceServiceRequest`.
pub fn export(body: &[u8]) -> Result<ExportTraceServiceRequest, JsonError> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let export: ExportJson = serde_path_to_error::deserialize(&mut json)?;
    Ok(export.into())
}

/// Reads what Jaeger answers by version 3 of its API: exports, each in an envelope, one after the other.
pub fn answer(
    body: &[u8],
) -> impl Iterator<Item = Result<ExportTraceServiceRequest, serde_json::Error>> {
    let envelopes = serde_json::Deserializer::from_slice(body).into_iter::<EnvelopeJson>();
    envelopes.map(|envelope| envelope.map(|envelope| envelope.result.into()))
}

#[derive(Deserialize)]
struct EnvelopeJson {
    result: ExportJson,
}

type Many<T> = Option<Vec<T>>;

/// Each item as its message; none where the field is missing.
fn all<T: Into<U>, U>(items: Many<T>) -> Vec<U> {
    items
        .unwrap_or_default()
        .into_iter()
        .map(Into::into)
        .collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExportJson {
    resource_spans: Many<ResourceSpansJson>,
}

impl From<ExportJson> for ExportTraceServiceRequest {
    fn from(json: ExportJson) -> Self {
        Self {
            resource_spans: all(json.resource_spans),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpansJson {
    resource: Option<ResourceJson>,
    scope_spans: Many<ScopeSpansJson>,
}

impl From<ResourceSpansJson> for ResourceSpans {
    fn from(json: ResourceSpansJson) -> Self {
        Self {
            resource: json.resource.map(|resource| Resource {
                attributes: all(resource.attributes),
                ..Resource::default()
            }),
            scope_spans: all(json.scope_spans),
            ..Self::default()
        }
    }
}

#[derive(Deserialize)]
struct ResourceJson {
    attributes: Many<KeyValueJson>,
}

#[derive(Deserialize)]
struct ScopeSpansJson {
    scope: Option<ScopeJson>,
    spans: Many<SpanJson>,
}

impl From<ScopeSpansJson> for ScopeSpans {
    fn from(json: ScopeSpansJson) -> Self {
        Self {
            scope: json.scope.map(|scope| InstrumentationScope {
                name: scope.name.unwrap_or_default(),
                version: scope.version.unwrap_or_default(),
                ..InstrumentationScope::default()
            }),
            spans: all(json.spans),
            ..Self::default()
        }
    }
}

#[derive(Deserialize)]
struct ScopeJson {
    name: Option<String>,
    version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpanJson {
    trace_id: Option<Hex>,
    span_id: Option<Hex>,
    parent_span_id: Option<Hex>,
    trace_state: Option<String>,
    flags: Option<u32>,
    name: Option<String>,
    kind: Option<i32>,
    start_time_unix_nano: Option<Uint64>,
    end_time_unix_nano: Option<Uint64>,
    attributes: Many<KeyValueJson>,
    events: Many<EventJson>,
    links: Many<LinkJson>,
    status: Option<StatusJson>,
}

impl From<SpanJson> for Span {
    fn from(json: SpanJson) -> Self {
        Self {
            trace_id: json.trace_id.unwrap_or_default().0,
            span_id: json.span_id.unwrap_or_default().0,
            parent_span_id: json.parent_span_id.unwrap_or_default().0,
            trace_state: json.trace_state.unwrap_or_default(),
            flags: json.flags.unwrap_or_default(),
            name: json.name.unwrap_or_default(),
            kind: json.kind.unwrap_or_default(),
            start_time_unix_nano: json.start_time_unix_nano.unwrap_or_default().0,
            end_time_unix_nano: json.end_time_unix_nano.unwrap_or_default().0,
            attributes: all(json.attributes),
            events: all(json.events),
            links: all(json.links),
            status: json.status.map(|status| Status {
                code: status.code.unwrap_or_default(),
                message: status.message.unwrap_or_default(),
            }),
            ..Self::default()
        }
    }
}

#[derive(Deserialize)]
struct StatusJson {
    code: Option<i32>,
    message: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventJson {
    time_unix_nano: Option<Uint64>,
    name: Option<String>,
    attributes: Many<KeyValueJson>,
}

impl From<EventJson> for span::Event {
    fn from(json: EventJson) -> Self {
        Self {
            time_unix_nano: json.time_unix_nano.unwrap_or_default().0,
            name: json.name.unwrap_or_default(),
            attributes: all(json.attributes),
            ..Self::default()
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LinkJson {
    trace_id: Option<Hex>,
    span_id: Option<Hex>,
}

impl From<LinkJson> for span::Link {
    fn from(json: LinkJson) -> Self {
        Self {
            trace_id: json.trace_id.unwrap_or_default().0,
            span_id: json.span_id.unwrap_or_default().0,
            ..Self::default()
        }
    }
}

#[derive(Deserialize)]
struct KeyValueJson {
    key: Option<String>,
    value: Option<AnyValueJson>,
}

impl From<KeyValueJson> for KeyValue {
    fn from(json: KeyValueJson) -> Self {
        Self {
            key: json.key.unwrap_or_default(),
            value: json.value.map(Into::into),
            ..Self::default()
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnyValueJson {
    string_value: Option<String>,
    bool_value: Option<bool>,
    int_value: Option<Int64>,
    double_value: Option<Double>,
    bytes_value: Option<Base64>,
    array_value: Option<ListJson<AnyValueJson>>,
    kvlist_value: Option<ListJson<KeyValueJson>>,
}

#[derive(Deserialize)]
struct ListJson<T> {
    values: Many<T>,
}

impl From<AnyValueJson> for AnyValue {
    fn from(json: AnyValueJson) -> Self {
        use any_value::Value;
        let list = |list: ListJson<_>| {
            Value::ArrayValue(ArrayValue {
                values: all(list.values),
            })
        };
        let map = |list: ListJson<_>| {
            Value::KvlistValue(KeyValueList {
                values: all(list.values),
            })
        };
        let int = |int| match int {
            Int64::Int(int) => Value::IntValue(int),
            Int64::Beyond(double) => Value::DoubleValue(double),
        };
        let value = None
            .or(json.string_value.map(Value::StringValue))
            .or(json.bool_value.map(Value::BoolValue))
            .or(json.int_value.map(int))
            .or(json.double_value.map(|double| Value::DoubleValue(double.0)))
            .or(json.bytes_value.map(|bytes| Value::BytesValue(bytes.0)))
            .or(json.array_value.map(list))
            .or(json.kvlist_value.map(map));
        Self { value }
    }
}

#[cfg(test)]
mod tests;
