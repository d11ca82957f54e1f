use proptest::prelude::*;
use rand::SeedableRng;

use super::*;
use crate::tap::Direction;

fn toxic(fault: Fault) -> Toxic {
    Toxic {
        name: fault.type_name().to_owned(),
        fault,
        stream: Direction::Downstream,
        toxicity: 1.0,
    }
}

fn shaper(faults: &[Fault], now: Instant) -> Shaper {
    let toxics: Vec<_> = faults.iter().copied().map(toxic).collect();
    Shaper::new(&toxics, now, SmallRng::seed_from_u64(7))
}

/// Everything that is done, each with its time after the beginning.
fn run(shaper: &mut Shaper, began: Instant) -> Vec<(Duration, Step)> {
    let mut steps = Vec::new();
    while let Some(due) = shaper.due() {
        while let Some(step) = shaper.next(due) {
            steps.push((due - began, step));
        }
    }
    steps
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn sent(text: &'static str) -> Step {
    Step::Send(Bytes::from_static(text.as_bytes()))
}

#[test]
fn without_faults_all_is_due_at_once_and_the_end_comes_last() {
    let now = Instant::now();
    let mut shaper = shaper(&[], now);
    assert!(shaper.is_clear());
    shaper.push(Bytes::from_static(b"ab"), now);
    shaper.finish(now);
    let steps = run(&mut shaper, now);
    assert_eq!(steps, [(millis(0), sent("ab")), (millis(0), Step::Finish)]);
}

#[test]
fn latency_delays_each_piece_and_not_one_behind_the_other() {
    let now = Instant::now();
    let latency = Fault::Latency {
        latency: millis(300),
        jitter: millis(0),
    };
    let mut shaper = shaper(&[latency], now);
    shaper.push(Bytes::from_static(b"a"), now);
    shaper.push(Bytes::from_static(b"b"), now + millis(10));
    shaper.finish(now + millis(10));
    let steps = run(&mut shaper, now);
    let expected = [
        (millis(300), sent("a")),
        (millis(310), sent("b")),
        (millis(310), Step::Finish),
    ];
    assert_eq!(steps, expected);
}

#[test]
fn bandwidth_spreads_bytes_over_time() {
    let now = Instant::now();
    let mut shaper = shaper(&[Fault::Bandwidth { rate: 1000 }], now);
    shaper.push(Bytes::from(vec![7; 250]), now);
    let due: Vec<_> = run(&mut shaper, now)
        .into_iter()
        .map(|(due, _)| due)
        .collect();
    assert_eq!(due, [millis(100), millis(200), millis(250)]);
}

#[test]
fn a_bandwidth_of_nought_holds_everything_until_it_is_taken_away() {
    let now = Instant::now();
    let mut shaper = shaper(&[Fault::Bandwidth { rate: 0 }], now);
    shaper.push(Bytes::from_static(b"a"), now);
    assert_eq!(shaper.next(now + Duration::from_hours(1)), None);
    shaper.change(&[], now);
    assert_eq!(shaper.next(now), Some(sent("a")));
}

#[test]
fn slow_close_delays_the_end_alone() {
    let now = Instant::now();
    let delay = millis(500);
    let mut shaper = shaper(&[Fault::SlowClose { delay }], now);
    shaper.push(Bytes::from_static(b"a"), now);
    shaper.finish(now);
    let steps = run(&mut shaper, now);
    assert_eq!(steps, [(millis(0), sent("a")), (delay, Step::Finish)]);
}

#[test]
fn a_timeout_drops_all_and_closes_after_its_time() {
    let now = Instant::now();
    let timeout = millis(200);
    let mut shaper = shaper(&[Fault::Timeout { timeout }], now);
    shaper.push(Bytes::from_static(b"a"), now);
    assert_eq!(run(&mut shaper, now), [(timeout, Step::Close)]);
}

#[test]
fn a_timeout_of_nought_is_silence_and_its_removal_closes_who_lost_bytes() {
    let now = Instant::now();
    let timeout = millis(0);
    let silent = [toxic(Fault::Timeout { timeout })];
    let mut lost = Shaper::new(&silent, now, SmallRng::seed_from_u64(1));
    lost.push(Bytes::from_static(b"a"), now);
    assert_eq!(lost.due(), None);
    lost.change(&[], now);
    assert_eq!(lost.next(now), Some(Step::Close));

    let mut idle = Shaper::new(&silent, now, SmallRng::seed_from_u64(1));
    idle.change(&[], now);
    assert!(idle.is_clear());
}

#[test]
fn limit_data_passes_so_much_and_closes_and_reset_after_resets() {
    let now = Instant::now();
    for (fault, last) in [
        (Fault::LimitData { bytes: 3 }, Step::Close),
        (Fault::ResetAfter { bytes: 3 }, Step::Reset),
    ] {
        let mut shaper = shaper(&[fault], now);
        shaper.push(Bytes::from_static(b"ab"), now);
        shaper.push(Bytes::from_static(b"cd"), now);
        let steps: Vec<_> = run(&mut shaper, now)
            .into_iter()
            .map(|(_, step)| step)
            .collect();
        assert_eq!(steps, [sent("ab"), sent("c"), last]);
    }
}

#[test]
fn reset_peer_resets_after_the_first_byte_or_the_end() {
    let now = Instant::now();
    let timeout = millis(50);
    let mut with_bytes = shaper(&[Fault::ResetPeer { timeout }], now);
    with_bytes.push(Bytes::from_static(b"a"), now);
    assert_eq!(run(&mut with_bytes, now), [(timeout, Step::Reset)]);
    let mut silent = shaper(&[Fault::ResetPeer { timeout }], now);
    assert_eq!(silent.due(), None);
    silent.finish(now);
    assert_eq!(run(&mut silent, now), [(timeout, Step::Reset)]);
}

#[test]
fn a_fault_of_half_toxicity_strikes_about_half_of_the_connections() {
    let now = Instant::now();
    let timeout = Duration::ZERO;
    let half = [Toxic {
        toxicity: 0.5,
        ..toxic(Fault::Timeout { timeout })
    }];
    let struck = (0..1000).filter(|seed| {
        let mut shaper = Shaper::new(&half, now, SmallRng::seed_from_u64(*seed));
        shaper.push(Bytes::from_static(b"a"), now);
        shaper.due().is_none()
    });
    assert!((350..650).contains(&struck.count()));
}

proptest! {
    #[test]
    fn whatever_delays_bytes_keeps_every_one_of_them_in_order(
        pushes in prop::collection::vec((prop::collection::vec(any::<u8>(), 1..300), 0u64..50), 1..10),
        latency in 0u64..100, jitter in 0u64..100, size in 0u64..40, rate in 1u64..50, seed in any::<u64>(),
    ) {
        let began = Instant::now();
        let faults = [
            Fault::Latency { latency: millis(latency), jitter: millis(jitter) },
            Fault::Slicer { average_size: size, size_variation: size, delay: Duration::from_micros(10) },
            Fault::Bandwidth { rate: rate * 1000 },
        ];
        let toxics: Vec<_> = faults.into_iter().map(toxic).collect();
        let mut shaper = Shaper::new(&toxics, began, SmallRng::seed_from_u64(seed));
        let (mut now, mut all) = (began, Vec::new());
        for (bytes, pause) in pushes {
            now += millis(pause);
            all.extend_from_slice(&bytes);
            shaper.push(bytes.into(), now);
        }
        shaper.finish(now);
        let steps = run(&mut shaper, began);
        prop_assert_eq!(steps.last().map(|(_, step)| step.clone()), Some(Step::Finish));
        let mut arrived = Vec::new();
        for (_, step) in steps {
            if let Step::Send(bytes) = step {
                arrived.extend_from_slice(&bytes);
            }
        }
        prop_assert_eq!(arrived, all);
        prop_assert_eq!(shaper.queued(), 0);
    }
}
