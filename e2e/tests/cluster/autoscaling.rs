//! The `HorizontalPodAutoscaler` that values switch on: load brings pods, and the pods get work.

use e2e::journeys::Trip;
use e2e::target::Target;
use serde_json::Value;

use crate::helm::{Namespace, install, upgrade};
use crate::kubectl::{CLUSTER, Forward, get, kubectl, pods_of, skipped};
use crate::pods::Job;
use crate::support::eventually;

const NAMESPACE: &str = "autoscaling";
const SERVIDOR: &str = "app.kubernetes.io/name=desafio1-servidor";

/// Whether the resource metrics that the autoscaler goes by are served here.
async fn measured() -> bool {
    let services = kubectl(&["get", "apiservices", "-o", "name"]).await;
    services.contains("metrics.k8s.io")
}

fn condition<'a>(autoscaler: &'a Value, name: &str) -> Option<&'a Value> {
    let conditions = autoscaler["status"]["conditions"].as_array()?;
    conditions.iter().find(|each| each["type"] == name)
}

#[tokio::test]
async fn load_brings_pods_and_the_new_ones_get_requests() {
    if skipped() {
        return;
    }
    let _alone = CLUSTER.lock().await;
    if !measured().await {
        eprintln!("SKIPPED: this cluster serves no resource metrics, so nothing can scale by them");
        return;
    }
    let namespace = Namespace::new(NAMESPACE).await;
    // The load keeps its connections, as programs do: they move to the new pod when they are old.
    let age = "services.desafio1-servidor.env.MAX_CONNECTION_AGE=5s";
    install(&namespace, "desafio1", "desafio1", &["--set", age]).await;
    let before: Vec<Value> = pods_of(NAMESPACE, SERVIDOR).await;
    assert_eq!(before.len(), 2);
    // Switched on while it runs: none of what runs may go for it.
    let row = "services.desafio1-servidor.autoscaling";
    let values = [
        &format!("{row}.enabled=true"),
        &format!("{row}.minReplicas=2"),
        &format!("{row}.maxReplicas=3"),
        // Of the 10m that are requested: as much as a few hundred requests a second take.
        &format!("{row}.targetCPU=50"),
    ];
    let values = values.map(|value| ["--set", value]).concat();
    upgrade(&namespace, "desafio1", "desafio1", &values).await;
    let plan = [
        "load",
        "--url=http://servidor:8080/",
        "--rate=400",
        "--concurrency=8",
        "--requests=1000000",
    ];
    let _job = Job::start(NAMESPACE, "load", &plan, &[]).await;

    let scaled = eventually("the autoscaler asks for a third pod", async || {
        let autoscaler = get(NAMESPACE, "hpa/desafio1-servidor").await;
        (autoscaler["status"]["desiredReplicas"] == 3).then_some(autoscaler)
    })
    .await;
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
    let why = kubectl(&[
        "get",
        "events",
        "-n",
        NAMESPACE,
        "--field-selector=involvedObject.kind=HorizontalPodAutoscaler,reason=SuccessfulRescale",
        "-o",
        "jsonpath={.items[*].message}",
    ])
    .await;
    assert!(
        why.contains("New size: 3; reason: cpu resource utilization"),
        "{why}"
    );

    let name = |pod: &Value| pod["metadata"]["name"].as_str().unwrap().to_owned();
    let known: Vec<String> = before.iter().map(name).collect();
    let now = pods_of(NAMESPACE, SERVIDOR).await;
    let now: Vec<String> = now.iter().map(name).collect();
    assert!(
        known.iter().all(|name| now.contains(name)),
        "{known:?} became {now:?}"
    );
    let added = eventually("the third pod", async || {
        let pods = pods_of(NAMESPACE, SERVIDOR).await;
        pods.iter().map(name).find(|name| !known.contains(name))
    })
    .await;
    kubectl(&[
        "wait",
        "--for=condition=Ready",
        "-n",
        NAMESPACE,
        "pod",
        &added,
        "--timeout=60s",
    ])
    .await;
    let metrics = Forward::to(NAMESPACE, &format!("pod/{added}"), 9464).await;
    let http = Trip::new(Target::default()).unwrap().http;
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
