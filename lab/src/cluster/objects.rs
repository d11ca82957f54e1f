//! What is read of Kubernetes' objects. Everything else of them is passed over.

use std::collections::BTreeMap;

use prost_types::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};
use serde_json::Value;

use super::api::Resource;

/// A kind of object that is mirrored.
pub trait Object: for<'de> Deserialize<'de> + Clone + Send + 'static {
    /// Where the API has it.
    const RESOURCE: Resource;

    /// What every object has.
    fn meta(&self) -> &Meta;
}

macro_rules! object {
    ($type:ty, $group:literal, $plural:literal) => {
        impl Object for $type {
            const RESOURCE: Resource = Resource {
                group: $group,
                plural: $plural,
            };

            fn meta(&self) -> &Meta {
                &self.metadata
            }
        }
    };
}

object!(Deployment, "apis/apps/v1", "deployments");
object!(StatefulSet, "apis/apps/v1", "statefulsets");
object!(Pod, "api/v1", "pods");
object!(EndpointSlice, "apis/discovery.k8s.io/v1", "endpointslices");
object!(Event, "api/v1", "events");
object!(
    NetworkPolicy,
    "apis/networking.k8s.io/v1",
    "networkpolicies"
);

/// Where the API has the objects of a kind.
pub fn path_of<T: Object>(namespace: &str, name: &str) -> String {
    format!("{}/{name}", T::RESOURCE.path(namespace))
}

/// A field that is missing, or null, as Go writes an empty list.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

type Names = BTreeMap<String, String>;

#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are Kubernetes'")]
pub struct Meta {
    pub name: String,
    pub resource_version: String,
    pub creation_timestamp: Option<String>,
    pub deletion_timestamp: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub labels: Names,
    #[serde(deserialize_with = "or_default")]
    pub annotations: Names,
}

impl Meta {
    /// That of an object that is not read yet.
    pub fn of(object: &Value) -> Self {
        let meta = object.get("metadata").map(Self::deserialize);
        meta.and_then(Result::ok).unwrap_or_default()
    }
}

/// A Deployment.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Deployment(pub Workload);

/// A `StatefulSet`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct StatefulSet(pub Workload);

impl std::ops::Deref for Deployment {
    type Target = Workload;

    fn deref(&self) -> &Workload {
        &self.0
    }
}

impl std::ops::Deref for StatefulSet {
    type Target = Workload;

    fn deref(&self) -> &Workload {
        &self.0
    }
}

