//! `GET /ws/{clientId}`: who may connect, and as whom.

use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper_util::rt::TokioIo;
use runtime::http::Forwarded;
use runtime::trace::Span;

use super::App;
use super::origin::asked_host;
use super::query::Query;
use super::upgrade::Upgrade;
use crate::domain::{ClientId, Token};
use crate::hub::{Join, Protocol};
use crate::metrics::ChatMetrics;
use crate::propagation;
use crate::session::PendingSession;
use crate::wire::V1;

pub(super) async fn connect(
    State(app): State<App>,
    Path(client): Path<String>,
    RawQuery(query): RawQuery,
    forwarded: Option<Extension<Forwarded>>,
    headers: HeaderMap,
    upgrade: Result<Upgrade, Response>,
) -> Response {
    let mut upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection,
    };
    let metrics = app.0.hub.metrics();
    let peer = forwarded.as_ref().map(|forwarded| forwarded.peer);
    let forwarded = forwarded.and_then(|forwarded| forwarded.0.host);
    let host = asked_host(&headers, forwarded.as_deref());
    if !app.0.origins.allow(&headers, host) {
        ChatMetrics::count(&metrics.refused, "origin");
        tracing::warn!(
            origin = ?headers.get(header::ORIGIN),
            host,
            setting = "ALLOWED_ORIGINS",
            "a page was refused: its origin is not the host that it asked. Name it in \
             ALLOWED_ORIGINS, or the proxy in between in FORWARDED_TRUST"
        );
        let answer = "Origin: this page may not connect here (ALLOWED_ORIGINS)\n";
        return (StatusCode::FORBIDDEN, answer).into_response();
    }
    let Some(client) = ClientId::parse(&client) else {
        ChatMetrics::count(&metrics.refused, "client_id");
        let answer = "clientId: expected a whole number\n";
        return (StatusCode::FORBIDDEN, answer).into_response();
    };
    let (protocol, query) = if upgrade.choose(V1) {
        (
            Protocol::V1,
            Query::read(query.as_deref().unwrap_or_default()),
        )
    } else {
        (Protocol::Plain, Ok(Query::default()))
    };
    let query = match query {
        Ok(query) => query,
        Err(wrong) => {
            ChatMetrics::count(&metrics.refused, "query");
            return (StatusCode::BAD_REQUEST, wrong).into_response();
        }
    };
    let pending = Box::new(PendingSession {
        hub: app.0.hub.clone(),
        limits: app.0.limits,
        join: Join {
            client,
            session: query.session.unwrap_or_else(Token::random),
            protocol,
            resume: query.resume,
            history: query.history,
        },
        is_trusted: peer.is_some_and(|peer| app.0.trust.holds(peer)),
        opened_by: propagation::link(&Span::current()),
    });
    begin(&app, upgrade, pending)
}

/// Answers 101, and lets the client in once the answer is sent.
///
/// The lifecycle owns the task that waits for this, so that no drain overlooks it.
fn begin(app: &App, upgrade: Upgrade, pending: Box<PendingSession>) -> Response {
    let (answer, connection) = upgrade.accept();
    let lifecycle = app.0.lifecycle.clone();
    app.0.lifecycle.spawn_without_span(async move {
        // An error means that the client left before the upgrade.
        if let Ok(connection) = connection.await {
            let connection = pending.hub.connect(Box::new(TokioIo::new(connection)));
            pending.run(connection, lifecycle).await;
        }
    });
    answer
}
