//! Upgrades under load: from the release before to this tree, and from this tree to the next version.
//!
//! The images are this tree's in all of it: an older release's cannot be had everywhere, and what is shown
//! here is what the charts do to what runs.

use std::path::Path;

use serde_json::Value;
use testing::{skipped, this_test};

use crate::helm::{Namespace, charts, passed, refused, run, test};
use crate::history::{before, next, shell};
use crate::kubectl::{CLUSTER, get};
use crate::pods::{Job, Load, scale, tag};
use crate::support::has_cluster;

/// One release of grpc, and the Helm that looks after it.
struct Release {
    helm: &'static str,
    namespace: Namespace,
}

/// What an upgrade must not change by itself.
#[derive(Debug, PartialEq)]
struct Kept {
    password: Value,
    redis: Value,
}

impl Release {
    async fn to(&self, charts: &Path) {
        let chart = charts.join("grpc");
        let (name, image) = (self.namespace.name, format!("image.tag={}", tag()));
        let fixed = [
            "upgrade",
            "--install",
            "grpc",
            chart.to_str().unwrap(),
            "-n",
            name,
        ];
        let more = ["--wait", "--timeout=3m", "--set", &image];
        run(self.helm, &[&fixed[..], &more].concat()).await;
    }

    async fn kept(&self) -> Kept {
        let secret = get(self.namespace.name, "secret/grpc").await;
        let redis = get(self.namespace.name, "pod/redis-0").await;
        Kept {
            password: secret["data"]["redis-password"].clone(),
            redis: redis["metadata"]["uid"].clone(),
        }
    }

    /// A volume of another size is refused, and what stands before it in the chart is left as it is.
    async fn keeps_its_volume(&self) {
        let name = self.namespace.name;
        let gateway = async || get(name, "deployment/grpc-cliente").await["spec"].clone();
        let (chart, before) = (charts().join("grpc"), gateway().await);
        let fixed = ["upgrade", "grpc", chart.to_str().unwrap(), "-n", name];
        let more = [
            "--reuse-values",
            "--set=environment=other,redis.storage=2Gi",
        ];
        let said = refused(self.helm, &[&fixed[..], &more].concat()).await;
        assert!(
            said.contains("redis.storage: the volume of redis"),
            "{said}"
        );
        assert_eq!(gateway().await, before);
    }

    /// Upgrades while users are written and read, and fails if one is lost. Whether Redis stayed is
    /// the answer: while it is replaced, reads are refused and writes are asked for again.
    async fn upgrade(&self, what: &str, charts: &Path) -> bool {
        let name = self.namespace.name;
        let before = self.kept().await;
        assert!(before.password.is_string(), "{before:?}");
        let (writes, reads) = (500 * scale(), 2_000 * scale());
        let env = [("USUARIOS_URL", "http://cliente:8000/")];
        let count = format!("--writes={writes}");
        let plan = ["soak-users", "--until-told", "--rate=20", &count];
        let writing = Job::start(name, "writes", &plan, &env).await;
        let url = "--url=http://cliente:8000/usuarios?limite=1";
        let reading = Load::start(name, "reads", &[url, "--rate=80"], reads).await;
        self.to(charts).await;
        let done = format!("upgrade, {} {what}", self.helm);
        let promise = " acknowledged, 0 lost";
        writing.outlasted(&done, writes, promise).await;
        let after = self.kept().await;
        assert_eq!(after.password, before.password);
        let stayed = after.redis == before.redis;
        if stayed {
            reading.lost_nothing(&done).await;
        } else {
            reading.end().await;
        }
        stayed
    }
}

async fn upgraded(helm: &'static str, namespace: &'static str, old: &Path, new: &Path) {
    let namespace = Namespace::new(namespace).await;
    let release = Release { helm, namespace };
    release.to(old).await;
    let stayed = release.upgrade("from before", &charts()).await;
    println!(
        "upgrade, {helm} from before: Redis {}",
        if stayed { "stayed" } else { "was replaced" }
    );
    let stayed = release.upgrade("to the next", new).await;
    assert!(
        stayed,
        "a version that says nothing of Redis has replaced it"
    );
    release.keeps_its_volume().await;
}

#[tokio::test]
async fn upgrades_keep_users_and_password_and_lose_no_request() {
    if !has_cluster() {
        return;
    }
    let _alone = CLUSTER.lock().await;
    let Some(old) = before("upgrades").await else {
        return;
    };
    let (old, next) = (old.charts(), next().await);
    let next = next.charts();
    let by_4 = upgraded("helm", "upgrade-helm", &old, &next);
    if shell("helm3 version").await.is_some() {
        tokio::join!(by_4, upgraded("helm3", "upgrade-helm3", &old, &next));
    } else {
        skipped(&this_test(), "its part by Helm 3: helm3 is not on PATH");
        by_4.await;
    }
}

#[tokio::test]
async fn an_upgrade_of_all_exercises_at_once_loses_no_request() {
    if !has_cluster() {
        return;
    }
    let _alone = CLUSTER.lock().await;
    let Some(old) = before("umbrella").await else {
        return;
    };
    let all = Namespace::new("upgrade-all").await;
    let image = format!("global.image.tag={}", tag());
    let to = async |charts: &Path| {
        let chart = charts.join("malha");
        let values = chart.join("one-namespace.yaml");
        let fixed = ["upgrade", "--install", "malha", chart.to_str().unwrap()];
        let more = ["-n", all.name, "-f", values.to_str().unwrap()];
        let wait = ["--set", &image, "--wait", "--timeout=4m"];
        run("helm", &[&fixed[..], &more, &wait].concat()).await
    };
    to(&old.charts()).await;
    let requests = 4_000 * scale();
    let how = ["--url=http://servidor:8080/", "--rate=80"];
    let load = Load::start(all.name, "requests", &how, requests).await;
    to(&charts()).await;
    load.lost_nothing("the upgrade of all exercises").await;
    passed(&test(&all, "malha").await, 5);
}
