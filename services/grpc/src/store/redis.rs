//! Users in Redis: shared by all replicas of the server, and left where the server ends.
//!
//! `REDIS.md` has the design: keys, expiry, what is one step, what is lost when.
//!
//! # Layout
//! - [`RedisStore`]: the operations.
//! - `scripts.rs` and `redis/*.lua`: what runs in Redis as one step.
//! - `row.rs`: users and changes as Redis keeps them.
//! - `follow.rs`: changes as they come, into the log of this process.

mod follow;
mod row;
mod scripts;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use runtime::{Lifecycle, trace};
use runtime_redis::{Command, Probe, RedisClient, RedisError, Script, Value};

use super::StoreRules;
use super::change_log::{ChangeLog, Entry, History, Subscription};
use crate::domain::{
    Email, Name, NewUser, Page, PageSize, Patch, Position, REQUEST_TTL, RandomBits, Refusal,
    RequestId, Timestamp, User, UserId, Version,
};
use crate::error::Error;
use scripts::Scripts;

/// The prefix of every key, with the hash tag that puts them all into one slot of a cluster. Scripts
/// get it as their key: whoever may use what begins with it may run them.
pub const PREFIX: &str = "{usuarios}:";

/// How many users whose time is up are let go by one script at most.
const PRUNED_AT_ONCE: usize = 100;

/// The store in Redis.
#[derive(Clone, Debug)]
pub struct RedisStore {
    client: RedisClient,
    scripts: Arc<Scripts>,
    rules: StoreRules,
    changes: Arc<ChangeLog>,
}

impl RedisStore {
    pub(super) fn new(client: RedisClient, rules: StoreRules, lifecycle: &Lifecycle) -> Self {
        let store = Self {
            client,
            scripts: Arc::default(),
            rules,
            changes: ChangeLog::new(Position::default(), rules.max_changes),
        };
        lifecycle.spawn(follow::follow(store.clone(), lifecycle.clone()));
        store
    }

    pub(super) async fn create(
        &self,
        new: &NewUser,
        request: Option<&RequestId>,
    ) -> Result<(User, bool), Error> {
        let answer = self
            .run(
                &self.scripts.create,
                &[
                    &id_tail(),
                    new.name.as_str(),
                    new.email.as_str(),
                    &new.email.key(),
                    &self.ttl(),
                    &self.rules.users.max_users.to_string(),
                    request.map_or("", RequestId::as_str),
                    &REQUEST_TTL.as_millis().to_string(),
                    &traceparent(),
                ],
            )
            .await?;
        match row::outcome(&answer) {
            ("OK", user) => Ok((row::user(user)?, false)),
            ("REPEATED", user) => Ok((row::user(user)?, true)),
            other => Err(refused(other, &new.email.to_string())),
        }
    }

    pub(super) async fn get(&self, id: UserId) -> Result<User, Error> {
        let command = Command::read("HMGET").arg(key_of(id)).arg(&row::FIELDS);
        let answer: Value = self.client.query(&command).await?;
        row::found(id, &answer)?.ok_or_else(|| Refusal::NotFound(id).into())
    }

