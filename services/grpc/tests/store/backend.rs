//! The stores to hold to one meaning, each with as many replicas of the server as wanted.

use grpc::Servidor;
use grpc::domain::{Email, Name, NewUser, Patch, RequestId, User};
use grpc::store::Store;
use testing::{RedisCluster, RedisServer, TestLifecycle, settings};

/// Where users are kept.
pub(crate) enum Backend<'a> {
    Memory,
    Redis(RedisServer),
    Cluster(&'a RedisCluster),
}

/// Replicas of one store. They end when dropped, as tests end.
#[derive(Default)]
pub(crate) struct Replicas {
    pub(crate) stores: Vec<Store>,
    pub(crate) lives: Vec<TestLifecycle>,
}

impl Backend<'_> {
    /// A store of as many replicas, by these settings.
    pub(crate) async fn replicas(&self, count: usize, more: &[(&str, &str)]) -> Replicas {
        match self {
            Self::Memory => {
                let mut one = open(more).await;
                one.stores = vec![one.stores[0].clone(); count];
                one
            }
            Self::Redis(server) => several(count, &[("REDIS_URL", &*server.url())], more).await,
            Self::Cluster(cluster) => {
                let url = cluster.url();
                let own = [("REDIS_URL", &*url), ("REDIS_MODE", "cluster")];
                several(count, &own, more).await
            }
        }
    }

    /// A store of one replica.
    pub(crate) async fn store(&self, more: &[(&str, &str)]) -> (Store, Replicas) {
        let replicas = self.replicas(1, more).await;
        (replicas.stores[0].clone(), replicas)
    }
}

async fn several(count: usize, own: &[(&str, &str)], more: &[(&str, &str)]) -> Replicas {
    // Whatever else this machine does meanwhile is not what these tests are about.
    let patient = [("REDIS_TIMEOUT", "30s"), ("REDIS_CONNECT_TIMEOUT", "30s")];
    let environment = [&patient, own, more].concat();
    let mut all = Replicas::default();
    for _ in 0..count {
        open_into(&mut all, &environment);
    }
    all.ready().await;
    all
}

/// One replica by these settings, once it is ready.
pub(crate) async fn open(environment: &[(&str, &str)]) -> Replicas {
    let replica = open_at_once(environment);
    replica.ready().await;
    replica
}

/// The same whether it is ready or not.
pub(crate) fn open_at_once(environment: &[(&str, &str)]) -> Replicas {
    let mut one = Replicas::default();
    open_into(&mut one, environment);
    one
}

fn open_into(replicas: &mut Replicas, environment: &[(&str, &str)]) {
    let lifecycle = TestLifecycle::default();
    let settings = settings::<Servidor>(environment);
    replicas.stores.push(
        Store::open(
            settings.redis.clone(),
            settings.rules(),
            lifecycle.lifecycle(),
        )
        .unwrap(),
    );
    replicas.lives.push(lifecycle);
}

impl Replicas {
    pub(crate) async fn ready(&self) {
        for lifecycle in &self.lives {
            let mut ready = lifecycle.lifecycle().readiness().watch();
            ready.wait_for(|ready| *ready).await.unwrap();
        }
    }
}

impl Drop for Replicas {
    fn drop(&mut self) {
        self.lives.iter().for_each(TestLifecycle::stop);
    }
}

pub(crate) fn new(name: &str) -> NewUser {
    NewUser {
        name: Name::new(name).unwrap(),
        email: email(name),
    }
}

pub(crate) fn email(name: &str) -> Email {
    Email::new(&format!("{name}@exemplo.com.br")).unwrap()
}

pub(crate) fn request(text: &str) -> RequestId {
    RequestId::new(text).unwrap()
}

pub(crate) fn renaming(name: &str) -> Patch {
    Patch {
        name: Name::new(name),
        email: None,
    }
}

pub(crate) async fn create(store: &Store, name: &str) -> User {
    store.create(&new(name), None).await.unwrap().0
}
