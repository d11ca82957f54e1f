use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// What a world without faults gives: every client comes, says something now and then, and sees
/// what the others say.
fn world(clients: i64, speakers: &[i64]) -> Vec<ClientLog> {
    let mut logs: Vec<ClientLog> = (0..clients)
        .map(|client| ClientLog {
            client,
            events: Vec::new(),
        })
        .collect();
    let mut at = 0;
    let mut everybody = |logs: &mut Vec<ClientLog>, of: &dyn Fn(i64) -> Option<Seen>| {
        at += 1;
        for log in logs {
            if let Some(what) = of(log.client) {
                log.events.push(Event { at, what });
            }
        }
    };
    everybody(&mut logs, &|_| Some(Seen::Connected(None)));
    for comes in 0..clients {
        everybody(&mut logs, &|_| Some(Seen::Joined(comes)));
    }
    for (number, speaker) in speakers.iter().enumerate() {
        let (client, id) = (speaker.rem_euclid(clients), format!("m-{number}"));
        everybody(&mut logs, &|of| {
            (of == client).then(|| Seen::Sent(id.clone()))
        });
        everybody(&mut logs, &|of| {
            let id = id.clone();
            Some(if of == client {
                Seen::Accepted(id)
            } else {
                Seen::Message { id, client }
            })
        });
    }
    logs
}

/// The places of events of one kind.
fn places(logs: &[ClientLog], is: impl Fn(&Seen) -> bool) -> Vec<(usize, usize)> {
    let all = logs.iter().enumerate();
    all.flat_map(|(log, of)| {
        let events = of.events.iter().enumerate();
        let found: Vec<_> = events.filter(|(_, event)| is(&event.what)).collect();
        found.into_iter().map(move |(at, _)| (log, at))
    })
    .collect()
}

fn is_message(what: &Seen) -> bool {
    matches!(what, Seen::Message { .. })
}

fn read(logs: &[ClientLog], (log, at): (usize, usize)) -> (String, i64) {
    match &logs[log].events[at].what {
        Seen::Message { id, .. } | Seen::Accepted(id) => (id.clone(), logs[log].client),
        other => panic!("{other:?} has no id"),
    }
}

fn worlds() -> impl Strategy<Value = Vec<ClientLog>> {
    (2_i64..5, prop::collection::vec(any::<i64>(), 1..20))
        .prop_map(|(clients, speakers)| world(clients, &speakers))
}

