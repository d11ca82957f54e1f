//! One call, from its head to its answer.

use std::collections::HashSet;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use http::{HeaderMap, Method as HttpMethod, Request, Response};
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::transport::server::TcpConnectInfo;
use tonic::{Code, Status};

use super::call_record::{CallGuard, CallRecord, GrpcServerMetrics, Method, Peer};
use super::held_body::HeldBody;
use super::limits::GrpcLimits;
use super::message::LimitedBody;
use super::refusal::{exhausted, no_memory};
use super::remainders::{Remainder, Remainders};
use super::response_body::{Begun, BodyLimits, ResponseBody, not_a_call, only, panicked};
use super::services::Router;
use super::table::Table;
use super::turns::Turn;
use super::{at_once, compression, header_size, status, timeout};
use runtime::deadline;
use runtime::memory::{MemoryBudget, MemoryReservation};
use runtime::net::{InFlightToken, Place, Places};
use runtime::trace::Instrument;

/// Answers the calls of one listener.
pub(super) struct CallHandler {
    pub(super) router: Router,
    /// Methods with spans and metrics, as in `package.Service/Method`.
    pub(super) methods: HashSet<Arc<str>>,
    pub(super) places: Places,
    pub(super) limits: GrpcLimits,
    pub(super) metrics: GrpcServerMetrics,
}

/// What becomes of a call.
pub(super) type Answer =
    Pin<Box<dyn Future<Output = Result<Response<CallBody>, Infallible>> + Send>>;

/// An answer's body. It holds what an open call has until it is sent.
pub(super) type CallBody = HeldBody<ResponseBody, Held>;

/// What an open call has: a place among the calls, its memory, and its connection.
pub(super) type Held = (Option<Place>, MemoryReservation, Arc<ConnectionContext>);

/// What a call has from the beginning: a place, where it needs one, and its memory.
type Room = (Option<Place>, MemoryReservation);

/// What the calls of one connection share. Each holds it to its end.
#[derive(Debug)]
pub(super) struct ConnectionContext {
    pub(super) peer: Peer,
    /// What its calls take their memory from.
    pub(super) memory: MemoryBudget,
    /// What they have in HTTP/2's table.
    pub(super) table: Table,
    /// Cancelled when the connection takes no more calls: streams end then.
    pub(super) closing: CancellationToken,
    /// Each call holds a clone until its answer begins, so that answers of one moment are written
    /// together.
    pub(super) in_flight: InFlightToken,
    /// What its client has not taken of answers that have ended.
    pub(super) remainders: Arc<Remainders>,
    /// The turn in which its calls come.
    pub(super) turn: Arc<Turn>,
}

impl ConnectionContext {
    fn hold(
        self: Arc<Self>,
        body: ResponseBody,
        place: Option<Place>,
        memory: MemoryReservation,
    ) -> CallBody {
        let remainder = Remainder::of(&self.remainders);
        HeldBody::new(body, (place, memory, self), remainder)
    }
}

impl CallHandler {
    /// Answers a call. A failure is a status, never an error.
    ///
    /// Whether there is room for it is decided at once: a connection opens many calls in one turn, and
    /// what is made for each of them would take far more memory than those for which there is room.
    pub(super) fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        connection: Arc<ConnectionContext>,
    ) -> Answer {
        let refusal = if is_call(&request) {
            let is_observed = !is_unobserved(request.uri().path());
            match self.room(&request, &connection, is_observed) {
                // In a box at once: hyper moves it several times before it runs, and it is large.
                Ok(room) => return Box::pin(self.work(request, connection, room)),
                Err(status) => {
                    let mut guard = self.observe(&request, &connection.peer, is_observed);
                    guard.ended(status.code());
                    refusal(only(&status), guard, connection)
                }
            }
        } else {
            refusal(not_a_call(), CallGuard::unobserved(), connection)
        };
        at_once::answered();
        Box::pin(std::future::ready(Ok(refusal)))
    }

    /// What a call needs to begin. What is observed needs a place.
    fn room(
        &self,
        request: &Request<Incoming>,
        connection: &Arc<ConnectionContext>,
        is_observed: bool,
    ) -> Result<Room, Status> {
        let place = is_observed.then(|| self.place(&connection.peer));
        let place = place.transpose()?;
        let head = header_size::within(request, self.limits.max_header.as_u64())?;
        let memory = connection.memory.take(CALL + head).map_err(no_memory)?;
        let open = Arc::strong_count(connection);
        connection.table.hold(open).map_err(no_memory)?;
        Ok((place, memory))
    }

    async fn work(
        self: Arc<Self>,
        request: Request<Incoming>,
        connection: Arc<ConnectionContext>,
        (place, mut memory): Room,
    ) -> Result<Response<CallBody>, Infallible> {
        let began = Instant::now();
        let _in_flight = Arc::clone(&connection.in_flight);
        let mut limits = BodyLimits {
            deadline: None,
            closing: connection.closing.clone(),
        };
        let mut gzip = compression::takes_gzip(request.headers());
        let mut guard = self.observe(&request, &connection.peer, place.is_some());
        let message = connection.memory.reservation();
        let span = guard.span();
        let answered = async {
            let patience = patience(&request)?;
            limits.deadline = patience.map(|patience| began + patience);
            let no_later = began + self.limits.request_timeout;
            let until = limits.deadline.map_or(no_later, |at| at.min(no_later));
            let work = async {
                let answer = self.handle(request, &connection, message).await;
                let (head, body) = answer.into_parts();
                let body = Begun::of(body, &mut memory).await.map_err(no_memory)?;
                Ok(Response::from_parts(head, body))
            };
            let work = deadline::scope(Some(until), work);
            match timeout_at(until, AssertUnwindSafe(work).catch_unwind()).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(_panic)) => Err(panicked()),
                Err(_) => Err(Status::deadline_exceeded("the deadline has passed")),
            }
        };
        let response = answered.instrument(span).await;
        let mut response = response.unwrap_or_else(|status| only(&status).map(Begun::from));
        if let Some(code) = status::code_in(response.headers()) {
            guard.ended(code);
            gzip = false;
        }
        if gzip {
            let headers = response.headers_mut();
            headers.insert(compression::ENCODING, compression::GZIP);
        }
        let answer = |body| ResponseBody::new(body, limits, gzip, guard);
        Ok(response.map(|body| connection.hold(answer(body), place, memory)))
    }

    fn observe(&self, request: &Request<Incoming>, peer: &Peer, is_observed: bool) -> CallGuard {
        if !is_observed {
            return CallGuard::unobserved();
        }
        let path = request.uri().path();
        let name = path.strip_prefix('/').unwrap_or(path);
        let method = match self.methods.get(name) {
            Some(known) => Method::Known(known),
            None => Method::Other(name),
        };
        CallGuard::observed(CallRecord::begin(
            &method,
            request.headers(),
            peer,
            &self.limits.trust,
            self.metrics.clone(),
        ))
    }

    /// One of the places for calls that are open at once.
    fn place(&self, peer: &Peer) -> Result<Place, Status> {
        let place = self.places.take(peer.at().ip());
        place.ok_or_else(|| exhausted("too many calls are open; ask again in a moment"))
    }

    async fn handle(
        &self,
        mut request: Request<Incoming>,
        connection: &ConnectionContext,
        memory: MemoryReservation,
    ) -> Response<Body> {
        // Where tonic looks when a handler asks for `remote_addr`.
        request.extensions_mut().insert(TcpConnectInfo {
            local_addr: None,
            remote_addr: Some(connection.peer.at()),
        });
        let limit = self.limits.max_message.as_u64();
        let turn = &connection.turn;
        let request = request.map(|body| LimitedBody::new(body, limit, memory, turn));
        match self.router.route(request.uri().path()) {
            Some(handler) => {
                let Ok(response) = handler.call(request).await;
                // What generated code says of a method that it does not have.
                if is_without_reason(response.headers()) {
                    return only(&Status::unimplemented("no such method"));
                }
                response
            }
            None => only(&Status::unimplemented("no such service")),
        }
    }
}

