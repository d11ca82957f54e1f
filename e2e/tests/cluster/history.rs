//! The charts as they were before this tree, and as they will be after it.
//!
//! What there was before are the charts of the last tag (`git describe`) or, as long as there is none, of
//! the commit that last changed how all exercises are installed together, the first that does so with this
//! tree's images; `E2E_UPGRADE_FROM` names another commit.

use std::path::{Path, PathBuf};

use testing::{skipped, this_test};
use tokio::process::Command;

/// A folder that goes with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("malha-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn charts(&self) -> PathBuf {
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
pub(crate) async fn shell(line: &str) -> Option<String> {
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
async fn commit() -> Option<String> {
    if let Ok(named) = std::env::var("E2E_UPGRADE_FROM") {
        return Some(named);
    }
    // A tag on this very commit is this release, not the one before.
    let tag = shell("git describe --tags --abbrev=0 --match 'v*' HEAD^ 2>/dev/null").await;
    let together = "git log -1 --format=%h -- charts/malha/one-namespace.yaml";
    match tag {
        Some(tag) => Some(tag),
        None => shell(together).await,
    }
}

/// The charts before, for the test of this name; says so where there are none.
pub(crate) async fn before(test: &str) -> Option<Folder> {
    let Some(commit) = commit().await else {
        let why = "no history of the charts; E2E_UPGRADE_FROM names a commit";
        skipped(&this_test(), why);
        return None;
    };
    let old = Folder::new(&format!("before-{test}"));
    let unpack = format!(
        "git archive {commit} charts | tar -x -C {} && echo done",
        old.0.display()
    );
    let unpacked = shell(&unpack).await;
    unpacked.unwrap_or_else(|| panic!("{commit} has no charts"));
    println!("upgrades begin with the charts of {commit}");
    Some(old)
}

/// Every version of the charts one higher, as the next release's are.
pub(crate) async fn next() -> Folder {
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
