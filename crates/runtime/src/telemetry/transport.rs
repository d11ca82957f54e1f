//! The exchanges with a collector, for a thread that may block: by TLS or without, by a proxy or
//! without, on one connection after another.
//!
//! Not by `reqwest`: with TLS from it and `ring` for the cryptography, every other client of a process
//! would end it, unless it were told of `ring` before.

use std::io::Write;
use std::net::IpAddr;
use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderMap, HeaderValue};
use http::header::{PROXY_AUTHORIZATION, USER_AGENT};
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::rt::{Read, Write as HyperWrite};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use opentelemetry_http::{HttpClient, HttpError, ResponseBodyTooLarge};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::runtime::Runtime;
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;
use tower::ServiceExt;

use super::otlp::OtlpSettings;
use crate::cause::innermost;

/// An answer of a collector says little.
const MAX_ANSWER: usize = 1 << 20;

type Sender = SendRequest<Full<Bytes>>;

/// Why the last exchange came to nothing; the SDK says no more than that it did.
#[derive(Clone, Debug, Default)]
pub(super) struct Failure(Arc<SyncMutex<Option<String>>>);

impl Failure {
    pub(super) fn take(&self) -> Option<String> {
        let mut reason = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reason.take()
    }

    fn is(&self, reason: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
    }
}

/// What the next exchanges send, in place of what the exporter says.
#[derive(Clone, Debug, Default)]
pub(super) struct Body(Arc<SyncMutex<Bytes>>);

impl Body {
    pub(super) fn set(&self, body: Vec<u8>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = body.into();
    }

    fn get(&self) -> Bytes {
        let body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        body.clone()
    }
}

/// How a collector is come to.
#[derive(Debug)]
pub(super) struct Route {
    endpoint: Uri,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    proxy: Option<Intercept>,
}

impl Route {
    /// The way to this endpoint. What is on this machine is never asked for by a proxy.
    pub(super) fn new(
        endpoint: &str,
        tls: Option<Arc<ClientConfig>>,
        proxies: &Matcher,
        warnings: &mut Vec<String>,
    ) -> Result<Self, String> {
        let endpoint: Uri = endpoint.parse().map_err(|error| format!("{error}"))?;
        let host = endpoint.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let name = |config| {
            let name = ServerName::try_from(host.to_owned());
            name.map(|name| (config, name))
                .map_err(|error| error.to_string())
        };
        let tls = tls.map(name).transpose()?;
        let mut proxy = proxies.intercept(&endpoint);
        if is_this_machine(host) {
            proxy = None;
        }
        if let Some(other) = proxy.take_if(|proxy| proxy.uri().scheme_str() != Some("http")) {
            let uri = other.uri();
            warnings.push(format!(
                "the proxy {uri} for spans is none of http://; they are sent without it"
            ));
        }
        Ok(Self {
            endpoint,
            tls,
            proxy,
        })
    }

    async fn connect(&self) -> Result<Sender, HttpError> {
        let mut direct = HttpConnector::new();
        direct.enforce_http(false); // TLS comes after
        let to = self.endpoint.clone();
        let io = match (&self.proxy, &self.tls) {
            (None, _) => direct.oneshot(to).await?,
            (Some(proxy), None) => direct.oneshot(proxy.uri().clone()).await?,
            (Some(proxy), Some(_)) => {
                let mut tunnel = Tunnel::new(proxy.uri().clone(), direct);
                if let Some(login) = proxy.basic_auth() {
                    tunnel = tunnel.with_auth(login.clone());
                }
                tunnel.oneshot(to).await?
            }
        };
        match &self.tls {
            None => handshake(io).await,
            Some((config, name)) => {
                let connector = TlsConnector::from(Arc::clone(config));
                let stream = connector.connect(name.clone(), io.into_inner()).await?;
                handshake(TokioIo::new(stream)).await
            }
        }
    }

