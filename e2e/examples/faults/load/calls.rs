//! Calls that stand alone: a page, a greeting, a number. Each has an answer that can be wrong.

use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Duration, Instant, timeout};
use url::Url;

use super::Pace;
use crate::tally::Tally;

/// What is called.
#[derive(Clone, Debug)]
pub(crate) enum Calls {
    Desafio1 {
        http: reqwest::Client,
        url: Url,
    },
    Hello(String),
    Sockets(String),
    /// An export of no spans: its status alone counts.
    Export {
        http: reqwest::Client,
        url: Url,
    },
    /// Any page: its status alone counts.
    Page {
        http: reqwest::Client,
        url: Url,
    },
}

/// What the server of desafio1 is told to answer.
pub(crate) const MESSAGE: &str = "a mensagem desta prova";

impl Calls {
    pub(crate) async fn run(&self, tally: &Tally, pace: Pace) {
        let next = AtomicU64::new(0);
        let worker = || async {
            let mut ticks = pace.ticks();
            while !tally.is_over() {
                ticks.tick().await;
                let begun = Instant::now();
                let number = next.fetch_add(1, Ordering::Relaxed);
                let failure = self.failure(number, pace.deadline).await;
                tally.record(begun, failure);
            }
        };
        join_all((0..pace.workers).map(|_| worker())).await;
    }

    /// Why one call failed, if it did.
    pub(crate) async fn failure(&self, number: u64, deadline: Duration) -> Option<String> {
        let called = timeout(deadline, self.call(number)).await;
        called.unwrap_or_else(|_| Err("no answer".to_owned())).err()
    }

    async fn call(&self, number: u64) -> Result<(), String> {
        let (expected, answer) = match self {
            Self::Desafio1 { http, url } => {
                let answer = http
                    .get(url.clone())
                    .send()
                    .await
                    .map_err(|e| of_http(&e))?;
                if !answer.status().is_success() {
                    return Err(answer.status().as_str().to_owned());
                }
                (
                    MESSAGE.to_owned(),
                    answer.text().await.map_err(|e| of_http(&e))?,
                )
            }
            Self::Page { http, url } | Self::Export { http, url } => {
                let request = match self {
                    Self::Export { .. } => http
                        .post(url.clone())
                        .header("content-type", "application/json")
                        .body(r#"{"resourceSpans":[]}"#),
                    _ => http.get(url.clone()),
                };
                let answer = request.send().await.map_err(|e| of_http(&e))?;
                let status = answer.status();
                answer.bytes().await.map_err(|error| of_http(&error))?;
                let good = status.is_success();
                return good.then_some(()).ok_or_else(|| status.as_str().to_owned());
            }
            Self::Hello(address) => {
                let name = format!("Ana {number}");
                let answer = exchange(address, format!("{name}\n").as_bytes()).await?;
                (format!("Olá, {name}!"), answer)
            }
            Self::Sockets(address) => {
                let number = u16::try_from(number % 1000 + 1).unwrap_or(1);
                let answer = exchange(address, &number.to_be_bytes()).await?;
                let parity = if number % 2 == 0 { "PAR" } else { "ÍMPAR" };
                (parity.to_owned(), answer)
            }
        };
        let answer = answer.trim_end();
        if answer == expected {
            Ok(())
        } else if expected.starts_with(answer) {
            Err("cut off".to_owned())
        } else if answer.starts_with("Erro: ") {
            Err(answer.to_owned())
        } else {
            Err(format!("wrong answer {answer:?}"))
        }
    }
}

/// The kind of a failure of HTTP, in a word or two.
pub(crate) fn of_http(error: &reqwest::Error) -> String {
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(inner) = source {
        if let Some(error) = inner.downcast_ref::<io::Error>() {
            return of_io(error);
        }
        source = inner.source();
    }
    let kind = if error.is_timeout() {
        "no answer"
    } else {
        "cut off"
    };
    kind.to_owned()
}

fn of_io(error: &io::Error) -> String {
    let kind = match error.kind() {
        ErrorKind::ConnectionRefused => "refused",
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => "reset",
        ErrorKind::UnexpectedEof | ErrorKind::NotConnected => "cut off",
        ErrorKind::TimedOut => "no answer",
        _ => return error.to_string(),
    };
    kind.to_owned()
}

/// Sends bytes, ends the sending side, and reads the answer to its end.
async fn exchange(address: &str, request: &[u8]) -> Result<String, String> {
    let spoken = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request).await?;
        stream.shutdown().await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok(answer)
    };
    let answer = spoken.await.map_err(|error: io::Error| of_io(&error))?;
    // Cut in the middle of a letter it is still the beginning of an answer.
    let whole = match std::str::from_utf8(&answer) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => answer.len(),
    };
    Ok(String::from_utf8_lossy(&answer[..whole]).into_owned())
}
