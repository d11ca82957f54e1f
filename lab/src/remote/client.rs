//! The lab's HTTP API, asked.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::command::{Command, What};
use super::shown;
use crate::plan::reached_at;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum ClientError {
    /// No lab where it should be.
    #[error(
        "no lab answers at {at}; start one with malha, or say where it is with --at HOST:PORT ({source})"
    )]
    NoLab {
        at: String,
        #[source]
        source: reqwest::Error,
    },
    /// The lab refuses it.
    #[error("{0}")]
    Refused(String),
    /// Something else answers there.
    #[error("what answers at {0} is no lab")]
    NotALab(String),
    /// The settings do not say where the lab is.
    #[error(transparent)]
    Settings(#[from] runtime::settings::SettingsError),
    /// Nothing can be asked or printed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Asks, and prints the answer.
pub(super) fn ask(command: &Command) -> Result<(), ClientError> {
    let at = match command.at {
        Some(at) => at,
        None => crate::start::settings_of(&[])?.page_listen,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let lab = Lab::at(at)?;
        match &command.what {
            What::Top { once } => lab.top(*once, command.json).await,
            What::Wire { follows: true, .. } => lab.follow(&command.what, command.json).await,
            what => {
                let answer = lab.answer(what).await?;
                let text = if command.json {
                    format!("{answer:#}\n")
                } else {
                    shown::text(what, &answer)
                };
                print(&text)
            }
        }
    })
}

struct Lab {
    at: String,
    client: reqwest::Client,
}

impl Lab {
    fn at(at: SocketAddr) -> Result<Self, ClientError> {
        let at = reached_at(at);
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build();
        let client = client.map_err(|source| ClientError::NoLab {
            at: at.clone(),
            source,
        })?;
        Ok(Self { at, client })
    }

    async fn answer(&self, what: &What) -> Result<Value, ClientError> {
        match what {
            What::Links | What::Top { .. } => self.get("/lab/links").await,
            What::Faults => {
                let mut answer = self.get("/lab/faults").await?;
                answer["kinds"] = self.get("/lab/faults/kinds").await?["kinds"].take();
                Ok(answer)
            }
            What::Wire { .. } => self.get(&wire(what, None)).await,
            What::Break { link, fault, lasts } => {
                let path = format!("/lab/links/{}/faults", path(link));
                let body = json!({"fault": fault, "for": lasts});
                self.send(Method::POST, &path, Some(body)).await
            }
            What::Mend(None) => self.send(Method::POST, "/lab/mend", None).await,
            What::Mend(Some(link)) => {
                let path = format!("/lab/links/{}/faults", path(link));
                self.send(Method::DELETE, &path, None).await
            }
            What::Process {
                action,
                service,
                lasts,
            } => {
                let path = format!("/lab/processes/{}/{}", path(service), action.name());
                self.send(Method::POST, &path, Some(json!({"for": lasts})))
                    .await
            }
        }
    }

    async fn get(&self, path: &str) -> Result<Value, ClientError> {
        self.send(Method::GET, path, None).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, ClientError> {
        let mut request = self
            .client
            .request(method, format!("http://{}{path}", self.at));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.map_err(|source| ClientError::NoLab {
            at: self.at.clone(),
            source,
        })?;
        let is_success = answer.status().is_success();
        let body: Value = answer
            .json()
            .await
            .map_err(|_| ClientError::NotALab(self.at.clone()))?;
        if is_success {
            return Ok(body);
        }
        let error = body["error"].as_str();
        Err(error.map_or_else(
            || ClientError::NotALab(self.at.clone()),
            |error| ClientError::Refused(error.to_owned()),
        ))
    }

    /// Shows what passes until it is interrupted.
    async fn follow(&self, what: &What, json: bool) -> Result<(), ClientError> {
        let mut after = None;
        loop {
            let answer = self.get(&wire(what, after)).await?;
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
        let mut before = self.get("/lab/links").await?;
        loop {
            tokio::time::sleep(SECOND).await;
            let links = self.get("/lab/links").await?;
            let services = self.get("/lab/services").await?;
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

/// The lab answers at once, or not at all.
const PATIENCE: Duration = Duration::from_secs(10);

const SECOND: Duration = Duration::from_secs(1);

/// The path of what passed.
fn wire(what: &What, after: Option<u64>) -> String {
    let What::Wire { link, trace, .. } = what else {
        return "/lab/wire".to_owned();
    };
    let link = link.as_ref().map(|link| format!("/{}", path(link)));
    let trace = trace
        .as_ref()
        .map(|trace| format!("&trace={}", path(trace)));
    let after = after.map(|after| format!("&after={after}"));
    let part = |part: Option<String>| part.unwrap_or_default();
    format!(
        "/lab/wire{}?limit=50{}{}",
        part(link),
        part(trace),
        part(after)
    )
}

/// A name as part of a path.
fn path(name: &str) -> String {
    let mut path = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                path.push(char::from(byte));
            }
            _ => _ = write!(path, "%{byte:02X}"),
        }
    }
    path
}

/// Standard output may be a pipe whose reader has seen enough.
fn print(text: &str) -> Result<(), ClientError> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}
