//! desafio1: servers that are away, end, or are replaced under load.

use e2e::caller::Caller;
use e2e::journeys::Context;
use e2e::target::Target;
use serde_json::Value;

use crate::kubectl::{
    CLUSTER, Forward, is_ready, jaeger, kubectl, pods_of, restart, restarts, rolled_out_in,
};
use crate::pods::{Load, scale};
use crate::support::{eventually, has_cluster};

const SERVIDOR: &str = "app.kubernetes.io/name=desafio1-servidor";
const CLIENT: &str = "app.kubernetes.io/name=desafio1-client";

#[tokio::test]
async fn a_client_whose_server_is_away_is_not_ready_and_never_restarted() {
    if !has_cluster() {
        return;
    }
    let _alone = CLUSTER.lock().await;
    let replicas = pods_of("desafio1", SERVIDOR).await.len().to_string();
    kubectl(&[
        "scale",
        "-n",
        "desafio1",
        "deploy/desafio1-servidor",
        "--replicas=0",
    ])
    .await;
    kubectl(&[
        "wait",
        "--for=delete",
        "pod",
        "-n",
        "desafio1",
        "-l",
        SERVIDOR,
        "--timeout=120s",
    ])
    .await;
    // A new client, which starts while there is no server at all.
    kubectl(&["delete", "pod", "-n", "desafio1", "-l", CLIENT]).await;
    let client = eventually("a client that runs and is not ready", async || {
        let clients = pods_of("desafio1", CLIENT).await;
        let [client] = &clients[..] else { return None };
        let running = client["status"]["containerStatuses"][0]["state"]["running"].is_object();
        (running && !is_ready(client))
            .then(|| client["metadata"]["name"].as_str().unwrap().to_owned())
    })
    .await;
    let admin = Forward::to("desafio1", &format!("pod/{client}"), 9464).await;
    let readyz = admin.url.join("readyz").unwrap();
    let reason = eventually("a reason why it is not ready", async || {
        let report: Value = reqwest::get(readyz.clone()).await.ok()?.json().await.ok()?;
        let reason = report["checks"][0]["reason"].as_str()?.to_owned();
        (report["ready"] == false && reason != "not seen yet").then_some(reason)
    })
    .await;
    assert!(reason.contains("servidor:8080"), "{reason}");
    let live = reqwest::get(admin.url.join("livez").unwrap())
        .await
        .unwrap();
    assert_eq!(live.status(), 200);

    let scale = format!("--replicas={replicas}");
    kubectl(&[
        "scale",
        "-n",
        "desafio1",
        "deploy/desafio1-servidor",
        &scale,
    ])
    .await;
    rolled_out_in("desafio1", "desafio1-servidor").await;
    rolled_out_in("desafio1", "desafio1-client").await;
    for pod in [
        pods_of("desafio1", CLIENT).await,
        pods_of("desafio1", SERVIDOR).await,
    ]
    .concat()
    {
        assert_eq!(restarts(&pod), 0, "{}", pod["metadata"]["name"]);
    }
}

#[tokio::test]
async fn the_last_trace_before_a_pod_is_deleted_arrives() {
    if !has_cluster() {
        return;
    }
    let _alone = CLUSTER.lock().await;
    let jaeger = jaeger().await;
    let pod = pods_of("desafio1", SERVIDOR).await[0]["metadata"]["name"]
        .as_str()
        .unwrap()
        .to_owned();
    let caller = Caller::random();
    {
        let forward = Forward::to("desafio1", &format!("pod/{pod}"), 8080).await;
        let request = reqwest::Client::new().get(forward.url.clone());
        let answer = request
            .header("traceparent", caller.traceparent())
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        kubectl(&["delete", "pod", "-n", "desafio1", &pod, "--wait=false"]).await;
    }
    let target = Target {
        jaeger: Some(jaeger.url.clone()),
        ..Target::default()
    };
    let traces = Context::new(target).unwrap().jaeger().unwrap();
    let spans = traces.trace(&caller.trace_id, 1).await.unwrap();
    assert_eq!(spans[0].resource["k8s.pod.name"], pod.as_str());
    rolled_out_in("desafio1", "desafio1-servidor").await;
}

#[tokio::test]
async fn a_rollout_under_steady_load_loses_no_request() {
    if !has_cluster() {
        return;
    }
    let _alone = CLUSTER.lock().await;
    let requests = 15_000 * scale();
    let how = ["--url=http://servidor:8080/", "--rate=300"];
    let load = Load::start("desafio1", "load", &how, requests).await;
    // Every pod of the server is replaced twice while requests come.
    for _ in 0..2 {
        restart("desafio1", "desafio1-servidor").await;
    }
    load.lost_nothing("the rollouts").await;
}
