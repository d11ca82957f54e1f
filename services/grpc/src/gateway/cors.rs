//! Which pages of other origins may call (the Fetch standard, 3.2), as FastAPI's `CORSMiddleware`.

use std::time::Duration;

use axum::http::{HeaderName, Method};
use runtime::http::AllowedOrigin;
use runtime::settings::{CommaList, DAY, list, parse, within};
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer, ExposeHeaders};

/// What pages of other origins may do.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Pages of other origins (CORS)")]
pub struct CorsSettings {
    /// Origins whose pages may call, as in `https://app.example`, with commas between; * for any;
    /// empty: none
    #[arg(default_value = "", value_parser = list::<AllowedOrigin>)]
    pub cors_allow_origins: CommaList<AllowedOrigin>,
    /// Methods that they may use
    #[arg(default_value = "GET,HEAD,POST,PUT,PATCH,DELETE", value_parser = list::<Method>)]
    cors_allow_methods: CommaList<Method>,
    /// Headers that they may send
    #[arg(
        default_value = "Content-Type,If-Match,If-None-Match,Idempotency-Key,Last-Event-ID,X-Request-Id,traceparent,tracestate,baggage",
        value_parser = list::<HeaderName>
    )]
    cors_allow_headers: CommaList<HeaderName>,
    /// Headers of answers that they may read, beside those that every page may
    #[arg(
        default_value = "ETag,Link,Location,Idempotent-Replayed,Retry-After,X-Request-Id",
        value_parser = list::<HeaderName>
    )]
    cors_expose_headers: CommaList<HeaderName>,
    /// Whether they may send cookies and the like, which a proxy may want; not with origins of *
    #[arg(default_value = "false", value_parser = parse::<bool>)]
    pub cors_allow_credentials: bool,
    /// How long a browser may remember all this
    #[arg(default_value = "10m", value_parser = within(Duration::ZERO..=DAY))]
    cors_max_age: Duration,
}

impl CorsSettings {
    /// Whether any page at all may call.
    pub fn is_open(&self) -> bool {
        self.cors_allow_origins.contains(&AllowedOrigin::Any)
    }

    /// What adds the headers, and answers preflights; none where no page may call.
    pub(super) fn layer(&self) -> Option<CorsLayer> {
        if self.cors_allow_origins.is_empty() {
            return None;
        }
        let named = self
            .cors_allow_origins
            .iter()
            .filter_map(|origin| match origin {
                AllowedOrigin::Any => None,
                AllowedOrigin::Named(origin) => Some(origin.clone()),
            });
        let origins = if self.is_open() {
            AllowOrigin::any()
        } else {
            AllowOrigin::list(named)
        };
        let layer = CorsLayer::new()
            .allow_origin(origins)
            .allow_methods(AllowMethods::list(self.cors_allow_methods.iter().cloned()))
            .allow_headers(AllowHeaders::list(self.cors_allow_headers.iter().cloned()))
            .expose_headers(ExposeHeaders::list(
                self.cors_expose_headers.iter().cloned(),
            ))
            .allow_credentials(self.cors_allow_credentials)
            .max_age(self.cors_max_age);
        Some(layer)
    }
}