    pub(super) async fn list(&self, size: PageSize, after: Option<UserId>) -> Result<Page, Error> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let size = size.get().to_string();
        let answer = self.run(&self.scripts.list, &[&size, &after]).await?;
        row::page(&answer)
    }

    pub(super) async fn update(
        &self,
        id: UserId,
        patch: &Patch,
        version: Option<Version>,
    ) -> Result<User, Error> {
        let given = |is_given: bool| if is_given { "1" } else { "" };
        let email = patch.email.as_ref().map(ToString::to_string);
        let email = email.unwrap_or_default();
        let key = patch.email.as_ref().map(Email::key);
        let answer = self
            .run(
                &self.scripts.update,
                &[
                    &id.to_string(),
                    given(patch.name.is_some()),
                    patch.name.as_ref().map_or("", Name::as_str),
                    given(patch.email.is_some()),
                    &email,
                    &key.unwrap_or_default(),
                    &expected(version),
                    &self.ttl(),
                    &traceparent(),
                ],
            )
            .await?;
        match row::outcome(&answer) {
            ("OK", user) => row::user(user),
            other => Err(refused(other, &email)),
        }
    }

    pub(super) async fn remove(&self, id: UserId, version: Option<Version>) -> Result<(), Error> {
        let arguments = [&*id.to_string(), &expected(version), &traceparent()];
        let answer = self.run(&self.scripts.remove, &arguments).await?;
        match row::outcome(&answer) {
            ("OK", _) => Ok(()),
            other => Err(refused(other, "")),
        }
    }

    pub(super) async fn subscribe(&self, from: Option<Position>) -> Result<Subscription, Error> {
        let position = match from {
            None => self.end_of_changes().await?,
            Some(position) => {
                self.history(position).await?;
                position
            }
        };
        let subscription = Subscription::new(Arc::clone(&self.changes), position);
        Ok(subscription.with_history(Arc::new(self.clone())))
    }

    /// Some of the changes after a position that is still known.
    pub(super) async fn history(&self, position: Position) -> Result<VecDeque<Entry>, Error> {
        const BATCH: usize = 100;
        let command = Command::read("XRANGE")
            .arg(key("mudancas"))
            .arg(position.to_string())
            .arg("+")
            .arg("COUNT")
            .arg(BATCH + 1);
        let entries: row::Entries = self.client.query(&command).await?;
        // What is not there itself may have lost those after it, too.
        let known = entries.first().map(|(id, _)| id.as_str()) == Some(&position.to_string());
        if !known {
            return Err(Refusal::ChangesLost.into());
        }
        row::changes(&entries[1..])
    }

    /// Where the changes end.
    async fn end_of_changes(&self) -> Result<Position, Error> {
        let answer: String = self.client.run(&self.scripts.end, &[PREFIX], &[]).await?;
        row::position(&answer)
    }

    /// Lets some of those go whose time is up, and tells how many.
    async fn prune(&self) -> Result<usize, Error> {
        let arguments = self.common();
        let arguments: Vec<_> = arguments.iter().map(String::as_bytes).collect();
        Ok(self
            .client
            .run(&self.scripts.prune, &[PREFIX], &arguments)
            .await?)
    }

    /// Runs a script with the arguments that all have first.
    async fn run(&self, script: &Script, arguments: &[&str]) -> Result<Vec<String>, Error> {
        let common = self.common();
        let common = common.iter().map(String::as_str);
        let all: Vec<_> = common
            .chain(arguments.iter().copied())
            .map(str::as_bytes)
            .collect();
        Ok(self.client.run(script, &[PREFIX], &all).await?)
    }

    fn common(&self) -> [String; 2] {
        [PRUNED_AT_ONCE, self.rules.max_changes].map(|number| number.to_string())
    }

    fn ttl(&self) -> String {
        let ttl = self.rules.users.ttl.unwrap_or_default();
        ttl.as_millis().to_string()
    }
}

impl History for RedisStore {
    fn after(&self, position: Position) -> BoxFuture<'_, Result<VecDeque<Entry>, Error>> {
        Box::pin(self.history(position))
    }
}

/// A key by its name after the prefix.
fn key(name: &str) -> String {
    format!("{PREFIX}{name}")
}

fn key_of(id: UserId) -> String {
    format!("{PREFIX}u:{id}")
}

/// What Redis must do to be of use.
pub(super) fn probe() -> Probe {
    Probe::new(
        key("sonda"),
        &["redis.sha1hex", "cjson.encode", "cjson.decode"],
    )
}

/// The part of an id that is not time.
fn id_tail() -> String {
    let id = UserId::new(Timestamp(0), RandomBits(rand::random())).to_string();
    id.split_at(TIME_IN_ID).1.to_owned()
}

/// So many characters of an id's text are its time.
const TIME_IN_ID: usize = "00000000-0000".len();

fn expected(version: Option<Version>) -> String {
    version.map_or_else(String::new, |version| version.0.to_string())
}

fn traceparent() -> String {
    trace::traceparent().unwrap_or_default()
}

/// What a script's word means.
fn refused((word, rest): (&str, &[String]), email: &str) -> Error {
    let refused = match (word, rest) {
        ("EMAIL_TAKEN", _) => Refusal::EmailTaken(email.to_owned()),
        ("REQUEST_DIFFERS", _) => Refusal::RequestDiffers,
        ("VERSION_DIFFERS", _) => Refusal::VersionDiffers,
        ("FULL", _) => Refusal::Full,
        ("NOT_FOUND", [id, ..]) => match UserId::parse(id) {
            Some(id) => Refusal::NotFound(id),
            None => return row::corrupt("id", id),
        },
        _ => return row::corrupt("answer of a script", word),
    };
    refused.into()
}

impl From<RedisError> for Error {
    fn from(error: RedisError) -> Self {
        match error {
            RedisError::Unavailable(_) | RedisError::NoSession(_) | RedisError::Lacking(_) => {
                Self::Unavailable(RETRY)
            }
            RedisError::Refused(_) => Self::StoreRefuses(RETRY),
            RedisError::Busy => Self::Busy,
            RedisError::DeadlineExceeded => Self::DeadlineExceeded,
            RedisError::Full => Refusal::Full.into(),
            RedisError::Answer(answer) => Self::Corrupt(answer),
        }
    }
}

/// Redis is looked at this often at least while it is away.
const RETRY: Duration = Duration::from_secs(1);
