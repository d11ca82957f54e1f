//! The journeys against a cluster that has the charts installed, and what only a cluster shows.
//!
//! Runs with `E2E_TARGET=cluster`; `kubectl` and `KUBECONFIG` decide which cluster. Without it each
//! test says that it was skipped.
#![cfg(test)]

mod support;

use std::process::Stdio;

use e2e::journeys::{Caller, Trip};
use e2e::target::Target;
use serde_json::Value;
use support::{eventually, walk};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use url::Url;

/// Whether there is a cluster to look at; says so where there is none.
#[expect(clippy::disallowed_methods, reason = "the switch of these tests")]
fn skipped() -> bool {
    let skipped = std::env::var("E2E_TARGET").as_deref() != Ok("cluster");
    if skipped {
        eprintln!("skipped: set E2E_TARGET=cluster to run it against the current cluster");
    }
    skipped
}

/// One test at a time: they scale and restart the same Deployments.
static CLUSTER: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

async fn kubectl(args: &[&str]) -> String {
    let output = Command::new("kubectl").args(args).output().await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (status, out, err) = (output.status, text(output.stdout), text(output.stderr));
    assert!(status.success(), "kubectl {}: {out}{err}", args.join(" "));
    out
}

async fn pods(selector: &str) -> Vec<Value> {
    let pods = kubectl(&[
        "get", "pods", "-n", "desafio1", "-l", selector, "-o", "json",
    ])
    .await;
    let pods: Value = serde_json::from_str(&pods).unwrap();
    pods["items"].as_array().unwrap().clone()
}

fn restarts(pod: &Value) -> i64 {
    pod["status"]["containerStatuses"][0]["restartCount"]
        .as_i64()
        .unwrap()
}

fn is_ready(pod: &Value) -> bool {
    pod["status"]["containerStatuses"][0]["ready"] == true
}

const SERVIDOR: &str = "app.kubernetes.io/name=desafio1-servidor";
const CLIENT: &str = "app.kubernetes.io/name=desafio1-client";

