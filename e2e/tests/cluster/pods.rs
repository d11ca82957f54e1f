//! The conformance image in a pod of its own, as `helm test` runs it, with other arguments.

use serde_json::{Value, json};

use crate::kubectl::kubectl;
use crate::support::eventually;

/// A pod that runs the conformance image once.
pub(crate) struct Job {
    namespace: &'static str,
    name: &'static str,
}

impl Job {
    /// Starts it, in the place of one that an earlier run has left, and waits until it runs.
    pub(crate) async fn start(
        namespace: &'static str,
        name: &'static str,
        args: &[&str],
        env: &[(&str, &str)],
    ) -> Self {
        let job = Self { namespace, name };
        job.delete().await;
        let env: Vec<Value> = env
            .iter()
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect();
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace, "labels": {
                "app.kubernetes.io/name": name,
                // Whom the exercises' NetworkPolicies let in.
                "app.kubernetes.io/component": "test", "app.kubernetes.io/part-of": "malha"}},
            "spec": {"restartPolicy": "Never", "automountServiceAccountToken": false,
                "enableServiceLinks": false,
                "securityContext": {"runAsNonRoot": true, "runAsUser": 65532,
                    "seccompProfile": {"type": "RuntimeDefault"}},
                "containers": [{"name": "e2e", "image": concat!("malha/e2e:", env!("CARGO_PKG_VERSION")),
                    "imagePullPolicy": "IfNotPresent", "args": args, "env": env,
                    "securityContext": {"allowPrivilegeEscalation": false,
                        "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}}}]}});
        let file = std::env::temp_dir().join(format!("malha-{name}-{}.json", std::process::id()));
        std::fs::write(&file, pod.to_string()).unwrap();
        kubectl(&["apply", "-f", file.to_str().unwrap()]).await;
        std::fs::remove_file(&file).unwrap();
        eventually("the pod runs", async || {
            (job.phase().await != "Pending").then_some(())
        })
        .await;
        job
    }

    async fn phase(&self) -> String {
        let form = "jsonpath={.status.phase}";
        kubectl(&["get", "pod", self.name, "-n", self.namespace, "-o", form]).await
    }

    /// Whether it is still at work: what is broken after its end shows nothing.
    pub(crate) async fn runs(&self) -> bool {
        self.phase().await == "Running"
    }

    /// Waits for its end and gives what it printed; the pod goes.
    pub(crate) async fn report(self) -> String {
        loop {
            let phase = eventually("the pod has a phase", async || Some(self.phase().await)).await;
            if phase != "Running" {
                break;
            }
            // Its own plan says for how long it works, and it bounds its patience itself.
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
        let report = kubectl(&["logs", self.name, "-n", self.namespace]).await;
        self.delete().await;
        report
    }

    async fn delete(&self) {
        kubectl(&[
            "delete",
            "pod",
            self.name,
            "-n",
            self.namespace,
            "--ignore-not-found",
        ])
        .await;
    }
}

/// How many times the small size of a run is wanted: `E2E_SCALE`.
#[expect(clippy::disallowed_methods, reason = "a switch of these tests")]
pub(crate) fn scale() -> u64 {
    let scale = std::env::var("E2E_SCALE");
    scale.map_or(1, |scale| scale.parse().unwrap())
}
