//! What is asked of a lab that runs, in another terminal.

use std::process::Output;

use serde_json::{Value, json};
use testing::blocking;

use crate::harness::{Lab, malha};

const TRACE: &str = "2af7651916cd43dd8448eb211c80319c";

/// What `malha` answers beside a lab.
async fn beside(lab: &Lab, args: &[&str]) -> Output {
    let mut command = malha();
    command.args(args).envs(lab.ports.environment());
    blocking(move || command.output().unwrap()).await
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn export() -> Value {
    let span = |id: &str, parent: &str, name: &str| {
        json!({
            "traceId": TRACE, "spanId": id, "parentSpanId": parent, "name": name,
            "startTimeUnixNano": "1795237465000000000", "endTimeUnixNano": "1795237465005000000",
        })
    };
    let spans = [
        span("b7ad6b7169203331", "", "ask"),
        span("b7ad6b7169203332", "b7ad6b7169203331", "answer"),
    ];
    let name = json!({ "key": "service.name", "value": { "stringValue": "own" } });
    let resource = json!({ "attributes": [name] });
    json!({ "resourceSpans": [{ "resource": resource, "scopeSpans": [{ "spans": spans }] }] })
}

#[tokio::test]
async fn a_trace_is_shown_as_a_tree_or_as_json() {
    let lab = Lab::ready(&[]).await;
    lab.export(&export()).await;
    let shown = beside(&lab, &["trace", TRACE]).await;
    let expected =
        format!("{TRACE}  2 spans, 5.00 ms\nown  ask  5.00 ms\n└─ own  answer  5.00 ms\n\n");
    assert_eq!((text(&shown.stdout), text(&shown.stderr)), (&*expected, ""));
    assert!(shown.status.success());

    let shown = beside(&lab, &["trace", "--json", TRACE]).await;
    let json: Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(json["traceID"], TRACE);

    let newest = beside(&lab, &["trace"]).await;
    assert!(
        newest.status.success() && text(&newest.stdout).contains(" span"),
        "{newest:?}"
    );
}

#[tokio::test]
async fn traces_are_chosen_by_service_and_by_whether_they_failed() {
    let lab = Lab::ready(&[]).await;
    let mut failed = export();
    failed["resourceSpans"][0]["resource"]["attributes"][0]["value"]["stringValue"] =
        "a b&c".into();
    failed["resourceSpans"][0]["scopeSpans"][0]["spans"][1]["status"] = json!({ "code": 2 });
    lab.export(&failed).await;
    for choice in [
        &["--errors"][..],
        &["--service", "a b&c"],
        &["--service", "a b&c", "--errors"],
    ] {
        let shown = beside(&lab, &[&["trace"], choice].concat()).await;
        assert!(
            text(&shown.stdout).starts_with(TRACE),
            "{choice:?}: {shown:?}"
        );
    }
    let none = beside(&lab, &["trace", "--service", "servidor", "--errors"]).await;
    assert_eq!(none.status.code(), Some(1));
    let says = "has no trace yet in which \"servidor\" has a part that failed";
    assert!(text(&none.stderr).contains(says), "{none:?}");
}

#[tokio::test]
async fn what_cannot_be_shown_is_said() {
    let lab = Lab::ready(&[]).await;
    let missing = beside(&lab, &["trace", "1f"]).await;
    assert_eq!(missing.status.code(), Some(1));
    assert!(
        text(&missing.stderr).contains("trace not found"),
        "{missing:?}"
    );
    let nobody = testing::address().to_string();
    let nowhere = beside(&lab, &["trace", "--at", &nobody]).await;
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(
        text(&nowhere.stderr).contains("no lab answers at"),
        "{nowhere:?}"
    );
    let wrong = beside(&lab, &["trace", "xyz"]).await;
    assert_eq!(wrong.status.code(), Some(2));
}

#[tokio::test]
async fn the_doctor_knows_a_lab_that_runs() {
    let lab = Lab::ready(&[]).await;
    let looked = beside(&lab, &["doctor", "--json"]).await;
    let report: Value = serde_json::from_slice(&looked.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let ports = findings
        .iter()
        .find(|finding| finding["what"] == "ports")
        .unwrap();
    let found = ports["found"].as_str().unwrap();
    let page = format!(
        "a lab runs already at http://localhost:{}",
        lab.ports.page.port()
    );
    assert!(
        found.starts_with(&page) && found.ends_with(" services ready"),
        "{found}"
    );
    assert_eq!(ports["state"], "ok");
}

#[test]
fn completions_are_printed_for_shells_and_for_nothing_else() {
    let printed = malha().args(["completions", "bash"]).output().unwrap();
    assert!(printed.status.success());
    assert!(text(&printed.stdout).contains("desafio1-client"));
    for wrong in [&["completions"][..], &["completions", "cmd"]] {
        let refused = malha().args(wrong).output().unwrap();
        assert_eq!(refused.status.code(), Some(2));
        assert!(
            text(&refused.stderr).contains("expected bash, zsh, fish"),
            "{refused:?}"
        );
    }
}
