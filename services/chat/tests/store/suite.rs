//! What every log must do.

use chat::domain::log::{AppendOutcome, Refusal, RelayPolicy};
use chat::domain::{Event, Source};
use testing::{RedisServer, eventually, has_redis};

use crate::backend::{Backend, PEER, client, membership, own, relayed, token};

/// Makes each of these a test in memory, on disk and in Redis.
macro_rules! everywhere {
    ($($name:ident)+) => {
        mod memory {$(
            #[tokio::test]
            async fn $name() {
                super::$name(&super::Backend::Memory).await;
            }
        )+}
        mod disk {$(
            #[tokio::test]
            async fn $name() {
                let directory = tempfile::tempdir().unwrap();
                super::$name(&super::Backend::Disk(directory)).await;
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
    };
}

everywhere! {
    a_message_sent_again_is_appended_once_and_told_its_cursor
    an_id_counts_within_its_session
    a_relayed_message_is_appended_once_whatever_its_number
    what_comes_back_to_its_origin_is_a_loop
    cursors_and_sequences_have_no_gap_and_senders_keep_their_order
    a_full_outbox_refuses_messages_keeps_joins_to_itself_and_lets_leaves_through
    a_refused_message_may_be_sent_again_under_its_id
    the_outbox_is_full_at_the_same_byte
    what_was_appended_is_known_after_a_restart_where_it_is_kept
    any_steps_have_the_outcomes_of_the_rules
}

async fn a_message_sent_again_is_appended_once_and_told_its_cursor(backend: &Backend) {
    let room = backend.room(&[]).await;
    assert_eq!(room.appended(own("s", "a", "olá")).await.cursor, 1);
    assert_eq!(room.appended(own("s", "b", "olá")).await.cursor, 2);
    let again = room.append(own("s", "a", "olá")).await;
    assert_eq!(again, AppendOutcome::Duplicate(Some(1)));
    eventually("two wait", async || (room.waiting(PEER) == 2).then_some(())).await;
}

async fn an_id_counts_within_its_session(backend: &Backend) {
    let room = backend.room(&[]).await;
    room.appended(own("s", "a", "olá")).await;
    assert_eq!(room.appended(own("t", "a", "olá")).await.cursor, 2);
}

async fn a_relayed_message_is_appended_once_whatever_its_number(backend: &Backend) {
    let room = backend.room(&[]).await;
    room.appended(relayed("serviceB", "x", 7, "m")).await;
    for (sequence, id) in [(7, "m"), (7, "other"), (3, "older")] {
        let again = room.append(relayed("serviceB", "x", sequence, id)).await;
        assert_eq!(again, AppendOutcome::Duplicate(None));
    }
    // Its origin lost its memory, and counts anew.
    let again = room.append(relayed("serviceB", "y", 1, "m")).await;
    assert_eq!(again, AppendOutcome::Duplicate(Some(1)));
    // The number of what was known is not used up by it.
    room.appended(relayed("serviceB", "y", 1, "n")).await;
    room.appended(relayed("serviceC", "x", 1, "m")).await;
    assert_eq!(room.waiting(PEER), 0, "nothing is passed on");
}

async fn what_comes_back_to_its_origin_is_a_loop(backend: &Backend) {
    let room = backend.room(&[]).await;
    let (service, epoch) = (room.service().to_string(), room.epoch().to_string());
    let back = room.append(relayed(&service, &epoch, 1, "m")).await;
    assert_eq!(back, AppendOutcome::Refused(Refusal::Loop));
    // Another process of the same name is not this one.
    room.appended(relayed(&service, "other", 1, "m")).await;
}

async fn cursors_and_sequences_have_no_gap_and_senders_keep_their_order(backend: &Backend) {
    let room = backend.room(&[]).await;
    tokio::join!(
        async {
            for n in 0..20 {
                room.appended(own("s", &format!("m-{n}"), "um")).await;
            }
        },
        async {
            for n in 0..20 {
                room.appended(own("t", &format!("m-{n}"), "dois")).await;
            }
        },
    );
    let mut entries = Vec::new();
    for after in 0..40 {
        let next = async || room.next_pending(PEER, after);
        entries.push(eventually("an entry", next).await);
    }
    let numbers = |of: fn(&chat::domain::Entry) -> u64| entries.iter().map(move |entry| of(entry));
    assert!(numbers(|entry| entry.cursor).eq(1..=40));
    assert!(numbers(|entry| entry.sequence().unwrap_or_default()).eq(1..=40));
    for session in ["s", "t"] {
        let of_session =
            |entry: &&std::sync::Arc<chat::domain::Entry>| entry.session() == Some(&token(session));
        let ids: Vec<_> = entries.iter().filter(of_session).collect();
        let ids: Vec<_> = ids.iter().map(|entry| entry.id.to_string()).collect();
        let expected: Vec<_> = (0..20).map(|n| format!("m-{n}")).collect();
        assert_eq!(ids, expected);
    }
}

async fn a_full_outbox_refuses_messages_keeps_joins_to_itself_and_lets_leaves_through(
    backend: &Backend,
) {
    let room = backend.room(&[("OUTBOX_MAX", "2")]).await;
    let client = client();
    let joined = || Event::Joined { client };
    let left = || Event::Left { client };
    let first = room.appended(membership("told", joined(), RelayPolicy::IfRoom));
    assert_eq!(first.await.sequence(), Some(1));
    room.appended(own("s", "a", "olá")).await;
    let full = room.append(own("s", "b", "olá")).await;
    assert_eq!(full, AppendOutcome::Refused(Refusal::OutboxFull));
    let unheard = room.appended(membership("unheard", joined(), RelayPolicy::IfRoom));
    assert_eq!(unheard.await.sequence(), None);
    let goes = room.appended(membership("told", left(), RelayPolicy::Always));
    assert_eq!(goes.await.sequence(), Some(3));
    let goes = room.appended(membership("unheard", left(), RelayPolicy::Never));
    assert_eq!(goes.await.sequence(), None);
}

async fn a_refused_message_may_be_sent_again_under_its_id(backend: &Backend) {
    let room = backend.room(&[("OUTBOX_MAX", "1")]).await;
    let first = room.appended(own("s", "a", "olá")).await;
    let full = room.append(own("s", "b", "olá")).await;
    assert_eq!(full, AppendOutcome::Refused(Refusal::OutboxFull));
    room.settle(PEER, &first, true).await;
    assert_eq!(room.appended(own("s", "b", "olá")).await.cursor, 2);
}

/// Once each kept to a rule of its own.
async fn the_outbox_is_full_at_the_same_byte(backend: &Backend) {
    let room = backend.room(&[("OUTBOX_MAX_BYTES", "1KiB")]).await;
    let overhead = own("s", "a", "").event.weight();
    let half = "x".repeat(512 - overhead);
    let first = room.appended(own("s", "a", &half)).await;
    let too_much = room.append(own("s", "b", &format!("{half}x"))).await;
    assert_eq!(too_much, AppendOutcome::Refused(Refusal::OutboxFull));
    room.appended(own("s", "b", &half)).await;
    let nothing = room.append(own("s", "c", "")).await;
    assert_eq!(nothing, AppendOutcome::Refused(Refusal::OutboxFull));
    room.settle(PEER, &first, true).await;
    room.appended(own("s", "c", &half)).await;
}

async fn what_was_appended_is_known_after_a_restart_where_it_is_kept(backend: &Backend) {
    let room = backend.room(&[]).await;
    let (epoch, is_durable) = (room.epoch().clone(), room.is_durable());
    let first = room.appended(own("s", "a", "olá")).await;
    room.appended(relayed("serviceB", "x", 7, "m")).await;
    room.appended(own("s", "b", "olá")).await;
    room.settle(PEER, &first, true).await;
    room.kill().await;
    let room = backend.room(&[]).await;
    assert_eq!(*room.epoch() == epoch, is_durable);
    if !is_durable {
        assert_eq!(room.appended(own("s", "a", "olá")).await.cursor, 1);
        return;
    }
    let again = room.append(own("s", "b", "olá")).await;
    assert_eq!(again, AppendOutcome::Duplicate(Some(3)));
    let again = room.append(relayed("serviceB", "x", 7, "m")).await;
    assert_eq!(again, AppendOutcome::Duplicate(None));
    let waits = room.next_pending(PEER, 1).unwrap();
    assert_eq!((waits.id.as_str(), waits.cursor), ("b", 3));
    let next = room.appended(own("s", "c", "olá")).await;
    let Source::Own { sequence, .. } = next.source else {
        panic!("{next:?}");
    };
    assert_eq!((next.cursor, sequence), (4, Some(3)));
}

async fn any_steps_have_the_outcomes_of_the_rules(backend: &Backend) {
    crate::model::compare(backend).await;
}
