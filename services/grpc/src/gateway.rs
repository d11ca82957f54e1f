//! The gateway: the users as REST, with what FastAPI gives its users.
//!
//! # Layout
//! - [`ClienteSettings`]: what it can be told.
//! - `admission.rs`, `client.rs`, `rate.rs`: the request's id, who asks, its deadline, whether there is room.
//! - `users.rs`, `changes.rs`: the routes.
//! - `cors.rs`, `root.rs`: pages of other origins, and the path of a proxy.
//! - `input.rs`, `conditional.rs`, `accept.rs`, `slash.rs`: what a request says.
//! - `json.rs`: users, pages and changes as JSON.
//! - `validation.rs`, `error.rs`: FastAPI's 422, and problems.
//! - `upstream.rs`: the server of users, call by call.
//! - `openapi.rs`, `docs.rs`: `/openapi.json`, and its readers.

mod accept;
mod admission;
mod changes;
mod client;
mod conditional;
mod cors;
mod docs;
mod error;
mod input;
mod json;
mod openapi;
mod rate;
mod root;
mod settings;
mod slash;
mod upstream;
mod users;
mod validation;

pub use cors::CorsSettings;
pub use settings::ClienteSettings;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::Uri;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::get;
use bytesize::ByteSize;
use runtime::Lifecycle;
use runtime::http::{self, HttpLimits, Routes};
use runtime::net::Places;
use runtime_grpc::client::{GrpcClient, Resolve};
use tokio::net::TcpListener;
use utoipa::OpenApi;

use self::error::GatewayError;
use self::rate::Rates;
use self::root::Root;
use self::slash::Paths;
use self::upstream::UsersClient;

/// What the routes share.
#[derive(Clone)]
struct Gateway(Arc<Shared>);

struct Shared {
    users: UsersClient,
    lifecycle: Lifecycle,
    deadline: Duration,
    heartbeat: Duration,
    max_body: usize,
    streams: Places,
    requests: Places,
    rates: Mutex<Rates>,
}

impl std::ops::Deref for Gateway {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// Serves until the lifecycle stops. The resolver tells where the servers of users are.
pub async fn serve(
    settings: ClienteSettings,
    resolver: impl Resolve,
    listener: TcpListener,
    lifecycle: Lifecycle,
) {
    let client = GrpcClient::start(
        "grpc-servidor",
        settings.server.clone(),
        resolver,
        &lifecycle,
    );
    let max_body = usize::try_from(settings.limits.max_body_bytes.as_u64()).unwrap_or(usize::MAX);
    let (per_second, burst) = (
        settings.max_requests_per_second,
        settings.max_requests_burst,
    );
    let gateway = Gateway(Arc::new(Shared {
        users: UsersClient::new(client, settings.request_deadline),
        lifecycle: lifecycle.clone(),
        deadline: settings.request_deadline,
        heartbeat: settings.heartbeat_interval,
        max_body,
        streams: Places::new(settings.max_streams),
        requests: Places::new(settings.max_requests),
        rates: Mutex::new(Rates::new(per_second, burst)),
    }));
    let limits = HttpLimits {
        // The routes hold bodies to it themselves, for their answer is a problem.
        max_body_bytes: ByteSize::b(u64::MAX),
        ..settings.limits
    };
    let mut routes = all(gateway);
    if let Some(cors) = settings.cors.layer() {
        // Around everything, so that a page can also read why it is refused.
        routes = routes.map(|router| router.layer(cors));
    }
    http::serve_proxied(listener, routes, limits, settings.proxies, &lifecycle).await;
}

/// The interface as an OpenAPI 3.1 document. `/openapi.json` answers what is kept of it: to make it takes
/// a program 0.2 MB of code, and its start 1.7 MiB of memory.
pub fn document() -> serde_json::Value {
    openapi::complete(openapi::Api::openapi())
}

const USERS: &str = "/usuarios";
const USER: &str = "/usuarios/{id}";
const CHANGES: &str = "/usuarios/mudancas";

fn all(gateway: Gateway) -> Routes {
    let all = [USERS, USER, CHANGES].into_iter().chain(docs::PAGES);
    let paths = Paths::new(all.map(str::to_owned));
    let user = get(users::obter)
        .put(users::substituir)
        .patch(users::alterar)
        .delete(users::remover);
    let text = openapi::Text::kept();
    let document = async move |root: Root| {
        let headers = [(CONTENT_TYPE, "application/json")];
        (headers, text.served_at(root.path()))
    };
    let elsewhere = async move |root: Root, uri: Uri| match paths.without_slash(&uri) {
        Some(path) => root.redirect(&path).into_response(),
        None => GatewayError::NoPath.into_response(),
    };
    let around = from_fn_with_state(gateway.clone(), admission::admit);
    Routes::new()
        .route(USERS, get(users::listar).post(users::criar))
        .route(USER, user)
        .route(CHANGES, get(changes::mudancas))
        .route("/openapi.json", get(document))
        .merge(docs::routes())
        .map(|router| {
            router
                .fallback(elsewhere)
                .method_not_allowed_fallback(async || GatewayError::Method)
                .layer(around)
        })
        .with_state(gateway)
}