proptest! {
    #[test]
    fn a_world_without_faults_is_without_violations(logs in worlds()) {
        prop_assert_eq!(check(&logs), []);
    }

    #[test]
    fn a_lost_message_is_found(mut logs in worlds(), which in any::<Index>()) {
        let place = *which.get(&places(&logs, is_message));
        let (id, reader) = read(&logs, place);
        logs[place.0].events.remove(place.1);
        prop_assert_eq!(check(&logs), [Violation::Lost { id, reader }]);
    }

    #[test]
    fn a_doubled_message_is_found_wherever_it_comes_again(mut logs in worlds(), which in any::<Index>(), again in any::<Index>()) {
        let (log, at) = *which.get(&places(&logs, is_message));
        let (id, reader) = read(&logs, (log, at));
        let event = logs[log].events[at].clone();
        let later = at + 1 + again.index(logs[log].events.len() - at);
        logs[log].events.insert(later, event);
        let found = check(&logs);
        prop_assert!(found.contains(&Violation::Doubled { id, reader }), "{:?}", found);
    }

    #[test]
    fn an_echo_is_found(mut logs in worlds(), which in any::<Index>()) {
        let accepted = places(&logs, |what| matches!(what, Seen::Accepted(_)));
        let (log, at) = *which.get(&accepted);
        let (id, reader) = read(&logs, (log, at));
        let what = Seen::Message { id: id.clone(), client: reader };
        logs[log].events.insert(at + 1, Event { at: 99, what });
        prop_assert_eq!(check(&logs), [Violation::Echoed { id, reader }]);
    }

    #[test]
    fn a_message_that_nobody_sent_is_found(mut logs in worlds(), which in any::<Index>()) {
        let (log, at) = *which.get(&places(&logs, is_message));
        let reader = logs[log].client;
        let id = "forged".to_owned();
        let what = Seen::Message { id: id.clone(), client: 0 };
        logs[log].events.insert(at, Event { at: 99, what });
        prop_assert_eq!(check(&logs), [Violation::Invented { id, reader }]);
    }

    #[test]
    fn a_message_under_another_name_is_found(mut logs in worlds(), which in any::<Index>()) {
        let (log, at) = *which.get(&places(&logs, is_message));
        let (id, reader) = read(&logs, (log, at));
        logs[log].events[at].what = Seen::Message { id: id.clone(), client: 77 };
        let found = check(&logs);
        prop_assert!(found.contains(&Violation::Invented { id, reader }), "{:?}", found);
    }

    #[test]
    fn two_messages_of_one_sender_in_the_wrong_order_are_found(clients in 2_i64..5, count in 2_usize..10, which in any::<Index>()) {
        let mut logs = world(clients, &vec![0; count]);
        let seen = places(&logs[1..2], is_message);
        let first = which.index(seen.len() - 1);
        let (one, two) = (seen[first].1, seen[first + 1].1);
        logs[1].events.swap(one, two);
        let found = check(&logs);
        prop_assert!(matches!(&found[..], [Violation::Disordered { reader: 1, .. }, ..]), "{:?}", found);
    }

    #[test]
    fn a_refused_message_that_is_seen_is_found(mut logs in worlds(), which in any::<Index>()) {
        let accepted = places(&logs, |what| matches!(what, Seen::Accepted(_)));
        let (log, at) = *which.get(&accepted);
        let (id, _) = read(&logs, (log, at));
        logs[log].events[at].what = Seen::Refused(id.clone());
        let found = check(&logs);
        let is_it = |violation: &Violation| matches!(violation, Violation::RefusedButSeen { id: of, .. } if *of == id);
        prop_assert!(!found.is_empty() && found.iter().all(is_it), "{:?}", found);
    }

    #[test]
    fn a_message_without_an_answer_is_found(mut logs in worlds(), which in any::<Index>()) {
        let accepted = places(&logs, |what| matches!(what, Seen::Accepted(_)));
        let place = *which.get(&accepted);
        let (id, _) = read(&logs, place);
        logs[place.0].events.remove(place.1);
        prop_assert_eq!(check(&logs), [Violation::Unanswered { id }]);
    }

    #[test]
    fn a_join_or_leave_without_its_other_half_is_found(mut logs in worlds(), which in any::<Index>(), leaves in any::<bool>()) {
        let joins = places(&logs, |what| matches!(what, Seen::Joined(_)));
        let (log, at) = *which.get(&joins);
        let Seen::Joined(client) = logs[log].events[at].what else { unreachable!() };
        let reader = logs[log].client;
        let twice = if leaves { vec![Seen::Left(client), Seen::Left(client)] } else { vec![Seen::Joined(client)] };
        for what in twice {
            logs[log].events.push(Event { at: 99, what });
        }
        prop_assert_eq!(check(&logs), [Violation::Unpaired { client, reader }]);
    }

    #[test]
    fn who_was_told_of_a_gap_may_have_missed_what_was_before_and_nothing_after(logs in worlds(), which in any::<Index>()) {
        let (log, at) = *which.get(&places(&logs, is_message));
        let (id, reader) = read(&logs, (log, at));
        let when = logs[log].events[at].at;
        let gap = |at, recovered| [
            Event { at, what: Seen::Disconnected },
            Event { at, what: Seen::Connected(Some(recovered)) },
        ];
        let with = |at: u64, recovered| {
            let mut logs = logs.clone();
            logs[log].events.retain(|event| !matches!(&event.what, Seen::Message { id: of, .. } if *of == id));
            let place = logs[log].events.partition_point(|event| event.at <= at);
            logs[log].events.splice(place..place, gap(at, recovered));
            check(&logs)
        };
        let lost = [Violation::Lost { id: id.clone(), reader }];
        prop_assert_eq!(with(when, false), []);
        prop_assert_eq!(with(when, true), lost.clone());
        prop_assert_eq!(with(when - 2, false), lost);
    }
}

#[test]
fn who_left_early_has_lost_nothing() {
    let mut logs = world(3, &[0, 0, 0]);
    logs[2].events.truncate(5);
    logs[2].events.push(Event {
        at: 6,
        what: Seen::Disconnected,
    });
    assert_eq!(check(&logs), []);
}

#[test]
fn what_was_sent_in_the_moment_of_coming_need_not_be_seen() {
    let event = |at, what| Event { at, what };
    let id = || "m".to_owned();
    let check_at = |sent| {
        check(&[
            ClientLog {
                client: 1,
                events: vec![
                    event(1, Seen::Connected(None)),
                    event(sent, Seen::Sent(id())),
                    event(9, Seen::Accepted(id())),
                ],
            },
            ClientLog {
                client: 2,
                events: vec![event(5, Seen::Connected(None))],
            },
        ])
    };
    assert_eq!(check_at(5), []);
    let lost = Violation::Lost {
        id: id(),
        reader: 2,
    };
    assert_eq!(check_at(6), [lost]);
}

#[test]
fn a_message_seen_twice_in_a_row_is_doubled_and_not_in_a_wrong_order() {
    let mut logs = world(2, &[0]);
    let again = logs[1].events.last().unwrap().clone();
    logs[1].events.push(again);
    let doubled = Violation::Doubled {
        id: "m-0".to_owned(),
        reader: 1,
    };
    assert_eq!(check(&logs), [doubled]);
}

#[test]
fn who_was_told_that_something_was_missed_may_see_a_client_come_again() {
    let event = |what| Event { at: 1, what };
    let seen = |in_between| {
        check(&[ClientLog {
            client: 1,
            events: vec![
                event(Seen::Connected(None)),
                event(Seen::Joined(2)),
                event(in_between),
                event(Seen::Joined(2)),
            ],
        }])
    };
    assert_eq!(seen(Seen::Connected(Some(false))), []);
    let unpaired = Violation::Unpaired {
        client: 2,
        reader: 1,
    };
    assert_eq!(seen(Seen::Connected(Some(true))), [unpaired]);
}
