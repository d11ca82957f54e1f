//! Some bytes over a TCP connection of their own, and what comes back.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderName;
use axum::http::header::CONTENT_TYPE;
use opentelemetry::trace::SpanContext;
use runtime_tcp::proxy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::errand::Errand;
use super::{MOST, PlayError, TRACE, service};
use crate::page::state::Shown;
use crate::supervisor::status::State as Process;

/// Longer than any service of the lab takes, one that waits for a pause included.
const PATIENCE: Duration = Duration::from_secs(12);

type Answer = ([(HeaderName, String); 2], Vec<u8>);

pub(super) async fn send(
    State(shown): State<Shown>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Answer, PlayError> {
    let (entry, listen) = service(&shown, &name, false)?;
    let mut errand = Errand::begin(format!("send to {name}"), listen);
    errand.tell("network.transport", "tcp");
    // A program of somebody's own in the service's place may not expect the header.
    let context = (entry.state == Process::Running).then(|| errand.context());
    let trace = errand.trace;
    let exchange = timeout(PATIENCE, exchange(listen, context.as_ref(), &body));
    let outcome = match exchange.await {
        Ok(outcome) => outcome.map_err(|error| error.to_string()),
        Err(_) => Err(format!("nothing came within {} s", PATIENCE.as_secs())),
    };
    errand.end(&shown.store, outcome.as_ref().err().map(String::as_str));
    let answer = outcome.map_err(|reason| PlayError::NoAnswer {
        service: entry.name,
        reason,
        trace,
    })?;
    let kind = "application/octet-stream".to_owned();
    Ok(([(TRACE, trace.to_string()), (CONTENT_TYPE, kind)], answer))
}

async fn exchange(
    listen: SocketAddr,
    context: Option<&SpanContext>,
    request: &[u8],
) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(listen).await?;
    let mut sent = context.map_or_else(Vec::new, |context| proxy::encode(context).to_vec());
    sent.extend_from_slice(request);
    stream.write_all(&sent).await?;
    stream.shutdown().await?;
    let mut answer = Vec::new();
    stream.take(MOST as u64).read_to_end(&mut answer).await?;
    Ok(answer)
}
