//! Messages said at both services, each until it is accepted, and heard at both.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use e2e::chat::Session;
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use url::Url;

use super::{Found, PATIENCE, Pace};
use crate::tally::Tally;

/// A load on two services of the chat.
#[derive(Clone, Debug)]
pub(crate) struct Chat {
    pub(crate) services: [Url; 2],
}

/// Who speaks: numbers that no other has, those of the listeners above them.
const LISTENERS: u32 = 1_000_000;

/// What was accepted of each speaker, by the number in its order.
type Accepted = Mutex<HashMap<u32, Vec<u64>>>;

/// What a listener heard, in its order: who, and which of theirs.
type Heard = Vec<(u32, u64)>;

impl Chat {
    pub(crate) async fn run(&self, tally: &Tally, pace: Pace) -> anyhow::Result<Found> {
        let accepted = Accepted::default();
        let speaking = AtomicU64::new(u64::from(pace.workers));
        let mut listeners = Vec::new();
        for (at, base) in (LISTENERS..).zip(&self.services) {
            let mut listener = Session::new(base.clone(), at);
            let welcome = listener.frame(Instant::now() + PATIENCE).await;
            anyhow::ensure!(welcome.is_some(), "no welcome at {base}");
            listeners.push(listener);
        }
        let speakers = (1..=pace.workers).map(|number| {
            let base = self.services[number as usize % self.services.len()].clone();
            let (accepted, speaking) = (&accepted, &speaking);
            async move {
                let mut speaker = Session::new(base, number);
                let said = speak(&mut speaker, number, tally, pace).await;
                let mut accepted = accepted.lock().unwrap_or_else(PoisonError::into_inner);
                accepted.insert(number, said);
                speaking.fetch_sub(1, Ordering::Relaxed);
                speaker
            }
        });
        let hear = listeners
            .into_iter()
            .map(|one| listen(one, &accepted, &speaking));
        let (speakers, heard) = tokio::join!(join_all(speakers), join_all(hear));
        let accepted = accepted
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let mut found = Found::default();
        let (mut disorder, mut missed, mut reconnects) = (0, 0, 0);
        for (heard, listener) in heard {
            let (lost, doubled, wrong) = compared(&accepted, &heard);
            found.lost += lost;
            found.doubled += doubled;
            disorder += wrong;
            missed += listener.missed;
            reconnects += listener.reconnects;
        }
        for speaker in &speakers {
            missed += speaker.missed;
            reconnects += speaker.reconnects;
        }
        found.notes.push(format!("{reconnects} reconnects"));
        for (what, count) in [("out of order", disorder), ("told of a gap", missed)] {
            if count > 0 {
                found.broken.push(format!("{count} {what}"));
            }
        }
        Ok(found)
    }
}

/// Speaks until it is enough; what was accepted.
async fn speak(speaker: &mut Session, me: u32, tally: &Tally, pace: Pace) -> Vec<u64> {
    let (mut ticks, mut said) = (pace.ticks(), Vec::new());
    for number in 0.. {
        ticks.tick().await;
        if tally.is_over() {
            break;
        }
        if accepted(speaker, me, number, tally).await {
            said.push(number);
        }
    }
    said
}

/// Sends a message, after each new connection once more, until it is accepted.
async fn accepted(speaker: &mut Session, me: u32, number: u64, tally: &Tally) -> bool {
    let id = format!("{me}-{number}");
    let frame = json!({"type": "send", "id": id, "text": "teste"});
    let begun = Instant::now();
    speaker.send(&frame).await;
    while let Some(answer) = speaker.frame(begun + PATIENCE).await {
        let mine = answer["id"] == id.as_str();
        match answer["type"].as_str() {
            Some("welcome") => speaker.send(&frame).await,
            Some("accepted") if mine => {
                tally.record(begun, None);
                return true;
            }
            Some("refused") if mine => {
                let reason = answer["reason"].as_str().unwrap_or("without a reason");
                tally.record(begun, Some(format!("refused ({reason})")));
                let wait = answer["retry_after"].as_u64().unwrap_or(100);
                sleep(Duration::from_millis(wait)).await;
                speaker.send(&frame).await;
            }
            _ => {}
        }
    }
    tally.record(begun, Some("never accepted".to_owned()));
    false
}

/// Hears until all that was accepted has come, or long enough after the last was said.
async fn listen(
    mut listener: Session,
    accepted: &Accepted,
    speaking: &AtomicU64,
) -> (Heard, Session) {
    let (mut heard, mut deadline) = (Heard::new(), None);
    loop {
        if speaking.load(Ordering::Relaxed) == 0 {
            let accepted = accepted.lock().unwrap_or_else(PoisonError::into_inner);
            let deadline = *deadline.get_or_insert(Instant::now() + PATIENCE);
            if compared(&accepted, &heard).0 == 0 || Instant::now() >= deadline {
                return (heard, listener);
            }
        }
        let soon = Instant::now() + Duration::from_millis(200);
        if let Some(frame) = listener.frame(soon).await
            && let Some(message) = message(&frame)
        {
            heard.push(message);
        }
    }
}

fn message(frame: &Value) -> Option<(u32, u64)> {
    if frame["type"] != "message" {
        return None;
    }
    let (speaker, number) = frame["id"].as_str()?.split_once('-')?;
    Some((speaker.parse().ok()?, number.parse().ok()?))
}

/// How much of what was accepted was not heard, heard twice, or heard too early.
fn compared(accepted: &HashMap<u32, Vec<u64>>, heard: &Heard) -> (u64, u64, u64) {
    let mut times: HashMap<(u32, u64), u64> = HashMap::new();
    let (mut last, mut disorder) = (HashMap::new(), 0);
    for (speaker, number) in heard {
        *times.entry((*speaker, *number)).or_default() += 1;
        let before = last.insert(*speaker, *number);
        disorder += u64::from(before.is_some_and(|before| before > *number));
    }
    let said = accepted.iter();
    let said = said.flat_map(|(speaker, numbers)| numbers.iter().map(|number| (*speaker, *number)));
    let lost = said.filter(|message| !times.contains_key(message)).count() as u64;
    (lost, times.values().map(|count| count - 1).sum(), disorder)
}
