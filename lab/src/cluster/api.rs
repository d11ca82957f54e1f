//! The API server: who asks, what it refuses.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::ClusterError;
use super::peer::{Lines, Peer};

/// The API server of a cluster, asked as a service account.
#[derive(Clone, Debug)]
pub struct Api {
    peer: Peer,
    /// None: the server asks for none, as `kubectl proxy`.
    token_file: Option<PathBuf>,
}

/// A list of objects that the API has for each namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Where its group begins.
    pub group: &'static str,
    /// Its name in a path.
    pub plural: &'static str,
}

impl Resource {
    /// The path of the list of a namespace.
    pub fn path(self, namespace: &str) -> String {
        format!("/{}/namespaces/{namespace}/{}", self.group, self.plural)
    }
}

/// What is read of the API's own word on a refusal.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    message: String,
}

impl Api {
    /// An API server that is asked with the token of this file.
    pub fn new(peer: Peer, token_file: Option<PathBuf>) -> Self {
        Self { peer, token_file }
    }

    /// Reads something.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClusterError> {
        let answer = self.send(Method::GET, path, None).await?;
        self.read(path, answer).await
    }

    /// Reads something that is a text.
    pub async fn text(&self, path: &str) -> Result<String, ClusterError> {
        let answer = self.send(Method::GET, path, None).await?;
        let body = self.peer.body(answer).await?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    /// An answer that goes on, line by line.
    pub async fn lines(&self, path: &str) -> Result<Lines, ClusterError> {
        let answer = self.send(Method::GET, path, None).await?;
        Ok(Lines::of(self.peer.clone(), answer))
    }

    /// Changes a part of something, by a merge patch.
    pub async fn patch(&self, path: &str, change: &Value) -> Result<(), ClusterError> {
        let body = Some(("application/merge-patch+json", change.to_string()));
        let answer = self.send(Method::PATCH, path, body).await?;
        self.peer.body(answer).await.map(drop)
    }

    /// Makes something.
    pub async fn create(&self, path: &str, object: &Value) -> Result<(), ClusterError> {
        let body = Some(("application/json", object.to_string()));
        let answer = self.send(Method::POST, path, body).await?;
        self.peer.body(answer).await.map(drop)
    }

    /// Takes something away.
    pub async fn delete(&self, path: &str) -> Result<(), ClusterError> {
        let answer = self.send(Method::DELETE, path, None).await?;
        self.peer.body(answer).await.map(drop)
    }

    async fn read<T: DeserializeOwned>(
        &self,
        path: &str,
        answer: Response<Incoming>,
    ) -> Result<T, ClusterError> {
        let body = self.peer.body(answer).await?;
        serde_json::from_slice(&body).map_err(|error| ClusterError::Shape {
            server: self.peer.name().to_owned(),
            what: path.to_owned(),
            reason: error.to_string(),
        })
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<(&'static str, String)>,
    ) -> Result<Response<Incoming>, ClusterError> {
        let what = format!("{} {}", method.as_str().to_lowercase(), bare(path));
        let mut request = Request::new(Full::default());
        *request.uri_mut() = path
            .parse()
            .map_err(|_| ClusterError::Wrong(what.clone()))?;
        *request.method_mut() = method;
        if let Some((kind, body)) = body {
            *request.body_mut() = Full::new(Bytes::from(body));
            let kind = HeaderValue::from_static(kind);
            request.headers_mut().insert(CONTENT_TYPE, kind);
        }
        if let Some(token) = self.token() {
            request.headers_mut().insert(AUTHORIZATION, token);
        }
        let answer = self.peer.open(request).await?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let body = self.peer.body(answer).await.unwrap_or_default();
        let said = serde_json::from_slice::<Status>(&body).unwrap_or_default();
        Err(refusal(status.as_u16(), what, said.message))
    }

    /// Read anew each time, for the kubelet renews it.
    fn token(&self) -> Option<HeaderValue> {
        let token = std::fs::read_to_string(self.token_file.as_ref()?).ok()?;
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.trim())).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// A path without its query.
fn bare(path: &str) -> &str {
    path.split_once('?').map_or(path, |(path, _)| path)
}

pub(super) fn refusal(status: u16, what: String, message: String) -> ClusterError {
    match status {
        401 | 403 => ClusterError::Forbidden { what, message },
        404 => ClusterError::Unknown(message),
        409 => ClusterError::Conflict(message),
        410 => ClusterError::Expired,
        _ => ClusterError::Refused {
            what,
            status,
            message,
        },
    }
}

/// How long a watch lasts before it is begun again.
pub const WATCH: Duration = Duration::from_mins(4);
