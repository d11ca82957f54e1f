//! Lessons: begun, gone on with, ended; one at a time; put back whatever happens.

use serde_json::{Value, json};
use testing::eventually;

use crate::harness::{Lab, listens};

const LESSON: &str = "desafio1-refused-or-silent";
const LINK: &str = "desafio1-client-to-desafio1-servidor";

impl Lab {
    async fn lesson(&self) -> Value {
        self.json("/lab/lessons").await["running"].clone()
    }
}

#[tokio::test]
async fn a_lesson_breaks_step_by_step_and_puts_everything_back() {
    let lab = Lab::ready(&[]).await;
    let listed = lab.done(&["lesson"]);
    assert!(listed.contains(LESSON), "{listed}");
    let begun: Value = serde_json::from_str(&lab.done(&["lesson", LESSON, "--json"])).unwrap();
    assert_eq!(begun["running"]["step"], 0);
    assert!(!listens(lab.ports.servidor));
    let (said, is_begun) = lab.command(&["lesson", "hello-late"]);
    assert!(!is_begun && said.contains(LESSON), "{said}");

    assert!(lab.done(&["lesson", "next"]).contains("next step"));
    assert_eq!(lab.lesson().await["step"], 1);
    let faults = lab.link(LINK).await["faults"].clone();
    assert_eq!(faults[0]["kind"], "silence", "{faults}");
    assert!(lab.done(&["lesson", "stop"]).contains("put back"));
    assert_eq!(lab.link(LINK).await["faults"], json!([]));
    assert_eq!(lab.lesson().await, Value::Null);
    lab.until_ready().await;
    let (said, is_begun) = lab.command(&["lesson", "next"]);
    assert!(
        !is_begun && said.contains("no lesson is being given"),
        "{said}"
    );
}

#[tokio::test]
async fn a_lesson_that_cannot_be_given_says_why() {
    let mut lab = Lab::start(&["desafio1"], &[]);
    lab.until_ready().await;
    for (lesson, says) in [
        (
            "desafio1-refused",
            "did you mean desafio1-refused-or-silent",
        ),
        ("hello-late", "this lab runs without hello"),
        ("chat-killed", "this lab runs without serviceB"),
    ] {
        let (said, is_begun) = lab.command(&["lesson", lesson]);
        assert!(!is_begun && said.contains(says), "{lesson}: {said}");
    }
    // The lab ends in order in the midst of a lesson, too.
    lab.done(&["lesson", LESSON, "--json"]);
    lab.signal("TERM");
    assert_eq!(lab.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_service_is_started_anew_with_the_settings_of_a_lesson_and_then_with_its_own() {
    let lab = Lab::ready(&[]).await;
    let pid = async || lab.service("grpc-servidor").await["pid"].clone();
    let before = pid().await;
    lab.done(&["lesson", "grpc-short-lives", "--json"]);
    let during = pid().await;
    assert_ne!(during, before);
    lab.done(&["lesson", "stop"]);
    assert_ne!(pid().await, during);
    eventually("the service is ready again", async || {
        let service = lab.service("grpc-servidor").await;
        (service["ready"] == true).then_some(())
    })
    .await;
}
