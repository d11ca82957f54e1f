//! `/usuarios/mudancas`: the changes as server-sent events, which outlive the server they come from.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::HeaderName;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt, stream};
use malha_proto::usuarios::v1::ObservarUsuariosResponse;
use opentelemetry::trace::TraceContextExt;
use runtime::backoff::Backoff;
use runtime::net::Place;
use runtime::trace::{self, Instrument, Parent, Span, SpanKind};
use tonic::{Code, Status, Streaming};

use super::client::Client;
use super::error::GatewayError;
use super::json::Mudanca;
use super::openapi::answers::{Always, WithHistory};
use super::{Gateway, input};
use crate::gateway::upstream::UsersClient;

/// Where they are.
pub(super) const PATH: &str = "/usuarios/mudancas";

/// Watch the changes of users
///
/// Server-sent events. Each `data` is a change as JSON; each `id` is where to go on from, which
/// `EventSource` does by itself with `Last-Event-ID`. An event named `erro` is the last one of its
/// stream, and its `data` a problem: 410 where the changes since the last id are not kept any more.
///
/// A browser never comes back to an `EventSource` that was answered 429 or 503. Whoever accepts
/// `text/event-stream` by name is therefore answered 200: the stream waits for a server of users
/// that is away, and one for which there is no room ends with `erro` after saying when to `retry`.
#[utoipa::path(
    get,
    path = "/usuarios/mudancas",
    operation_id = "observar_usuarios",
    tag = "usuarios",
    params(
        ("Last-Event-ID" = Option<String>, Header, pattern = r"^[\x20-\x7e]*$", description = "The `id` of the last event seen; without it, what comes next"),
    ),
    responses(
        (status = 200, description = "Changes from now on, or from after `Last-Event-ID`",
         content_type = "text/event-stream", body = String),
        WithHistory, Always,
    )
)]
pub(super) async fn mudancas(
    State(gateway): State<Gateway>,
    client: Client,
    headers: HeaderMap,
) -> Result<Response, GatewayError> {
    let token = input::last_event_id(&headers)?;
    let waits = input::wants_events(&headers);
    let place = match gateway.streams.take(client.0) {
        Some(place) => place,
        None if waits => return Ok(come_back(&GatewayError::Busy)),
        None => return Err(GatewayError::Busy),
    };
    let upstream = match gateway.users.watch(token.clone()).await {
        Ok(upstream) => Some(upstream),
        Err(status) if waits && !is_final(&status) => None,
        Err(status) => return Err(status.into()),
    };
    let watch = ChangeStream {
        users: gateway.users.clone(),
        upstream,
        token,
        backoff: Backoff::new(FIRST_WAIT, LONGEST_WAIT),
        span: Span::current(),
        _place: place,
    };
    let hello = Event::default().retry(RECONNECT).comment("mudancas");
    let lifecycle = gateway.lifecycle.clone();
    let events = stream::iter([Ok(hello)])
        .chain(watch.events())
        .take_until(async move {
            if lifecycle.is_draining() {
                // Whoever came although others are to be asked is served for as long as there is.
                lifecycle.stopping().await;
            } else {
                lifecycle.draining().await;
            }
        });
    let alive = KeepAlive::new().interval(gateway.heartbeat);
    let unbuffered = [(HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((unbuffered, Sse::new(events).keep_alive(alive)).into_response())
}

/// A refusal as a browser can come back from it: the end of a stream, and not a status.
pub(super) fn come_back(refused: &GatewayError) -> Response {
    let event = last(refused).retry(refused.retry_after().unwrap_or(RECONNECT));
    Sse::new(stream::iter([Ok::<_, Infallible>(event)])).into_response()
}

/// What a browser waits before it connects again.
const RECONNECT: Duration = Duration::from_secs(1);

/// Before the stream is asked for again, when its server went away.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// One client's view of the changes.
struct ChangeStream {
    users: UsersClient,
    upstream: Option<Streaming<ObservarUsuariosResponse>>,
    /// Where to go on.
    token: String,
    backoff: Backoff,
    /// The request's.
    span: Span,
    _place: Place,
}

impl ChangeStream {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(Some(self), |watch| async move {
            let mut watch = watch?;
            match watch.next().await {
                Ok(message) => Some((Ok(watch.event(message)), Some(watch))),
                // The last event; a client that comes back learns the same by the answer's status.
                Err(failure) => Some((Ok(last(&failure)), None)),
            }
        })
    }

    /// The next message, from another server where one goes away.
    async fn next(&mut self) -> Result<ObservarUsuariosResponse, GatewayError> {
        loop {
            let ended = match &mut self.upstream {
                Some(upstream) => upstream.message().await,
                None => match self.again().await {
                    Ok(upstream) => {
                        self.upstream = Some(upstream);
                        continue;
                    }
                    Err(status) => Err(status),
                },
            };
            match ended {
                Ok(Some(message)) => {
                    self.backoff.success();
                    self.token.clone_from(&message.token);
                    return Ok(message);
                }
                Err(status) if is_final(&status) => return Err(status.into()),
                Ok(None) | Err(_) => self.upstream = None,
            }
        }
    }

    async fn again(&mut self) -> Result<Streaming<ObservarUsuariosResponse>, Status> {
        tokio::time::sleep(self.backoff.failure()).await;
        let watch = self.users.watch(self.token.clone());
        watch.instrument(self.span.clone()).await
    }

    fn event(&self, message: ObservarUsuariosResponse) -> Event {
        // An id of more than one line would break the stream; the server gives none.
        let fits = !message.token.contains(['\0', '\r', '\n']);
        let event = if fits {
            Event::default().id(&message.token)
        } else {
            Event::default()
        };
        // Without data a browser notes the id, and nothing else happens.
        let Some(change) = message.mudanca.and_then(Mudanca::read) else {
            return event;
        };
        self.deliver(&change);
        let data = serde_json::to_string(&change).unwrap_or_default();
        event.data(data)
    }

    /// A span in the trace in which the change was made, linked to the stream it goes out on.
    fn deliver(&self, change: &Mudanca) {
        let Ok(parent) = change.traceparent.parse() else {
            return;
        };
        let context = trace::extract(&HeaderMap::from_iter([(TRACEPARENT, parent)]));
        if !context.span().span_context().is_valid() {
            return;
        }
        let span = trace::start(SpanKind::Consumer, DELIVER, Parent::Remote(context), []);
        if let Some(stream) = self.span.identity() {
            span.add_link(stream);
        }
    }
}

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The name of the span of one change that is sent to one client.
const DELIVER: &str = "deliver mudancas";

/// Whether asking again with the same token would be in vain.
fn is_final(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::OutOfRange | Code::InvalidArgument | Code::Unimplemented
    )
}

fn last(failure: &GatewayError) -> Event {
    let problem = serde_json::to_string(&failure.problem()).unwrap_or_default();
    Event::default().event("erro").data(problem)
}
