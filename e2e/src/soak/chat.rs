//! Messages said at A without a pause, each until it is accepted; and all that was heard at B.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use url::Url;

use super::Plan;
use crate::Failure;
use crate::chat::Session;

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Messages that A accepted.
    pub accepted: u64,
    /// Those that B's client never heard.
    pub lost: Vec<String>,
    /// Those that it heard more than once.
    pub doubled: Vec<String>,
    /// Whether they came in the order in which they were said.
    pub in_order: bool,
    /// How often both had to connect again.
    pub reconnects: u64,
    /// How often one of them was told that something was missed.
    pub missed: u64,
}

/// How long one message may take to be accepted, and the last ones to arrive.
const PATIENCE: Duration = Duration::from_mins(1);

/// Runs the plan between the services at `a` and `b`.
///
/// # Errors
/// A message that nobody accepts within a minute.
pub async fn run(plan: Plan<'_>, a: Url, b: Url) -> Result<Outcome, Failure> {
    let number = rand::random::<u32>() | 0x8000_0000;
    let (ended, end) = watch::channel(None);
    // It must be there before the first message is.
    let mut listener = Session::new(b, number ^ 1);
    let welcome = listener.frame(Instant::now() + PATIENCE).await;
    welcome.ok_or_else(|| Failure::Never("a welcome at B".to_owned()))?;
    let mut speaker = Session::new(a, number);
    let talk = async {
        let said = speak(plan, &mut speaker).await;
        let last = said.as_ref().ok().and_then(|said| said.last().cloned());
        ended.send_replace(Some(last.unwrap_or_default()));
        said
    };
    let (said, (heard, listener)) = tokio::join!(talk, listen(listener, number, end));
    let said = said?;

    let count = |id: &String| heard.iter().filter(|other| *other == id).count();
    let first: Vec<&String> = said.iter().filter(|id| count(id) > 0).collect();
    let mut unique = Vec::new();
    for id in &heard {
        if !unique.contains(&id) {
            unique.push(id);
        }
    }
    Ok(Outcome {
        accepted: said.len() as u64,
        lost: said.iter().filter(|id| count(id) == 0).cloned().collect(),
        doubled: said.iter().filter(|id| count(id) > 1).cloned().collect(),
        in_order: first == unique,
        reconnects: speaker.reconnects + listener.reconnects,
        missed: speaker.missed + listener.missed,
    })
}

/// Says all, one after the other; the ids in their order.
async fn speak(plan: Plan<'_>, speaker: &mut Session) -> Result<Vec<String>, Failure> {
    let mut ticks = plan.ticks();
    let mut said = Vec::new();
    while let Some(number) = plan.writes.take() {
        ticks.tick().await;
        let id = format!("{:032x}", rand::random::<u128>());
        let frame = json!({"type": "send", "id": id, "text": format!("mensagem {number}")});
        accepted(speaker, &id, &frame).await?;
        said.push(id);
    }
    Ok(said)
}

/// Sends a message, after each new connection once more, until it is accepted.
async fn accepted(speaker: &mut Session, id: &str, frame: &Value) -> Result<(), Failure> {
    let deadline = Instant::now() + PATIENCE;
    speaker.send(frame).await;
    while let Some(answer) = speaker.frame(deadline).await {
        let mine = answer["id"] == id;
        match answer["type"].as_str() {
            Some("welcome") => speaker.send(frame).await,
            Some("accepted") if mine => return Ok(()),
            Some("refused") if mine => {
                let wait = answer["retry_after"].as_u64().unwrap_or(100);
                sleep(Duration::from_millis(wait)).await;
                speaker.send(frame).await;
            }
            _ => {}
        }
    }
    Err(Failure::Never(format!("message {id} was accepted")))
}

/// Hears until the last message has come, or long enough after it was said.
async fn listen(
    mut listener: Session,
    speaker: u32,
    end: watch::Receiver<Option<String>>,
) -> (Vec<String>, Session) {
    let mut heard: Vec<String> = Vec::new();
    let mut deadline = None;
    loop {
        let last = end.borrow().clone();
        if let Some(last) = last {
            if heard.contains(&last) {
                return (heard, listener);
            }
            let deadline = *deadline.get_or_insert(Instant::now() + PATIENCE);
            if Instant::now() >= deadline {
                return (heard, listener);
            }
        }
        let soon = Instant::now() + Duration::from_millis(500);
        if let Some(frame) = listener.frame(soon).await
            && frame["type"] == "message"
            && frame["client"] == speaker
            && let Some(id) = frame["id"].as_str()
        {
            heard.push(id.to_owned());
        }
    }
}