    /// A server is told the path, a proxy the whole URL.
    fn address(&self, request: &mut Request<Full<Bytes>>) -> Result<(), HttpError> {
        let host = self.endpoint.authority().map_or("", |host| host.as_str());
        let host = HeaderValue::try_from(host)?;
        request.headers_mut().insert(HOST, host);
        match (&self.proxy, &self.tls) {
            (Some(proxy), None) => {
                if let Some(login) = proxy.basic_auth() {
                    let headers = request.headers_mut();
                    headers.insert(PROXY_AUTHORIZATION, login.clone());
                }
            }
            _ => {
                if let Some(path) = request.uri().path_and_query() {
                    *request.uri_mut() = path.clone().into();
                }
            }
        }
        Ok(())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "it ends with its sender, on the exporter's own runtime"
)]
async fn handshake<S>(io: S) -> Result<Sender, HttpError>
where
    S: Read + HyperWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(io).await?;
    tokio::spawn(connection);
    sender.ready().await?;
    Ok(sender)
}

/// The connection of before, where the collector has not closed it.
async fn live(kept: Option<Sender>) -> Option<Sender> {
    let mut sender = kept?;
    sender.ready().await.ok()?;
    Some(sender)
}

fn is_this_machine(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    host == "localhost"
        || host.ends_with(".localhost")
        || address.is_some_and(|address| address.to_canonical().is_loopback())
}

/// One exchange at a time, on a connection that is kept.
#[derive(Debug)]
pub(super) struct Transport {
    runtime: Runtime,
    route: Route,
    headers: HeaderMap,
    gzip: bool,
    timeout: Duration,
    kept: Mutex<Option<Sender>>,
    failure: Failure,
    body: Body,
}

impl Transport {
    pub(super) fn new(
        route: Route,
        otlp: &OtlpSettings,
        timeout: Duration,
    ) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("otlp")
            .enable_all()
            .build()?;
        Ok(Self {
            runtime,
            route,
            headers: otlp.headers.clone(),
            gzip: otlp.gzip,
            timeout,
            kept: Mutex::default(),
            failure: Failure::default(),
            body: Body::default(),
        })
    }

    pub(super) fn failure(&self) -> Failure {
        self.failure.clone()
    }

    pub(super) fn body(&self) -> Body {
        self.body.clone()
    }

    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let mut request = self.dressed(request)?;
        self.route.address(&mut request)?;
        let mut kept = self.kept.lock().await;
        let mut sender = match live(kept.take()).await {
            Some(sender) => sender,
            None => self.route.connect().await?,
        };
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await;
        let body = body.map_err(|error| match error.downcast::<LengthLimitError>() {
            Ok(_) => Box::new(ResponseBodyTooLarge::new()),
            Err(error) => error,
        })?;
        *kept = Some(sender);
        Ok(Response::from_parts(head, body.to_bytes()))
    }

    /// The request with the headers and the compression that the settings ask for, and not with those
    /// that the SDK takes from the environment, whatever they are.
    fn dressed(&self, request: Request<Bytes>) -> Result<Request<Full<Bytes>>, HttpError> {
        let (mut head, _) = request.into_parts();
        let mut body = self.body.get();
        let given = std::mem::replace(&mut head.headers, self.headers.clone());
        if let Some(agent) = given.get(USER_AGENT) {
            head.headers.entry(USER_AGENT).or_insert(agent.clone());
        }
        if let Some(kind) = given.get(CONTENT_TYPE) {
            head.headers.insert(CONTENT_TYPE, kind.clone());
        }
        if self.gzip {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&body)?;
            body = encoder.finish()?.into();
            let gzip = HeaderValue::from_static("gzip");
            head.headers.insert(CONTENT_ENCODING, gzip);
        }
        Ok(Request::from_parts(head, Full::new(body)))
    }
}

#[async_trait]
impl HttpClient for Transport {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let exchange = async { tokio::time::timeout(self.timeout, self.exchange(request)).await };
        let outcome = match self.runtime.block_on(exchange) {
            Ok(outcome) => outcome,
            Err(_) => Err("no answer in time".into()),
        };
        match &outcome {
            Ok(answer) if answer.status().is_success() => {}
            Ok(answer) => self.failure.is(answer.status().to_string()),
            Err(error) => self.failure.is(innermost(&**error)),
        }
        outcome
    }
}
