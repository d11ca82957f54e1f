//! The hub with the disk and the lifecycle around it.

use std::path::Path;
use std::sync::{Barrier, mpsc};
use std::time::Duration;

use testing::{TestLifecycle, settings};
use tokio::io::duplex;

use super::*;
use crate::metrics::ChatMetrics;
use crate::{Chat, service};

const PEER: &str = "http://peer.example/relay";

/// Once the last one left before the log said so, and a service that ended told nobody.
#[tokio::test]
async fn who_sees_that_nobody_is_left_finds_in_the_log_that_they_left() {
    let lifecycle = TestLifecycle::default();
    let metrics = ChatMetrics::new(lifecycle.lifecycle().metrics());
    let hub = service::room(&settings::<Chat>(&[("PEER_URL", PEER)]), metrics).unwrap();
    for _ in 0..300 {
        let member = come(&hub, Join::example(), &lifecycle).await;
        let joined = *hub.sequence().borrow();
        let ready = Barrier::new(2);
        std::thread::scope(|scope| {
            let watcher = scope.spawn(|| {
                let members = hub.members();
                ready.wait();
                while *members.borrow() > 0 {
                    std::hint::spin_loop();
                }
                hub.next_pending(PEER, joined)
            });
            ready.wait();
            hub.leave(member, TraceContext::default(), lifecycle.lifecycle());
            let left = watcher.join().unwrap().expect("an entry to be relayed");
            assert!(matches!(left.event, Event::Left { .. }), "{left:?}");
        });
    }
}

/// Once it was shown as there until the service was started again.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_leaves_while_the_disk_takes_nothing_is_gone_once_it_does() {
    let (lifecycle, disk) = (TestLifecycle::default(), tempfile::tempdir().unwrap());
    let hub = on_disk(disk.path(), &lifecycle);
    let member = come(&hub, Join::example(), &lifecycle).await;
    break_journal(&hub, true).await;
    hub.leave(member, TraceContext::default(), lifecycle.lifecycle());
    break_journal(&hub, false).await;
    nobody_is_left(&hub).await;
    let events = [0, 1].map(|after| hub.next_pending(PEER, after).unwrap().event.clone());
    assert!(matches!(events[1], Event::Left { .. }), "{events:?}");
    assert_eq!(hub.presence().clients, []);
}

/// Once its readiness said nothing of it, so that clients were sent where every message was refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_service_whose_disk_takes_nothing_is_not_ready_until_it_does() {
    let (lifecycle, disk) = (TestLifecycle::default(), tempfile::tempdir().unwrap());
    let hub = on_disk(disk.path(), &lifecycle);
    let reason = || {
        let report = lifecycle.lifecycle().readiness().report();
        let disk = report.checks.iter().find(|check| check.name == "disk");
        disk.unwrap().reason.clone()
    };
    assert_eq!(reason(), None);
    break_journal(&hub, true).await;
    assert!(matches!(
        post(&hub, "m").await,
        AppendOutcome::Refused(Refusal::Unavailable)
    ));
    let told = testing::eventually("not ready", async || reason()).await;
    assert!(told.starts_with("OUTBOX_DIR takes no writes: "), "{told}");
    break_journal(&hub, false).await;
    testing::eventually("ready", async || reason().is_none().then_some(())).await;
}

/// Has the journal take nothing, or everything again. Returns once all that stood before is done.
async fn break_journal(hub: &Hub, broken: bool) {
    let Backend::Disk(journal) = &hub.0.backend else {
        panic!("the log is on disk");
    };
    let (done, is_done) = oneshot::channel();
    journal.submit(move |journal| {
        journal.set_broken(broken);
        let _ = done.send(());
    });
    is_done.await.unwrap();
}

/// A hub whose log is in this directory, at work.
fn on_disk(directory: &Path, lifecycle: &TestLifecycle) -> Hub {
    let hub = stopped_on_disk(directory, lifecycle);
    hub.start(lifecycle.lifecycle());
    hub
}

/// A hub whose log is in this directory, not at work yet.
fn stopped_on_disk(directory: &Path, lifecycle: &TestLifecycle) -> Hub {
    let settings = settings::<Chat>(&[
        ("PEER_URL", PEER),
        ("OUTBOX_DIR", directory.to_str().unwrap()),
        ("REPLICA_TIMEOUT", "100ms"),
    ]);
    let metrics = ChatMetrics::new(lifecycle.lifecycle().metrics());
    service::room(&settings, metrics).unwrap()
}

/// Comes into the room.
async fn come(hub: &Hub, join: Join, lifecycle: &TestLifecycle) -> MemberId {
    let connection = hub.connect(Box::new(duplex(1).0));
    let lifecycle = lifecycle.lifecycle();
    let joined = hub.join(join, connection, TraceContext::default(), lifecycle);
    joined.await.unwrap()
}

async fn nobody_is_left(hub: &Hub) {
    let mut members = hub.members();
    members.wait_for(|members| *members == 0).await.unwrap();
}

