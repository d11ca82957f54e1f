//! All users of one process, with every rule.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use super::change::{Change, ChangeKind};
use super::page::{Page, PageSize};
use super::refusal::Refusal;
use super::text::RequestId;
use super::user::{NewUser, Patch, RandomBits, Timestamp, User, UserId, Version};

/// What the users live by.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// How long one lives after its last change; none: for ever.
    pub ttl: Option<Duration>,
    /// How many there may be.
    pub max_users: usize,
}

/// How long the id of a request is remembered.
pub const REQUEST_TTL: Duration = Duration::from_hours(24);

/// All users, in memory.
///
/// Whatever is asked, those whose time is up are gone first. Changes gather until they are taken.
#[derive(Debug)]
pub struct Directory {
    rules: Rules,
    users: BTreeMap<UserId, User>,
    by_email: HashMap<String, UserId>,
    by_expiry: BTreeSet<(Timestamp, UserId)>,
    requests: HashMap<RequestId, (UserId, NewUser)>,
    requests_by_age: VecDeque<(Timestamp, RequestId)>,
    changes: Vec<Change>,
}

impl Directory {
    /// A directory without users.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            users: BTreeMap::new(),
            by_email: HashMap::new(),
            by_expiry: BTreeSet::new(),
            requests: HashMap::new(),
            requests_by_age: VecDeque::new(),
            changes: Vec::new(),
        }
    }

    /// What has changed since the last time this was asked.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// Lets those go whose time is up.
    pub fn prune(&mut self, now: Timestamp) {
        while let Some((expired, id)) = self.by_expiry.first().copied()
            && expired <= now
        {
            if let Some(user) = self.forget(id) {
                self.note(ChangeKind::Expired, user, expired, String::new());
            }
        }
        while let Some((until, _)) = self.requests_by_age.front()
            && (*until <= now || self.requests_by_age.len() > self.rules.max_users)
        {
            if let Some((_, request)) = self.requests_by_age.pop_front() {
                self.requests.remove(&request);
            }
        }
    }

    /// Creates a user, or tells the one that the same request has created; `true` then.
    pub fn create(
        &mut self,
        now: Timestamp,
        random: RandomBits,
        new: &NewUser,
        request: Option<&RequestId>,
        traceparent: String,
    ) -> Result<(User, bool), Refusal> {
        self.prune(now);
        if let Some((id, asked)) = request.and_then(|request| self.requests.get(request)) {
            if asked != new {
                return Err(Refusal::RequestDiffers);
            }
            return Ok((self.user(*id)?.clone(), true));
        }
        if self.by_email.contains_key(&new.email.key()) {
            return Err(Refusal::EmailTaken(new.email.to_string()));
        }
        if self.users.len() >= self.rules.max_users {
            return Err(Refusal::Full);
        }
        let user = User {
            id: UserId::new(now, random),
            name: new.name.clone(),
            email: new.email.clone(),
            created: now,
            updated: now,
            expires: self.expiry(now),
            version: Version(1),
        };
        if let Some(request) = request {
            let known = (user.id, new.clone());
            self.requests.insert(request.clone(), known);
            let until = now.after(REQUEST_TTL);
            self.requests_by_age.push_back((until, request.clone()));
        }
        self.keep(user.clone());
        self.note(ChangeKind::Created, user.clone(), now, traceparent);
        Ok((user, false))
    }

    /// Gets a user.
    pub fn get(&mut self, now: Timestamp, id: UserId) -> Result<User, Refusal> {
        self.prune(now);
        self.user(id).cloned()
    }

    /// Gets a page: the first, or the one after this user, be it still there or not.
    pub fn list(&mut self, now: Timestamp, size: PageSize, after: Option<UserId>) -> Page {
        use std::ops::Bound::{Excluded, Unbounded};
        self.prune(now);
        let from = after.map_or(Unbounded, Excluded);
        let mut rest = self.users.range((from, Unbounded)).map(|(_, user)| user);
        let users: Vec<_> = rest.by_ref().take(size.get()).cloned().collect();
        let next = rest.next().and(users.last()).map(|last| last.id);
        Page { users, next }
    }

    /// Changes a user, if it has this version where one is given.
    pub fn update(
        &mut self,
        now: Timestamp,
        id: UserId,
        patch: &Patch,
        version: Option<Version>,
        traceparent: String,
    ) -> Result<User, Refusal> {
        self.prune(now);
        let old = self.user_of(id, version)?;
        let email = patch.email.as_ref().unwrap_or(&old.email);
        let holder = self.by_email.get(&email.key());
        if holder.is_some_and(|holder| *holder != id) {
            return Err(Refusal::EmailTaken(email.to_string()));
        }
        let user = User {
            name: patch.name.as_ref().unwrap_or(&old.name).clone(),
            email: email.clone(),
            updated: now,
            expires: self.expiry(now),
            version: Version(old.version.0 + 1),
            ..old.clone()
        };
        self.forget(id);
        self.keep(user.clone());
        self.note(ChangeKind::Updated, user.clone(), now, traceparent);
        Ok(user)
    }

    /// Removes a user, if it has this version where one is given.
    pub fn remove(
        &mut self,
        now: Timestamp,
        id: UserId,
        version: Option<Version>,
        traceparent: String,
    ) -> Result<(), Refusal> {
        self.prune(now);
        self.user_of(id, version)?;
        if let Some(user) = self.forget(id) {
            self.note(ChangeKind::Removed, user, now, traceparent);
        }
        Ok(())
    }

    fn user(&self, id: UserId) -> Result<&User, Refusal> {
        self.users.get(&id).ok_or(Refusal::NotFound(id))
    }

    fn user_of(&self, id: UserId, version: Option<Version>) -> Result<&User, Refusal> {
        let user = self.user(id)?;
        if version.is_some_and(|version| version != user.version) {
            return Err(Refusal::VersionDiffers);
        }
        Ok(user)
    }

    fn expiry(&self, now: Timestamp) -> Option<Timestamp> {
        self.rules.ttl.map(|ttl| now.after(ttl))
    }

    fn keep(&mut self, user: User) {
        self.by_email.insert(user.email.key(), user.id);
        self.by_expiry.extend(user.expires.map(|at| (at, user.id)));
        self.users.insert(user.id, user);
    }

    fn forget(&mut self, id: UserId) -> Option<User> {
        let user = self.users.remove(&id)?;
        self.by_email.remove(&user.email.key());
        if let Some(at) = user.expires {
            self.by_expiry.remove(&(at, id));
        }
        Some(user)
    }

    fn note(&mut self, kind: ChangeKind, user: User, at: Timestamp, traceparent: String) {
        self.changes.push(Change {
            kind,
            user,
            at,
            traceparent,
        });
    }
}

#[cfg(test)]
mod tests;
