//! The objects of a kind in a namespace, as they are now: listed once, then watched.
//!
//! A watch that the API server has forgotten the beginning of (410) begins with a new list. What is
//! refused or lost is said, and tried again; what was seen before stays until something newer is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use runtime::Lifecycle;
use runtime::backoff::Backoff;
use runtime::readiness::Dependency;
use serde::Deserialize;
use serde_json::Value;

use super::ClusterError;
use super::api::{Api, WATCH, refusal};
use super::objects::{Meta, Object};

/// The objects of a kind in a namespace. Every clone is the same mirror.
#[derive(Clone, Debug)]
pub struct Mirror<T>(Arc<Mutex<Kept<T>>>);

#[derive(Debug)]
struct Kept<T> {
    objects: BTreeMap<String, T>,
    trouble: Option<String>,
}

impl<T> Default for Mirror<T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Kept {
            objects: BTreeMap::new(),
            trouble: None,
        })))
    }
}

/// How long to wait before a new list where the old one is forgotten.
const SOON: Duration = Duration::from_millis(100);

/// How long to wait after a failure, and at most after several.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// How many objects a part of a list has.
const PART: usize = 250;

#[derive(Deserialize)]
struct List<T> {
    #[serde(default)]
    metadata: ListMeta,
    items: Option<Vec<T>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ListMeta {
    resource_version: String,
    r#continue: Option<String>,
}

/// A line of a watch.
#[derive(Deserialize)]
struct Change {
    #[serde(rename = "type")]
    kind: String,
    object: Value,
}

/// What a watch says where it cannot go on.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Failure {
    code: u16,
    message: String,
}

impl<T: Object> Mirror<T> {
    /// Every object, by name.
    pub fn all(&self) -> Vec<T> {
        self.lock().objects.values().cloned().collect()
    }

    /// Why nothing newer is known, where that is so.
    pub fn trouble(&self) -> Option<String> {
        self.lock().trouble.clone()
    }

    /// Follows the objects of a namespace until the lab ends.
    pub async fn follow(self, api: Api, namespace: String, seen: Dependency, life: Lifecycle) {
        tokio::select! {
            () = self.keep_up(&api, &namespace, &seen) => {}
            () = life.stopping() => {}
        }
    }

    async fn keep_up(&self, api: &Api, namespace: &str, seen: &Dependency) {
        let mut backoff = Backoff::new(PAUSE, LONGEST);
        loop {
            let error = match self.list(api, namespace).await {
                Ok(version) => {
                    seen.ready();
                    backoff.success();
                    self.lock().trouble = None;
                    self.watch(api, namespace, version).await
                }
                Err(error) => error,
            };
            if matches!(error, ClusterError::Expired) {
                tracing::debug!(namespace, of = T::RESOURCE.plural, "listed anew");
                tokio::time::sleep(SOON).await;
                continue;
            }
            let trouble = format!("{} of {namespace}: {error}", T::RESOURCE.plural);
            tracing::warn!(trouble, "cannot be followed");
            self.lock().trouble = Some(trouble);
            tokio::time::sleep(backoff.failure()).await;
        }
    }

    /// Takes all that there is, and gives the version from which a watch goes on.
    async fn list(&self, api: &Api, namespace: &str) -> Result<String, ClusterError> {
        let path = T::RESOURCE.path(namespace);
        let mut objects = BTreeMap::new();
        let mut rest = String::new();
        loop {
            let part: List<T> = api.get(&format!("{path}?limit={PART}{rest}")).await?;
            let items = part.items.unwrap_or_default().into_iter();
            objects.extend(items.map(|object| (object.meta().name.clone(), object)));
            let Some(token) = part.metadata.r#continue.filter(|token| !token.is_empty()) else {
                self.lock().objects = objects;
                return Ok(part.metadata.resource_version);
            };
            let token = utf8_percent_encode(&token, NON_ALPHANUMERIC);
            rest = format!("&continue={token}");
        }
    }

    /// Takes each change, one watch after the other, until one fails.
    async fn watch(&self, api: &Api, namespace: &str, mut version: String) -> ClusterError {
        loop {
            if let Err(error) = self.watch_once(api, namespace, &mut version).await {
                return error;
            }
        }
    }

    async fn watch_once(
        &self,
        api: &Api,
        namespace: &str,
        version: &mut String,
    ) -> Result<(), ClusterError> {
        let path = T::RESOURCE.path(namespace);
        let seconds = WATCH.as_secs();
        let path = format!(
            "{path}?watch=1&allowWatchBookmarks=true&timeoutSeconds={seconds}&resourceVersion={version}"
        );
        let mut lines = api.lines(&path).await?;
        let started = tokio::time::Instant::now();
        // It ends by itself; what is silent for longer is lost.
        while let Some(line) = lines.next(WATCH + LONGEST).await? {
            let shape = |error: serde_json::Error| ClusterError::Wrong(error.to_string());
            let change: Change = serde_json::from_slice(&line).map_err(shape)?;
            if change.kind == "ERROR" {
                let failure: Failure = serde_json::from_value(change.object).unwrap_or_default();
                return Err(refusal(
                    failure.code,
                    format!("watch {}", T::RESOURCE.plural),
                    failure.message,
                ));
            }
            let meta = Meta::of(&change.object);
            version.clone_from(&meta.resource_version);
            match change.kind.as_str() {
                "ADDED" | "MODIFIED" => {
                    let object = serde_json::from_value(change.object).map_err(shape)?;
                    self.lock().objects.insert(meta.name, object);
                }
                "DELETED" => {
                    self.lock().objects.remove(&meta.name);
                }
                _ => {} // BOOKMARK: nothing but a newer version
            }
        }
        if started.elapsed() < PAUSE {
            // A server that ends watches at once is not to be asked in a circle.
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }
}

impl<T> Mirror<T> {
    fn lock(&self) -> MutexGuard<'_, Kept<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
