//! The cluster, by `kubectl`.

use std::process::Stdio;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use url::Url;

/// One test at a time: they scale and restart the same Deployments.
pub(crate) static CLUSTER: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

pub(crate) async fn kubectl(args: &[&str]) -> String {
    let output = Command::new("kubectl").args(args).output().await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (status, out, err) = (output.status, text(output.stdout), text(output.stderr));
    assert!(status.success(), "kubectl {}: {out}{err}", args.join(" "));
    out
}

/// Makes an object, or makes it like this.
pub(crate) async fn apply(object: &Value) {
    let applied = kubectl_with(&["apply", "-f", "-"], object).await;
    applied.unwrap_or_else(|error| panic!("{object}: {error}"));
}

/// Runs kubectl with an object as its input; where it fails, what it says of that.
pub(crate) async fn kubectl_with(args: &[&str], object: &Value) -> Result<(), String> {
    let mut kubectl = Command::new("kubectl");
    let kubectl = kubectl.args(args).stdin(Stdio::piped());
    let kubectl = kubectl.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = kubectl.spawn().unwrap();
    let mut input = process.stdin.take().unwrap();
    input
        .write_all(object.to_string().as_bytes())
        .await
        .unwrap();
    drop(input);
    let output = process.wait_with_output().await.unwrap();
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// One object.
pub(crate) async fn get(namespace: &str, what: &str) -> Value {
    let object = kubectl(&["get", what, "-n", namespace, "-o", "json"]).await;
    serde_json::from_str(&object).unwrap()
}

/// The pods of a namespace with a label, those that are on their way out left out.
pub(crate) async fn pods_of(namespace: &str, selector: &str) -> Vec<Value> {
    let pods = kubectl(&["get", "pods", "-n", namespace, "-l", selector, "-o", "json"]).await;
    let pods: Value = serde_json::from_str(&pods).unwrap();
    let pods = pods["items"].as_array().unwrap().iter();
    pods.filter(|pod| pod["metadata"]["deletionTimestamp"].is_null())
        .cloned()
        .collect()
}

/// Deletes one of the pods with a label.
pub(crate) async fn delete_one(namespace: &str, selector: &str, how: &[&str]) {
    let pod = pods_of(namespace, selector).await[0]["metadata"]["name"].clone();
    let args = [
        &["delete", "pod", "-n", namespace, pod.as_str().unwrap()],
        how,
    ]
    .concat();
    kubectl(&args).await;
}

/// Replaces every pod of a Deployment, and waits until that is done.
pub(crate) async fn restart(namespace: &str, deployment: &str) {
    kubectl(&[
        "rollout",
        "restart",
        "-n",
        namespace,
        &format!("deploy/{deployment}"),
    ])
    .await;
    rolled_out_in(namespace, deployment).await;
}

pub(crate) fn restarts(pod: &Value) -> i64 {
    pod["status"]["containerStatuses"][0]["restartCount"]
        .as_i64()
        .unwrap()
}

pub(crate) fn is_ready(pod: &Value) -> bool {
    pod["status"]["containerStatuses"][0]["ready"] == true
}

/// A condition of an object's status, if it has one by this name.
pub(crate) fn condition<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    let conditions = object["status"]["conditions"].as_array()?;
    conditions.iter().find(|each| each["type"] == name)
}

/// Whether an object's condition holds.
pub(crate) fn holds(object: &Value, name: &str) -> bool {
    condition(object, name).is_some_and(|condition| condition["status"] == "True")
}

/// A port of the cluster, reached from this machine until dropped.
pub(crate) struct Forward {
    pub(crate) url: Url,
    // kubectl says a line for each connection, and would end if nobody could read it.
    _lines: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Forward {
    pub(crate) async fn to(namespace: &str, what: &str, port: u16) -> Self {
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

pub(crate) async fn jaeger() -> Forward {
    Forward::to("jaeger", "svc/jaeger", 16686).await
}

pub(crate) async fn rolled_out_in(namespace: &str, deployment: &str) {
    let deployment = format!("deploy/{deployment}");
    kubectl(&[
        "rollout",
        "status",
        "-n",
        namespace,
        &deployment,
        "--timeout=120s",
    ])
    .await;
}
