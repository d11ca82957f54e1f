use std::slice::from_ref;

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
    let ten_years = Duration::from_hours(10 * 365 * 24);
    assert_eq!(shaper.next(now + ten_years), None);
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

#[test]
fn bytes_are_not_passed_on_directly_while_others_wait_or_a_fault_strikes() {
    let now = Instant::now();
    let mut waiting = shaper(&[], now);
    waiting.push(Bytes::from_static(b"abc"), now);
    waiting.push(Bytes::from_static(b"de"), now);
    assert_eq!((waiting.is_clear(), waiting.queued()), (false, 5));
    assert_eq!(waiting.next(now), Some(sent("abc")));
    assert_eq!((waiting.is_clear(), waiting.queued()), (false, 2));
    assert_eq!(waiting.next(now), Some(sent("de")));
    assert_eq!((waiting.is_clear(), waiting.queued()), (true, 0));
    let delay = millis(1);
    assert!(!shaper(&[Fault::SlowClose { delay }], now).is_clear());
}

#[test]
fn jitter_is_as_often_less_as_more_and_never_beyond_its_bounds() {
    let (latency, jitter) = (millis(300), millis(100));
    let mut rng = SmallRng::seed_from_u64(7);
    let delays: Vec<_> = (0..1000)
        .map(|_| jittered(latency, jitter, &mut rng))
        .collect();
    let (bounds, near) = (millis(200)..=millis(400), millis(225)..=millis(375));
    assert!(delays.iter().all(|delay| bounds.contains(delay)));
    assert!(delays.iter().any(|delay| delay < near.start()));
    assert!(delays.iter().any(|delay| delay > near.end()));
    let less = delays.iter().filter(|delay| **delay < latency).count();
    assert!((400..600).contains(&less), "{less}");
    // No piece arrives before it was sent.
    assert!(jittered(millis(0), jitter, &mut rng) <= jitter);
}

#[test]
fn a_slicer_pauses_after_each_piece_also_before_what_comes_later() {
    let now = Instant::now();
    let slicer = Fault::Slicer {
        average_size: 1,
        size_variation: 0,
        delay: millis(10),
    };
    let mut shaper = shaper(&[slicer], now);
    shaper.push(Bytes::from_static(b"ab"), now);
    shaper.push(Bytes::from_static(b"c"), now + millis(5));
    let expected = [("a", 0), ("b", 10), ("c", 20)].map(|(text, at)| (millis(at), sent(text)));
    assert_eq!(run(&mut shaper, now), expected);
}

#[test]
fn slices_vary_about_their_average_and_none_is_empty() {
    for (average, variation, sizes) in
        [(10, 3, 7..=13), (2, 9, 1..=3), (0, 9, 1..=1), (1, 0, 1..=1)]
    {
        let mut rng = SmallRng::seed_from_u64(7);
        let pieces = sliced(Bytes::from(vec![7; 2000]), average, variation, &mut rng);
        let [most @ .., last] = &pieces[..] else {
            panic!("no pieces")
        };
        assert_eq!(most.iter().map(Bytes::len).min(), Some(*sizes.start()));
        assert_eq!(most.iter().map(Bytes::len).max(), Some(*sizes.end()));
        assert!((1..=*sizes.end()).contains(&last.len()));
    }
}

#[test]
fn a_limit_lets_through_what_it_may_also_where_that_is_delayed() {
    let now = Instant::now();
    let latency = Fault::Latency {
        latency: millis(300),
        jitter: millis(0),
    };
    let limit = Fault::LimitData { bytes: 3 };
    for faults in [[limit, latency], [latency, limit]] {
        let mut shaper = shaper(&faults, now);
        shaper.push(Bytes::from_static(b"abcd"), now);
        shaper.push(Bytes::from_static(b"e"), now + millis(1));
        let expected = [(millis(300), sent("abc")), (millis(300), Step::Close)];
        assert_eq!(run(&mut shaper, now), expected);
    }
}

#[test]
fn the_earlier_of_two_ends_is_the_one_that_comes() {
    let now = Instant::now();
    for (timeout, delay, first) in [
        (50, 500, Step::Close),
        (500, 50, Step::Finish),
        (50, 50, Step::Finish),
    ] {
        let timeout = millis(timeout);
        let delay = millis(delay);
        let faults = [Fault::Timeout { timeout }, Fault::SlowClose { delay }];
        let mut shaper = shaper(&faults, now);
        shaper.finish(now);
        assert_eq!(shaper.due(), Some(now + millis(50)));
        assert_eq!(shaper.next(now + millis(49)), None);
        assert_eq!(shaper.next(now + millis(900)), Some(first));
        assert_eq!((shaper.due(), shaper.next(now + millis(900))), (None, None));
    }
    let reset = |timeout| Fault::ResetPeer {
        timeout: millis(timeout),
    };
    for timeouts in [[50, 500], [500, 50]] {
        let silence = Fault::Timeout {
            timeout: millis(timeouts[1]),
        };
        let mut shaper = shaper(&[reset(timeouts[0]), silence], now);
        shaper.push(Bytes::from_static(b"a"), now);
        shaper.push(Bytes::from_static(b"b"), now + millis(10));
        let last = if timeouts[0] == 50 {
            Step::Reset
        } else {
            Step::Close
        };
        assert_eq!(run(&mut shaper, now), [(millis(50), last)]);
    }
}