/// A port of the cluster, reached from this machine until dropped.
struct Forward {
    url: Url,
    // kubectl says a line for each connection, and would end if nobody could read it.
    _lines: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Forward {
    async fn to(namespace: &str, what: &str, port: u16) -> Self {
        let mut process = Command::new("kubectl")
            .args(["port-forward", "-n", namespace, what, &format!(":{port}")])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().unwrap();
        // Forwarding from 127.0.0.1:40000 -> 8080
        let address = line
            .split_whitespace()
            .find(|word| word.starts_with("127.0.0.1:"))
            .unwrap();
        Self {
            url: Url::parse(&format!("http://{address}/")).unwrap(),
            _lines: lines,
            _process: process,
        }
    }
}

async fn jaeger() -> Forward {
    Forward::to("jaeger", "svc/jaeger", 16686).await
}

async fn rolled_out(deployment: &str) {
    let timeout = "--timeout=120s";
    kubectl(&[
        "rollout",
        "status",
        "-n",
        "desafio1",
        &format!("deploy/{deployment}"),
        timeout,
    ])
    .await;
}

#[tokio::test]
async fn every_journey_succeeds_in_the_cluster() {
    if skipped() {
        return;
    }
    let _alone = CLUSTER.lock().await;
    let servidor = Forward::to("desafio1", "svc/servidor", 8080).await;
    let hello = Forward::to("hello", "svc/server", 8080).await;
    let sockets = Forward::to("sockets", "svc/server", 65432).await;
    let jaeger = jaeger().await;
    let target = Target {
        desafio1: Some(servidor.url.clone()),
        hello: Some(hello.url.authority().to_owned()),
        sockets: Some(sockets.url.authority().to_owned()),
        jaeger: Some(jaeger.url.clone()),
    };
    walk(target, &["desafio1", "hello", "sockets"]).await;
}

#[tokio::test]
async fn a_client_whose_server_is_away_is_not_ready_and_never_restarted() {
    if skipped() {
        return;
    }
    let _alone = CLUSTER.lock().await;
    let replicas = pods(SERVIDOR).await.len().to_string();
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
        let clients = pods(CLIENT).await;
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
    rolled_out("desafio1-servidor").await;
    rolled_out("desafio1-client").await;
    for pod in [pods(CLIENT).await, pods(SERVIDOR).await].concat() {
        assert_eq!(restarts(&pod), 0, "{}", pod["metadata"]["name"]);
    }
}

#[tokio::test]
async fn the_last_trace_before_a_pod_is_deleted_arrives() {
    if skipped() {
        return;
    }
    let _alone = CLUSTER.lock().await;
    let jaeger = jaeger().await;
    let pod = pods(SERVIDOR).await[0]["metadata"]["name"]
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
    let traces = Trip::new(target).unwrap().jaeger().unwrap();
    let spans = traces.trace(&caller.trace_id, 1).await.unwrap();
    assert_eq!(spans[0].resource["k8s.pod.name"], pod.as_str());
    rolled_out("desafio1-servidor").await;
}

/// A pod that asks `servidor` steadily, in the place of a client of the namespace.
fn load_pod(requests: u32, rate: u32) -> String {
    let args = format!(
        r#"["load", "--url", "http://servidor:8080/", "--requests", "{requests}", "--rate", "{rate}"]"#
    );
    format!(
        r#"{{"apiVersion": "v1", "kind": "Pod",
        "metadata": {{"name": "load", "namespace": "desafio1", "labels":
            {{"app.kubernetes.io/name": "desafio1-client", "app.kubernetes.io/instance": "desafio1",
              "app.kubernetes.io/component": "test", "app.kubernetes.io/part-of": "malha"}}}},
        "spec": {{"restartPolicy": "Never", "automountServiceAccountToken": false,
            "securityContext": {{"runAsNonRoot": true, "runAsUser": 65532,
                "seccompProfile": {{"type": "RuntimeDefault"}}}},
            "containers": [{{"name": "e2e", "image": "malha/e2e:0.1.0",
                "imagePullPolicy": "IfNotPresent", "args": {args},
                "securityContext": {{"allowPrivilegeEscalation": false,
                    "readOnlyRootFilesystem": true, "capabilities": {{"drop": ["ALL"]}}}}}}]}}}}"#
    )
}

#[tokio::test]
async fn a_rollout_under_steady_load_loses_no_request() {
    if skipped() {
        return;
    }
    let _alone = CLUSTER.lock().await;
    kubectl(&[
        "delete",
        "pod",
        "load",
        "-n",
        "desafio1",
        "--ignore-not-found",
    ])
    .await;
    let manifest = std::env::temp_dir().join(format!("malha-load-{}.json", std::process::id()));
    std::fs::write(&manifest, load_pod(15_000, 300)).unwrap();
    kubectl(&["apply", "-f", manifest.to_str().unwrap()]).await;
    std::fs::remove_file(&manifest).unwrap();
    let load = async || kubectl(&["get", "pod", "load", "-n", "desafio1", "-o", "json"]).await;
    eventually("the load runs", async || {
        let pod: Value = serde_json::from_str(&load().await).unwrap();
        (pod["status"]["phase"] == "Running").then_some(())
    })
    .await;

    // Every pod of the server is replaced twice while requests come.
    for _ in 0..2 {
        kubectl(&[
            "rollout",
            "restart",
            "-n",
            "desafio1",
            "deploy/desafio1-servidor",
        ])
        .await;
        rolled_out("desafio1-servidor").await;
    }
    let during: Value = serde_json::from_str(&load().await).unwrap();
    assert_eq!(
        during["status"]["phase"], "Running",
        "the load ended before the rollouts did"
    );
    let phase = eventually("the load ends", async || {
        let pod: Value = serde_json::from_str(&load().await).unwrap();
        let phase = pod["status"]["phase"].as_str().unwrap().to_owned();
        (phase != "Running").then_some(phase)
    })
    .await;
    let report = kubectl(&["logs", "load", "-n", "desafio1"]).await;
    assert!(report.starts_with("15000 ok, 0 lost"), "{phase}: {report}");
    kubectl(&["delete", "pod", "load", "-n", "desafio1"]).await;
}
