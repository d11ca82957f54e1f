//! Random operations, held against a model that is too simple to be wrong.

use std::collections::HashMap;

use grpc::Error;
use grpc::domain::{Email, Name, NewUser, PageSize, Patch, RequestId, User, UserId, Version};
use grpc::store::Store;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use testing::{RedisServer, has_redis};

use crate::backend::{Backend, email, request};

/// Something that is asked of a store. Users are meant by the order of their creation.
#[derive(Clone, Debug)]
enum Operation {
    Create(u8, u8, Option<u8>),
    Get(usize),
    Update(usize, Option<u8>, Option<u8>, Option<u64>),
    Remove(usize, Option<u64>),
    List(i32),
}

/// Few names and e-mails, so that they meet.
fn operation() -> impl Strategy<Value = Operation> {
    let some = || proptest::option::of(0_u8..4);
    let version = || proptest::option::of(1_u64..4);
    prop_oneof![
        4 => (0_u8..4, 0_u8..6, some()).prop_map(|(n, e, r)| Operation::Create(n, e, r)),
        2 => (0_usize..8).prop_map(Operation::Get),
        4 => (0_usize..8, some(), some(), version())
            .prop_map(|(user, n, e, v)| Operation::Update(user, n, e, v)),
        2 => (0_usize..8, version()).prop_map(|(user, v)| Operation::Remove(user, v)),
        1 => (1_i32..4).prop_map(Operation::List),
    ]
}

/// What becomes of an operation: users, or the name of a refusal.
type Outcome = Result<Vec<(String, String, u64)>, &'static str>;

/// All users that ever were, in the order of their creation; one that is gone is `None`.
#[derive(Default)]
struct Model {
    users: Vec<Option<(u8, String, u64)>>,
    requests: HashMap<u8, (usize, u8, String)>,
}

fn name(number: u8) -> Name {
    Name::new(&format!("nome {number}")).unwrap()
}

/// Numbers that differ by three give addresses that differ in case alone.
fn address(number: u8) -> Email {
    let text = format!("e{}", number % 3);
    email(&if number < 3 {
        text
    } else {
        text.to_uppercase()
    })
}

fn seen(user: &(u8, String, u64)) -> (String, String, u64) {
    (name(user.0).as_str().to_owned(), user.1.clone(), user.2)
}

impl Model {
    fn holder(&self, address: &str) -> Option<usize> {
        let same = |user: &(u8, String, u64)| user.1.to_lowercase() == address.to_lowercase();
        self.users
            .iter()
            .position(|user| user.as_ref().is_some_and(same))
    }

    fn alive(&self, user: usize, version: Option<u64>) -> Result<(u8, String, u64), &'static str> {
        let user = self.users.get(user).cloned().flatten().ok_or("not_found")?;
        match version {
            Some(version) if version != user.2 => Err("version_differs"),
            _ => Ok(user),
        }
    }

    fn apply(&mut self, operation: &Operation) -> Outcome {
        match *operation {
            Operation::Create(name, email, request) => {
                let email = address(email).to_string();
                if let Some((user, n, e)) = request.and_then(|request| self.requests.get(&request))
                {
                    if (*n, e) != (name, &email) {
                        return Err("request_differs");
                    }
                    return Ok(vec![seen(&self.alive(*user, None)?)]);
                }
                if self.holder(&email).is_some() {
                    return Err("email_taken");
                }
                if let Some(request) = request {
                    self.requests
                        .insert(request, (self.users.len(), name, email.clone()));
                }
                let user = (name, email, 1);
                self.users.push(Some(user.clone()));
                Ok(vec![seen(&user)])
            }
            Operation::Get(user) => Ok(vec![seen(&self.alive(user, None)?)]),
            Operation::Update(user, name, email, version) => {
                let mut changed = self.alive(user, version)?;
                if let Some(email) = email.map(|email| address(email).to_string()) {
                    if self.holder(&email).is_some_and(|holder| holder != user) {
                        return Err("email_taken");
                    }
                    changed.1 = email;
                }
                changed.0 = name.unwrap_or(changed.0);
                changed.2 += 1;
                self.users[user] = Some(changed.clone());
                Ok(vec![seen(&changed)])
            }
            Operation::Remove(user, version) => {
                self.alive(user, version)?;
                self.users[user] = None;
                Ok(vec![])
            }
            Operation::List(_) => Ok(self.users.iter().flatten().map(seen).collect()),
        }
    }
}

