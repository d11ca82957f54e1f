//! The service's own routes and relay, over the simulated network.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chat::relay::outbound::HttpTransport;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use reqwest::Request;
use runtime::http::Routes;
use runtime::http_client::{HttpClientError, HttpResponse};
use testing::TestLifecycle;
use turmoil::net::{TcpListener, TcpStream};

/// Serves routes until the host crashes.
pub(crate) async fn serve(routes: Routes, lifecycle: &TestLifecycle) -> std::io::Result<()> {
    let routes = axum::Router::from(routes);
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(routes.clone());
        lifecycle.lifecycle().spawn(async move {
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades();
            // It ends with an error where the network or the other end fails, as it is meant to.
            let _ = connection.await;
        });
    }
}

/// Where every service listens.
pub(crate) const PORT: u16 = 8000;

/// Carries requests over the simulated network, and some of them twice, as a proxy may.
pub(crate) struct Courier {
    pub(crate) timeout: Duration,
    dice: std::sync::Mutex<SmallRng>,
    duplicates: Arc<AtomicUsize>,
}

impl Courier {
    pub(crate) fn new(seed: u64, duplicates: Arc<AtomicUsize>) -> Self {
        Self {
            timeout: Duration::from_millis(500),
            dice: std::sync::Mutex::new(SmallRng::seed_from_u64(seed)),
            duplicates,
        }
    }
}

impl HttpTransport for Courier {
    async fn send(&self, request: Request) -> Result<HttpResponse, HttpClientError> {
        let twice = self.dice.lock().unwrap().random_bool(0.1);
        if twice {
            self.duplicates.fetch_add(1, Ordering::Relaxed);
            // Whatever becomes of the first.
            let _ = self.once(&request).await;
        }
        self.once(&request).await
    }
}

impl Courier {
    async fn once(&self, request: &Request) -> Result<HttpResponse, HttpClientError> {
        let server = request.url().host_str().unwrap().to_owned();
        let exchange = tokio::time::timeout(self.timeout, exchange(request, &server));
        match exchange.await {
            Err(_) => Err(HttpClientError::Timeout { server }),
            Ok(Err(reason)) => Err(HttpClientError::Broken { server, reason }),
            Ok(Ok(answer)) => Ok(answer),
        }
    }
}

async fn exchange(request: &Request, server: &str) -> Result<HttpResponse, String> {
    let text = |error: &dyn std::error::Error| error.to_string();
    let stream = TcpStream::connect((server, PORT)).await;
    let stream = TokioIo::new(stream.map_err(|error| text(&error))?);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream)
        .await
        .map_err(|error| text(&error))?;
    let body = request.body().and_then(|body| body.as_bytes());
    let body = Bytes::copy_from_slice(body.unwrap_or_default());
    let mut copy = http::Request::builder()
        .method(request.method())
        .uri(request.url().path())
        .header("host", server)
        .body(Full::new(body))
        .map_err(|error| text(&error))?;
    copy.headers_mut().extend(request.headers().clone());
    let answer = async {
        let response = sender.send_request(copy).await?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok::<_, hyper::Error>(HttpResponse {
            status: parts.status,
            headers: parts.headers,
            body,
        })
    };
    // Together, so that both end when the request is given up.
    tokio::select! {
        biased;
        answer = answer => answer.map_err(|error| text(&error)),
        ended = connection => Err(format!("{ended:?}")),
    }
}
