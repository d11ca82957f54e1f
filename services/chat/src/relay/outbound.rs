//! What is sent to the peers: entries in order, one at a time, each repeated until the peer has
//! accepted it, or tried once where `RELAY_DELIVERY` says so.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use opentelemetry::KeyValue;
use reqwest::Request;
use runtime::Lifecycle;
use runtime::backoff::Backoff;
use runtime::http_client::{HttpClient, HttpClientError, HttpResponse};
use runtime::trace::{self, Instrument, Parent, SpanKind};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;
use url::Url;

use crate::domain::{Entry, Token};
use crate::hub::{Hub, PeerName};
use crate::metrics::{PeerLabel, RelayLabels};
use crate::propagation;
use crate::settings::{Delivery, RelaySettings};
use crate::wire::relay::{self, Body, CHAT_AT, CHAT_SERVICE, Keys, PresenceReport, RelayHeaders};

/// How requests reach a peer. Simulations bring their own.
pub trait HttpTransport: Send + Sync + 'static {
    /// Sends a request and reads the whole answer.
    fn send(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<HttpResponse, HttpClientError>> + Send;

    /// Whether anybody listens there.
    fn is_listened_on(&self, _url: &Url) -> impl Future<Output = bool> + Send {
        std::future::ready(true)
    }
}

impl HttpTransport for HttpClient {
    async fn send(&self, request: Request) -> Result<HttpResponse, HttpClientError> {
        self.execute(request).await
    }

    async fn is_listened_on(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or_default();
        let connecting = TcpStream::connect(format!("{host}:{port}"));
        let connected = tokio::time::timeout(MEETING_POLL * 10, connecting).await;
        matches!(connected, Ok(Ok(_)))
    }
}

/// The relay to one peer.
#[derive(Debug)]
pub struct Outbound<C> {
    hub: Hub,
    transport: Arc<C>,
    url: Url,
    /// The peer's name in the outbox.
    key: String,
    host: String,
    keys: Option<Keys>,
    backoff: Backoff,
    delivery: Delivery,
    presence_interval: Duration,
    /// The last sequence number that this process has settled with the peer.
    done: u64,
    /// This process may relay until then without asking again.
    leads_until: Option<Instant>,
    /// The id and the time of the last signature. No signature is used twice.
    signed: (String, u64),
}

/// How long a replica relays before it asks again whether it leads. This is much shorter than the
/// silence after which another replica takes over.
const LEASE: Duration = Duration::from_millis(50);

/// How long a replica that does not lead waits before it asks again.
const FOLLOWER_POLL: Duration = Duration::from_millis(200);

/// How long a peer that does not listen yet is waited for at the start, and how often it is looked.
const MEETING: Duration = Duration::from_secs(3);
const MEETING_POLL: Duration = Duration::from_millis(50);

/// The result of an attempt.
enum Outcome {
    Accepted,
    /// The peer will never accept it.
    Refused(StatusCode),
    /// Another attempt may succeed.
    Failed(String),
}

/// A peer's names: one for the outbox, one for people.
pub fn name(url: &Url) -> PeerName {
    let host = url.host_str().unwrap_or_default();
    let host = url
        .port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    PeerName {
        url: url.to_string(),
        host,
    }
}

impl<C: HttpTransport> Outbound<C> {
    /// A relay of the room's entries to this peer.
    pub fn new(hub: Hub, transport: Arc<C>, url: Url, settings: &RelaySettings) -> Self {
        let PeerName { url: key, host } = name(&url);
        Self {
            hub,
            transport,
            url,
            key,
            host,
            keys: settings.keys.clone(),
            backoff: Backoff::new(settings.backoff, settings.max_backoff),
            delivery: settings.delivery,
            presence_interval: settings.presence_interval,
            done: 0,
            leads_until: None,
            signed: (String::new(), 0),
        }
    }

    /// Makes the waits the same in every run, for simulations.
    #[must_use]
    pub fn seeded(mut self, seed: u64) -> Self {
        self.backoff = self.backoff.seeded(seed);
        self
    }

    /// Relays until the service has stopped and nothing is left to relay, or until it is aborted.
    pub async fn run(mut self, lifecycle: Lifecycle) {
        tokio::select! {
            biased;
            () = lifecycle.aborted() => {}
            () = self.relay(&lifecycle) => {}
        }
        self.report_undelivered();
    }

