//! A steady load, bounded in number and in time, that counts what failed.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use url::Url;

use crate::quota::Quota;

/// How much load.
#[derive(Clone, Debug)]
pub struct Load {
    /// What is asked for.
    pub url: Url,
    /// How many at once.
    pub concurrency: u64,
    /// Requests a second, over all; 0 for as many as go.
    pub rate: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Answered with 200.
    pub ok: u64,
    /// Not answered, or with another status.
    pub failed: u64,
    /// When and why, for the first of them.
    pub reasons: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

const REASONS: usize = 5;

/// Runs a load to its end. The workers share one client and its kept connections, as a program that
/// calls a service does; an answer that fails is counted, and not asked for again.
pub async fn run(load: &Load, quota: &Arc<Quota>, http: &reqwest::Client) -> Outcome {
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..load.concurrency {
        workers.spawn(work(load.clone(), http.clone(), Arc::clone(quota)));
    }
    let mut outcome = Outcome::default();
    while let Some(joined) = workers.join_next().await {
        match joined {
            Ok(part) => {
                outcome.ok += part.ok;
                outcome.failed += part.failed;
                outcome.reasons.extend(part.reasons);
            }
            Err(error) => outcome.reasons.push(error.to_string()),
        }
    }
    // Requests that were never begun are as lost as those that failed.
    let missing = quota.least().saturating_sub(outcome.ok);
    outcome.failed = outcome.failed.max(missing);
    outcome.reasons.truncate(REASONS);
    outcome.took = quota.elapsed();
    outcome
}

async fn work(load: Load, http: reqwest::Client, quota: Arc<Quota>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut pace = (load.rate > 0).then(|| {
        let each = Duration::from_nanos(load.concurrency * 1_000_000_000 / load.rate);
        let mut pace = tokio::time::interval(each);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        pace
    });
    while quota.take().is_some() {
        if let Some(pace) = &mut pace {
            pace.tick().await;
        }
        match ask(&http, &load.url).await {
            Ok(()) => outcome.ok += 1,
            Err(reason) => {
                outcome.failed += 1;
                if outcome.reasons.len() < REASONS {
                    let after = quota.elapsed();
                    outcome.reasons.push(format!("after {after:.1?}: {reason}"));
                }
            }
        }
    }
    outcome
}

async fn ask(http: &reqwest::Client, url: &Url) -> Result<(), String> {
    let answer = http
        .get(url.clone())
        .send()
        .await
        .map_err(|error| format!("{error:?}"))?;
    let status = answer.status();
    answer.bytes().await.map_err(|error| format!("{error:?}"))?;
    if status == reqwest::StatusCode::OK {
        Ok(())
    } else {
        Err(format!("status {status}"))
    }
}
