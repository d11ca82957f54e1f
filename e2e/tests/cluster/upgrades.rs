//! Upgrades under load: from the release before to this tree, and from this tree to the next version.
//!
//! What there was before are the charts of the last tag (`git describe`) or, as long as there is none, of
//! the commit that brought the umbrella chart, the first in which all exercises could be installed;
//! `E2E_UPGRADE_FROM` names another commit. The images are this tree's in all of it: an older
//! release's cannot be had everywhere, and what is shown here is what the charts do to what runs.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::process::Command;

use crate::helm::{Namespace, charts, run};
use crate::kubectl::{CLUSTER, get, skipped};
use crate::pods::{Job, scale, tag};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("malha-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn charts(&self) -> PathBuf {
        self.0.join("charts")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("{} is left behind: {error}", self.0.display());
        }
    }
}

/// What a line of shell prints, in the root of the tree; nothing where it fails.
async fn shell(line: &str) -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = Command::new("sh")
        .args(["-c", line])
        .current_dir(root)
        .output()
        .await
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

/// The commit of the charts before; none where there is no history.
#[expect(clippy::disallowed_methods, reason = "a switch of these tests")]
async fn before() -> Option<String> {
    if let Ok(named) = std::env::var("E2E_UPGRADE_FROM") {
        return Some(named);
    }
    // A tag on this very commit is this release, not the one before.
    let tag = shell("git describe --tags --abbrev=0 --match 'v*' HEAD^ 2>/dev/null").await;
    let added = "git log --diff-filter=A --format=%h -- charts/malha/Chart.yaml | tail -n 1";
    match tag {
        Some(tag) => Some(tag),
        None => shell(added).await,
    }
}

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

    /// Upgrades while users are written and read, and fails if one is lost. Whether Redis stayed is
    /// the answer: while it is replaced, reads are refused and writes are asked for again.
    async fn upgrade(&self, what: &str, charts: &Path) -> bool {
        let name = self.namespace.name;
        let before = self.kept().await;
        assert!(before.password.is_string(), "{before:?}");
        let (writes, reads) = (500 * scale(), 2_000 * scale());
        let env = [("USUARIOS_URL", "http://cliente:8000/")];
        let plan = ["soak-users", "--rate=20", &format!("--writes={writes}")];
        let writing = Job::start(name, "writes", &plan, &env).await;
        let url = "--url=http://cliente:8000/usuarios?limite=1";
        let plan = ["load", url, "--rate=80", &format!("--requests={reads}")];
        let reading = Job::start(name, "reads", &plan, &[]).await;
        self.to(charts).await;
        let busy = writing.runs().await && reading.runs().await;
        assert!(busy, "the load ended before the upgrade did");
        let (written, read) = (writing.report().await, reading.report().await);
        let after = self.kept().await;
        println!(
            "upgrade, {} {what}: {written}upgrade, {} {what}: {read}",
            self.helm, self.helm
        );
        assert_eq!(after.password, before.password);
        assert!(
            written.starts_with(&format!("{writes} acknowledged, 0 lost")),
            "{written}"
        );
        let stayed = after.redis == before.redis;
        if stayed {
            assert!(read.starts_with(&format!("{reads} ok, 0 lost")), "{read}");
        }
        stayed
    }
}

/// Every version of the charts one higher, as the next release's are.
async fn next() -> Folder {
    let folder = Folder::new("next");
    let copy = format!(
        "cp -R charts {0} && cd {0}/charts && echo done",
        folder.0.display()
    );
    shell(&copy).await.unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let raise = format!(
        "sed -i 's/ersion: \"*{version}\"*/&-next/; s/{version}\"-next/{version}-next\"/' {}/*/Chart.yaml && echo done",
        folder.charts().display()
    );
    shell(&raise).await.unwrap();
    folder
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
}

#[tokio::test]
async fn upgrades_keep_users_and_password_and_lose_no_request() {
    if skipped() {
        return;
    }
    let _alone = CLUSTER.lock().await;
    let Some(commit) = before().await else {
        eprintln!("SKIPPED: no history of the charts; E2E_UPGRADE_FROM names a commit");
        return;
    };
    let old = Folder::new("before");
    let unpack = format!(
        "git archive {commit} charts | tar -x -C {} && echo done",
        old.0.display()
    );
    shell(&unpack)
        .await
        .unwrap_or_else(|| panic!("{commit} has no charts"));
    println!("upgrades begin with the charts of {commit}");
    let (old, next) = (old.charts(), next().await);
    let next = next.charts();
    let by_4 = upgraded("helm", "upgrade-helm", &old, &next);
    if shell("helm3 version").await.is_some() {
        tokio::join!(by_4, upgraded("helm3", "upgrade-helm3", &old, &next));
    } else {
        eprintln!("SKIPPED: upgrades by Helm 3, since helm3 is not on PATH");
        by_4.await;
    }
}
