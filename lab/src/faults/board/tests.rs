use link::{Direction, Fault as LinkFault};
use testing::{TestLifecycle, eventually};
use tokio::runtime::Handle;

use super::*;
use crate::links::Wiring;
use crate::wire::{Decoder, WireStore};

const LINK: &str = "client-to-server";

/// A board over one link.
async fn board(lifecycle: &TestLifecycle) -> (Board, Link) {
    let (home, lifecycle) = (Handle::current(), lifecycle.lifecycle());
    let registry = StatusRegistry::new(&[]);
    let (feed, ..) = Decoder::new(WireStore::new(1000));
    let started = LabLinks::start(Wiring::default(), home, &registry, feed, lifecycle);
    let links = started.await.unwrap();
    let config = LinkConfig {
        name: LINK.to_owned(),
        listen: "127.0.0.1:0".to_owned(),
        upstream: "127.0.0.1:1".to_owned(),
        enabled: true,
    };
    let link = links.links().add(config).await.unwrap();
    let (controls, _) = Controls::of([]);
    (Board::new(Some(links), controls, &registry), link)
}

fn is_right(link: &Link) -> bool {
    link.config().enabled && !link.is_refusing() && link.toxics().is_empty()
}

/// What is written of the faults that last.
fn texts(board: &Board) -> Vec<String> {
    let faults = board.of_link(LINK).into_iter();
    faults.map(|fault| fault.text).collect()
}

#[tokio::test]
async fn a_link_is_broken_as_it_is_written_until_it_is_mended() {
    let lifecycle = TestLifecycle::default();
    for (text, way) in [
        ("latency=1s share=0.5", Some((Toward::Client, 0.5))),
        ("cut", None),
        ("refuse", None),
    ] {
        let (board, link) = board(&lifecycle).await;
        let faults = board.break_link(LINK, text, None).await.unwrap();
        assert_eq!((faults[0].text.as_str(), faults[0].until), (text, None));
        assert_eq!(faults[0].toward.zip(faults[0].share), way);
        assert_eq!(board.all(), faults, "it is all that is wrong");
        assert!(!is_right(&link));
        assert_eq!(board.mend_link(LINK, None).await.unwrap(), []);
        assert!(is_right(&link));
        let over = board.all().remove(0);
        assert_eq!((over.text.as_str(), over.ended.is_some()), (text, true));
    }
}