    async fn relay(&mut self, lifecycle: &Lifecycle) {
        let mut sequence = self.hub.sequence();
        let mut tries = 0_u32;
        self.meet(lifecycle, &mut sequence).await;
        self.poll_presence().await;
        loop {
            let Some(entry) = self.hub.next_pending(&self.key, self.done) else {
                tokio::select! {
                    biased;
                    // The room outlives this loop, so its sender is never dropped here.
                    _ = sequence.changed() => {}
                    () = tokio::time::sleep(self.presence_interval) => self.poll_presence().await,
                    () = self.hub.drained(lifecycle) => {
                        if self.hub.next_pending(&self.key, self.done).is_none() {
                            return;
                        }
                    }
                }
                continue;
            };
            if !self.leads().await {
                tokio::select! {
                    biased;
                    () = self.hub.drained(lifecycle) => return,
                    () = tokio::time::sleep(FOLLOWER_POLL) => {}
                }
                continue;
            }
            tries += 1;
            let outcome = self.send(&entry, tries).await;
            self.count(&outcome);
            match outcome {
                Outcome::Accepted => self.hub.settle(&self.key, &entry, true).await,
                Outcome::Refused(status) => {
                    let peer = &self.host;
                    tracing::error!(peer, %status, id = %entry.id, "a peer refuses a message for good");
                    self.count_lost(1);
                    self.hub.settle(&self.key, &entry, false).await;
                }
                Outcome::Failed(reason) if self.delivery == Delivery::AtMostOnce => {
                    let peer = &self.host;
                    tracing::warn!(peer, reason, id = %entry.id, "a message is lost: it is tried once (RELAY_DELIVERY)");
                    self.count_lost(1);
                    self.hub.settle(&self.key, &entry, false).await;
                }
                Outcome::Failed(reason) => {
                    let wait = self.backoff.failure();
                    tracing::debug!(peer = self.host, reason, tries, retry_in = ?wait, "not relayed");
                    let kept = self.hub.is_durable();
                    tokio::select! {
                        biased;
                        // The next process, or another replica, will relay it.
                        () = self.hub.drained(lifecycle), if kept => return,
                        () = tokio::time::sleep(wait) => {}
                    }
                    continue;
                }
            }
            self.done = entry.sequence().unwrap_or(self.done);
            tries = 0;
            self.backoff.success();
        }
    }

    /// Waits a moment for a peer that does not listen yet: of services that start together, none is
    /// away.
    async fn meet(&self, lifecycle: &Lifecycle, sequence: &mut watch::Receiver<u64>) {
        if self.hub.next_pending(&self.key, self.done).is_some() {
            return;
        }
        let there = async {
            while !self.transport.is_listened_on(&self.url).await {
                tokio::time::sleep(MEETING_POLL).await;
            }
        };
        tokio::select! {
            biased;
            _ = tokio::time::timeout(MEETING, there) => {}
            // What is to be relayed does not wait.
            _ = sequence.changed() => {}
            () = self.hub.drained(lifecycle) => {}
        }
    }

    /// Whether this process leads. Only one replica relays at a time, to keep the order.
    async fn leads(&mut self) -> bool {
        let now = Instant::now();
        if self.leads_until.is_some_and(|until| now < until) {
            return true;
        }
        let leads = self.hub.leads(&self.key).await;
        self.leads_until = leads.then_some(now + LEASE);
        leads
    }

    /// Makes one attempt, in a span of the message's trace.
    async fn send(&mut self, entry: &Entry, tries: u32) -> Outcome {
        let Some(relay_headers) = RelayHeaders::of(self.hub.service(), self.hub.epoch(), entry)
        else {
            return Outcome::Accepted; // never: every entry in the outbox has a sequence number
        };
        let attributes = [
            KeyValue::new("chat.peer", self.host.clone()),
            KeyValue::new("chat.message.id", entry.id.to_string()),
            KeyValue::new("http.request.resend_count", i64::from(tries - 1)),
        ];
        let parent = propagation::parent(&entry.trace);
        let span = trace::start(SpanKind::Producer, "relay", parent, attributes);
        let outcome = self
            .attempt(entry, &relay_headers)
            .instrument(span.clone())
            .await;
        match &outcome {
            Outcome::Accepted => {}
            Outcome::Refused(status) => trace::fail(&span, "refused", status.to_string()),
            Outcome::Failed(reason) => trace::fail(&span, "failed", reason.clone()),
        }
        outcome
    }

