//! Every link by its name.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use runtime::Lifecycle;
use tokio::runtime::Handle;

use crate::error::LinkError;
use crate::link::{Link, LinkConfig};
use crate::tap::Tap;

/// Makes the tap of a link from its name.
type MakeTap = dyn Fn(&str) -> Arc<dyn Tap> + Send + Sync;

/// The links of a process. Clones share them.
#[derive(Clone)]
pub struct Links(Arc<Inner>);

struct Inner {
    links: Mutex<BTreeMap<String, Link>>,
    tap: Box<MakeTap>,
    lifecycle: Lifecycle,
    home: Option<Handle>,
}

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.all()).finish()
    }
}

impl Links {
    /// None yet; each that is added is shown to the tap made for its name.
    pub fn new(
        lifecycle: &Lifecycle,
        tap: impl Fn(&str) -> Arc<dyn Tap> + Send + Sync + 'static,
    ) -> Self {
        Self::at(None, lifecycle, tap)
    }

    /// The same, with all connections on this runtime: what passes them wakes nobody else's threads.
    pub fn on(
        home: Handle,
        lifecycle: &Lifecycle,
        tap: impl Fn(&str) -> Arc<dyn Tap> + Send + Sync + 'static,
    ) -> Self {
        Self::at(Some(home), lifecycle, tap)
    }

    fn at(
        home: Option<Handle>,
        lifecycle: &Lifecycle,
        tap: impl Fn(&str) -> Arc<dyn Tap> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            links: Mutex::default(),
            tap: Box::new(tap),
            lifecycle: lifecycle.clone(),
            home,
        }))
    }

    /// All of them, by name.
    pub fn all(&self) -> Vec<Link> {
        self.lock().values().cloned().collect()
    }

    /// The link of this name.
    pub fn get(&self, name: &str) -> Result<Link, LinkError> {
        self.lock().get(name).cloned().ok_or(LinkError::NoLink)
    }

    /// Adds a link, which listens when this returns if it is enabled.
    pub async fn add(&self, config: LinkConfig) -> Result<Link, LinkError> {
        self.add_where(config, true).await
    }

    /// Adds a link behind which there is no server yet: it listens as soon as it is told that there
    /// is one.
    pub async fn add_unavailable(&self, config: LinkConfig) -> Result<Link, LinkError> {
        self.add_where(config, false).await
    }

    async fn add_where(&self, config: LinkConfig, available: bool) -> Result<Link, LinkError> {
        if self.get(&config.name).is_ok() {
            return Err(LinkError::LinkExists);
        }
        let link = Link::at(
            self.0.home.clone(),
            config.clone(),
            (self.0.tap)(&config.name),
            &self.0.lifecycle,
        );
        link.set_available(available).await?;
        link.update(config.clone()).await?;
        let added = {
            let mut links = self.lock();
            match links.entry(config.name) {
                std::collections::btree_map::Entry::Vacant(free) => {
                    free.insert(link.clone());
                    true
                }
                std::collections::btree_map::Entry::Occupied(_) => false,
            }
        };
        if added {
            return Ok(link);
        }
        link.close().await;
        Err(LinkError::LinkExists)
    }

    /// Adds a link, in the place of one of its name that listens or leads elsewhere.
    pub async fn add_or_replace(&self, config: LinkConfig) -> Result<Link, LinkError> {
        if let Ok(link) = self.get(&config.name) {
            let before = link.config();
            if before.listen == config.listen && before.upstream == config.upstream {
                return Ok(link);
            }
            self.remove(&config.name).await?;
        }
        self.add(config).await
    }

    /// Takes a link away; what is connected over it ends.
    pub async fn remove(&self, name: &str) -> Result<(), LinkError> {
        let removed = self.lock().remove(name);
        removed.ok_or(LinkError::NoLink)?.close().await;
        Ok(())
    }

    /// Puts everything right: all links are enabled and without toxics.
    pub async fn reset(&self) -> Result<(), LinkError> {
        for link in self.all() {
            link.mend().await?;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Link>> {
        let links = &self.0.links;
        links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