fn message(id: &str) -> ClientMessage {
    let token = |text| Token::parse(text).unwrap();
    ClientMessage {
        client: ClientId::parse("1").unwrap(),
        session: token("s"),
        id: token(id),
        text: "olá".to_owned(),
    }
}

async fn post(hub: &Hub, id: &str) -> AppendOutcome {
    hub.post(message(id), TraceContext::default()).await
}

/// Keeps the journal busy until it is told to go on.
fn hold_journal(hub: &Hub) -> mpsc::Sender<()> {
    let (go_on, held) = mpsc::channel::<()>();
    let Backend::Disk(journal) = &hub.0.backend else {
        panic!("the log is on disk");
    };
    journal.submit(move |_| {
        let _ = held.recv();
    });
    go_on
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_slow_disk_holds_up_neither_the_room_nor_other_tasks_and_nothing_is_seen_before_it_is_kept()
 {
    let (lifecycle, disk) = (TestLifecycle::default(), tempfile::tempdir().unwrap());
    let hub = on_disk(disk.path(), &lifecycle);
    let go_on = hold_journal(&hub);
    let posting = hub.clone();
    let posted = lifecycle
        .lifecycle()
        .spawn(async move { post(&posting, "m").await });
    // The one thread that tasks have goes on, and so does whoever asks the room.
    for _ in 0..10 {
        let here = hub.clone();
        let asked = lifecycle.lifecycle().spawn(async move { here.presence() });
        assert_eq!(asked.await.unwrap().sequence, 0);
    }
    assert!(!posted.is_finished() && hub.next_pending(PEER, 0).is_none());
    go_on.send(()).unwrap();
    assert!(matches!(posted.await.unwrap(), AppendOutcome::Appended(_)));
    assert!(hub.next_pending(PEER, 0).is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_message_whose_sender_went_away_meanwhile_is_appended_once_and_in_its_order() {
    let (lifecycle, disk) = (TestLifecycle::default(), tempfile::tempdir().unwrap());
    let hub = on_disk(disk.path(), &lifecycle);
    let go_on = hold_journal(&hub);
    {
        let posted = post(&hub, "first");
        tokio::pin!(posted);
        assert!(futures_util::poll!(&mut posted).is_pending());
    }
    go_on.send(()).unwrap();
    let AppendOutcome::Appended(second) = post(&hub, "second").await else {
        panic!("it is appended");
    };
    assert_eq!((second.cursor, second.sequence()), (2, Some(2)));
    assert_eq!(post(&hub, "first").await, AppendOutcome::Duplicate(Some(1)));
    drop(hub);
    let deadline = Duration::from_secs(30);
    let aborted = lifecycle.lifecycle().finish(deadline).await;
    assert_eq!(aborted, 0, "the journal's task ends by itself");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_was_acknowledged_is_there_after_a_restart_and_who_was_there_has_left() {
    let disk = tempfile::tempdir().unwrap();
    {
        let lifecycle = TestLifecycle::default();
        let hub = on_disk(disk.path(), &lifecycle);
        come(&hub, Join::example(), &lifecycle).await;
        assert!(matches!(post(&hub, "m").await, AppendOutcome::Appended(_)));
        let first = hub.next_pending(PEER, 0).unwrap();
        hub.settle(PEER, &first, true).await;
        assert_eq!(hub.waiting(PEER), 1);
        lifecycle.lifecycle().finish(Duration::ZERO).await;
    }
    let lifecycle = TestLifecycle::default();
    let hub = on_disk(disk.path(), &lifecycle);
    assert_eq!(post(&hub, "m").await, AppendOutcome::Duplicate(Some(2)));
    nobody_is_left(&hub).await;
    let events = [1, 2].map(|after| hub.next_pending(PEER, after).unwrap().event.clone());
    assert!(matches!(events[0], Event::Message { .. }), "{events:?}");
    assert!(matches!(events[1], Event::Left { .. }), "{events:?}");
}

/// Once each of a thousand clients was told of each other that it had left, and that it had joined.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn of_a_session_that_comes_back_to_the_next_process_nobody_is_told() {
    let (disk, join) = (tempfile::tempdir().unwrap(), Join::example());
    {
        let lifecycle = TestLifecycle::default();
        let hub = on_disk(disk.path(), &lifecycle);
        come(&hub, join.clone(), &lifecycle).await;
        lifecycle.lifecycle().finish(Duration::ZERO).await;
    }
    let lifecycle = TestLifecycle::default();
    // Nothing that is awaited is given up before the hub has started.
    let hub = stopped_on_disk(disk.path(), &lifecycle);
    let member = come(&hub, join.clone(), &lifecycle).await;
    hub.start(lifecycle.lifecycle());
    assert_eq!(hub.presence().clients, [(join.client, 1)]);
    assert!(
        hub.next_pending(PEER, 1).is_none(),
        "it neither left nor joined"
    );
    hub.leave(member, TraceContext::default(), lifecycle.lifecycle());
    nobody_is_left(&hub).await;
    assert_eq!(hub.presence().clients, []);
    let left = hub.next_pending(PEER, 1).unwrap();
    assert!(matches!(left.event, Event::Left { .. }), "{left:?}");
}