#[tokio::test]
async fn each_fault_of_a_link_is_put_back_alone() {
    let lifecycle = TestLifecycle::default();
    let (board, link) = board(&lifecycle).await;
    for text in ["latency=1s, bandwidth=1KB", "refuse", "cut"] {
        board.break_link(LINK, text, None).await.unwrap();
    }
    let mut lasting = board.of_link(LINK);
    assert_eq!(lasting.len(), 4);
    while let Some(last) = lasting.pop() {
        let left = board.mend_link(LINK, Some(&last.id)).await.unwrap();
        assert_eq!(left, lasting, "without {}", last.text);
    }
    assert!(is_right(&link));
    let none = board.mend_link(LINK, Some("1")).await.unwrap_err();
    assert_eq!(none.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_fault_takes_the_place_of_one_of_its_kind() {
    let lifecycle = TestLifecycle::default();
    let (board, _) = board(&lifecycle).await;
    for text in ["bandwidth=1KB", "latency=1s", "latency=2s", "cut"] {
        board.break_link(LINK, text, None).await.unwrap();
    }
    let hour = Some(Duration::from_hours(1));
    board.break_link(LINK, "cut", hour).await.unwrap();
    let lasting = texts(&board);
    assert_eq!(lasting, ["bandwidth=1KB", "latency=2s", "cut"]);
    let over = board.all().split_off(lasting.len());
    let over: Vec<_> = over.into_iter().map(|fault| fault.text).collect();
    assert_eq!(over, ["cut", "latency=1s"]);
}

#[tokio::test]
async fn what_others_do_to_a_link_and_undo_is_told_too() {
    let lifecycle = TestLifecycle::default();
    let (board, link) = board(&lifecycle).await;
    let timeout = Duration::ZERO;
    let slicer = LinkFault::Slicer {
        average_size: 1,
        size_variation: 0,
        delay: Duration::ZERO,
    };
    for (name, fault, kind, text) in [
        (
            "mine",
            LinkFault::Timeout { timeout },
            "silence",
            "mine: timeout timeout=0",
        ),
        (
            "limit_data_upstream",
            LinkFault::LimitData { bytes: 9 },
            "limit_data",
            "limit_data bytes=9",
        ),
        (
            "reset_after_upstream",
            LinkFault::ResetAfter { bytes: 0 },
            "drop-answer",
            "reset_after bytes=0",
        ),
        (
            "reset_after_upstream",
            LinkFault::ResetAfter { bytes: 1 },
            "reset",
            "reset_after bytes=1",
        ),
        ("slicer_upstream", slicer, "slices", "slicer average_size=1"),
    ] {
        link.put(Toxic {
            name: name.to_owned(),
            fault,
            stream: Direction::Upstream,
            toxicity: 0.5,
        });
        let told = board.of_link(LINK).remove(0);
        assert_eq!(told.kind, kind);
        assert!(told.text.starts_with(text), "{}", told.text);
        assert_eq!((told.toward, told.share), (Some(Toward::Server), Some(0.5)));
        link.remove(name).unwrap();
        assert!(texts(&board).is_empty());
    }
    let enabled = link.config();
    let cut = LinkConfig {
        enabled: false,
        ..enabled
    };
    link.update(cut).await.unwrap();
    assert_eq!(texts(&board), ["cut"]);
    link.enable().await.unwrap();
    assert!(texts(&board).is_empty());
}

#[tokio::test]
async fn a_fault_ends_when_its_time_is_over_and_no_other_does() {
    let lifecycle = TestLifecycle::default();
    let (board, link) = board(&lifecycle).await;
    let watch = board.clone().watch(lifecycle.lifecycle().clone());
    lifecycle.lifecycle().spawn(watch);
    let (soon, hour) = (Duration::from_millis(1), Duration::from_hours(1));
    board.break_link(LINK, "bandwidth=1KB", None).await.unwrap();
    let faults = board.break_link(LINK, "latency=1s", Some(hour)).await;
    let late = faults.unwrap().pop().unwrap();
    assert_eq!(late.until, Some(late.since + 3_600_000));
    board.break_link(LINK, "cut", Some(soon)).await.unwrap();
    eventually("it can be reached again", async || {
        link.config().enabled.then_some(())
    })
    .await;
    assert_eq!(texts(&board), ["bandwidth=1KB", "latency=1s"]);
}

#[tokio::test]
async fn all_is_put_right_at_once_and_named_once() {
    let lifecycle = TestLifecycle::default();
    let (board, link) = board(&lifecycle).await;
    board
        .break_link(LINK, "latency=1s, cut", None)
        .await
        .unwrap();
    assert_eq!(board.mend().await.unwrap(), [LINK]);
    assert!(is_right(&link) && texts(&board).is_empty());
    assert!(board.mend().await.unwrap().is_empty());
}

#[tokio::test]
async fn where_nothing_can_be_broken_it_is_said_why() {
    let lifecycle = TestLifecycle::default();
    let (board, _) = board(&lifecycle).await;
    for (name, text, status, says) in [
        (
            "client-to-serve",
            "cut",
            404,
            "did you mean client-to-server?",
        ),
        ("x", "cut", 404, "there are client-to-server"),
        (LINK, "lag", 400, "\"lag\" is no fault"),
    ] {
        let refused = board.break_link(name, text, None).await.unwrap_err();
        assert_eq!(refused.status(), status);
        assert!(refused.to_string().contains(says), "{refused}");
    }
    assert!(board.links().is_some());
    let (controls, _) = Controls::of([]);
    let without_links = Board::new(None, controls, &StatusRegistry::new(&[]));
    let refused = without_links
        .break_link(LINK, "cut", None)
        .await
        .unwrap_err();
    assert!(matches!(refused, BoardError::Off));
}
