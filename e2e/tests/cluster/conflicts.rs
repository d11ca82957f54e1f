//! Upgrades by Helm 4 after somebody has changed what runs, as the guides have people do. What is said
//! here is the table of docs/operations.md.

use serde_json::Value;
use testing::{skipped, this_test};

use crate::helm::{Namespace, charts, refused, run};
use crate::kubectl::{CLUSTER, get, kubectl};
use crate::pods::tag;
use crate::support::{eventually, has_cluster};

const SERVER: &str = "deploy/desafio1-servidor";

/// What somebody has done, and what an upgrade says of it, if anything.
type Change = (&'static [&'static str], Option<&'static str>);

const CHANGES: [Change; 7] = [
    (&["scale", SERVER, "--replicas=0"], None),
    (&["scale", SERVER, "--replicas=2"], None),
    (&["rollout", "restart", SERVER], None),
    (&["set", "env", SERVER, "GREETED=yes"], None),
    (
        &["scale", SERVER, "--replicas=4"],
        Some(r#"conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas"#),
    ),
    (
        &["set", "env", SERVER, "DRAIN_DELAY=9s"],
        Some(
            r#"conflict with "kubectl-set" using apps/v1: .spec.template.spec.containers[name="desafio1-servidor"].env[name="DRAIN_DELAY"].value"#,
        ),
    ),
    (
        &["set", "image", SERVER, "desafio1-servidor=malha/none:0"],
        Some(
            r#"conflict with "kubectl-set" using apps/v1: .spec.template.spec.containers[name="desafio1-servidor"].image"#,
        ),
    ),
];

/// What the chart says of the server, whoever else has a say: no number of a rollout, no time of a restart.
async fn server(namespace: &Namespace) -> Value {
    let spec = &get(namespace.name, SERVER).await["spec"];
    let container = &spec["template"]["spec"]["containers"][0];
    let env = container["env"].as_array().unwrap();
    let delay = env.iter().find(|each| each["name"] == "DRAIN_DELAY");
    serde_json::json!([spec["replicas"], container["image"], delay])
}

/// Whether Helm is of the version that asks who a field belongs to.
async fn helm_asks() -> bool {
    let asks = !run("helm", &["version", "--short"]).await.starts_with("v3");
    if !asks {
        skipped(&this_test(), "helm is of version 3, which asks nobody");
    }
    asks
}

#[tokio::test]
async fn helm_4_says_what_others_have_taken_from_the_chart_and_takes_it_back_when_forced() {
    if !has_cluster() {
        return;
    }
    let _alone = CLUSTER.lock().await;
    if !helm_asks().await {
        return;
    }
    let namespace = Namespace::new("conflicts").await;
    let (chart, image) = (
        charts().join("desafio1"),
        format!("global.malha.image.tag={}", tag()),
    );
    // Nobody waits for pods: it is their Deployment that is asked about.
    let release = ["desafio1", chart.to_str().unwrap(), "-n", namespace.name];
    let upgrade = [&["upgrade", "--install"], &release[..], &["--set", &image]].concat();
    run("helm", &upgrade).await;
    let whole = server(&namespace).await;
    for (change, says) in CHANGES {
        kubectl(&[change, &["-n", namespace.name]].concat()).await;
        if let Some(says) = says {
            let said = refused("helm", &upgrade).await;
            assert!(said.contains(says), "{change:?}: {said}");
            assert_ne!(server(&namespace).await, whole, "{change:?}");
            run("helm", &[&upgrade[..], &["--force-conflicts"]].concat()).await;
        } else {
            run("helm", &upgrade).await;
        }
        assert_eq!(server(&namespace).await, whole, "{change:?}");
    }
}

/// How many pods the server is to have, and whether an autoscaler says so.
async fn pods(namespace: &Namespace) -> (Value, bool) {
    let replicas = get(namespace.name, SERVER).await["spec"]["replicas"].clone();
    let autoscalers = kubectl(&["get", "hpa", "-n", namespace.name, "-o", "name"]).await;
    (replicas, !autoscalers.is_empty())
}

#[tokio::test]
async fn helm_4_asks_before_it_takes_the_number_of_pods_from_an_autoscaler_that_goes() {
    if !has_cluster() {
        return;
    }
    let _alone = CLUSTER.lock().await;
    if !helm_asks().await {
        return;
    }
    let namespace = Namespace::new("autoscaler-off").await;
    let chart = charts().join("desafio1");
    let image = format!("global.malha.image.tag={}", tag());
    let row = "services.desafio1-servidor.autoscaling";
    let on = format!("{row}.enabled=true,{row}.minReplicas=3");
    let release = ["desafio1", chart.to_str().unwrap(), "-n", namespace.name];
    let upgrade = [&["upgrade", "--install"], &release[..], &["--set", &image]].concat();
    run("helm", &upgrade).await;
    let switched_on = [&upgrade[..], &["--set", &on]].concat();
    run("helm", &switched_on).await;
    // Its least number needs no load, and no metrics.
    eventually("the autoscaler to ask for three pods", async || {
        (pods(&namespace).await == (3.into(), true)).then_some(())
    })
    .await;
    // As long as it is on, nobody else asks for a number.
    run("helm", &switched_on).await;
    assert_eq!(pods(&namespace).await, (3.into(), true));

    let off = [&upgrade[..], &["--reset-values"]].concat();
    let said = refused("helm", &off).await;
    let says = r#"conflict with "kube-controller-manager" with subresource "scale" using apps/v1: .spec.replicas"#;
    assert!(said.contains(says), "{said}");
    // What was refused has taken nothing away: neither pods nor what says how many there are.
    assert_eq!(pods(&namespace).await, (3.into(), true));
    run("helm", &[&off[..], &["--force-conflicts"]].concat()).await;
    assert_eq!(pods(&namespace).await, (2.into(), false));
    run("helm", &off).await;
}
