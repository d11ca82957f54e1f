//! Users created without a pause, each asked for until it is acknowledged; then all are read back.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use url::Url;

use super::Plan;
use crate::Failure;

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Users whose creation was answered by 201.
    pub acknowledged: u64,
    /// Those of them that were not there afterwards, or were another's.
    pub lost: Vec<String>,
    /// Answers that were errors, or none: each was asked for again by the same key.
    pub errors: u64,
    /// The longest time without an acknowledgement.
    pub longest_gap: Duration,
}

/// No write is tried for longer than this.
const PATIENCE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(50);

/// Runs the plan against the gateway at `base`.
///
/// # Errors
/// A write that is refused, or that nothing acknowledges within a minute.
pub async fn run(plan: Plan<'_>, base: &Url, http: &reqwest::Client) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::default();
    let mut written = Vec::new();
    let mut ticks = plan.ticks();
    let mut last = Instant::now();
    while let Some(number) = plan.writes.take() {
        ticks.tick().await;
        let key = format!("{:032x}", rand::random::<u128>());
        let user = json!({"nome": format!("Soak {number}"), "email": format!("{key}@example.com")});
        let id = create(base, http, &key, &user, &mut outcome.errors).await?;
        outcome.acknowledged += 1;
        outcome.longest_gap = outcome.longest_gap.max(last.elapsed());
        last = Instant::now();
        written.push((id, user));
    }
    for (id, user) in written {
        let found = read(base, http, &id).await?;
        if found
            .is_none_or(|found| found["email"] != user["email"] || found["nome"] != user["nome"])
        {
            outcome.lost.push(id);
        }
    }
    Ok(outcome)
}

fn at(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(path);
    url
}

/// Asks until the user is there. The key makes sure that it is made once, however often it is asked for.
async fn create(
    base: &Url,
    http: &reqwest::Client,
    key: &str,
    user: &Value,
    errors: &mut u64,
) -> Result<String, Failure> {
    let deadline = Instant::now() + PATIENCE;
    let mut last = String::new();
    while Instant::now() < deadline {
        let request = http
            .post(at(base, "/usuarios"))
            .header("idempotency-key", key)
            .json(user);
        match request.send().await {
            Ok(answer) if answer.status() == StatusCode::CREATED => {
                if let Ok(Value::String(id)) =
                    answer.json().await.map(|user: Value| user["id"].clone())
                {
                    return Ok(id);
                }
                last = String::from("201 without an id");
            }
            // What is not going to be otherwise is no matter of patience.
            Ok(answer)
                if answer.status().is_client_error()
                    && answer.status() != StatusCode::TOO_MANY_REQUESTS =>
            {
                return Err(Failure::Wrong(format!(
                    "a creation got {}",
                    answer.status()
                )));
            }
            Ok(answer) => last = answer.status().to_string(),
            Err(error) => last = error.to_string(),
        }
        *errors += 1;
        sleep(PAUSE).await;
    }
    Err(Failure::Never(format!(
        "a creation was acknowledged; last: {last}"
    )))
}

/// The user, if it is there.
async fn read(base: &Url, http: &reqwest::Client, id: &str) -> Result<Option<Value>, Failure> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match http.get(at(base, &format!("/usuarios/{id}"))).send().await {
            Ok(answer) if answer.status() == StatusCode::NOT_FOUND => return Ok(None),
            Ok(answer) if answer.status() == StatusCode::OK => {
                if let Ok(user) = answer.json().await {
                    return Ok(Some(user));
                }
            }
            _ => {}
        }
        sleep(PAUSE).await;
    }
    Err(Failure::Never(format!("user {id} was read")))
}