/// A store, and the ids of the users that the model knows by their number.
struct Real {
    store: Store,
    ids: Vec<UserId>,
}

impl Real {
    fn id(&self, user: usize) -> Option<UserId> {
        self.ids.get(user).copied()
    }

    async fn apply(&mut self, operation: &Operation) -> Outcome {
        let Some(outcome) = self.ask(operation).await else {
            return Err("not_found"); // of whom there is no id, nothing can be asked
        };
        match outcome {
            Ok(users) => Ok(users.iter().map(of_real).collect()),
            Err(error) => Err(error.code()),
        }
    }

    async fn ask(&mut self, operation: &Operation) -> Option<Result<Vec<User>, Error>> {
        let one = |outcome: Result<User, Error>| outcome.map(|user| vec![user]);
        Some(match *operation {
            Operation::Create(n, e, r) => {
                let new = NewUser {
                    name: name(n),
                    email: address(e),
                };
                let id: Option<RequestId> = r.map(|r| request(&format!("pedido {r}")));
                let created = self.store.create(&new, id.as_ref()).await;
                if let Ok((user, false)) = &created {
                    self.ids.push(user.id);
                }
                one(created.map(|(user, _)| user))
            }
            Operation::Get(user) => one(self.store.get(self.id(user)?).await),
            Operation::Update(user, n, e, version) => {
                let patch = Patch {
                    name: n.map(name),
                    email: e.map(address),
                };
                let version = version.map(Version);
                one(self.store.update(self.id(user)?, &patch, version).await)
            }
            Operation::Remove(user, version) => {
                let version = version.map(Version);
                let removed = self.store.remove(self.id(user)?, version).await;
                removed.map(|()| vec![])
            }
            Operation::List(size) => self.list(PageSize::new(size)?).await,
        })
    }

    /// All users, in the order of their creation: ids of the same millisecond have another.
    async fn list(&self, size: PageSize) -> Result<Vec<User>, Error> {
        let (mut users, mut after) = (vec![], None);
        loop {
            let page = self.store.list(size, after).await?;
            users.extend(page.users);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert!(users.is_sorted_by_key(|user: &User| user.id));
        users.sort_by_key(|user| self.ids.iter().position(|id| *id == user.id));
        Ok(users)
    }
}

fn of_real(user: &User) -> (String, String, u64) {
    (
        user.name.as_str().to_owned(),
        user.email.to_string(),
        user.version.0,
    )
}

/// Holds a store against the model in this many random sequences; `between` is done before each.
pub(crate) async fn sequences(backend: &Backend<'_>, count: usize, between: impl Fn()) {
    let mut runner = TestRunner::deterministic();
    let strategy = proptest::collection::vec(operation(), 1..60);
    for _ in 0..count {
        between();
        let (store, _kept) = backend.store(&[]).await;
        let operations = strategy.new_tree(&mut runner).unwrap().current();
        let mut real = Real { store, ids: vec![] };
        let mut model = Model::default();
        for (step, operation) in operations.iter().enumerate() {
            let (is, should) = (real.apply(operation).await, model.apply(operation));
            assert_eq!(is, should, "at {step} of {operations:?}");
        }
    }
}

#[tokio::test]
async fn memory_does_what_the_model_does() {
    sequences(&Backend::Memory, 500, || ()).await;
}

#[tokio::test]
async fn redis_does_what_the_model_does() {
    if !has_redis("redis_does_what_the_model_does") {
        return;
    }
    let server = RedisServer::start(&[]).await;
    let port = server.port().to_string();
    let empty = || {
        let mut cli = std::process::Command::new("redis-cli");
        assert!(
            cli.args(["-p", &port, "FLUSHALL"])
                .output()
                .unwrap()
                .status
                .success()
        );
    };
    sequences(&Backend::Redis(server), 100, empty).await;
}
