//! The `HorizontalPodAutoscaler` that values switch on: load brings pods, the pods get work, and when the load
//! is over they go again.

use std::time::Duration;

use e2e::journeys::Context;
use e2e::target::Target;
use serde_json::Value;
use testing::{skipped, this_test};

use crate::helm::{Namespace, install, upgrade};
use crate::kubectl::{CLUSTER, Forward, condition, get, kubectl, pods_of};
use crate::pods::{Load, scale};
use crate::support::{eventually, has_cluster, met, within};

const NAMESPACE: &str = "autoscaling";
const SERVIDOR: &str = "app.kubernetes.io/name=desafio1-servidor";

/// Whether the resource metrics that the autoscaler goes by are served here.
async fn measured() -> bool {
    let services = kubectl(&["get", "apiservices", "-o", "name"]).await;
    services.contains("metrics.k8s.io")
}

async fn autoscaler() -> Value {
    get(NAMESPACE, "hpa/desafio1-servidor").await
}

/// The autoscaler, if it asks for a number of pods now.
async fn wants(pods: u64) -> Option<Value> {
    let autoscaler = autoscaler().await;
    (autoscaler["status"]["desiredReplicas"] == pods).then_some(autoscaler)
}

/// Requests a second to begin with.
const FIRST_RATE: u64 = 300;

/// How long the autoscaler takes to measure a load and to act on it.
const ACTS: Duration = Duration::from_secs(45);

/// Raises a load until the autoscaler asks for a number of pods: how many requests keep a processor busy
/// depends on the processor. Each part doubles the whole; the last would keep one busy that is eight times
/// as fast as those on which 1,200 do.
async fn raised_until_wanted(pods: u64) -> (Vec<Load>, Value) {
    let (mut loads, mut rate, mut whole) = (Vec::new(), FIRST_RATE, 0);
    while loads.len() < 6 {
        loads.push(load(&format!("heavy-{}", loads.len()), rate, 0).await);
        whole += rate;
        println!("autoscaling: {whole} requests a second");
        if let Some(autoscaler) = met(ACTS, async || wants(pods).await).await {
            return (loads, autoscaler);
        }
        rate = whole;
    }
    let status = &autoscaler().await["status"];
    panic!("no {pods} pods wanted at {whole} requests a second: {status}");
}

/// What the autoscaler has said of the steps that it took.
async fn steps() -> String {
    kubectl(&[
        "get",
        "events",
        "-n",
        NAMESPACE,
        "--field-selector=involvedObject.kind=HorizontalPodAutoscaler,reason=SuccessfulRescale",
        "-o",
        "jsonpath={.items[*].message}",
    ])
    .await
}

async fn names() -> Vec<String> {
    let pods = pods_of(NAMESPACE, SERVIDOR).await;
    let names = pods.iter().map(|pod| pod["metadata"]["name"].as_str());
    names.map(|name| name.unwrap().to_owned()).collect()
}

/// Waits until a pod is ready and has answered a request for the message.
async fn served(pod: &str) {
    kubectl(&[
        "wait",
        "--for=condition=Ready",
        "-n",
        NAMESPACE,
        "pod",
        pod,
        "--timeout=60s",
    ])
    .await;
    let metrics = Forward::to(NAMESPACE, &format!("pod/{pod}"), 9464).await;
    let http = Context::new(Target::default()).unwrap().http;
    let served = eventually("a request at the third pod", async || {
        let answer = http
            .get(metrics.url.join("metrics").unwrap())
            .send()
            .await
            .ok()?;
        let metrics = answer.text().await.ok()?;
        let mut counts = metrics.lines().filter(|line| {
            line.starts_with("http_server_request_duration_seconds_count")
                && line.contains("http_route=\"/\"")
        });
        counts.next().map(str::to_owned)
    })
    .await;
    println!("autoscaling: {served}");
}

/// Requests at a rate, with kept connections.
async fn load(name: &str, rate: u64, requests: u64) -> Load {
    let rate = format!("--rate={rate}");
    let how = ["--url=http://servidor:8080/", &rate, "--concurrency=8"];
    Load::start(NAMESPACE, name, &how, requests).await
}

#[tokio::test]
async fn load_brings_a_pod_that_serves_and_its_end_takes_one_away() {
    if !has_cluster() {
        return;
    }
    let _alone = CLUSTER.lock().await;
    if !measured().await {
        skipped(
            &this_test(),
            "this cluster serves no resource metrics to scale by",
        );
        return;
    }
    let namespace = Namespace::new(NAMESPACE).await;
    // The load keeps its connections, as programs do: they move to the new pod when they are old.
    let age = "services.desafio1-servidor.env.MAX_CONNECTION_AGE=5s";
    // Several times what a quiet pod takes, and little enough for a load to exceed half of it.
    let cpu = "services.desafio1-servidor.resources.requests.cpu=30m";
    let values = ["--set", age, "--set", cpu];
    install(&namespace, "desafio1", "desafio1", &values).await;
    let before = names().await;
    assert_eq!(before.len(), 2);
    // Switched on while it runs: none of what runs may go for it.
    let row = "services.desafio1-servidor.autoscaling";
    let values = [
        &format!("{row}.enabled=true"),
        &format!("{row}.minReplicas=2"),
        &format!("{row}.maxReplicas=3"),
        &format!("{row}.targetCPU=50"),
        // Five minutes by default.
        &format!("{row}.behavior.scaleDown.stabilizationWindowSeconds=0"),
    ];
    let values = values.map(|value| ["--set", value]).concat();
    upgrade(&namespace, "desafio1", "desafio1", &values).await;
    let (heavy, scaled) = raised_until_wanted(3).await;
    let active = condition(&scaled, "ScalingActive").unwrap();
    assert_eq!(
        (&active["status"], &active["reason"]),
        (&"True".into(), &"ValidMetricFound".into())
    );
    let usage = &scaled["status"]["currentMetrics"][0]["resource"]["current"];
    println!("autoscaling: 3 pods wanted at {usage}");
    assert!(
        usage["averageUtilization"].as_u64().unwrap() > 50,
        "{usage}"
    );
    let why = steps().await;
    assert!(
        why.contains("New size: 3; reason: cpu resource utilization"),
        "{why}"
    );
    let now = names().await;
    assert!(
        before.iter().all(|name| now.contains(name)),
        "{before:?} became {now:?}"
    );
    let added = eventually("the third pod", async || {
        let mut names = names().await.into_iter();
        names.find(|name| !before.contains(name))
    })
    .await;
    served(&added).await;

    // What goes on meanwhile is little, and loses nothing.
    let requests = 2_000 * scale();
    let light = load("light", 20, requests).await;
    for load in heavy {
        load.end().await;
    }
    let patience = Duration::from_mins(3);
    within(patience, "two pods wanted", async || wants(2).await).await;
    eventually("two pods", async || {
        (names().await.len() == 2).then_some(())
    })
    .await;
    let why = steps().await;
    assert!(
        why.contains("New size: 2; reason: All metrics below target"),
        "{why}"
    );
    light.lost_nothing("the scaling down").await;
}
