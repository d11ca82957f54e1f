//! What `kubectl drain` does to pods, by the Eviction API: it asks, and the disruption budget answers.

use serde_json::json;

use crate::helm::{Namespace, install};
use crate::kubectl::{CLUSTER, holds, kubectl_with, pods_of, rolled_out_in};
use crate::pods::{Load, scale};
use crate::support::{eventually, has_cluster};

const NAMESPACE: &str = "evictions";

/// Asks for the eviction of a pod; the reason why it is refused, which the API says with status 429.
async fn evict(pod: &str) -> Result<(), String> {
    let path = format!("/api/v1/namespaces/{NAMESPACE}/pods/{pod}/eviction");
    let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction",
        "metadata": {"name": pod, "namespace": NAMESPACE}});
    kubectl_with(&["create", "--raw", &path, "-f", "-"], &eviction).await
}

/// The pods of a service that are ready.
async fn ready_pods(service: &str) -> Vec<String> {
    let pods = pods_of(NAMESPACE, &format!("app.kubernetes.io/name={service}")).await;
    let ready = pods.iter().filter(|pod| holds(pod, "Ready"));
    ready
        .map(|pod| pod["metadata"]["name"].as_str().unwrap().to_owned())
        .collect()
}

/// Evicts both pods of a service as a drain does: the second as soon as the budget allows it.
async fn drain(service: &str) {
    let before = ready_pods(service).await;
    let [first, second] = &before[..] else {
        panic!("not two pods of {service}: {before:?}")
    };
    evict(first).await.unwrap();
    let refused = evict(second).await.unwrap_err();
    assert!(
        refused.contains("would violate the pod's disruption budget"),
        "{refused}"
    );
    eventually("the budget allows the second eviction", async || {
        evict(second).await.ok()
    })
    .await;
    rolled_out_in(NAMESPACE, service).await;
    eventually("two other pods", async || {
        let after = ready_pods(service).await;
        (after.len() == 2 && after.iter().all(|pod| !before.contains(pod))).then_some(())
    })
    .await;
}

#[tokio::test]
async fn evictions_respect_the_budget_and_lose_no_request() {
    if !has_cluster() {
        return;
    }
    let _alone = CLUSTER.lock().await;
    let namespace = Namespace::new(NAMESPACE).await;
    install(&namespace, "grpc", "grpc", &[]).await;
    let requests = 8_000 * scale();
    let how = ["--url=http://cliente:8000/usuarios?limite=1", "--rate=250"];
    let load = Load::start(NAMESPACE, "load", &how, requests).await;
    drain("grpc-servidor").await;
    drain("grpc-cliente").await;
    load.lost_nothing("the evictions").await;
}
