//! Over what Kubernetes 1.37 answered of three Deployments: one that is well, one whose container ends at
//! once, one whose image nobody has.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::*;
use crate::cluster::objects::{Deployment, NetworkPolicy};

fn recorded() -> Snapshot {
    let all: Value =
        serde_json::from_str(include_str!("../../../tests/data/kubernetes.json")).unwrap();
    let deployments: Vec<Deployment> = items(&all["deployments"]);
    let workloads = deployments.into_iter().map(|one| (Kind::Deployment, one.0));
    Snapshot {
        namespace: "lab".to_owned(),
        workloads: workloads.collect(),
        pods: items(&all["pods"]),
        slices: items(&all["endpointslices"]),
        events: items(&all["events"]),
        policies: Vec::new(),
    }
}

fn items<T: DeserializeOwned>(list: &Value) -> Vec<T> {
    serde_json::from_value(list["items"].clone()).unwrap()
}

fn shown(snapshot: &Snapshot, name: &str) -> Service {
    let all = services(std::slice::from_ref(snapshot));
    all.into_iter().find(|one| one.name == name).unwrap()
}

#[test]
fn a_deployment_with_all_of_its_pods_is_ready() {
    // Its pods have SERVICE_NAME=Answers.
    let service = shown(&recorded(), "Answers");
    assert!(service.ready && service.trouble.is_none());
    assert_eq!(
        (service.state, service.exercise.as_str()),
        ("running", "lab")
    );
    let Details {
        workload,
        replicas,
        endpoints,
        pods,
        ..
    } = service.cluster;
    assert_eq!(workload, "answers");
    assert_eq!(
        replicas,
        Replicas {
            wanted: 2,
            ready: 2
        }
    );
    let answer = Endpoints {
        service: "answer".to_owned(),
        ready: 2,
        all: 2,
    };
    assert_eq!(endpoints, [answer]);
    assert_eq!(pods.len(), 2);
    assert!(
        pods.iter()
            .all(|pod| pod.ready && pod.node.as_deref() == Some("node"))
    );
    let checks = service.health.unwrap().checks;
    assert!(
        checks
            .iter()
            .any(|check| check.name == "Service answer" && check.ready)
    );
}

#[test]
fn a_container_that_ends_again_and_again_is_told_with_its_exit_code() {
    let service = shown(&recorded(), "answers-not");
    assert_eq!((service.ready, service.state), (false, "waiting"));
    assert_eq!(service.restarts, 3);
    assert_eq!(service.last_exit.as_deref(), Some("Error, exit code 1"));
    assert_eq!(service.trouble.as_deref(), Some("Error, exit code 1"));
}

#[test]
fn an_image_that_nobody_has_is_told_in_the_kubelet_s_words() {
    let service = shown(&recorded(), "imageless");
    assert_eq!((service.ready, service.state), (false, "failed"));
    let trouble = service.trouble.unwrap();
    assert!(
        trouble.starts_with("ImagePullBackOff: Back-off pulling image"),
        "{trouble}"
    );
}

#[test]
fn events_belong_to_the_workload_with_the_longest_name_that_fits_newest_first() {
    let snapshot = recorded();
    // `answers-not-…` begins with `answers` too.
    let own = shown(&snapshot, "Answers").cluster.events;
    assert!(
        own.iter()
            .all(|event| !event.object.contains("answers-not"))
    );
    let unhealthy = own
        .iter()
        .find(|event| event.reason == "Unhealthy")
        .unwrap();
    assert!(unhealthy.warning && unhealthy.message.starts_with("Readiness probe failed"));
    let other = shown(&snapshot, "answers-not").cluster.events;
    assert!(other.iter().any(|event| event.reason == "BackOff"));
    assert!(other.is_sorted_by_key(|event| std::cmp::Reverse(event.time)));
}

#[test]
fn what_nobody_runs_is_stopped_and_what_has_no_pod_yet_is_planned() {
    let mut snapshot = recorded();
    snapshot.pods.clear();
    assert_eq!(shown(&snapshot, "Answers").state, "planned");
    for (_, workload) in &mut snapshot.workloads {
        workload.spec.replicas = Some(0);
        workload.status.ready_replicas = None;
    }
    let service = shown(&snapshot, "Answers");
    assert_eq!(
        (service.state, service.trouble.as_deref()),
        ("stopped", Some("scaled to 0"))
    );
    assert!(!service.ready);
}

#[test]
fn one_name_in_two_namespaces_is_two_names() {
    let one = recorded();
    let mut other = recorded();
    other.namespace = "elsewhere".to_owned();
    let names: Vec<_> = services(&[one, other])
        .into_iter()
        .map(|one| one.name)
        .collect();
    assert!(names.contains(&"Answers.lab".to_owned()));
    assert!(names.contains(&"Answers.elsewhere".to_owned()));
}

#[test]
fn a_policy_that_the_lab_changed_shows_as_a_denial_of_those_it_means() {
    let policy = |app: &str, annotations: Value| -> NetworkPolicy {
        serde_json::from_value(serde_json::json!({
            "metadata": {"name": "x", "annotations": annotations},
            "spec": {"podSelector": {"matchLabels": {"app.kubernetes.io/name": app}}, "ingress": null},
        }))
        .unwrap()
    };
    let mut snapshot = recorded();
    snapshot.policies = vec![policy("answers", Value::Null)];
    assert!(!shown(&snapshot, "Answers").cluster.denied);
    snapshot.policies = vec![policy(
        "answers",
        serde_json::json!({"malha.lab/ingress": "[]"}),
    )];
    assert!(shown(&snapshot, "Answers").cluster.denied);
    assert!(!shown(&snapshot, "answers-not").cluster.denied);
}

#[test]
fn bytes_are_shown_by_a_relay_that_restricted_admits_and_by_the_node() {
    let Capture { relay, node } = shown(&recorded(), "Answers").cluster.capture;
    let relay = relay.unwrap();
    assert!(
        relay.debug.starts_with("kubectl debug -n lab answers-"),
        "{}",
        relay.debug
    );
    assert!(
        relay.debug.contains("--profile=restricted") && relay.debug.ends_with("TCP:127.0.0.1:1053")
    );
    assert!(relay.forward.ends_with(" 18080"));
    let node = node.unwrap();
    assert!(
        node.contains("node/node") && node.ends_with(" and not port 9464"), // probes say nothing of the exercise
        "{node}"
    );
    let portless = shown(&recorded(), "imageless").cluster.capture;
    assert_eq!(portless.relay, None);
}
