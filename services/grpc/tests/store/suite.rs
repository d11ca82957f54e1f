//! What every store must do.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use grpc::Error;
use grpc::domain::{Change, ChangeKind, PageSize, Patch, Refusal, User, UserId, Version};
use grpc::store::Store;
use grpc::store::change_log::Subscription;
use testing::{RedisServer, eventually, has_redis};

use crate::backend::{Backend, create, email, new, renaming, request};

/// Makes each of these a test on memory, a test on Redis, and a part of one on a cluster.
macro_rules! everywhere {
    ($($name:ident)+) => {
        mod memory {$(
            #[tokio::test]
            async fn $name() {
                super::$name(&super::Backend::Memory).await;
            }
        )+}
        mod redis {$(
            #[tokio::test]
            async fn $name() {
                if super::has_redis(stringify!($name)) {
                    let server = super::RedisServer::start(&[]).await;
                    super::$name(&super::Backend::Redis(server)).await;
                }
            }
        )+}
        /// All of them, one after the other; `between` is done before each.
        pub(crate) async fn all(backend: &Backend<'_>, between: impl Fn()) {$(
            println!("{}", stringify!($name)); // shown where it fails
            between();
            Box::pin($name(backend)).await;
        )+}
    };
}

everywhere! {
    a_user_is_kept_as_it_was_created
    an_e_mail_is_one_users_at_a_time
    of_those_who_take_an_e_mail_at_once_one_gets_it
    of_changes_from_one_version_one_is_made
    an_expired_user_blocks_no_e_mail_and_is_on_no_page
    many_who_expire_at_once_take_no_place
    a_write_renews_the_time_to_live_and_a_read_does_not
    without_a_time_to_live_users_stay
    who_stays_is_on_one_page_whatever_is_written_meanwhile
    a_page_begins_after_users_who_are_gone
    a_request_creates_one_user_however_often_it_comes
    a_full_store_takes_nobody_until_somebody_goes
    changes_are_told_in_their_order_to_all_replicas
    an_expired_user_is_told_with_its_last_state
    who_comes_back_is_told_all_that_was_missed
    who_comes_back_too_late_is_told_so
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Refusal {
    match outcome {
        Err(Error::Refused(refused)) => refused,
        other => panic!("{other:?}"),
    }
}

fn page_size(size: i32) -> PageSize {
    PageSize::new(size).unwrap()
}

async fn ids(store: &Store) -> Vec<UserId> {
    let page = store.list(page_size(1000), None).await.unwrap();
    assert_eq!(page.next, None);
    page.users.into_iter().map(|user| user.id).collect()
}

async fn until_gone(store: &Store, id: UserId) {
    eventually("the user is gone", async || store.get(id).await.err()).await;
}

/// The next change, which must come in bounded time.
async fn next_change(subscription: &mut Subscription) -> Arc<Change> {
    let next = tokio::time::timeout(Duration::from_secs(30), subscription.next()).await;
    next.expect("a change").unwrap().1
}

async fn next(subscription: &mut Subscription) -> (ChangeKind, User) {
    let change = next_change(subscription).await;
    (change.kind, change.user.clone())
}

async fn a_user_is_kept_as_it_was_created(backend: &Backend<'_>) {
    let (store, _kept) = backend.store(&[]).await;
    let (user, repeated) = store.create(&new("Ana"), None).await.unwrap();
    assert!(!repeated);
    assert_eq!((user.version, user.created), (Version(1), user.updated));
    let hour = 3_600_000;
    assert_eq!(user.expires.unwrap().0, user.created.0 + hour);
    assert_eq!(store.get(user.id).await.unwrap(), user);
    let page = store.list(page_size(10), None).await.unwrap();
    assert_eq!((page.users, page.next), (vec![user.clone()], None));

    let both = Patch {
        name: new("Bia").name.into(),
        email: email("BIA").into(),
    };
    let changed = store.update(user.id, &both, None).await.unwrap();
    assert_eq!(
        (changed.name.as_str(), changed.version),
        ("Bia", Version(2))
    );
    assert_eq!(
        (changed.created, &changed.email),
        (user.created, &email("BIA"))
    );
    assert_eq!(store.get(user.id).await.unwrap(), changed);

    store.remove(user.id, None).await.unwrap();
    let not_found = Refusal::NotFound(user.id);
    assert_eq!(refused(store.get(user.id).await), not_found);
    assert_eq!(refused(store.update(user.id, &both, None).await), not_found);
    assert_eq!(refused(store.remove(user.id, None).await), not_found);
}

async fn an_e_mail_is_one_users_at_a_time(backend: &Backend<'_>) {
    let (store, _kept) = backend.store(&[]).await;
    let joao = create(&store, "João").await;
    let bia = create(&store, "Bia").await;
    let mut loud = new("Outro");
    loud.email = email("JOÃO");
    let taken = refused(store.create(&loud, None).await);
    assert_eq!(taken, Refusal::EmailTaken(loud.email.to_string()));
    let to_loud = Patch {
        email: Some(loud.email.clone()),
        name: None,
    };
    assert_eq!(refused(store.update(bia.id, &to_loud, None).await), taken);
    // One's own can be written another way, and is one's own still.
    store.update(joao.id, &to_loud, None).await.unwrap();
    assert_eq!(
        refused(store.create(&new("João"), None).await).code(),
        "email_taken"
    );
    // What is given up is free at once.
    let last_changed = Patch {
        email: Some(email("novo")),
        name: None,
    };
    store.update(joao.id, &last_changed, None).await.unwrap();
    store.create(&loud, None).await.unwrap();
    store.remove(joao.id, None).await.unwrap();
    create(&store, "novo").await;
}

async fn of_those_who_take_an_e_mail_at_once_one_gets_it(backend: &Backend<'_>) {
    let replicas = backend.replicas(2, &[]).await;
    let [first, second] = &replicas.stores[..] else {
        panic!()
    };
    for round in 0..20 {
        let user = new(&format!("u{round}"));
        let outcomes = tokio::join!(
            first.create(&user, None),
            second.create(&user, None),
            first.create(&user, None),
            second.create(&user, None),
        );
        let outcomes = [outcomes.0, outcomes.1, outcomes.2, outcomes.3];
        let made = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(made, 1, "{outcomes:?}");
        let taken = outcomes.into_iter().filter(Result::is_err).map(refused);
        taken.for_each(|refused| assert_eq!(refused.code(), "email_taken"));
    }
    assert_eq!(ids(second).await.len(), 20);
}

async fn of_changes_from_one_version_one_is_made(backend: &Backend<'_>) {
    let replicas = backend.replicas(2, &[]).await;
    let [first, second] = &replicas.stores[..] else {
        panic!()
    };
    let mut user = create(first, "Ana").await;
    for round in 0..20 {
        let (a, b) = (
            renaming(&format!("a{round}")),
            renaming(&format!("b{round}")),
        );
        let version = Some(user.version);
        let (one, other) = tokio::join!(
            first.update(user.id, &a, version),
            second.update(user.id, &b, version)
        );
        let (made, not) = if one.is_ok() {
            (one, other)
        } else {
            (other, one)
        };
        assert_eq!(refused(not), Refusal::VersionDiffers);
        user = made.unwrap();
        assert_eq!(first.get(user.id).await.unwrap(), user);
    }
    let old = Some(Version(1));
    assert_eq!(
        refused(first.remove(user.id, old).await),
        Refusal::VersionDiffers
    );
    first.remove(user.id, Some(user.version)).await.unwrap();
}

async fn an_expired_user_blocks_no_e_mail_and_is_on_no_page(backend: &Backend<'_>) {
    let (store, _kept) = backend.store(&[("USER_TTL", "100ms")]).await;
    let ana = store
        .create(&new("Ana"), Some(&request("p")))
        .await
        .unwrap()
        .0;
    until_gone(&store, ana.id).await;
    assert_eq!(ids(&store).await, []);
    let gone = Refusal::NotFound(ana.id);
    let none = renaming("Ninguém");
    assert_eq!(refused(store.update(ana.id, &none, None).await), gone);
    // The request is remembered although its user is not: it must not make another one.
    let again = store.create(&new("Ana"), Some(&request("p"))).await;
    assert_eq!(refused(again), gone);
    let other = create(&store, "Ana").await;
    assert_eq!(ids(&store).await, [other.id]);
}

async fn many_who_expire_at_once_take_no_place(backend: &Backend<'_>) {
    // More than one script lets go.
    let settings = [("USER_TTL", "300ms"), ("MAX_USERS", "250")];
    let (store, _kept) = backend.store(&settings).await;
    let mut last = create(&store, "u").await;
    for number in 0..249 {
        last = create(&store, &format!("u{number}")).await;
    }
    until_gone(&store, last.id).await;
    let one = create(&store, "u0").await;
    assert_eq!(ids(&store).await, [one.id]);
}

async fn a_write_renews_the_time_to_live_and_a_read_does_not(backend: &Backend<'_>) {
    let (store, _kept) = backend.store(&[("USER_TTL", "1h")]).await;
    let ana = create(&store, "Ana").await;
    let changed = eventually("a moment has passed", async || {
        let changed = store.update(ana.id, &renaming("Ana"), None).await.unwrap();
        (changed.updated > ana.updated).then_some(changed)
    })
    .await;
    let lives = |user: &User| user.expires.unwrap().0 - user.updated.0;
    assert_eq!(lives(&changed), lives(&ana));
    assert!(changed.expires > ana.expires && changed.version > ana.version);
    assert_eq!(store.get(ana.id).await.unwrap().expires, changed.expires);
}

async fn without_a_time_to_live_users_stay(backend: &Backend<'_>) {
    let (store, _kept) = backend.store(&[("USER_TTL", "0")]).await;
    let ana = create(&store, "Ana").await;
    assert_eq!(ana.expires, None);
    assert_eq!(store.get(ana.id).await.unwrap(), ana);
    let changed = store.update(ana.id, &renaming("Bia"), None).await.unwrap();
    assert_eq!(changed.expires, None);
    assert_eq!(ids(&store).await, [ana.id]);
}

async fn who_stays_is_on_one_page_whatever_is_written_meanwhile(backend: &Backend<'_>) {
    let (store, _kept) = backend.store(&[]).await;
    let mut staying = HashSet::new();
    let mut going = vec![];
    for number in 0..30 {
        let user = create(&store, &format!("u{number}")).await;
        if number % 3 == 0 {
            going.push(user.id);
        } else {
            staying.insert(user.id);
        }
    }
    let (mut seen, mut after, mut pages) = (vec![], None, 0);
    loop {
        let page = store.list(page_size(4), after).await.unwrap();
        assert!(page.users.len() <= 4);
        seen.extend(page.users.iter().map(|user| user.id));
        // One goes, one comes, one changes.
        if let Some(id) = going.pop() {
            store.remove(id, None).await.unwrap();
        }
        create(&store, &format!("novo{pages}")).await;
        store.update(seen[0], &renaming("Mudado"), None).await.ok();
        (after, pages) = (page.next, pages + 1);
        if after.is_none() || pages > 100 {
            break;
        }
    }
    assert!(seen.is_sorted(), "{seen:?}");
    let once: HashSet<_> = seen.iter().copied().collect();
    assert_eq!(once.len(), seen.len(), "{seen:?}");
    assert!(staying.is_subset(&once));
}

async fn a_page_begins_after_users_who_are_gone(backend: &Backend<'_>) {
    let (store, _kept) = backend.store(&[]).await;
    for number in 0..5 {
        create(&store, &format!("u{number}")).await;
    }
    let first = store.list(page_size(2), None).await.unwrap();
    let all = ids(&store).await;
    for id in &all[..3] {
        store.remove(*id, None).await.unwrap();
    }
    let second = store.list(page_size(2), first.next).await.unwrap();
    let listed: Vec<_> = second.users.iter().map(|user| user.id).collect();
    assert_eq!((listed, second.next), (all[3..].to_vec(), None));
}

async fn a_request_creates_one_user_however_often_it_comes(backend: &Backend<'_>) {
    let replicas = backend.replicas(2, &[]).await;
    let [first, second] = &replicas.stores[..] else {
        panic!()
    };
    let (user, id) = (new("Ana"), request("pedido 1"));
    let outcomes = tokio::join!(
        first.create(&user, Some(&id)),
        second.create(&user, Some(&id)),
        first.create(&user, Some(&id)),
    );
    let outcomes = [outcomes.0, outcomes.1, outcomes.2].map(Result::unwrap);
    assert_eq!(outcomes.iter().filter(|(_, repeated)| !repeated).count(), 1);
    assert!(outcomes.iter().all(|(user, _)| *user == outcomes[0].0));

    let ana = &outcomes[0].0;
    let other = refused(first.create(&new("Bia"), Some(&id)).await);
    assert_eq!(other, Refusal::RequestDiffers);
    // It tells the user as it is now.
    let changed = first
        .update(ana.id, &renaming("Anita"), None)
        .await
        .unwrap();
    assert_eq!(
        second.create(&user, Some(&id)).await.unwrap(),
        (changed, true)
    );
    first.remove(ana.id, None).await.unwrap();
    let gone = refused(second.create(&user, Some(&id)).await);
    assert_eq!(gone, Refusal::NotFound(ana.id));
    // A request that was refused is not remembered.
    create(first, "Taken").await;
    let refused_id = request("pedido 2");
    refused(first.create(&new("Taken"), Some(&refused_id)).await);
    first
        .create(&new("Livre"), Some(&refused_id))
        .await
        .unwrap();
}

async fn a_full_store_takes_nobody_until_somebody_goes(backend: &Backend<'_>) {
    let (store, _kept) = backend.store(&[("MAX_USERS", "2")]).await;
    let first = create(&store, "a").await;
    create(&store, "b").await;
    assert_eq!(refused(store.create(&new("c"), None).await), Refusal::Full);
    store.update(first.id, &renaming("A"), None).await.unwrap();
    store.remove(first.id, None).await.unwrap();
    create(&store, "c").await;
}

async fn changes_are_told_in_their_order_to_all_replicas(backend: &Backend<'_>) {
    let replicas = backend.replicas(2, &[]).await;
    let [first, second] = &replicas.stores[..] else {
        panic!()
    };
    create(first, "antes").await;
    let mut here = first.subscribe(None).await.unwrap();
    let mut there = second.subscribe(None).await.unwrap();
    let ana = create(first, "Ana").await;
    let changed = second
        .update(ana.id, &renaming("Anita"), None)
        .await
        .unwrap();
    first.remove(ana.id, None).await.unwrap();
    let after = here.position();
    for subscription in [&mut here, &mut there] {
        assert_eq!(next(subscription).await, (ChangeKind::Created, ana.clone()));
        assert_eq!(
            next(subscription).await,
            (ChangeKind::Updated, changed.clone())
        );
        assert_eq!(
            next(subscription).await,
            (ChangeKind::Removed, changed.clone())
        );
    }
    // From a position anywhere, at any replica.
    let mut again = second.subscribe(Some(after)).await.unwrap();
    assert_eq!(next(&mut again).await, (ChangeKind::Created, ana));
    let mut rest = first.subscribe(Some(again.position())).await.unwrap();
    assert_eq!(next(&mut rest).await, (ChangeKind::Updated, changed));
}

async fn an_expired_user_is_told_with_its_last_state(backend: &Backend<'_>) {
    let (store, _kept) = backend.store(&[("USER_TTL", "50ms")]).await;
    let mut subscription = store.subscribe(None).await.unwrap();
    let ana = create(&store, "Ana").await;
    assert_eq!(
        next(&mut subscription).await,
        (ChangeKind::Created, ana.clone())
    );
    // Nobody asks for anything meanwhile.
    let change = next_change(&mut subscription).await;
    let Change { kind, user, at, .. } = &*change;
    assert_eq!(
        (kind, user, Some(*at)),
        (&ChangeKind::Expired, &ana, ana.expires)
    );
}

async fn who_comes_back_is_told_all_that_was_missed(backend: &Backend<'_>) {
    let (store, _kept) = backend.store(&[]).await;
    let begin = store.subscribe(None).await.unwrap().position();
    let mut created = vec![];
    for number in 0..250 {
        created.push(create(&store, &format!("u{number}")).await.id);
    }
    let mut subscription = store.subscribe(Some(begin)).await.unwrap();
    let mut told = vec![];
    for _ in 0..250 {
        told.push(next(&mut subscription).await.1.id);
    }
    assert_eq!(told, created);
}

async fn who_comes_back_too_late_is_told_so(backend: &Backend<'_>) {
    let (store, _kept) = backend.store(&[("MAX_CHANGES", "1")]).await;
    let begin = store.subscribe(None).await.unwrap().position();
    // Redis lets go of a hundred at a time.
    for number in 0..250 {
        create(&store, &format!("u{number}")).await;
    }
    assert_eq!(
        refused(store.subscribe(Some(begin)).await),
        Refusal::ChangesLost
    );
    let unknown = grpc::domain::Position { time: 1, number: 7 };
    assert_eq!(
        refused(store.subscribe(Some(unknown)).await),
        Refusal::ChangesLost
    );
}
