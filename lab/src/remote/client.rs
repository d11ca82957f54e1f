//! What each command asks of a lab, and prints.

use std::fmt::Write;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::{Value, json};

use super::command::{Command, What};
use super::lesson;
use super::shown;
use crate::client::{ClientError, LabClient, PATIENCE, blocking, print};
use crate::collector::id::trace_id_from_hex;
use crate::lab::Lab;

/// Asks, and prints the answer.
pub(super) fn ask(command: &Command) -> Result<(), ClientError> {
    let at = match &command.at {
        Some(at) => at.clone(),
        None => Lab::settings(&[])?.page_listen.into(),
    };
    blocking(async {
        let patience = match command.what {
            What::Lesson(_) => SLOW,
            _ => PATIENCE,
        };
        let lab = Asked(LabClient::at(at, patience)?);
        match &command.what {
            What::Top { once } => lab.top(*once, command.json).await,
            What::Lesson(lesson) => lesson::run(lesson, &lab.0, command.json).await,
            What::Wire { follows: true, .. } => lab.follow(&command.what, command.json).await,
            what => {
                let answer = lab.answer(what).await?;
                if let What::Wire {
                    trace: Some(id), ..
                } = what
                    && shown::array(&answer["messages"]).is_empty()
                {
                    return Err(ClientError::NothingPassed(id.clone()));
                }
                let text = if command.json {
                    format!("{answer:#}\n")
                } else {
                    shown::text(what, &answer)
                };
                print(&text)
            }
        }
    })?
}

struct Asked(LabClient);

impl Asked {
    async fn answer(&self, what: &What) -> Result<Value, ClientError> {
        match what {
            What::Links | What::Top { .. } => self.0.get("/lab/links").await,
            What::Faults => {
                let mut answer = self.0.get("/lab/faults").await?;
                answer["kinds"] = self.0.get("/lab/faults/kinds").await?["kinds"].take();
                Ok(answer)
            }
            What::Lesson(_) => self.0.get("/lab/lessons").await,
            What::Wire { .. } => self.0.get(&wire(what, None)).await,
            What::Break { link, fault, lasts } => {
                let path = faults_of(link);
                let body = json!({"fault": fault, "for": lasts});
                self.0.send(Method::POST, &path, Some(body)).await
            }
            What::Mend(None) => self.0.send(Method::POST, "/lab/mend", None).await,
            What::Mend(Some(link)) => {
                let path = faults_of(link);
                self.0.send(Method::DELETE, &path, None).await
            }
            What::Process {
                action,
                service,
                lasts,
            } => {
                let path = format!(
                    "/lab/processes/{}/{}",
                    utf8_percent_encode(service, NON_ALPHANUMERIC),
                    action.name()
                );
                self.0
                    .send(Method::POST, &path, Some(json!({"for": lasts})))
                    .await
            }
        }
    }

    /// Shows what passes until it is interrupted.
    async fn follow(&self, what: &What, json: bool) -> Result<(), ClientError> {
        let mut after = None;
        loop {
            let answer = self.0.get(&wire(what, after)).await?;
            let messages = answer["messages"].as_array().cloned().unwrap_or_default();
            if let Some(last) = messages.last() {
                after = last["id"].as_u64();
                let text = if json {
                    messages.iter().fold(String::new(), |mut text, message| {
                        _ = writeln!(text, "{message}");
                        text
                    })
                } else {
                    shown::text(what, &answer)
                };
                print(&text)?;
            }
            tokio::time::sleep(SECOND / 4).await;
        }
    }

    /// Shows services and links every second until it is interrupted.
    async fn top(&self, once: bool, json: bool) -> Result<(), ClientError> {
        let mut before = self.0.get("/lab/links").await?;
        loop {
            tokio::time::sleep(SECOND).await;
            let links = self.0.get("/lab/links").await?;
            let services = self.0.get("/lab/services").await?;
            if json {
                let line = json!({"services": services["services"], "links": links["links"]});
                print(&format!("{line}\n"))?;
            } else {
                // From the top left, and what was below goes.
                let clear = if once { "" } else { "\x1b[H\x1b[2J" };
                print(&format!(
                    "{clear}{}",
                    shown::top(&services, &before, &links)
                ))?;
            }
            if once {
                return Ok(());
            }
            before = links;
        }
    }
}

const SECOND: Duration = Duration::from_secs(1);

/// A step of a lesson may start services anew, and is answered when they are ready.
const SLOW: Duration = Duration::from_mins(2);

/// The path of a link's faults.
fn faults_of(link: &str) -> String {
    let link = utf8_percent_encode(link, NON_ALPHANUMERIC);
    format!("/lab/links/{link}/faults")
}

/// The path of what passed.
fn wire(what: &What, after: Option<u64>) -> String {
    let What::Wire { link, trace, .. } = what else {
        return "/lab/wire".to_owned();
    };
    let link = link
        .as_ref()
        .map(|link| format!("/{}", utf8_percent_encode(link, NON_ALPHANUMERIC)));
    let trace = trace
        .as_ref()
        .and_then(|trace| trace_id_from_hex(trace))
        .map(|trace| format!("&trace={trace}"));
    let after = after.map(|after| format!("&after={after}"));
    let part = |part: Option<String>| part.unwrap_or_default();
    format!(
        "/lab/wire{}?limit=50{}{}",
        part(link),
        part(trace),
        part(after)
    )
}
