use futures_util::FutureExt;

use super::*;

const NAME: &str = "server";

fn registry() -> StatusRegistry {
    StatusRegistry::new(&[Planned::example(NAME)])
}

fn ready() -> Health {
    Health {
        ready: true,
        ..Health::default()
    }
}

#[test]
fn a_service_is_well_when_its_probes_say_so() {
    let registry = registry();
    assert_eq!(
        registry.entries()[0].trouble().as_deref(),
        Some("not started yet")
    );
    registry.started(NAME, Some(7));
    assert_eq!(
        registry.entries()[0].trouble().as_deref(),
        Some("its probes do not answer yet")
    );
    registry.seen(NAME, Some(7), Some(ready()));
    assert_eq!(registry.entries()[0].trouble(), None);
}

#[test]
fn what_a_service_waits_for_is_said() {
    let registry = registry();
    registry.started(NAME, Some(7));
    let reason = Some("connection refused".to_owned());
    let checks = vec![Check {
        name: "redis".to_owned(),
        ready: false,
        reason,
    }];
    registry.seen(
        NAME,
        Some(7),
        Some(Health {
            checks,
            ..Health::default()
        }),
    );
    assert_eq!(
        registry.entries()[0].trouble().as_deref(),
        Some("redis: connection refused")
    );
}

#[test]
fn an_answer_of_a_process_that_is_gone_does_not_count() {
    let registry = registry();
    registry.started(NAME, Some(7));
    registry.died(NAME, "was killed".to_owned());
    registry.started(NAME, Some(8));
    registry.seen(NAME, Some(7), Some(ready()));
    assert_eq!(registry.entries()[0].health, None);
}

#[test]
fn deaths_are_counted_as_restarts_once_it_runs_again() {
    let registry = registry();
    registry.started(NAME, Some(7));
    assert_eq!(registry.entries()[0].restarts, 0);
    registry.died(NAME, "was killed".to_owned());
    assert_eq!(
        registry.entries()[0].trouble().as_deref(),
        Some("was killed")
    );
    registry.started(NAME, Some(8));
    let entry = &registry.entries()[0];
    assert_eq!(
        (entry.restarts, entry.last_exit.as_deref()),
        (1, Some("was killed"))
    );
}

#[test]
fn a_first_start_is_no_trouble_and_a_second_one_is() {
    let registry = registry();
    assert!(registry.entries()[0].is_beginning());
    registry.started(NAME, Some(7));
    assert!(registry.entries()[0].is_beginning());
    registry.seen(NAME, Some(7), Some(ready()));
    assert!(!registry.entries()[0].is_beginning());
    registry.died(NAME, "killed".to_owned());
    registry.started(NAME, Some(8));
    assert!(!registry.entries()[0].is_beginning());
}

#[test]
fn what_was_asked_before_a_freeze_does_not_undo_it() {
    let registry = registry();
    registry.started(NAME, Some(7));
    let asked = registry.entry(NAME).unwrap();
    registry.frozen(NAME, Some(7), true);
    registry.found(&asked, false);
    let frozen = registry.entry(NAME).unwrap();
    assert_eq!(frozen.state, State::Frozen);
    registry.found(&frozen, false);
    assert_eq!(registry.entry(NAME).unwrap().state, State::Running);
}

const OTHER: &str = "other";

fn two() -> StatusRegistry {
    StatusRegistry::new(&[Planned::example(OTHER), Planned::example(NAME)])
}

/// Something that happens to a process, and how it ended if it did.
type Becomes = fn(&StatusRegistry, String);

#[test]
fn what_becomes_of_one_process_is_said_of_it_alone() {
    let cases: [(Becomes, State, &str); 7] = [
        (|all, how| all.died(NAME, how), State::Waiting, "was killed"),
        (
            |all, how| all.failed(NAME, how),
            State::Failed,
            "was killed",
        ),
        (|all, how| all.down(NAME, how), State::Stopped, "stopped"),
        (|all, _| all.absent(NAME), State::Absent, "left out"),
        (|all, _| all.stopping(NAME), State::Stopping, "stopping"),
        (|all, _| all.stopped(NAME), State::Stopped, "stopped"),
        (
            |all, _| all.frozen(NAME, Some(7), true),
            State::Frozen,
            "frozen",
        ),
    ];
    for (becomes, state, trouble) in cases {
        let registry = two();
        let other = registry.entry(OTHER);
        registry.started(NAME, Some(7));
        registry.seen(NAME, Some(7), Some(ready()));
        becomes(&registry, "was killed".to_owned());
        let entry = registry.entry(NAME).unwrap();
        assert_eq!(entry.state, state);
        assert!(entry.trouble().unwrap().starts_with(trouble), "{state:?}");
        let is_there = matches!(state, State::Stopping | State::Frozen);
        assert_eq!(entry.pid.is_some(), is_there, "{state:?}");
        assert_eq!(registry.is_absent(NAME), state == State::Absent);
        assert_eq!(registry.entry(OTHER), other, "{state:?}");
        assert_eq!([OTHER, NAME].map(|name| registry.index_of(name)), [0, 1]);
    }
}

#[test]
fn only_what_runs_can_be_frozen() {
    let registry = two();
    registry.frozen(NAME, None, true);
    assert_eq!(registry.entry(NAME).unwrap().state, State::Planned);
    registry.started(NAME, Some(8));
    registry.frozen(NAME, Some(7), true);
    assert_eq!(registry.entry(NAME).unwrap().state, State::Running);
}

#[test]
fn a_start_that_takes_long_is_a_trouble() {
    let mut entry = registry().entries().remove(0);
    assert!(entry.is_beginning());
    entry.since -= PATIENCE;
    assert!(!entry.is_beginning());
}

#[test]
fn the_end_of_the_lab_stops_what_is_not_down_already() {
    let registry = two();
    registry.started(NAME, Some(7));
    registry.failed(OTHER, "refused its settings".to_owned());
    for name in [NAME, OTHER] {
        registry.ended(name);
    }
    let states = registry.entries().into_iter().map(|entry| entry.state);
    assert_eq!(states.collect::<Vec<_>>(), [State::Failed, State::Stopped]);
}

#[tokio::test]
async fn those_who_are_waited_for_are_ready_or_left_out() {
    let registry = two();
    let ready_now = |names: &[&str]| registry.until_ready(names).now_or_never().is_some();
    assert!(ready_now(&["nobody"]) && !ready_now(&[NAME]));
    registry.absent(OTHER);
    registry.started(NAME, Some(7));
    assert!(!ready_now(&[OTHER, NAME]) && ready_now(&[OTHER]));
    registry.seen(NAME, Some(7), Some(ready()));
    assert!(ready_now(&[OTHER, NAME]));
}

#[test]
fn a_state_has_the_name_that_json_has() {
    for state in [State::Planned, State::Running, State::Frozen, State::Absent] {
        assert_eq!(serde_json::to_value(state).unwrap(), state.name());
    }
}
