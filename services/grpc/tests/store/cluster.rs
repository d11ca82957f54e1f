//! The same on a real cluster of three nodes.

use runtime::testing::{RedisCluster, has_redis};

use crate::backend::Backend;
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
