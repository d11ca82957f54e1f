//! A master that sentinels know, and its successor.

use testing::{RedisSentinel, eventually, has_redis};

use crate::backend::{create, new, open};

#[tokio::test]
async fn a_new_master_is_found_and_has_what_the_old_one_had() {
    if !has_redis("a_new_master_is_found_and_has_what_the_old_one_had") {
        return;
    }
    let sentinel = RedisSentinel::start().await;
    let settings = [("REDIS_URL", &*sentinel.url()), ("REDIS_MODE", "sentinel")];
    let replica = open(&settings).await;
    let store = &replica.stores[0];
    let ana = create(store, "Ana").await;
    sentinel.fail_over().await;
    eventually("users are written again", async || {
        store.create(&new("Bia"), None).await.ok()
    })
    .await;
    assert_eq!(store.get(ana.id).await.unwrap(), ana);
}
