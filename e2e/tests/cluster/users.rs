//! grpc: what is acknowledged stays, whatever is killed; what is added gets its share.

use e2e::journeys::Context;
use e2e::target::Target;

use crate::kubectl::{CLUSTER, Forward, delete_one, kubectl, pods_of, restart, rolled_out_in};
use crate::pods::{Job, Load, scale};
use crate::support::{eventually, has_cluster};

const SERVIDOR: &str = "app.kubernetes.io/name=grpc-servidor";
const CLIENTE: &str = "app.kubernetes.io/name=grpc-cliente";

#[tokio::test]
async fn no_acknowledged_user_is_lost_while_redis_servers_and_gateways_go() {
    if !has_cluster() {
        return;
    }
    let _alone = CLUSTER.lock().await;
    let writes = 1_500 * scale();
    let env = [("USUARIOS_URL", "http://cliente:8000/")];
    let count = format!("--writes={writes}");
    let plan = ["soak-users", "--until-told", "--rate=50", &count];
    let job = Job::start("grpc", "soak", &plan, &env).await;
    // At once, as a crash would.
    kubectl(&[
        "delete",
        "pod",
        "-n",
        "grpc",
        "redis-0",
        "--grace-period=0",
        "--force",
    ])
    .await;
    kubectl(&[
        "rollout",
        "status",
        "-n",
        "grpc",
        "statefulset/redis",
        "--timeout=120s",
    ])
    .await;
    delete_one("grpc", SERVIDOR, &["--grace-period=0", "--force"]).await;
    delete_one("grpc", CLIENTE, &[]).await;
    restart("grpc", "grpc-servidor").await;
    restart("grpc", "grpc-cliente").await;
    job.outlasted("the killing", writes, " acknowledged, 0 lost")
        .await;
}

#[tokio::test]
async fn reads_go_on_without_an_error_while_servers_and_gateways_are_replaced() {
    if !has_cluster() {
        return;
    }
    let _alone = CLUSTER.lock().await;
    let requests = 10_000 * scale();
    let how = ["--url=http://cliente:8000/usuarios?limite=1", "--rate=250"];
    let load = Load::start("grpc", "load", &how, requests).await;
    restart("grpc", "grpc-servidor").await;
    restart("grpc", "grpc-cliente").await;
    delete_one("grpc", SERVIDOR, &[]).await;
    rolled_out_in("grpc", "grpc-servidor").await;
    load.lost_nothing("the rollouts of servers and gateways")
        .await;
}

#[tokio::test]
async fn a_server_that_is_added_gets_calls() {
    if !has_cluster() {
        return;
    }
    let _alone = CLUSTER.lock().await;
    let before = pods_of("grpc", SERVIDOR).await;
    let names: Vec<_> = before
        .iter()
        .map(|pod| pod["metadata"]["name"].clone())
        .collect();
    let scale = |replicas: usize| format!("--replicas={replicas}");
    kubectl(&[
        "scale",
        "-n",
        "grpc",
        "deploy/grpc-servidor",
        &scale(before.len() + 1),
    ])
    .await;
    rolled_out_in("grpc", "grpc-servidor").await;
    let added = eventually("a server more", async || {
        let pods = pods_of("grpc", SERVIDOR).await;
        let added = pods
            .iter()
            .find(|pod| !names.contains(&pod["metadata"]["name"]))?;
        Some(added["metadata"]["name"].as_str()?.to_owned())
    })
    .await;
    let metrics = Forward::to("grpc", &format!("pod/{added}"), 9464).await;
    let cliente = Forward::to("grpc", "svc/cliente", 8000).await;
    let http = Context::new(Target::default()).unwrap().http;
    let listed = cliente.url.join("usuarios?limite=1").unwrap();
    eventually("a call at the server that was added", async || {
        let answer = http.get(listed.clone()).send().await.ok()?;
        assert_eq!(answer.status(), 200);
        let metrics = http
            .get(metrics.url.join("metrics").unwrap())
            .send()
            .await
            .ok()?;
        metrics
            .text()
            .await
            .ok()?
            .contains("ListarUsuarios")
            .then_some(())
    })
    .await;
    kubectl(&[
        "scale",
        "-n",
        "grpc",
        "deploy/grpc-servidor",
        &scale(before.len()),
    ])
    .await;
    rolled_out_in("grpc", "grpc-servidor").await;
}
