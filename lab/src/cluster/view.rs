//! Objects as the page's services: each Deployment and `StatefulSet` is one, in the place where the lab on
//! one machine has a process.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::breaks::denied;
use super::capture::{Capture, captures};
use super::objects::{ContainerState, Event, Pod, Why, Workload, millis};
use super::sight::{Kind, Snapshot};
use crate::supervisor::status::{Check, Health};

/// A service, with the names of the page's own.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "docs/lab-api.md says it")]
pub struct Service {
    pub name: String,
    pub exercise: String,
    pub asks: Vec<String>,
    pub state: &'static str,
    pub since: u64,
    pub restarts: u64,
    pub last_exit: Option<String>,
    pub health: Option<Health>,
    pub ready: bool,
    pub trouble: Option<String>,
    pub cluster: Details,
}

/// What only a cluster has.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "docs/lab-api.md says it")]
pub struct Details {
    pub namespace: String,
    pub kind: Kind,
    pub workload: String,
    pub image: String,
    pub replicas: Replicas,
    pub pods: Vec<ShownPod>,
    pub endpoints: Vec<Endpoints>,
    pub events: Vec<ShownEvent>,
    pub denied: bool,
    pub capture: Capture,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[allow(missing_docs, reason = "docs/lab-api.md says it")]
pub struct Replicas {
    pub wanted: u32,
    pub ready: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs, reason = "docs/lab-api.md says it")]
pub struct ShownPod {
    pub name: String,
    pub ready: bool,
    pub why: Option<String>,
    pub node: Option<String>,
    pub address: Option<String>,
    pub since: u64,
    pub restarts: u64,
}

/// The addresses behind a Kubernetes Service.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs, reason = "docs/lab-api.md says it")]
pub struct Endpoints {
    pub service: String,
    pub ready: usize,
    pub all: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs, reason = "docs/lab-api.md says it")]
pub struct ShownEvent {
    pub time: u64,
    pub warning: bool,
    pub reason: String,
    pub object: String,
    pub message: String,
    pub times: u64,
}

/// How many events of a service are shown.
const EVENTS: usize = 12;

/// Every service of these namespaces. Where several share a name, each has its namespace behind it.
pub fn services(namespaces: &[Snapshot]) -> Vec<Service> {
    let all = namespaces.iter().flat_map(|snapshot| {
        let workloads = snapshot.workloads.iter();
        workloads.map(move |(kind, workload)| service(snapshot, *kind, workload))
    });
    let mut all: Vec<_> = all.collect();
    let mut names: HashMap<String, usize> = HashMap::new();
    for service in &all {
        *names.entry(service.name.clone()).or_default() += 1;
    }
    for service in &mut all {
        if names[&service.name] > 1 {
            service.name = format!("{}.{}", service.name, service.exercise);
        }
    }
    all
}

fn service(snapshot: &Snapshot, kind: Kind, workload: &Workload) -> Service {
    let own = snapshot.pods_of(workload);
    let wanted = workload.spec.replicas.unwrap_or(1);
    let ready = workload.status.ready_replicas.unwrap_or_default();
    let pods: Vec<_> = own.iter().map(|pod| shown(pod)).collect();
    let endpoints = endpoints(snapshot, &own);
    let is_ready = wanted > 0 && ready >= wanted;
    let first_why = || pods.iter().find_map(|pod| pod.why.clone());
    let trouble = match (is_ready, wanted) {
        (true, _) => None,
        (false, 0) => Some("scaled to 0".to_owned()),
        _ => Some(first_why().unwrap_or_else(|| format!("{ready} of {wanted} pods are ready"))),
    };
    Service {
        name: name(workload),
        exercise: snapshot.namespace.clone(),
        asks: Vec::new(),
        state: state(wanted, &own),
        since: pods.iter().map(|pod| pod.since).max().unwrap_or_default(),
        restarts: pods.iter().map(|pod| pod.restarts).sum(),
        last_exit: own.iter().find_map(|pod| last_exit(pod)),
        health: (!pods.is_empty()).then(|| health(is_ready, &pods, &endpoints)),
        ready: is_ready,
        trouble,
        cluster: Details {
            namespace: snapshot.namespace.clone(),
            kind,
            workload: workload.metadata.name.clone(),
            image: containers(workload)
                .map(|one| one.image.clone())
                .unwrap_or_default(),
            replicas: Replicas { wanted, ready },
            events: events(snapshot, workload),
            denied: denied(&snapshot.policies, &workload.spec.template.metadata.labels),
            capture: captures(&snapshot.namespace, workload, own.first().copied()),
            endpoints,
            pods,
        },
    }
}

