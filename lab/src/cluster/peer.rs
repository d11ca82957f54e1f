//! Requests over HTTP/1.1, by TLS or without, a connection for each.
//!
//! Not by `reqwest`: with TLS among its features, every program of the workspace would carry it.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, HOST, HeaderValue, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use runtime::Lifecycle;
use runtime::tls::{self, Certificates};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use url::Url;

use super::ClusterError;

/// A server that is asked.
#[derive(Clone)]
pub struct Peer {
    url: Url,
    /// Host and port, as errors show them.
    name: String,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    lifecycle: Lifecycle,
}

/// How long a connection and the head of an answer may take.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// The largest answer that is read whole.
const MOST: usize = 32 << 20;

impl Peer {
    /// A server at this URL. Its certificate must be signed by these authorities, where there are
    /// some, or by one of the system's.
    pub fn new(
        url: Url,
        authorities: Option<&Certificates>,
        lifecycle: Lifecycle,
    ) -> Result<Self, ClusterError> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let name = format!("{host}:{}", url.port_or_known_default().unwrap_or_default());
        let tls = if url.scheme() == "https" {
            let server = || name.clone();
            let config = tls::client(authorities, None).map_err(|source| ClusterError::Tls {
                server: server(),
                source,
            })?;
            let bare = host.trim_matches(['[', ']']).to_owned();
            let called = ServerName::try_from(bare).map_err(|error| ClusterError::Connect {
                server: server(),
                reason: error.to_string(),
            })?;
            Some((TlsConnector::from(Arc::clone(&config)), called))
        } else {
            None
        };
        Ok(Self {
            url,
            name,
            tls,
            lifecycle,
        })
    }

    /// Host and port.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sends a request for a path below the URL, and gives the head of its answer.
    pub async fn open(
        &self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, ClusterError> {
        let base = self.url.path().trim_end_matches('/');
        let path = format!("{base}{}", request.uri());
        *request.uri_mut() = path.parse().map_err(|error| self.broken(&error))?;
        let host = HeaderValue::from_str(&self.name).map_err(|error| self.broken(&error))?;
        let headers = request.headers_mut();
        headers.insert(HOST, host);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        let answer = timeout(PATIENCE, self.exchange(request)).await;
        answer.unwrap_or_else(|_| Err(self.late(PATIENCE)))
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, ClusterError> {
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port_or_known_default().unwrap_or_default();
        let connect = TcpStream::connect((host.trim_matches(['[', ']']), port));
        let stream = connect.await.map_err(|error| self.unreached(&error))?;
        match &self.tls {
            None => self.over(stream, request).await,
            Some((connector, called)) => {
                let stream = connector.connect(called.clone(), stream).await;
                let stream = stream.map_err(|error| self.unreached(&error))?;
                self.over(stream, request).await
            }
        }
    }

    async fn over<S>(
        &self,
        stream: S,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, ClusterError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let made = http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = made.map_err(|error| self.broken(&error))?;
        let name = self.name.clone();
        self.lifecycle.spawn_without_span(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, server = name, "a connection ended");
            }
        });
        let sent = sender.send_request(request).await;
        sent.map_err(|error| self.broken(&error))
    }

    /// Reads an answer whole.
    pub async fn body(&self, answer: Response<Incoming>) -> Result<Bytes, ClusterError> {
        let mut body = answer.into_body();
        let mut whole = BytesMut::new();
        let read = async {
            while let Some(piece) = self.piece(&mut body).await? {
                if whole.len() + piece.len() > MOST {
                    return Err(self.too_large());
                }
                whole.extend_from_slice(&piece);
            }
            Ok(())
        };
        let read = timeout(PATIENCE, read).await;
        read.unwrap_or_else(|_| Err(self.late(PATIENCE)))?;
        Ok(whole.freeze())
    }

    /// The next bytes of an answer; none at its end.
    async fn piece(&self, body: &mut Incoming) -> Result<Option<Bytes>, ClusterError> {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| self.broken(&error))?;
            if let Ok(data) = frame.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    fn unreached(&self, error: &dyn std::fmt::Display) -> ClusterError {
        ClusterError::Connect {
            server: self.name.clone(),
            reason: error.to_string(),
        }
    }

    fn broken(&self, error: &dyn std::fmt::Display) -> ClusterError {
        ClusterError::Broken {
            server: self.name.clone(),
            reason: error.to_string(),
        }
    }

    fn late(&self, after: Duration) -> ClusterError {
        ClusterError::Timeout {
            server: self.name.clone(),
            after,
        }
    }

    fn too_large(&self) -> ClusterError {
        ClusterError::TooLarge {
            server: self.name.clone(),
            limit: MOST,
        }
    }
}

const AGENT: &str = concat!("malha-lab/", env!("CARGO_PKG_VERSION"));

/// An answer that goes on, line by line.
pub struct Lines {
    peer: Peer,
    body: Incoming,
    rest: BytesMut,
}

impl Lines {
    /// The lines of this answer.
    pub fn of(peer: Peer, answer: Response<Incoming>) -> Self {
        Self {
            peer,
            body: answer.into_body(),
            rest: BytesMut::new(),
        }
    }

    /// The next line, waited for at most so long; none at the end. What stands after the last end
    /// of a line is no line.
    pub async fn next(&mut self, patience: Duration) -> Result<Option<Bytes>, ClusterError> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line = self.rest.split_to(end + 1).freeze();
                return Ok(Some(line.slice(..end)));
            }
            if self.rest.len() > MOST {
                return Err(self.peer.too_large());
            }
            let piece = timeout(patience, self.peer.piece(&mut self.body)).await;
            match piece.unwrap_or_else(|_| Err(self.peer.late(patience)))? {
                Some(piece) => self.rest.extend_from_slice(&piece),
                None => return Ok(None),
            }
        }
    }
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Peer({})", self.url)
    }
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lines({})", self.peer.name)
    }
}
