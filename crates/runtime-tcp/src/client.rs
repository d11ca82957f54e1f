//! A client: connect, send, end the input, read to the end.

mod error;
mod settings;

pub use error::TcpClientError;
pub use settings::{TcpClientSettings, TraceContext};

use std::io;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanKind, TraceContextExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::metrics::{TcpClientLabels, TcpClientMetrics};
use super::proxy;
use runtime::metrics::Metrics;
use runtime::net;
use runtime::trace::{self, Instrument, Parent, Span, semconv};

/// What a client declares of its protocol.
#[derive(Clone, Copy, Debug)]
pub struct Protocol {
    /// Its name, in spans and metrics.
    pub name: &'static str,
    /// The procedure's name, which is its spans' name.
    pub procedure: &'static str,
    /// The longest answer that is read.
    pub max_answer: usize,
    /// Whether an answer is a refusal.
    pub is_refusal: fn(&[u8]) -> bool,
}

/// A client of one server.
#[derive(Clone, Debug)]
pub struct TcpClient {
    protocol: Protocol,
    settings: TcpClientSettings,
    metrics: TcpClientMetrics,
}

impl TcpClient {
    /// A client that counts into these metrics. Build one for a process.
    pub fn new(protocol: Protocol, settings: TcpClientSettings, metrics: &Metrics) -> Self {
        let metrics = TcpClientMetrics::register(metrics);
        Self {
            protocol,
            settings,
            metrics,
        }
    }

    /// How long one exchange may take.
    pub fn timeout(&self) -> Duration {
        self.settings.timeout
    }

    /// Sends a request and reads its answer whole, under a CLIENT span of the current trace.
    ///
    /// A refusal is an answer; it makes the span a failure.
    pub async fn call(&self, request: &[u8]) -> Result<Vec<u8>, TcpClientError> {
        let server = &self.settings.server;
        let attributes = [
            KeyValue::new(semconv::SERVER_ADDRESS, server.host().to_owned()),
            KeyValue::new(semconv::SERVER_PORT, i64::from(server.port())),
            KeyValue::new(semconv::NETWORK_TRANSPORT, "tcp"),
            KeyValue::new(semconv::NETWORK_PROTOCOL_NAME, self.protocol.name),
        ];
        let procedure = self.protocol.procedure;
        let span = trace::start(SpanKind::Client, procedure, Parent::Current, attributes);
        let started = Instant::now();
        let sending = self.send(request, &span).instrument(span.clone());
        let outcome = match timeout(self.settings.timeout, sending).await {
            Ok(outcome) => outcome,
            Err(_) => Err(TcpClientError::Timeout {
                server: server.to_string(),
            }),
        };
        let labels = TcpClientLabels {
            protocol: self.protocol.name,
            server_address: server.host().to_owned(),
            server_port: server.port(),
            outcome: self.conclude(&span, &outcome),
        };
        let _entered = span.enter();
        self.metrics.requests.observe(&labels, started.elapsed());
        outcome
    }

    fn conclude(&self, span: &Span, outcome: &Result<Vec<u8>, TcpClientError>) -> &'static str {
        match outcome {
            Ok(answer) if (self.protocol.is_refusal)(answer) => {
                trace::fail(
                    span,
                    "refused",
                    String::from_utf8_lossy(answer).into_owned(),
                );
                "refused"
            }
            Ok(_) => "ok",
            Err(error) => {
                trace::fail(span, error.code(), error.to_string());
                error.code()
            }
        }
    }

    async fn send(&self, request: &[u8], span: &Span) -> Result<Vec<u8>, TcpClientError> {
        let server = || self.settings.server.to_string();
        let (host, port) = (self.settings.server.host(), self.settings.server.port());
        let connected = net::connect(host, port).await;
        let mut stream = connected.map_err(|reason| TcpClientError::Connect {
            server: server(),
            reason,
        })?;
        if let Ok(peer) = stream.peer_addr() {
            span.set_attribute(semconv::NETWORK_PEER_ADDRESS, peer.ip().to_string());
            span.set_attribute(semconv::NETWORK_PEER_PORT, i64::from(peer.port()));
        }
        let mut sent = self.header(span);
        sent.extend_from_slice(request);
        let answer = async {
            stream.write_all(&sent).await?;
            // The end of the input ends the request; nobody has to wait for a pause.
            stream.shutdown().await?;
            self.answer(&mut stream).await
        };
        let answer = answer.await;
        let answer = answer.map_err(|reason| TcpClientError::Broken {
            server: server(),
            reason,
        })?;
        match answer.len() {
            0 => Err(TcpClientError::Silent { server: server() }),
            length if length > self.protocol.max_answer => {
                let limit = self.protocol.max_answer;
                Err(TcpClientError::TooLarge {
                    server: server(),
                    limit,
                })
            }
            _ => Ok(answer),
        }
    }

    /// The header that carries the span's context, or nothing.
    fn header(&self, span: &Span) -> Vec<u8> {
        let context = span.context();
        let context = context.span().span_context().clone();
        let carried = self.settings.trace_context == TraceContext::Proxy
            && context.is_valid()
            && trace::is_propagated();
        if carried {
            proxy::encode(&context).to_vec()
        } else {
            Vec::new()
        }
    }

    /// Reads to the end, or to a pause: some servers answer and leave the connection open.
    async fn answer(&self, stream: &mut TcpStream) -> io::Result<Vec<u8>> {
        let mut answer = Vec::new();
        while answer.len() <= self.protocol.max_answer {
            let begun = !answer.is_empty();
            let read = stream.read_buf(&mut answer);
            // The first byte has as long as the whole exchange.
            let read = if begun {
                timeout(PAUSE, read).await
            } else {
                Ok(read.await)
            };
            match read {
                Ok(Ok(0)) => break,
                Ok(Ok(_)) => {}
                Ok(Err(error)) if !begun => return Err(error),
                // Neither a reset nor silence after an answer takes it back.
                Ok(Err(_)) | Err(_) => break,
            }
        }
        Ok(answer)
    }
}

/// After this long without a further byte an answer counts as whole.
const PAUSE: Duration = Duration::from_millis(500);