/// Whether an answer says that something is not there, and not what.
fn is_without_reason(headers: &HeaderMap) -> bool {
    let is_unimplemented = status::code_in(headers) == Some(Code::Unimplemented);
    is_unimplemented && !headers.contains_key("grpc-message")
}

/// The whole answer to what is refused where it comes. It is written with the others of its turn.
fn refusal(
    answer: Response<Body>,
    guard: CallGuard,
    connection: Arc<ConnectionContext>,
) -> Response<CallBody> {
    connection.turn.refuse();
    let limits = BodyLimits {
        deadline: None,
        closing: connection.closing.clone(),
    };
    let memory = connection.memory.reservation();
    answer.map(|body| {
        let body = ResponseBody::new(body.into(), limits, false, guard);
        connection.hold(body, None, memory)
    })
}

/// What a call takes until it has ended, beside its head: its tasks and its span.
const CALL: usize = 4 * 1024;

/// Services that every server has. They have no spans or metrics: they are asked every few seconds.
const UNOBSERVED: [&str; 3] = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
];

fn is_unobserved(path: &str) -> bool {
    let name = path.strip_prefix('/').unwrap_or(path);
    UNOBSERVED.contains(&name.split('/').next().unwrap_or_default())
}

/// How long the caller waits, if it says so.
fn patience(request: &Request<Incoming>) -> Result<Option<Duration>, Status> {
    timeout::read(request.headers()).map_err(Status::invalid_argument)
}

/// Whether a request is a call at all.
fn is_call(request: &Request<Incoming>) -> bool {
    let content_type = request.headers().get(http::header::CONTENT_TYPE);
    request.method() == HttpMethod::POST
        && content_type.is_some_and(|value| is_grpc(value.as_bytes()))
}

/// Whether a content type is gRPC's, and not that of gRPC-Web: its clients could not read our
/// answer, but the call would have been done.
fn is_grpc(content_type: &[u8]) -> bool {
    const GRPC: &[u8] = b"application/grpc";
    content_type
        .split_at_checked(GRPC.len())
        .is_some_and(|(grpc, rest)| {
            grpc.eq_ignore_ascii_case(GRPC) && matches!(rest, [] | [b'+' | b';', ..])
        })
}

#[cfg(test)]
mod tests {
    use super::is_grpc;

    #[test]
    fn grpc_is_taken_with_every_codec_and_what_only_begins_like_it_is_not() {
        for content_type in [
            "application/grpc",
            "application/grpc+proto",
            "application/grpc+json",
            "application/grpc;charset=utf-8",
            "Application/gRPC",
        ] {
            assert!(is_grpc(content_type.as_bytes()), "{content_type}");
        }
        for content_type in [
            "application/grpc-web",
            "application/grpc-web+proto",
            "application/grpc-web-text",
            "application/grpcs",
            "application/grp",
            "application/proto",
            "",
        ] {
            assert!(!is_grpc(content_type.as_bytes()), "{content_type}");
        }
    }
}
