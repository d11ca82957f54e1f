//! One number, one trace: over a bare connection, from the client's action to the answer.

use opentelemetry::trace::{SpanId, SpanKind, Status};
use sockets::settings::ClientSettings;
use sockets::{Client, client};
use testing::{CapturedOutput, Spans, TestLifecycle, settings};

use crate::support::start_server;

#[tokio::test]
async fn a_number_is_one_trace_from_the_action_to_the_answer() {
    let spans = Spans::capture();
    let (server, _life) = start_server(&[("PAUSE", "1m"), ("MODE", "full")]).await;
    let address = server.to_string();
    let settings: ClientSettings = settings::<Client>(&[
        ("SERVER_ADDRESS", &address),
        ("NUMBER", "17"),
        ("TRACE_CONTEXT", "proxy"),
    ]);
    let (printed, lifecycle) = (CapturedOutput::default(), TestLifecycle::default());
    client::run(settings, printed.clone(), lifecycle.lifecycle().clone())
        .await
        .unwrap();
    assert_eq!(printed.text(), "17: ÍMPAR, PRIMO, 2 dígitos\n");

    let trace = spans
        .chain_with("server.port", i64::from(server.port()), 3)
        .await;
    let [action, call, procedure] = &trace[..] else {
        panic!("{trace:?}")
    };
    assert_eq!(
        (action.name.as_str(), &action.kind),
        ("send number", &SpanKind::Internal)
    );
    assert_eq!(action.parent, SpanId::INVALID);
    assert_eq!(
        (call.name.as_str(), &call.kind),
        ("classify", &SpanKind::Client)
    );
    assert_eq!(call.parent, action.span_id);
    assert_eq!(
        (procedure.name.as_str(), &procedure.kind),
        ("classify", &SpanKind::Server)
    );
    assert_eq!(procedure.parent, call.span_id);
    assert_eq!(spans.ended(action.trace_id).len(), 3);
    for span in [call, procedure] {
        assert_eq!(span.attribute("network.transport"), Some("tcp".into()));
        assert_eq!(
            span.attribute("network.protocol.name"),
            Some("sockets".into())
        );
        assert_eq!(span.status, Status::Unset);
    }
}
