//! axum as its first page shows it: a router and `axum::serve`.

use axum::Router;
use axum::routing::get;
use bare::{HEADERS, TEXT, address};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let router = Router::new().route("/", get(async || (HEADERS, TEXT)));
    let listener = tokio::net::TcpListener::bind(address()).await?;
    axum::serve(listener, router).await
}