#[test]
fn a_fault_that_stays_remembers_the_connection() {
    let now = Instant::now();
    let latency = toxic(Fault::Latency {
        latency: millis(10),
        jitter: millis(0),
    });
    let limit = |bytes| toxic(Fault::LimitData { bytes });
    let mut shaper = Shaper::new(&[limit(3)], now, SmallRng::seed_from_u64(7));
    shaper.push(Bytes::from_static(b"ab"), now);
    shaper.change(&[latency.clone(), limit(4)], now);
    shaper.push(Bytes::from_static(b"cde"), now);
    let expected = [(0, sent("ab")), (10, sent("cd")), (10, Step::Close)];
    assert_eq!(
        run(&mut shaper, now),
        expected.map(|(at, step)| (millis(at), step))
    );

    // Whether it strikes is a matter of chance once.
    for seed in 0..20 {
        let half = Toxic {
            toxicity: 0.5,
            ..limit(3)
        };
        let mut shaper = Shaper::new(from_ref(&half), now, SmallRng::seed_from_u64(seed));
        let was_clear = shaper.is_clear();
        shaper.change(from_ref(&half), now);
        assert_eq!(shaper.is_clear(), was_clear);
    }
}

#[test]
fn another_fault_of_the_same_name_and_another_of_the_same_type_begin_anew() {
    let now = Instant::now();
    let limit = toxic(Fault::LimitData { bytes: 3 });
    let of_another_type = Toxic {
        fault: Fault::ResetAfter { bytes: 3 },
        ..limit.clone()
    };
    let of_another_name = Toxic {
        name: "other".to_owned(),
        ..limit.clone()
    };
    for other in [of_another_type, of_another_name] {
        let mut shaper = Shaper::new(from_ref(&limit), now, SmallRng::seed_from_u64(7));
        shaper.push(Bytes::from_static(b"ab"), now);
        shaper.change(&[other], now);
        shaper.push(Bytes::from_static(b"cd"), now);
        assert_eq!(shaper.next(now), Some(sent("ab")));
        assert_eq!(shaper.next(now), Some(sent("cd")));
        assert_eq!(shaper.next(now), None);
    }
}

/// The reset was forgotten, and the connection went on without the bytes.
#[test]
fn a_reset_that_is_under_way_comes_also_where_other_faults_change() {
    let now = Instant::now();
    let timeout = millis(50);
    let reset = toxic(Fault::ResetPeer { timeout });
    let delay = millis(1);
    let other = toxic(Fault::SlowClose { delay });
    for ends in [false, true] {
        let start = || {
            let mut shaper = Shaper::new(from_ref(&reset), now, SmallRng::seed_from_u64(7));
            if ends {
                shaper.finish(now);
            } else {
                shaper.push(Bytes::from_static(b"a"), now);
            }
            shaper
        };
        let mut shaper = start();
        shaper.change(&[reset.clone(), other.clone()], now + millis(10));
        assert_eq!(run(&mut shaper, now), [(timeout, Step::Reset)]);
        // Without the fault it comes at once: what the fault dropped is gone.
        let mut shaper = start();
        shaper.change(from_ref(&other), now + millis(10));
        assert_eq!(run(&mut shaper, now), [(millis(10), Step::Reset)]);
    }
}

#[test]
fn a_limit_that_is_reached_ends_the_connection_also_where_it_is_taken_away() {
    let now = Instant::now();
    let latency = Fault::Latency {
        latency: millis(300),
        jitter: millis(0),
    };
    for (limit, last) in [
        (Fault::LimitData { bytes: 1 }, Step::Close),
        (Fault::ResetAfter { bytes: 1 }, Step::Reset),
    ] {
        let mut shaper = shaper(&[latency, limit], now);
        shaper.push(Bytes::from_static(b"ab"), now);
        shaper.change(&[], now + millis(10));
        shaper.push(Bytes::from_static(b"c"), now + millis(10));
        let expected = [(millis(10), sent("a")), (millis(10), last)];
        assert_eq!(run(&mut shaper, now), expected);
    }
}

#[test]
fn what_waited_before_a_silence_arrives_before_its_end() {
    let now = Instant::now();
    let mut shaper = shaper(&[], now);
    shaper.push(Bytes::from_static(b"a"), now);
    let timeout = millis(0);
    shaper.change(&[toxic(Fault::Timeout { timeout })], now);
    shaper.push(Bytes::from_static(b"b"), now);
    shaper.change(&[], now);
    let steps = run(&mut shaper, now);
    assert_eq!(steps, [(millis(0), sent("a")), (millis(0), Step::Close)]);
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
