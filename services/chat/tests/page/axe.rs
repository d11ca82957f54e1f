//! axe-core's rules on a page. The lab's tests include this file, as they do the browser's.

use tempfile::tempdir;
use testing::{skipped, this_test};
use tokio::process::Command;

use crate::tab::Tab;

const AXE: &str = "axe-core@4.14.1";
/// WCAG 2.2 up to AA, and what axe-core counts as best practice.
const RULES: &str = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']";

/// axe-core's source, and how many rules must apply to a page: fewer mean that nothing was looked at.
pub(crate) struct Axe {
    source: String,
    least: u32,
}

impl Axe {
    /// Fetches it; `None`, and a line that says so, where npm does not get it.
    pub(crate) async fn get(least: u32) -> Option<Self> {
        let folder = tempdir().unwrap();
        let npm = Command::new("npm")
            .args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"])
            .arg(folder.path())
            .arg(AXE)
            .output()
            .await;
        if npm.is_ok_and(|output| output.status.success()) {
            let file = folder.path().join("node_modules/axe-core/axe.min.js");
            let source = tokio::fs::read_to_string(file).await.unwrap();
            return Some(Self { source, least });
        }
        skipped(&this_test(), &format!("npm does not get {AXE}"));
        None
    }

    /// What it finds, as rule and place.
    pub(crate) async fn violations(&self, page: &Tab) -> Vec<String> {
        let Self { source, least } = self;
        page.eval(&format!("{source};0")).await;
        let found = page
            .eval(&format!(
                "axe.run(document, {{ runOnly: {RULES} }}).then(({{ passes, violations }}) => passes.length < {least}
                    ? ['few rules applied: ' + passes.length]
                    : violations.flatMap(({{ id, nodes }}) => nodes.map(({{ target, failureSummary }}) =>
                        `${{id}}: ${{target}}: ${{failureSummary}}`)))"
            ))
            .await;
        serde_json::from_value(found).unwrap()
    }
}
