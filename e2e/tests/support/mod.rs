//! What the tests of journeys share.
#![cfg(test)]
#![expect(dead_code, reason = "each test uses the part that it needs")]

pub(crate) mod chat;
pub(crate) mod lab;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use catalogue::Catalogue;
use e2e::journeys::{self, Context, Journey};
use e2e::target::Target;

/// Runs every journey of every exercise and fails with the list of those that failed.
pub(crate) async fn walk_all(target: Target) {
    let context = Context::new(target).unwrap();
    let chosen = journeys::all();
    for exercise in Catalogue::read(&root()).unwrap().exercises {
        let mut journeys = chosen.iter();
        let of_it = |journey: &Journey| journey.exercise == exercise.name;
        assert!(journeys.any(of_it), "{} has no journey", exercise.name);
    }
    let mut failures = Vec::new();
    for journey in chosen {
        if let Err(error) = journey.run(context.clone()).await {
            failures.push(format!("{}: {error}", journey.name));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Whether there is a cluster to look at; where there is none, says which test is skipped.
#[expect(clippy::disallowed_methods, reason = "the switch of these tests")]
pub(crate) fn has_cluster() -> bool {
    let given = std::env::var("E2E_TARGET").as_deref() == Ok("cluster");
    if !given {
        let how = "it needs a cluster; with E2E_TARGET=cluster it runs against kubectl's";
        testing::skipped(&testing::this_test(), how);
    }
    given
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// Waits until a condition holds; a minute is far beyond what any machine needs.
pub(crate) async fn eventually<T>(what: &str, condition: impl AsyncFnMut() -> Option<T>) -> T {
    within(Duration::from_mins(1), what, condition).await
}

/// The same, of what others measure and think over before they act.
pub(crate) async fn within<T>(
    patience: Duration,
    what: &str,
    condition: impl AsyncFnMut() -> Option<T>,
) -> T {
    let met = met(patience, condition).await;
    met.unwrap_or_else(|| panic!("never came to pass: {what}"))
}

/// What a condition gives, if it holds in time.
pub(crate) async fn met<T>(
    patience: Duration,
    mut condition: impl AsyncFnMut() -> Option<T>,
) -> Option<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(value) = condition().await {
            return Some(value);
        }
        if Instant::now() >= deadline {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