    async fn attempt(&mut self, entry: &Entry, relay_headers: &RelayHeaders) -> Outcome {
        let message = entry.event.line();
        // A struct of one string always becomes JSON.
        let body = serde_json::to_vec(&Body { message }).unwrap_or_default();
        let mut request = Request::new(Method::POST, self.url.clone());
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CHAT_AT, HeaderValue::from(entry.at));
        relay_headers.write(headers);
        self.sign(request.headers_mut(), relay_headers.webhook_id(), &body);
        *request.body_mut() = Some(Bytes::from(body).into());
        match self.transport.send(request).await {
            Ok(answer) => {
                let outcome = classify(answer.status);
                match &outcome {
                    Outcome::Failed(reason) => self.hub.peer_is_away(&self.key, reason),
                    _ => self.hub.peer_is_there(&self.key, name_in(&answer).as_ref()),
                }
                outcome
            }
            Err(error) => {
                let reason = error.to_string();
                self.hub.peer_is_away(&self.key, &reason);
                Outcome::Failed(reason)
            }
        }
    }

    /// Asks the peer who is there. The answer also shows whether the peer can be reached.
    async fn poll_presence(&mut self) {
        let mut url = self.url.clone();
        url.set_path(&format!("{}/presence", self.url.path()));
        let mut request = Request::new(Method::GET, url);
        let id = format!("presence:{}", Token::random());
        self.sign(request.headers_mut(), id, b"");
        // A request must not be the root of its trace.
        let span = trace::start(SpanKind::Internal, "ask presence", Parent::Current, []);
        match self.transport.send(request).instrument(span).await {
            // An original has no such path, but its answer shows that it can be reached.
            Ok(answer) if answer.status.is_success() || answer.status == StatusCode::NOT_FOUND => {
                self.hub.peer_is_there(&self.key, name_in(&answer).as_ref());
                if let Ok(presence) = serde_json::from_slice::<PresenceReport>(&answer.body) {
                    self.hub.replace_presence(presence);
                }
            }
            Ok(answer) => self.hub.peer_is_away(&self.key, &refusal(answer.status)),
            Err(error) => self.hub.peer_is_away(&self.key, &error.to_string()),
        }
    }

    fn sign(&mut self, headers: &mut HeaderMap, id: String, body: &[u8]) {
        let Some(keys) = &self.keys else {
            return;
        };
        let mut now = relay::now_seconds();
        if self.signed.0 == id {
            now = time_to_sign_again(now, self.signed.1);
        }
        keys.sign(headers, &id, now, body);
        self.signed = (id, now);
    }

    fn count(&self, outcome: &Outcome) {
        let labels = RelayLabels {
            peer: self.host.clone(),
            outcome: match outcome {
                Outcome::Accepted => "taken",
                Outcome::Refused(_) => "refused",
                Outcome::Failed(_) => "failed",
            },
        };
        self.hub.metrics().relayed.get_or_create(&labels).inc();
    }

    fn count_lost(&self, lost: usize) {
        let peer = self.host.clone();
        let lost = u64::try_from(lost).unwrap_or(u64::MAX);
        let counter = &self.hub.metrics().lost;
        counter.get_or_create(&PeerLabel { peer }).inc_by(lost);
    }

    /// Reports what this process could not relay before its end.
    fn report_undelivered(&self) {
        let (peer, left) = (&self.host, self.hub.waiting(&self.key));
        if left == 0 {
            return;
        }
        if self.hub.is_durable() {
            tracing::info!(peer, left, "kept for the peer");
        } else {
            self.count_lost(left);
            tracing::error!(
                peer,
                left,
                "messages are lost that the peer never took; OUTBOX_DIR would keep them"
            );
        }
    }
}

/// The time of a signature after another of the same id, both in seconds since 1970: a second attempt
/// within the same second must not look like a replay of the first. Where this machine's clock has been
/// set back since, the right time counts: no peer believes one that is far ahead.
fn time_to_sign_again(now: u64, last: u64) -> u64 {
    if last > now + QUICK {
        now
    } else {
        now.max(last + 1)
    }
}

/// So many seconds quick attempts may come to be ahead of the clock.
const QUICK: u64 = 10;

/// The outcome that a status means for the message.
fn classify(status: StatusCode) -> Outcome {
    match status {
        _ if status.is_success() => Outcome::Accepted,
        StatusCode::BAD_REQUEST
        | StatusCode::CONFLICT
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::UNSUPPORTED_MEDIA_TYPE
        | StatusCode::UNPROCESSABLE_ENTITY => Outcome::Refused(status),
        _ => Outcome::Failed(refusal(status)),
    }
}

fn refusal(status: StatusCode) -> String {
    match status {
        StatusCode::UNAUTHORIZED => {
            "status 401: is RELAY_SECRET the same there, and the clock right?".to_owned()
        }
        _ => format!("status {status}"),
    }
}

/// The name of the service that answered.
fn name_in(answer: &HttpResponse) -> Option<Token> {
    let name = answer.headers.get(CHAT_SERVICE)?.to_str().ok()?;
    Token::parse(name).ok()
}

#[cfg(test)]
mod tests;
