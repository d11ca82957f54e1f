//! Where users are kept: Redis, or the memory of this process.
//!
//! # Layout
//! - [`Store`]: either of them, with one meaning.
//! - [`memory`]: the one that needs nothing.
//! - [`redis`]: the one that replicas share.
//! - [`change_log`]: the latest changes, and those who follow them.

pub mod change_log;
pub mod memory;
pub mod redis;

use runtime::Lifecycle;
use runtime_redis::{Policy, RedisClient, RedisSettings};

use crate::domain::{
    NewUser, Page, PageSize, Patch, Position, RequestId, Rules, User, UserId, Version,
};
use crate::error::Error;
use change_log::Subscription;
use memory::MemoryStore;
use redis::RedisStore;

/// The users. Cheap to clone; every clone is the same store.
///
/// Each operation is one step: others see all of it or nothing.
#[derive(Clone, Debug)]
pub enum Store {
    /// In the memory of this process.
    Memory(MemoryStore),
    /// In Redis.
    Redis(RedisStore),
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
    /// The store in Redis where there are settings for it, else the one in memory.
    pub fn open(
        redis: Option<RedisSettings>,
        rules: StoreRules,
        lifecycle: &Lifecycle,
    ) -> Result<Self, Error> {
        let Some(redis) = redis else {
            return Ok(Self::in_memory(rules, lifecycle));
        };
        let client = RedisClient::new(redis, Policy::FailFast, redis::probe(), lifecycle);
        let client = client.map_err(Error::RedisSetup)?;
        Ok(Self::Redis(RedisStore::new(client, rules, lifecycle)))
    }

    /// The store in memory.
    pub fn in_memory(rules: StoreRules, lifecycle: &Lifecycle) -> Self {
        Self::Memory(MemoryStore::new(rules, lifecycle))
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

    /// Follows the changes after this position, or from now on.
    pub async fn subscribe(&self, from: Option<Position>) -> Result<Subscription, Error> {
        match self {
            Self::Memory(memory) => memory.subscribe(from),
            Self::Redis(redis) => redis.subscribe(from).await,
        }
    }
}
