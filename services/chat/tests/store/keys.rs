//! Which keys of Redis the log uses: those under its prefix, and no others.

use std::time::Duration;

use chat::domain::Event;
use chat::domain::log::RelayPolicy;
use testing::{RedisCluster, RedisServer, has_redis};
use tokio::time::timeout;

use crate::backend::{Backend, PEER, client, membership, original, own, relayed};

/// What REDIS.md of grpc says that a user of Redis needs.
const PERMISSIONS: &str =
    "on >segredo ~{chat:serviceA}:* +@read +@write +@scripting +@connection -@dangerous";

/// All that a replica asks of Redis. What is refused is asked again without an end.
async fn everything(backend: &Backend, more: &[(&str, &str)]) {
    let client = client();
    let asked = async {
        let room = backend.room(more).await;
        let joins = Event::Joined { client };
        room.appended(membership("s", joins, RelayPolicy::IfRoom))
            .await;
        let said = room.appended(own("s", "a", "olá")).await;
        room.appended(relayed("serviceB", "x", 7, "m")).await;
        room.appended(original("o")).await;
        let leaves = Event::Left { client };
        room.appended(membership("s", leaves, RelayPolicy::Always))
            .await;
        assert!(room.leads(PEER).await);
        room.settle(PEER, &said, true).await;
    };
    let asked = timeout(Duration::from_mins(1), asked).await;
    assert!(asked.is_ok(), "something is refused");
}

#[tokio::test]
async fn who_may_use_the_keys_of_the_prefix_alone_can_do_all_there_is() {
    if !has_redis("who_may_use_the_keys_of_the_prefix_alone_can_do_all_there_is") {
        return;
    }
    let server = RedisServer::start(&[]).await;
    server.add_user("chat", PERMISSIONS);
    let backend = Backend::Redis(server);
    let login = [
        ("SERVICE_NAME", "serviceA"),
        ("REDIS_USERNAME", "chat"),
        ("REDIS_PASSWORD", "segredo"),
    ];
    everything(&backend, &login).await;
    let Backend::Redis(server) = &backend else {
        return;
    };
    server.assert_keys_under("{chat:serviceA}:");
}

#[tokio::test]
async fn a_cluster_has_them_all_in_one_slot() {
    if !has_redis("a_cluster_has_them_all_in_one_slot") {
        return;
    }
    let backend = Backend::Cluster(RedisCluster::start().await);
    everything(&backend, &[]).await;
}
