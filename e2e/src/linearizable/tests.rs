use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::*;

fn read(value: u64, called: u64, returned: u64) -> Operation {
    Operation {
        input: Input::Read,
        output: Output::Value(value),
        called,
        returned,
    }
}

fn absent(called: u64, returned: u64) -> Operation {
    Operation {
        output: Output::Absent,
        ..read(0, called, returned)
    }
}

fn write(value: u64, called: u64, returned: u64) -> Operation {
    Operation {
        input: Input::Write(value),
        output: Output::Done,
        called,
        returned,
    }
}

fn remove(called: u64, returned: u64) -> Operation {
    Operation {
        input: Input::Remove,
        ..write(0, called, returned)
    }
}

fn unknown(operation: Operation) -> Operation {
    Operation {
        output: Output::Unknown,
        ..operation
    }
}

#[test]
fn nothing_and_one_thing_after_another_are_accepted() {
    assert!(is_linearizable(Some(0), &[]));
    let history = [
        read(0, 0, 1),
        write(1, 2, 3),
        read(1, 4, 5),
        remove(6, 7),
        absent(8, 9),
    ];
    assert!(is_linearizable(Some(0), &history));
}

#[test]
fn a_read_beside_a_write_may_see_either_value_in_any_order_of_the_list() {
    for seen in [0, 1] {
        assert!(is_linearizable(
            Some(0),
            &[read(seen, 1, 3), write(1, 0, 4)]
        ));
    }
    assert!(!is_linearizable(Some(0), &[read(2, 1, 3), write(1, 0, 4)]));
}

#[test]
fn an_old_value_after_an_acknowledged_write_is_rejected() {
    assert!(!is_linearizable(Some(0), &[write(1, 0, 1), read(0, 2, 3)]));
}

#[test]
fn a_value_that_was_seen_does_not_go_back() {
    let history = [write(1, 0, 9), read(1, 1, 2), read(0, 3, 4)];
    assert!(!is_linearizable(Some(0), &history));
    // Where the two reads overlap, the second may have been first.
    let history = [write(1, 0, 9), read(1, 1, 4), read(0, 2, 3)];
    assert!(is_linearizable(Some(0), &history));
}

#[test]
fn two_readers_agree_on_the_order_of_two_writes() {
    let history = [
        write(1, 0, 9),
        write(2, 0, 9),
        read(1, 1, 2),
        read(2, 3, 4),
        read(1, 5, 6),
    ];
    assert!(!is_linearizable(Some(0), &history));
    assert!(is_linearizable(Some(0), &history[..4]));
}

#[test]
fn a_write_of_unknown_outcome_may_take_effect_late_or_never_but_not_twice() {
    let lost = unknown(write(1, 0, 1));
    assert!(is_linearizable(Some(0), &[lost, read(0, 2, 3)]));
    assert!(is_linearizable(
        Some(0),
        &[lost, read(0, 2, 3), read(1, 4, 5)]
    ));
    let history = [lost, read(1, 2, 3), read(0, 4, 5)];
    assert!(!is_linearizable(Some(0), &history));
    let history = [lost, read(1, 2, 3), write(2, 4, 5), read(1, 6, 7)];
    assert!(!is_linearizable(Some(0), &history));
}

#[test]
fn what_is_not_begun_cannot_be_seen() {
    assert!(!is_linearizable(
        Some(0),
        &[read(1, 0, 1), unknown(write(1, 2, 3))]
    ));
}

#[test]
fn what_is_removed_stays_so_and_takes_no_writes() {
    assert!(!is_linearizable(Some(0), &[remove(0, 1), read(0, 2, 3)]));
    assert!(!is_linearizable(Some(0), &[remove(0, 1), write(1, 2, 3)]));
    assert!(!is_linearizable(Some(0), &[remove(0, 1), remove(2, 3)]));
    assert!(!is_linearizable(Some(0), &[absent(0, 1)]));
    assert!(is_linearizable(
        Some(0),
        &[unknown(remove(0, 1)), read(0, 2, 3), absent(4, 5)]
    ));
    assert!(is_linearizable(None, &[absent(0, 1)]));
}

#[test]
fn an_answer_to_another_question_is_rejected() {
    let mut wrong = read(0, 0, 1);
    wrong.output = Output::Done;
    assert!(!is_linearizable(Some(0), &[wrong]));
    let mut wrong = write(1, 0, 1);
    wrong.output = Output::Value(1);
    assert!(!is_linearizable(Some(1), &[wrong]));
}

/// A history that one value could have: each operation takes effect at one moment, between a
/// question and an answer at random times around it.
fn history(dice: &mut SmallRng) -> Vec<Operation> {
    let mut value = 0;
    let operations = 1..=60_u64;
    let operation = |number: u64| {
        let moment = number * 100;
        let called = moment - dice.random_range(0..700).min(moment);
        let returned = moment + dice.random_range(0..700);
        if dice.random_bool(0.5) {
            value = number;
            let done = write(number, called, returned);
            return if dice.random_bool(0.1) {
                unknown(done)
            } else {
                done
            };
        }
        read(value, called, returned)
    };
    operations.map(operation).collect()
}

#[test]
fn histories_of_one_value_are_accepted_and_with_one_stale_read_rejected() {
    for seed in 0..50 {
        let mut dice = SmallRng::seed_from_u64(seed);
        let mut history = history(&mut dice);
        assert!(is_linearizable(Some(0), &history), "seed {seed}");
        // Long after the first value was replaced by a write that was acknowledged.
        history.push(write(1000, 40_000, 40_001));
        history.push(read(0, 40_002, 40_003));
        assert!(!is_linearizable(Some(0), &history), "seed {seed}");
    }
}