/// Its `service.name`, as its traces have it: what its settings say, or its label.
fn name(workload: &Workload) -> String {
    let said = |wanted: &str| {
        let mut variables = containers(workload)?.env.iter();
        variables.find(|one| one.name == wanted)?.value.clone()
    };
    let label = || {
        let labels = &workload.spec.template.metadata.labels;
        labels.get("app.kubernetes.io/name").cloned()
    };
    said("OTEL_SERVICE_NAME")
        .or_else(|| said("SERVICE_NAME"))
        .or_else(label)
        .unwrap_or_else(|| workload.metadata.name.clone())
}

fn containers(workload: &Workload) -> Option<&super::objects::Container> {
    workload.spec.template.spec.containers.first()
}

/// In the page's words for a process.
fn state(wanted: u32, pods: &[&Pod]) -> &'static str {
    let waits = |reasons: &[&str]| {
        let mut whys = pods.iter().filter_map(|pod| waiting(pod));
        whys.any(|why| reasons.contains(&why.reason.as_deref().unwrap_or_default()))
    };
    if wanted == 0 {
        return if pods.is_empty() {
            "stopped"
        } else {
            "stopping"
        };
    }
    if waits(&["CrashLoopBackOff"]) || pods.iter().any(|pod| ended(pod).is_some()) {
        return "waiting";
    }
    if waits(FAILURES) {
        return "failed";
    }
    if pods.is_empty() {
        "planned"
    } else {
        "running"
    }
}

/// What no waiting mends.
const FAILURES: &[&str] = &[
    "CreateContainerConfigError",
    "CreateContainerError",
    "ErrImageNeverPull",
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
];

fn shown(pod: &Pod) -> ShownPod {
    let status = &pod.status;
    let why = why(pod);
    let started = status.container_statuses.iter().find_map(|one| {
        let running = one.state.running.as_ref()?;
        running.started_at.as_deref()
    });
    let since = started.or(pod.metadata.creation_timestamp.as_deref());
    ShownPod {
        name: pod.metadata.name.clone(),
        ready: why.is_none(),
        why,
        node: pod.spec.node_name.clone(),
        address: status.pod_ip.clone(),
        since: since.map_or(0, millis),
        restarts: status
            .container_statuses
            .iter()
            .map(|one| one.restart_count)
            .sum(),
    }
}

/// Why a pod is not ready, in Kubernetes' words; none where it is.
fn why(pod: &Pod) -> Option<String> {
    if pod.metadata.deletion_timestamp.is_some() {
        return Some("is ending".to_owned());
    }
    let status = &pod.status;
    let is_ready = |kind: &str| {
        let mut conditions = status.conditions.iter();
        conditions
            .find(|one| one.kind == kind)
            .map(|one| one.status == "True")
    };
    if is_ready("Ready") == Some(true) {
        return None;
    }
    if let Some(why) = waiting(pod) {
        return Some(said(why, "waiting"));
    }
    if let Some(why) = ended(pod) {
        return Some(exit(why));
    }
    if let Some(reason) = &status.reason {
        let message = status.message.as_deref().unwrap_or_default();
        return Some(format!("{reason}: {message}"));
    }
    let mut conditions = status.conditions.iter().filter(|one| one.status != "True");
    // First what comes first: a pod without a node, then one that is not ready.
    let unscheduled = conditions.clone().find(|one| one.kind == "PodScheduled");
    let failed = unscheduled.or_else(|| conditions.find(|one| one.kind == "Ready"));
    let failed = failed.and_then(|one| one.message.clone().or_else(|| one.reason.clone()));
    Some(failed.unwrap_or_else(|| status.phase.clone()))
}

