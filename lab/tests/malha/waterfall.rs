//! A trace's page in a real browser.

use std::path::Path;

use serde_json::json;
use testing::{not_installed, this_test};
use tokio::process::Command;

use crate::harness::Lab;

const PROGRAMS: [&str; 4] = [
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome-stable",
    "/usr/bin/google-chrome",
];

const TRACE: &str = "1af7651916cd43dd8448eb211c80319c";

/// The page after its scripts have run; `None`, and a line that says so, where there is no browser.
async fn page(url: &str) -> Option<String> {
    let Some(program) = PROGRAMS.into_iter().find(|path| Path::new(path).exists()) else {
        not_installed(&this_test(), "chromium", "chromium");
        return None;
    };
    let profile = tempfile::tempdir().unwrap();
    let shown = Command::new(program)
        .args(["--headless=new", "--disable-gpu", "--no-first-run"])
        // Containers have neither user namespaces for the sandbox nor a large /dev/shm.
        .args(["--no-sandbox", "--disable-dev-shm-usage"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        // The browser's own clock: it stands still while an answer is awaited.
        .args(["--virtual-time-budget=5000", "--dump-dom", url])
        .output()
        .await
        .unwrap();
    Some(String::from_utf8(shown.stdout).unwrap())
}

#[tokio::test]
async fn spans_that_share_an_id_all_stand_in_the_waterfall() {
    let lab = Lab::ready(&[]).await;
    let span = |id: &str, parent: &str, name: &str| {
        json!({
            "traceId": TRACE, "spanId": id, "parentSpanId": parent, "name": name,
            "startTimeUnixNano": "1795237465000000000", "endTimeUnixNano": "1795237465005000000",
        })
    };
    let (twin, child) = ("b7ad6b7169203331", "b7ad6b7169203332");
    let spans = [
        span(twin, "", "first twin"),
        span(twin, "", "second twin"),
        span(child, twin, "child of twins"),
    ];
    let export = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": spans }] }] });
    lab.export(&export).await;
    let Some(shown) = page(&format!("http://{}/trace/{TRACE}", lab.ports.page)).await else {
        return;
    };
    for name in ["first twin", "second twin", "child of twins"] {
        assert!(shown.contains(name), "no {name} in {shown}");
    }
}
