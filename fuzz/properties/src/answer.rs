//! An answer over TCP, as any client may get it.

use opentelemetry::trace::SpanContext;
use runtime_tcp::incoming::{Incoming, Step};
use runtime_tcp::{Answer, Procedure, RequestRefusal};

/// What both exercises begin a refusal with.
pub(crate) const ERROR: &str = "Erro: ";

/// An answer as any client may get it: short, on one line, and a refusal exactly where the
/// outcome is not `ok`.
pub(crate) fn is_fit_to_send(answer: &Answer, max: usize) {
    let Answer { text, outcome } = answer;
    assert!(!text.is_empty() && text.len() <= max, "{answer:?}");
    assert!(!text.chars().any(char::is_control), "{answer:?}");
    assert_eq!(text.starts_with(ERROR), *outcome != "ok", "{answer:?}");
}

/// What a client is answered that sends these pieces and ends its input, and the trace it told.
pub(crate) fn answered<'a, P: Procedure>(
    procedure: &P,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Answer, Option<SpanContext>) {
    let mut incoming = Incoming::default();
    let refuse = |refused: RequestRefusal| Answer {
        text: procedure.refuse(refused),
        outcome: refused.code(),
    };
    for piece in pieces {
        incoming.buffer().extend_from_slice(piece);
        let answer = match incoming.step(procedure) {
            Step::Wait(_) => continue,
            Step::Complete => break,
            Step::TooLong => refuse(RequestRefusal::TooLong),
            Step::BadHeader(error) => refuse(RequestRefusal::Header(error)),
        };
        return (answer, incoming.context().cloned());
    }
    let answer = match incoming.request(procedure) {
        Ok(request) => procedure.answer(request),
        Err(error) => refuse(RequestRefusal::Header(error)),
    };
    (answer, incoming.context().cloned())
}
