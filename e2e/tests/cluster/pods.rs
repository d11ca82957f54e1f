//! The conformance image in a pod of its own, as `helm test` runs it, with other arguments.

use serde_json::{Value, json};

use crate::kubectl::{apply, kubectl};
use crate::support::eventually;

/// A pod that runs the conformance image once.
pub(crate) struct Job {
    namespace: String,
    name: String,
}

/// What is particular to a pod.
#[derive(Default)]
pub(crate) struct Particulars<'a> {
    /// Its labels; none: those of a test, whom the exercises' policies let in.
    pub(crate) labels: &'a [(&'a str, &'a str)],
    pub(crate) args: &'a [&'a str],
    pub(crate) env: &'a [(&'a str, &'a str)],
    /// Never ready, so that no Service with these labels sends anybody there.
    pub(crate) hidden: bool,
}

fn map(pairs: &[(&str, &str)]) -> Value {
    let pairs = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
    pairs.collect::<serde_json::Map<_, _>>().into()
}

fn manifest(namespace: &str, name: &str, particulars: &Particulars<'_>) -> Value {
    let env: Vec<Value> = particulars
        .env
        .iter()
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    let of_a_test = [
        ("app.kubernetes.io/name", name),
        ("app.kubernetes.io/component", "test"),
        ("app.kubernetes.io/part-of", "malha"),
    ];
    let labels = if particulars.labels.is_empty() {
        &of_a_test
    } else {
        particulars.labels
    };
    let gates = if particulars.hidden {
        json!([{"conditionType": "malha.test/never"}])
    } else {
        json!([])
    };
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": map(labels)},
        "spec": {"restartPolicy": "Never", "automountServiceAccountToken": false,
            "enableServiceLinks": false, "readinessGates": gates,
            "securityContext": {"runAsNonRoot": true, "runAsUser": 65532,
                "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{"name": "e2e", "image": format!("malha/e2e:{}", tag()),
                "imagePullPolicy": "IfNotPresent", "args": particulars.args, "env": env,
                "securityContext": {"allowPrivilegeEscalation": false,
                    "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}}}]}})
}

impl Job {
    /// Starts it, in the place of one that an earlier run has left, and waits until it runs.
    pub(crate) async fn start(
        namespace: &str,
        name: &str,
        args: &[&str],
        env: &[(&str, &str)],
    ) -> Self {
        let particulars = Particulars {
            args,
            env,
            ..Particulars::default()
        };
        Self::create(namespace, name, &particulars).await
    }

    /// The same, of a pod that is not like the others.
    pub(crate) async fn create(namespace: &str, name: &str, particulars: &Particulars<'_>) -> Self {
        let job = Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        job.delete().await;
        apply(&manifest(namespace, name, particulars)).await;
        eventually("the pod runs", async || {
            (job.phase().await != "Pending").then_some(())
        })
        .await;
        job
    }

    async fn phase(&self) -> String {
        let form = "jsonpath={.status.phase}";
        kubectl(&["get", "pod", &self.name, "-n", &self.namespace, "-o", form]).await
    }

    /// Whether it is still at work: what is broken after its end shows nothing.
    pub(crate) async fn runs(&self) -> bool {
        self.phase().await == "Running"
    }

    /// Waits for its end and gives what it printed, which begins with a number, at least this one, and
    /// these words; the pod goes. What goes on until it is told is told, now that what it was to outlast
    /// is done.
    pub(crate) async fn outlasted(self, done: &str, least: u64, words: &str) -> String {
        assert!(self.runs().await, "{} ended before {done} did", self.name);
        let end = ["/service", "end"];
        kubectl(&[&["exec", &self.name, "-n", &self.namespace, "--"], &end[..]].concat()).await;
        let report = self.report().await;
        println!("{done}: {report}");
        let number = report.split_once(words).map(|(number, _)| number.parse());
        let enough = matches!(number, Some(Ok(number)) if least <= number);
        assert!(enough, "not {least}{words}: {report}");
        report
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
        let report = kubectl(&["logs", &self.name, "-n", &self.namespace]).await;
        self.delete().await;
        report
    }

    async fn delete(&self) {
        kubectl(&[
            "delete",
            "pod",
            &self.name,
            "-n",
            &self.namespace,
            "--ignore-not-found",
        ])
        .await;
    }
}

/// A steady load of requests from a pod of its own, which goes on until it is told to end.
pub(crate) struct Load {
    job: Job,
    requests: u64,
}

impl Load {
    /// Starts it; `how` are the arguments of `load` but for the least number of requests.
    pub(crate) async fn start(namespace: &str, name: &str, how: &[&str], requests: u64) -> Self {
        let count = format!("--requests={requests}");
        let plan = [&["load", "--until-told"], how, &[&count]].concat();
        let job = Job::start(namespace, name, &plan, &[]).await;
        Self { job, requests }
    }

    /// Ends it, whatever has come of it.
    pub(crate) async fn end(self) {
        self.job.delete().await;
    }

    /// Ends it, now that this is done. It must have outlasted that, and have lost nothing.
    pub(crate) async fn lost_nothing(self, done: &str) {
        self.job.outlasted(done, self.requests, " ok, 0 lost").await;
    }
}

/// The tag of the images: this version, or `E2E_TAG`.
#[expect(clippy::disallowed_methods, reason = "a switch of these tests")]
pub(crate) fn tag() -> String {
    std::env::var("E2E_TAG").unwrap_or_else(|_| env!("CARGO_PKG_VERSION").to_owned())
}

/// How many times the small size of a run is wanted: `E2E_SCALE`.
#[expect(clippy::disallowed_methods, reason = "a switch of these tests")]
pub(crate) fn scale() -> u64 {
    let scale = std::env::var("E2E_SCALE");
    scale.map_or(1, |scale| scale.parse().unwrap())
}
