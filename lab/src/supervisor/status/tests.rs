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
