//! The same on a real cluster of three nodes.

use testing::{RedisCluster, eventually, has_redis};

use crate::backend::{Backend, create, new, open};
use crate::{model, suite};

#[tokio::test]
async fn all_of_it_holds_on_a_cluster() {
    if !has_redis("all_of_it_holds_on_a_cluster") {
        return;
    }
    let cluster = RedisCluster::start().await;
    let empty = || {
        for node in cluster.nodes() {
            assert_eq!(node.ask(&["FLUSHALL"]).as_deref(), Some("OK"));
        }
    };
    let backend = Backend::Cluster(&cluster);
    suite::all(&backend, empty).await;
    model::sequences(&backend, 10, empty).await;
}

#[tokio::test]
async fn where_a_node_dies_its_replica_goes_on_with_what_it_had() {
    if !has_redis("where_a_node_dies_its_replica_goes_on_with_what_it_had") {
        return;
    }
    let mut cluster = RedisCluster::start().await;
    let settings = [("REDIS_URL", &*cluster.url()), ("REDIS_MODE", "cluster")];
    let server = open(&settings).await;
    let store = &server.stores[0];
    let ana = create(store, "Ana").await;
    // All users are in one slot, so that one node has them all.
    let has_users = |node: &testing::RedisServer| node.ask(&["DBSIZE"]).unwrap() != "0";
    let owner = cluster.nodes().iter().position(has_users).unwrap();
    cluster.add_replica_of(owner).await;

    cluster.take(owner).kill();
    eventually("users are written again", async || {
        store.create(&new("Bia"), None).await.ok()
    })
    .await;
    assert_eq!(store.get(ana.id).await.unwrap(), ana);
}