fn waiting(pod: &Pod) -> Option<&Why> {
    let states = pod.status.container_statuses.iter().map(|one| &one.state);
    let mut waiting = states.filter_map(|state: &ContainerState| state.waiting.as_ref());
    waiting.next()
}

fn said(why: &Why, otherwise: &str) -> String {
    let reason = why.reason.as_deref().unwrap_or(otherwise);
    match why.message.as_deref() {
        Some(message) if !message.is_empty() => format!("{reason}: {message}"),
        _ => reason.to_owned(),
    }
}

/// How a container ended that is not started again yet.
fn ended(pod: &Pod) -> Option<&Why> {
    let states = pod.status.container_statuses.iter().map(|one| &one.state);
    let mut ended = states.filter_map(|state: &ContainerState| state.terminated.as_ref());
    ended.next()
}

fn last_exit(pod: &Pod) -> Option<String> {
    let last = pod
        .status
        .container_statuses
        .iter()
        .map(|one| &one.last_state);
    let mut ended = last.filter_map(|state| state.terminated.as_ref());
    ended.next().map(exit)
}

fn exit(why: &Why) -> String {
    let reason = why.reason.as_deref().unwrap_or("ended");
    match why.exit_code {
        Some(code) => format!("{reason}, exit code {code}"),
        None => reason.to_owned(),
    }
}

/// As `/readyz` says it: each pod, and each Service that leads to them.
fn health(ready: bool, pods: &[ShownPod], endpoints: &[Endpoints]) -> Health {
    let pods = pods.iter().map(|pod| Check {
        name: pod.name.clone(),
        ready: pod.ready,
        reason: pod.why.clone(),
    });
    let endpoints = endpoints.iter().map(|one| Check {
        name: format!("Service {}", one.service),
        ready: one.ready > 0,
        reason: Some(format!("{} of {} endpoints are ready", one.ready, one.all)),
    });
    Health {
        ready,
        draining: false,
        checks: pods.chain(endpoints).collect(),
    }
}

/// The Services whose endpoints are these pods.
fn endpoints(snapshot: &Snapshot, pods: &[&Pod]) -> Vec<Endpoints> {
    let mut by_service: BTreeMap<&str, Endpoints> = BTreeMap::new();
    for slice in &snapshot.slices {
        let Some(service) = slice.metadata.labels.get("kubernetes.io/service-name") else {
            continue;
        };
        let own = slice.endpoints.iter().filter(|endpoint| {
            let target = &endpoint.target_ref;
            pods.iter().any(|pod| pod.metadata.name == target.name)
        });
        for endpoint in own {
            let counted = by_service.entry(service).or_insert_with(|| Endpoints {
                service: service.clone(),
                ready: 0,
                all: 0,
            });
            counted.all += 1;
            counted.ready += usize::from(endpoint.conditions.ready != Some(false));
        }
    }
    by_service.into_values().collect()
}

/// What happened to a workload, its replica sets and its pods, the newest first.
fn events(snapshot: &Snapshot, workload: &Workload) -> Vec<ShownEvent> {
    let own = snapshot
        .events
        .iter()
        .filter(|event| owner(snapshot, event) == Some(workload.metadata.name.as_str()));
    let mut own: Vec<_> = own
        .map(|event| ShownEvent {
            time: event.last(),
            warning: event.kind == "Warning",
            reason: event.reason.clone(),
            object: format!(
                "{}/{}",
                event.involved_object.kind, event.involved_object.name
            ),
            message: event.message.clone(),
            times: event.times(),
        })
        .collect();
    own.sort_by_key(|event| std::cmp::Reverse(event.time));
    own.truncate(EVENTS);
    own
}

/// The workload that an event is about: the one with the longest name that the object's begins with,
/// for pods are gone before their events are.
fn owner<'a>(snapshot: &'a Snapshot, event: &Event) -> Option<&'a str> {
    let about = &event.involved_object.name;
    let names = snapshot
        .workloads
        .iter()
        .map(|(_, one)| one.metadata.name.as_str());
    let mut owners = names.filter(|name| {
        let rest = about.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    });
    let first = owners.next()?;
    Some(owners.fold(
        first,
        |best, name| if name.len() > best.len() { name } else { best },
    ))
}

#[cfg(test)]
mod tests;
