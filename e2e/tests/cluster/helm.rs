//! Releases of the charts in namespaces of a test's own.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tokio::process::Command;

use crate::kubectl::{apply, kubectl};
use crate::pods::tag;

/// A namespace of one test, with Pod Security `restricted` like those of `k8s/namespaces.yaml`. It goes
/// with the test, whatever comes of it.
pub(crate) struct Namespace {
    pub(crate) name: &'static str,
}

impl Namespace {
    /// A new one, in the place of one that an earlier run has left.
    pub(crate) async fn new(name: &'static str) -> Self {
        kubectl(&["delete", "namespace", name, "--ignore-not-found"]).await;
        let modes = ["enforce", "audit", "warn"];
        let labels: Value = modes
            .iter()
            .map(|mode| (format!("pod-security.kubernetes.io/{mode}"), "restricted"))
            .chain([("app.kubernetes.io/part-of".to_owned(), "malha")])
            .map(|(label, value)| (label, Value::from(value)))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let metadata = json!({"name": name, "labels": labels});
        apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})).await;
        Self { name }
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let args = ["delete", "namespace", self.name, "--wait=false"];
        let gone = std::process::Command::new("kubectl").args(args).output();
        if !gone.is_ok_and(|output| output.status.success()) {
            eprintln!("the namespace {} is left behind", self.name);
        }
    }
}

/// The charts of this tree.
pub(crate) fn charts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../charts")
}

/// Runs one of Helm's programs, and gives what it printed.
pub(crate) async fn run(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (status, out, err) = (output.status, text(output.stdout), text(output.stderr));
    assert!(status.success(), "{program} {}: {out}{err}", args.join(" "));
    out
}

/// What one of Helm's programs complains of; it must fail.
pub(crate) async fn refused(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().await.unwrap();
    assert!(!output.status.success(), "{program} {}", args.join(" "));
    String::from_utf8(output.stderr).unwrap()
}

/// Installs a chart of this tree until it is ready.
pub(crate) async fn install(namespace: &Namespace, release: &str, chart: &str, values: &[&str]) {
    let tag = format!("global.image.tag={}", tag());
    let values = [&["--set", &tag], values].concat();
    become_ready("install", namespace, release, chart, &values).await;
}

/// Changes values of a release, until it is ready.
pub(crate) async fn upgrade(namespace: &Namespace, release: &str, chart: &str, values: &[&str]) {
    let values = [&["--reuse-values"], values].concat();
    become_ready("upgrade", namespace, release, chart, &values).await;
}

async fn become_ready(
    how: &str,
    namespace: &Namespace,
    release: &str,
    chart: &str,
    values: &[&str],
) {
    let chart = charts().join(chart);
    let chart = chart.to_str().unwrap();
    let fixed = [
        how,
        release,
        chart,
        "-n",
        namespace.name,
        "--wait",
        "--timeout=3m",
    ];
    run("helm", &[&fixed, values].concat()).await;
}

/// Runs the tests of a release, which fail the caller with their logs.
pub(crate) async fn test(namespace: &Namespace, release: &str) -> String {
    let args = [
        "test",
        release,
        "-n",
        namespace.name,
        "--logs",
        "--timeout=3m",
    ];
    run("helm", &args).await
}

/// Every test of a release has passed, with all that it looked at.
pub(crate) fn passed(report: &str, suites: usize) {
    assert_eq!(
        report.matches("Phase:          Succeeded").count(),
        suites,
        "{report}"
    );
    assert_eq!(
        report.matches(" passed, 0 failed\n").count(),
        suites,
        "{report}"
    );
    assert!(!report.contains("skipped"), "{report}");
}
