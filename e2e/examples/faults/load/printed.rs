//! A client of ours that asks again and again, as it prints its answers.

use std::time::Duration;

use serde_json::Value;
use testing::Lines;
use tokio::time::{Instant, sleep};

use crate::tally::Tally;

/// What a client prints, and what it logs.
#[derive(Clone, Debug)]
pub(crate) struct Printed {
    pub(crate) answers: Lines,
    pub(crate) log: Lines,
    /// Any of these is a right answer.
    pub(crate) right: &'static [&'static str],
}

/// Between two looks at what it printed.
const LOOK: Duration = Duration::from_millis(10);

impl Printed {
    /// Notes each answer and each failure, as begun when the one before came.
    pub(crate) async fn run(&self, tally: &Tally) {
        let (mut answered, mut logged) = (self.answers.all().len(), self.log.all().len());
        let mut begun = Instant::now();
        let mut note = |failure: Option<String>| {
            tally.record(begun, failure);
            begun = Instant::now();
        };
        while !tally.is_over() {
            sleep(LOOK).await;
            for line in self.answers.all().iter().skip(answered) {
                answered += 1;
                let is_right = self.right.iter().any(|right| line.ends_with(right));
                note((!is_right).then(|| format!("wrong answer {line:?}")));
            }
            for line in self.log.all().iter().skip(logged) {
                logged += 1;
                if let Some(failure) = failure(line) {
                    note(Some(failure));
                }
            }
        }
    }
}

/// Why there was no answer, if the line says so: its last words.
fn failure(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    if line["message"] != "no answer" {
        return None;
    }
    let error = line["error"].as_str()?;
    let (_, reason) = error.rsplit_once(": ").unwrap_or(("", error));
    let (reason, _) = reason.split_once(" (os error").unwrap_or((reason, ""));
    Some(reason.to_owned())
}
