//! The findings as somebody reads them.

use std::fmt::Write;

use serde_json::{Value, json};

use super::Question;
use super::finding::{Finding, Need};

/// Whether everything that was asked for is there.
pub fn can_run(findings: &[Finding], question: Question) -> bool {
    findings
        .iter()
        .all(|finding| finding.is_good() || !question.requires(finding.need))
}

/// `ok`, `missing`, or `optional`: not there, or not as it should be, and not required.
fn state(finding: &Finding, question: Question) -> &'static str {
    match (finding.is_good(), question.requires(finding.need)) {
        (true, _) => "ok",
        (false, true) => "missing",
        (false, false) => "optional",
    }
}

/// A line a finding, what would mend it beneath, and one line that sums up.
pub fn text(findings: &[Finding], question: Question) -> String {
    let mut text = String::new();
    let width = findings
        .iter()
        .map(|finding| finding.what.len())
        .max()
        .unwrap_or_default();
    for need in [Need::Lab, Need::Kubernetes, Need::Comfort] {
        let mut of_need = findings
            .iter()
            .filter(|finding| finding.need == need)
            .peekable();
        if of_need.peek().is_some() {
            let _ = writeln!(text, "{}", need.heading());
        }
        for finding in of_need {
            let (what, state) = (finding.what, state(finding, question));
            let indent = format!("\n{:indent$}", "", indent = width + 14);
            let found = finding.found.replace('\n', &indent);
            let _ = writeln!(text, "  {state:8}  {what:width$}  {found}");
            if let Some(mend) = &finding.mend {
                let _ = writeln!(text, "{}-> {mend}", &indent[1..]);
            }
        }
    }
    let _ = writeln!(text, "\n{}", verdict(findings, question));
    text
}

fn verdict(findings: &[Finding], question: Question) -> &'static str {
    let lab = can_run(findings, Question::default());
    let kubernetes = Question {
        kubernetes: true,
        ..question
    };
    match (lab, can_run(findings, kubernetes)) {
        (true, true) => "Everything is there: `cargo run`, or the charts in the cluster.",
        (true, false) if question.kubernetes => "The lab can run; Kubernetes cannot be used yet.",
        (true, false) => "The lab can run: `cargo run`. Kubernetes needs what is said above.",
        (false, _) => "The lab cannot run yet.",
    }
}

/// The same for scripts.
pub fn json(findings: &[Finding], question: Question) -> Value {
    let each = findings.iter().map(|finding| {
        let mut value = json!({ "state": state(finding, question) });
        if let (Some(value), Ok(Value::Object(finding))) =
            (value.as_object_mut(), serde_json::to_value(finding))
        {
            value.extend(finding);
        }
        value
    });
    json!({ "ok": can_run(findings, question), "findings": each.collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAB: Question = Question {
        kubernetes: false,
        json: false,
    };
    const CLUSTER: Question = Question {
        kubernetes: true,
        json: false,
    };

    fn findings() -> Vec<Finding> {
        vec![
            Finding::good("Rust", Need::Lab, "rustc 1.95.0"),
            Finding::bad("helm", Need::Kubernetes, "no helm on PATH", "install it"),
            Finding::bad("tilt", Need::Comfort, "no tilt on PATH", "install it"),
        ]
    }

    #[test]
    fn what_kubernetes_lacks_does_not_keep_the_lab_from_running() {
        assert!(can_run(&findings(), LAB));
        assert!(!can_run(&findings(), CLUSTER));
        let without_rust = [Finding::bad("Rust", Need::Lab, "no rustc", "install it")];
        assert!(!can_run(&without_rust, LAB));
    }

    #[test]
    fn each_line_says_its_state_and_what_would_mend_it() {
        let lines = text(&findings(), LAB);
        for line in [
            "  ok        Rust  rustc 1.95.0",
            "  optional  helm  no helm on PATH",
            "                  -> install it",
            "The lab can run: `cargo run`. Kubernetes needs what is said above.",
        ] {
            assert!(lines.lines().any(|other| other == line), "{line}\n{lines}");
        }
        let strict = text(&findings(), CLUSTER);
        assert!(strict.contains("  missing   helm"), "{strict}");
        assert!(strict.contains("  optional  tilt"), "{strict}");
    }

    #[test]
    fn several_lines_of_one_finding_stand_under_each_other() {
        let ports = [Finding::bad(
            "ports",
            Need::Lab,
            "a: taken\nb: taken",
            "move them",
        )];
        let text = text(&ports, LAB);
        assert!(
            text.contains("  missing   ports  a: taken\n                   b: taken\n"),
            "{text}"
        );
    }

    #[test]
    fn scripts_get_the_same_as_json() {
        let json = json(&findings(), CLUSTER);
        assert_eq!(json["ok"], false);
        assert_eq!(json["findings"][0]["state"], "ok");
        assert_eq!(json["findings"][0].get("mend"), None);
        assert_eq!(json["findings"][1]["state"], "missing");
        assert_eq!(json["findings"][1]["need"], "kubernetes");
        assert_eq!(json["findings"][1]["mend"], "install it");
    }
}
