//! Upgrades by Helm 4 after somebody has changed what runs, as the guides have people do. What is said
//! here is the table of docs/operations.md.

use serde_json::Value;
use testing::{skipped, this_test};

use crate::helm::{Namespace, charts, refused, run};
use crate::kubectl::{CLUSTER, get, kubectl};
use crate::pods::tag;
use crate::support::has_cluster;

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

#[tokio::test]
async fn helm_4_says_what_others_have_taken_from_the_chart_and_takes_it_back_when_forced() {
    if !has_cluster() {
        return;
    }
    let _alone = CLUSTER.lock().await;
    if run("helm", &["version", "--short"]).await.starts_with("v3") {
        skipped(&this_test(), "helm is of version 3, which asks nobody");
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
