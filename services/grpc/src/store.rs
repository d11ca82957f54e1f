//! Where users are kept: Redis, or the memory of this process.
//!
//! # Layout
//! - [`Store`]: either of them, with one meaning.
//! - [`memory`]: the one that needs nothing.
//! - [`redis`]: the one that replicas share.
//! - [`feed`]: the latest changes, and those who follow them.

pub mod feed;
pub mod memory;
pub mod redis;

use runtime::Lifecycle;

use crate::domain::{
    NewUser, Page, PageSize, Patch, Position, RequestId, Rules, User, UserId, Version,
};
use crate::error::Error;
use crate::settings::ServidorSettings;
use feed::Watch;
use memory::Memory;
use redis::Redis;

/// The users. Cheap to clone; every clone is the same store.
///
/// Each operation is one step: others see all of it or nothing.
#[derive(Clone, Debug)]
pub enum Store {
    /// In the memory of this process.
    Memory(Memory),
    /// In Redis.
    Redis(Redis),
}

/// What is kept, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct StoreRules {
    /// What the users live by.
    pub users: Rules,
    /// How many changes are kept for those who come back.
    pub max_changes: usize,
}

impl Store {
    /// The store that the settings name.
    pub fn open(settings: &ServidorSettings, lifecycle: &Lifecycle) -> Result<Self, Error> {
        let Some(redis) = settings.redis.clone() else {
            return Ok(Self::in_memory(settings.rules, lifecycle));
        };
        let client = runtime_redis::Redis::new(redis, &redis::looked_at(), lifecycle);
        let client = client.map_err(Error::RedisSetup)?;
        Ok(Self::Redis(Redis::new(client, settings.rules, lifecycle)))
    }

    /// The store in memory.
    pub fn in_memory(rules: StoreRules, lifecycle: &Lifecycle) -> Self {
        Self::Memory(Memory::new(rules, lifecycle))
    }

    /// Creates a user, or tells the one that the same request has created; `true` then.
    pub async fn create(
        &self,
        new: &NewUser,
        request: Option<&RequestId>,
    ) -> Result<(User, bool), Error> {
        match self {
            Self::Memory(memory) => memory.create(new, request),
            Self::Redis(redis) => redis.create(new, request).await,
        }
    }

    /// Gets a user.
    pub async fn get(&self, id: UserId) -> Result<User, Error> {
        match self {
            Self::Memory(memory) => memory.get(id),
            Self::Redis(redis) => redis.get(id).await,
        }
    }

    /// Gets a page: the first, or the one after this user, be it still there or not.
    pub async fn list(&self, size: PageSize, after: Option<UserId>) -> Result<Page, Error> {
        match self {
            Self::Memory(memory) => Ok(memory.list(size, after)),
            Self::Redis(redis) => redis.list(size, after).await,
        }
    }

    /// Changes a user, if it has this version where one is given.
    pub async fn update(
        &self,
        id: UserId,
        patch: &Patch,
        version: Option<Version>,
    ) -> Result<User, Error> {
        match self {
            Self::Memory(memory) => memory.update(id, patch, version),
            Self::Redis(redis) => redis.update(id, patch, version).await,
        }
    }

    /// Removes a user, if it has this version where one is given.
    pub async fn remove(&self, id: UserId, version: Option<Version>) -> Result<(), Error> {
        match self {
            Self::Memory(memory) => memory.remove(id, version),
            Self::Redis(redis) => redis.remove(id, version).await,
        }
    }

    /// Watches the changes after this position, or from now on.
    pub async fn watch(&self, from: Option<Position>) -> Result<Watch, Error> {
        match self {
            Self::Memory(memory) => memory.watch(from),
            Self::Redis(redis) => redis.watch(from).await,
        }
    }
}