/// What runs pods.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the names are Kubernetes'")]
pub struct Workload {
    pub metadata: Meta,
    pub spec: WorkloadSpec,
    pub status: WorkloadStatus,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the names are Kubernetes'")]
pub struct WorkloadSpec {
    pub replicas: Option<u32>,
    pub selector: Selector,
    pub template: Template,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are Kubernetes'")]
pub struct WorkloadStatus {
    pub ready_replicas: Option<u32>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are Kubernetes'")]
pub struct Selector {
    #[serde(deserialize_with = "or_default")]
    pub match_labels: Names,
    #[serde(deserialize_with = "or_default")]
    match_expressions: Vec<IgnoredAny>,
}

impl Selector {
    /// Whether it means an object with these labels; `None` where it says so by expressions, which
    /// are not read.
    pub fn means(&self, labels: &Names) -> Option<bool> {
        let mut wanted = self.match_labels.iter();
        let has_all = wanted.all(|(key, value)| labels.get(key) == Some(value));
        match (has_all, self.match_expressions.is_empty()) {
            (false, _) => Some(false),
            (true, true) => Some(true),
            (true, false) => None,
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the names are Kubernetes'")]
pub struct Template {
    pub metadata: Meta,
    pub spec: PodSpec,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are Kubernetes'")]
pub struct PodSpec {
    pub node_name: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub containers: Vec<Container>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the names are Kubernetes'")]
pub struct Container {
    pub name: String,
    pub image: String,
    #[serde(deserialize_with = "or_default")]
    pub env: Vec<Variable>,
    #[serde(deserialize_with = "or_default")]
    pub ports: Vec<Port>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the names are Kubernetes'")]
pub struct Variable {
    pub name: String,
    pub value: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are Kubernetes'")]
pub struct Port {
    pub name: String,
    pub container_port: u16,
}

/// A pod.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the names are Kubernetes'")]
pub struct Pod {
    pub metadata: Meta,
    pub spec: PodSpec,
    pub status: PodStatus,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are Kubernetes'")]
pub struct PodStatus {
    pub phase: String,
    pub reason: Option<String>,
    pub message: Option<String>,
    #[serde(rename = "podIP")]
    pub pod_ip: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub conditions: Vec<Condition>,
    #[serde(deserialize_with = "or_default")]
    pub container_statuses: Vec<ContainerStatus>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the names are Kubernetes'")]
pub struct Condition {
    #[serde(rename = "type")]
    pub kind: String,
    pub status: String,
    pub reason: Option<String>,
    pub message: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are Kubernetes'")]
pub struct ContainerStatus {
    pub restart_count: u64,
    pub state: ContainerState,
    pub last_state: ContainerState,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the names are Kubernetes'")]
pub struct ContainerState {
    pub waiting: Option<Why>,
    pub running: Option<Running>,
    pub terminated: Option<Why>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are Kubernetes'")]
pub struct Why {
    pub reason: Option<String>,
    pub message: Option<String>,
    pub exit_code: Option<i32>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are Kubernetes'")]
pub struct Running {
    pub started_at: Option<String>,
}

/// Some of the addresses behind a Service.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the names are Kubernetes'")]
pub struct EndpointSlice {
    pub metadata: Meta,
    #[serde(deserialize_with = "or_default")]
    pub endpoints: Vec<Endpoint>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are Kubernetes'")]
pub struct Endpoint {
    #[serde(deserialize_with = "or_default")]
    pub addresses: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub conditions: EndpointConditions,
    #[serde(deserialize_with = "or_default")]
    pub target_ref: Reference,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the names are Kubernetes'")]
pub struct EndpointConditions {
    /// Nothing said counts as true.
    pub ready: Option<bool>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the names are Kubernetes'")]
pub struct Reference {
    pub kind: String,
    pub name: String,
}

/// Something that happened.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are Kubernetes'")]
pub struct Event {
    pub metadata: Meta,
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub kind: String,
    #[serde(deserialize_with = "or_default")]
    pub reason: String,
    #[serde(deserialize_with = "or_default")]
    pub message: String,
    pub count: Option<u64>,
    pub last_timestamp: Option<String>,
    pub event_time: Option<String>,
    pub series: Option<Series>,
    pub involved_object: Reference,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are Kubernetes'")]
pub struct Series {
    pub count: u64,
    pub last_observed_time: Option<String>,
}

impl Event {
    /// When it happened last, in milliseconds since 1970.
    pub fn last(&self) -> u64 {
        let series = self.series.as_ref();
        let times = [
            series.and_then(|series| series.last_observed_time.as_ref()),
            self.last_timestamp.as_ref(),
            self.event_time.as_ref(),
            self.metadata.creation_timestamp.as_ref(),
        ];
        times
            .into_iter()
            .flatten()
            .next()
            .map_or(0, |time| millis(time))
    }

    /// How often.
    pub fn times(&self) -> u64 {
        let series = self.series.as_ref().map(|series| series.count);
        series.or(self.count).unwrap_or(1)
    }
}

/// Whom pods may hear.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the names are Kubernetes'")]
pub struct NetworkPolicy {
    pub metadata: Meta,
    pub spec: PolicySpec,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the names are Kubernetes'")]
pub struct PolicySpec {
    pub pod_selector: Selector,
    #[serde(deserialize_with = "or_default")]
    pub policy_types: Vec<String>,
    /// As it is, to be put back.
    #[serde(deserialize_with = "or_default")]
    pub ingress: Vec<Value>,
}

/// A time by RFC 3339 in milliseconds since 1970; 0 for what is none.
pub fn millis(time: &str) -> u64 {
    let Ok(time) = time.parse::<Timestamp>() else {
        return 0;
    };
    let millis = i128::from(time.seconds) * 1_000 + i128::from(time.nanos / 1_000_000);
    u64::try_from(millis).unwrap_or(0)
}
