//! `malha trace`: what a lab that runs has seen, in a terminal.
//!
//! # Layout
//! - [`question`]: what is asked for, from the arguments.
//! - [`tree`]: a trace as a tree of lines; no I/O.
//! - `lab`: what is asked of the lab.

mod lab;
pub mod question;
pub mod tree;

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;

use question::Question;

use crate::client::{self, ClientError, LabClient, PATIENCE, blocking, unless_read_enough};

/// How often a lab is asked for what is new.
const PAUSE: Duration = Duration::from_secs(1);

/// Shows what is asked for. It ends with its reader, too.
pub fn show(question: &Question, page: std::net::SocketAddr) -> Result<(), ClientError> {
    let shown = blocking(async {
        let at = question.at.clone().unwrap_or_else(|| page.into());
        let client = LabClient::at(at, PATIENCE)?;
        if question.follow {
            return follow(&client, question).await;
        }
        let id = match &question.id {
            Some(id) => id.clone(),
            None => lab::newest(&client, question).await?,
        };
        print(&lab::trace(&client, &id).await?, question.json)
    })?;
    unless_read_enough(shown)
}

/// Shows each trace once it has grown no more since it was last looked at: those that come, or all
/// that becomes of one.
async fn follow(client: &LabClient, question: &Question) -> Result<(), ClientError> {
    let mut news = News::default();
    if question.id.is_none() {
        news.skip(&lab::latest(client, question).await?);
    }
    loop {
        let mut traces = lab::latest(client, question).await?;
        if let Some(id) = &question.id {
            traces.retain(|(known, _)| known == id);
        }
        for id in news.settled(traces) {
            print(&lab::trace(client, &id).await?, question.json)?;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What was seen of the latest traces: how many spans each had, and with how many it was shown.
#[derive(Default)]
struct News(HashMap<String, (u64, Option<u64>)>);

impl News {
    /// Takes these traces for shown.
    fn skip(&mut self, traces: &[(String, u64)]) {
        let shown = traces
            .iter()
            .map(|(id, spans)| (id.clone(), (*spans, Some(*spans))));
        self.0.extend(shown);
    }

    /// Which of the traces of now, newest first, are to be shown, oldest first. Those that are no
    /// longer among them are forgotten.
    fn settled(&mut self, traces: Vec<(String, u64)>) -> Vec<String> {
        let mut now = HashMap::new();
        let mut settled = Vec::new();
        for (id, spans) in traces.into_iter().rev() {
            let (before, mut shown) = self.0.get(&id).copied().unwrap_or_default();
            if spans == before && shown != Some(spans) {
                shown = Some(spans);
                settled.push(id.clone());
            }
            now.insert(id, (spans, shown));
        }
        self.0 = now;
        settled
    }
}

fn print(trace: &Value, json: bool) -> Result<(), ClientError> {
    client::print(&if json {
        format!("{trace}\n")
    } else {
        tree::text(trace)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_shown_when_it_has_stopped_growing_and_again_when_it_has_grown() {
        let now = |traces: &[(&str, u64)]| {
            let owned = traces.iter().map(|(id, spans)| ((*id).to_owned(), *spans));
            owned.collect::<Vec<_>>()
        };
        let mut news = News::default();
        news.skip(&now(&[("old", 3)]));
        assert!(
            news.settled(now(&[("b", 1), ("a", 1), ("old", 3)]))
                .is_empty()
        );
        assert_eq!(news.settled(now(&[("b", 1), ("a", 2), ("old", 3)])), ["b"]);
        assert_eq!(news.settled(now(&[("b", 1), ("a", 2), ("old", 4)])), ["a"]);
        assert_eq!(
            news.settled(now(&[("b", 1), ("a", 2), ("old", 4)])),
            ["old"]
        );
        assert!(
            news.settled(now(&[("b", 1), ("a", 2), ("old", 4)]))
                .is_empty()
        );
    }
}
