//! Which keys of Redis are used: those under the prefix, and no others.

use grpc::domain::ChangeKind::{Created, Expired, Removed, Updated};
use grpc::domain::{PageSize, UserId};
use testing::{RedisServer, has_redis};

use crate::backend::{create, new, open, renaming, request};

/// What REDIS.md says that a user of Redis needs.
const PERMISSIONS: &str =
    "on >segredo ~{usuarios}:* +@read +@write +@scripting +@connection +time -@dangerous";

#[tokio::test]
async fn who_may_use_the_keys_of_the_prefix_alone_can_do_all_there_is() {
    if !has_redis("who_may_use_the_keys_of_the_prefix_alone_can_do_all_there_is") {
        return;
    }
    let server = RedisServer::start(&[]).await;
    server.add_user("usuarios", PERMISSIONS);
    let url = server.url();
    let settings = [
        ("REDIS_URL", &*url),
        ("REDIS_USERNAME", "usuarios"),
        ("REDIS_PASSWORD", "segredo"),
        ("REDIS_TIMEOUT", "30s"),
        ("REDIS_CONNECT_TIMEOUT", "30s"),
        ("USER_TTL", "1s"),
    ];
    let replica = open(&settings).await;
    let store = &replica.stores[0];
    let mut changes = store.subscribe(None).await.unwrap();
    let key = request("p-1");
    let (ana, _) = store.create(&new("Ana"), Some(&key)).await.unwrap();
    let (again, repeated) = store.create(&new("Ana"), Some(&key)).await.unwrap();
    assert!(repeated && again.id == ana.id);
    let renamed = store.update(ana.id, &renaming("Ana Maria"), None).await;
    assert_eq!(store.get(ana.id).await.unwrap(), renamed.unwrap());
    let bia = create(store, "Bia").await;
    store.remove(bia.id, None).await.unwrap();
    let page = store.list(PageSize::new(0).unwrap(), None).await.unwrap();
    assert!(page.users.iter().all(|user| user.id == ana.id));
    for kind in [Created, Updated, Created, Removed, Expired] {
        assert_eq!(changes.next().await.unwrap().1.kind, kind);
    }

    server.assert_keys_under("{usuarios}:");
}

/// A rolling update has pods of both versions at work on the same keys.
#[tokio::test]
async fn a_user_that_the_version_before_has_written_is_found_in_every_way() {
    if !has_redis("a_user_that_the_version_before_has_written_is_found_in_every_way") {
        return;
    }
    let server = RedisServer::start(&[]).await;
    let id = "019aa5c1-3f0e-7d0a-8a55-3f3b8f9f2c11";
    let user = format!("{{usuarios}}:u:{id}");
    let written = "nome Ana email Ana@exemplo.com.br criado_em 1 atualizado_em 1 versao 1 email_chave \
                   ana@exemplo.com.br expira_em";
    let fields: Vec<_> = written.split(' ').collect();
    server.ask(&[&["HSET", &user], &fields[..], &[""]].concat());
    server.ask(&["SET", "{usuarios}:email:ana@exemplo.com.br", id]);
    server.ask(&["ZADD", "{usuarios}:ids", "0", id]);
    let url = server.url();
    let replica = open(&[
        ("REDIS_URL", &*url),
        ("REDIS_TIMEOUT", "30s"),
        ("REDIS_CONNECT_TIMEOUT", "30s"),
    ])
    .await;
    let store = &replica.stores[0];
    let id = UserId::parse(id).unwrap();
    let ana = store.get(id).await.unwrap();
    let page = store.list(PageSize::new(0).unwrap(), None).await.unwrap();
    assert_eq!(page.users, [ana]);
    let taken = store.create(&new("ana"), None).await.unwrap_err();
    assert_eq!(taken.code(), "email_taken");
    store.remove(id, None).await.unwrap();
    create(store, "ana").await;
}
