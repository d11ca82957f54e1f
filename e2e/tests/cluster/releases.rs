//! Everything in one namespace, and the same exercise twice: what a release owes to its names.

use std::time::{SystemTime, UNIX_EPOCH};

use e2e::journeys::Context;
use e2e::target::Target;
use serde_json::Value;

use crate::helm::{Namespace, charts, install, passed, run, test};
use crate::kubectl::{CLUSTER, Forward, kubectl, restarts};
use crate::support::{eventually, has_cluster};
use crate::telemetry::well_instrumented;

const ONE: &str = "malha-one";
const TWO: &str = "malha-two";
/// As long as Helm lets a name be.
const LONG: &str = "saudacao-e-muito-prazer-em-conhecer-voce-e-a-todos-oi";

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_micros()).unwrap()
}

#[tokio::test]
async fn with_every_way_out_all_exercises_share_one_namespace_and_score_in_full() {
    if !has_cluster() {
        return;
    }
    let _alone = CLUSTER.lock().await;
    let one = Namespace::new(ONE).await;
    let (names, way_out) = (
        charts().join("malha/one-namespace.yaml"),
        charts().join("malha/ci/way-out.yaml"),
    );
    let values = [
        "-f",
        names.to_str().unwrap(),
        "-f",
        way_out.to_str().unwrap(),
    ];
    install(&one, "malha", "malha", &values).await;
    // Pods start in any order: none may have ended for want of another.
    let pods = kubectl(&["get", "pods", "-n", ONE, "-o", "json"]).await;
    let pods: Value = serde_json::from_str(&pods).unwrap();
    for pod in pods["items"].as_array().unwrap() {
        assert_eq!(restarts(pod), 0, "{}", pod["metadata"]["name"]);
    }
    let began = now();
    passed(&test(&one, "malha").await, 5);
    let jaeger = Forward::to(ONE, "svc/jaeger", 16686).await;
    let target = Target {
        jaeger: Some(jaeger.url.clone()),
        ..Target::default()
    };
    let jaeger = Context::new(target).unwrap().jaeger().unwrap();
    well_instrumented(&jaeger, began, now()).await;

    run("helm", &["uninstall", "malha", "-n", ONE, "--wait"]).await;
    let kinds = "all,networkpolicies,poddisruptionbudgets,secrets,configmaps";
    let release = "app.kubernetes.io/instance=malha";
    let left = ["get", kinds, "-n", ONE, "-l", release, "-o", "name"];
    // Pods drain after it. What `helm test` made stays, so that it can be looked at.
    eventually("nothing of the release is left", async || {
        let left = kubectl(&left).await;
        left.lines()
            .all(|object| object.ends_with("-test"))
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn two_releases_of_an_exercise_stand_side_by_side_under_any_name() {
    if !has_cluster() {
        return;
    }
    let _alone = CLUSTER.lock().await;
    assert_eq!(LONG.len(), 53);
    let (one, two) = tokio::join!(Namespace::new(ONE), Namespace::new(TWO));
    tokio::join!(
        install(&one, "hello", "hello", &[]),
        install(&two, LONG, "hello", &[]),
        install(&one, "conversa", "chat", &[]),
        install(&two, "chat", "chat", &[]),
    );
    for (namespace, release) in [
        (&one, "hello"),
        (&two, LONG),
        (&one, "conversa"),
        (&two, "chat"),
    ] {
        passed(&test(namespace, release).await, 1);
    }
}
