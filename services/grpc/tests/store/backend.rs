//! The stores to hold to one meaning, each with as many replicas of the server as wanted.

use grpc::Servidor;
use grpc::domain::{Email, Name, NewUser, Patch, RequestId, User};
use grpc::store::Store;
use runtime::testing::{RedisCluster, RedisServer, TestLife, settings};

/// Where users are kept.
pub(crate) enum Backend<'a> {
    Memory,
    Redis(RedisServer),
    Cluster(&'a RedisCluster),
}

/// Replicas of one store. They end when dropped, as tests end.
pub(crate) struct Replicas {
    pub(crate) stores: Vec<Store>,
    pub(crate) lives: Vec<TestLife>,
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
    let environment = [own, more].concat();
    let mut all = open(&environment).await;
    for _ in 1..count {
        let next = open(&environment).await;
        all.stores.extend(next.stores);
        all.lives.extend(next.lives);
    }
    all
}

/// One replica by these settings, once it is ready.
pub(crate) async fn open(environment: &[(&str, &str)]) -> Replicas {
    let replica = open_at_once(environment);
    let mut ready = replica.lives[0].life().readiness().watch();
    ready.wait_for(|ready| *ready).await.unwrap();
    replica
}

/// The same whether it is ready or not.
pub(crate) fn open_at_once(environment: &[(&str, &str)]) -> Replicas {
    let life = TestLife::default();
    let settings = settings::<Servidor>(environment);
    let store = Store::open(&settings, life.life()).unwrap();
    Replicas {
        stores: vec![store],
        lives: vec![life],
    }
}

impl Drop for Replicas {
    fn drop(&mut self) {
        self.lives.iter().for_each(TestLife::stop);
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
