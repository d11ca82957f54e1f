//! `kubectl drain` of a node: what it runs moves to the others, and nobody notices. Needs a second node.

use serde_json::Value;
use testing::{skipped, this_test};

use crate::helm::{Namespace, install};
use crate::kubectl::{CLUSTER, get, holds, is_ready, kubectl, pods_of};
use crate::pods::{Load, scale};
use crate::support::{eventually, has_cluster};

const NAMESPACE: &str = "drains";
/// A name that no other release has: the drain takes its pods and leaves everybody else's.
const RELEASE: &str = "drained";
const INSTANCE: &str = "app.kubernetes.io/instance=drained";

/// The nodes that take any pod.
async fn nodes() -> Vec<String> {
    let nodes: Value =
        serde_json::from_str(&kubectl(&["get", "nodes", "-o", "json"]).await).unwrap();
    let takes_pods = |node: &&Value| {
        let taints = node["spec"]["taints"].as_array();
        node["spec"]["unschedulable"] != true
            && taints.is_none_or(Vec::is_empty)
            && holds(node, "Ready")
    };
    let nodes = nodes["items"].as_array().unwrap().iter();
    let nodes = nodes.filter(takes_pods);
    nodes.map(|node| text(&node["metadata"]["name"])).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// A node that takes no new pods until this is dropped.
struct Cordoned(String);

impl Cordoned {
    async fn new(node: String) -> Self {
        kubectl(&["cordon", &node]).await;
        Self(node)
    }
}

impl Drop for Cordoned {
    fn drop(&mut self) {
        let args = ["uncordon", &self.0];
        let done = std::process::Command::new("kubectl").args(args).output();
        if !done.is_ok_and(|output| output.status.success()) {
            eprintln!("the node {} takes no pods any more", self.0);
        }
    }
}

/// The nodes on which the release's pods of a service run, once that many are ready.
async fn places(service: &str, replicas: usize) -> Vec<String> {
    let selector = format!("{INSTANCE},app.kubernetes.io/name={service}");
    eventually("all replicas are ready", async || {
        let pods = pods_of(NAMESPACE, &selector).await;
        let ready = pods.len() == replicas && pods.iter().all(is_ready);
        let nodes = pods.iter().map(|pod| text(&pod["spec"]["nodeName"]));
        ready.then(|| nodes.collect())
    })
    .await
}

#[tokio::test]
async fn a_drained_node_hands_its_pods_on_and_no_request_is_lost() {
    if !has_cluster() {
        return;
    }
    let _alone = CLUSTER.lock().await;
    let nodes = nodes().await;
    if nodes.len() < 2 {
        let why = format!("a drain needs a second node to move to, and there is {nodes:?}");
        skipped(&this_test(), &why);
        return;
    }
    let namespace = Namespace::new(NAMESPACE).await;
    install(&namespace, RELEASE, "grpc", &[]).await;
    // Redis is one pod with a volume: the drain of its node takes it along, and callers would say so.
    let stays = text(&get(NAMESPACE, "pod/redis-0").await["spec"]["nodeName"]);
    let goes = nodes.into_iter().find(|node| *node != stays).unwrap();
    for service in ["grpc-servidor", "grpc-cliente"] {
        let places = places(service, 2).await;
        assert!(places.contains(&goes), "{service} is on {places:?}");
    }

    // The load's pod has no controller that would make it anew: it starts on the node that stays.
    let cordoned = Cordoned::new(goes).await;
    let requests = 8_000 * scale();
    let how = ["--url=http://cliente:8000/usuarios?limite=1", "--rate=250"];
    let load = Load::start(NAMESPACE, "load", &how, requests).await;
    let said = kubectl(&[
        "drain",
        &cordoned.0,
        &format!("--pod-selector={INSTANCE}"),
        "--ignore-daemonsets",
        "--delete-emptydir-data",
        "--timeout=120s",
    ])
    .await;
    println!("drain: {}", said.lines().last().unwrap_or_default());
    for service in ["grpc-servidor", "grpc-cliente"] {
        let places = places(service, 2).await;
        assert!(!places.contains(&cordoned.0), "{service} is on {places:?}");
    }
    load.lost_nothing("the drain").await;
}
