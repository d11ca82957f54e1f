use proptest::prelude::*;

use super::*;
use crate::domain::ClientId;

fn token(text: &str) -> Token {
    Token::parse(text).unwrap()
}

fn retention(outbox: usize) -> Retention {
    Retention {
        history: 5,
        history_bytes: 1 << 20,
        outbox: Bounds {
            entries: outbox,
            bytes: 1 << 20,
        },
    }
}

fn log(outbox: usize) -> Log {
    let mut log = Log::new(
        token("serviceA"),
        token("e"),
        retention(outbox),
        ["b".to_owned()],
    );
    log.start_new_peers();
    log
}

fn request(id: &str, source: Source, relay: RelayPolicy) -> AppendRequest {
    let client = ClientId::parse("261").unwrap();
    let text = "teste".to_owned();
    AppendRequest {
        id: token(id),
        event: Event::Message { client, text },
        source,
        at: 0,
        trace: TraceContext::default(),
        relay,
    }
}

fn own(id: &str, relay: RelayPolicy) -> AppendRequest {
    let source = Source::Own {
        session: token("s"),
        sequence: None,
    };
    request(id, source, relay)
}

fn of_peer(origin: &str, epoch: &str, sequence: u64) -> AppendRequest {
    let source = Source::Peer {
        origin: token(origin),
        epoch: token(epoch),
        sequence,
    };
    request(&format!("{epoch}-{sequence}"), source, RelayPolicy::Never)
}

fn put(log: &mut Log, request: AppendRequest) -> AppendOutcome {
    match log.decide(request) {
        Ok(entry) => AppendOutcome::Appended(log.apply(entry)),
        Err(outcome) => outcome,
    }
}

fn taken(outcome: AppendOutcome) -> Arc<Entry> {
    match outcome {
        AppendOutcome::Appended(entry) => entry,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_message_sent_again_is_taken_once_and_told_its_place() {
    let mut log = log(10);
    assert_eq!(
        taken(put(&mut log, own("1", RelayPolicy::Required))).cursor,
        1
    );
    assert_eq!(
        taken(put(&mut log, own("2", RelayPolicy::Required))).cursor,
        2
    );
    let again = put(&mut log, own("1", RelayPolicy::Required));
    assert_eq!(again, AppendOutcome::Duplicate(Some(1)));
    assert_eq!(log.outbox().waiting("b"), 2);
}

#[test]
fn a_relayed_message_is_taken_once_and_not_passed_on() {
    let mut log = log(10);
    taken(put(&mut log, of_peer("serviceB", "x", 1)));
    assert_eq!(
        put(&mut log, of_peer("serviceB", "x", 1)),
        AppendOutcome::Duplicate(None)
    );
    taken(put(&mut log, of_peer("serviceB", "y", 1)));
    assert_eq!(log.outbox().entries().count(), 0);
}

#[test]
fn a_message_that_its_origin_sends_again_after_it_lost_its_memory_is_taken_once() {
    let mut log = log(10);
    taken(put(&mut log, of_peer("serviceB", "x", 7)));
    let mut again = of_peer("serviceB", "y", 1);
    again.id = token("x-7");
    assert_eq!(put(&mut log, again), AppendOutcome::Duplicate(Some(1)));
}

#[test]
fn what_comes_back_to_its_origin_is_a_loop() {
    let mut log = log(10);
    let refused = put(&mut log, of_peer("serviceA", "e", 1));
    assert_eq!(refused, AppendOutcome::Refused(Refusal::Loop));
    // Another process of the same name is not this one.
    taken(put(&mut log, of_peer("serviceA", "f", 1)));
}

#[test]
fn a_full_outbox_refuses_messages_keeps_joins_to_itself_and_lets_leaves_through() {
    let mut log = log(1);
    taken(put(&mut log, own("1", RelayPolicy::IfRoom)));
    let refused = put(&mut log, own("2", RelayPolicy::Required));
    assert_eq!(refused, AppendOutcome::Refused(Refusal::OutboxFull));
    let sequence = |entry: Arc<Entry>| match entry.source {
        Source::Own { sequence, .. } => sequence,
        _ => panic!("not an own one"),
    };
    assert_eq!(
        sequence(taken(put(&mut log, own("3", RelayPolicy::IfRoom)))),
        None
    );
    assert_eq!(
        sequence(taken(put(&mut log, own("4", RelayPolicy::Always)))),
        Some(2)
    );
    assert_eq!(
        sequence(taken(put(&mut log, own("5", RelayPolicy::Never)))),
        None
    );
    log.acknowledge("b", 2);
    taken(put(&mut log, own("2", RelayPolicy::Required)));
}

#[test]
fn a_refused_message_may_be_tried_again_under_its_id() {
    let mut log = log(1);
    taken(put(&mut log, own("1", RelayPolicy::Required)));
    put(&mut log, own("2", RelayPolicy::Required));
    log.acknowledge("b", 1);
    assert_eq!(
        taken(put(&mut log, own("2", RelayPolicy::Required))).cursor,
        2
    );
}

/// Files of earlier versions must stay readable.
#[test]
fn records_are_read_as_earlier_versions_wrote_them() {
    let text = |record: &Record| serde_json::to_string(record).unwrap();
    for line in [
        r#"{"record":"log","version":1,"service":"serviceA","epoch":"e","cursor":7,"sequence":3}"#,
        r#"{"record":"taken","origin":"serviceB","epoch":"x","sequence":9}"#,
        r#"{"record":"acked","peer":"b","through":2}"#,
        r#"{"record":"here","session":"s","client":261,"told":true}"#,
        r#"{"record":"entry","cursor":1,"id":"m","what":{"kind":"message","client":261,"text":"x"},"source":{"from":"own","session":"s","sequence":1},"at":5}"#,
    ] {
        let record: Record = serde_json::from_str(line).unwrap();
        assert_eq!(text(&record), line);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Own(u8),
    Peer(u8, u64),
    Ack(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        any::<u8>().prop_map(Step::Own),
        (0_u8..3, 1_u64..30).prop_map(|(peer, sequence)| Step::Peer(peer, sequence)),
        (1_u64..30).prop_map(Step::Ack),
    ]
}

fn run(log: &mut Log, steps: &[Step]) -> Vec<Record> {
    let mut records = Vec::new();
    for step in steps {
        let request = match step {
            Step::Own(id) => own(&id.to_string(), RelayPolicy::Required),
            Step::Peer(peer, sequence) => of_peer(&format!("p{peer}"), "x", *sequence),
            Step::Ack(through) => {
                let (peer, through) = ("b".to_owned(), (*through).min(log.outbox().last()));
                log.acknowledge(&peer, through);
                records.push(Record::Acked { peer, through });
                continue;
            }
        };
        if let AppendOutcome::Appended(entry) = put(log, request) {
            records.push(Record::Entry((*entry).clone()));
        }
    }
    records
}

proptest! {
    #[test]
    fn a_log_made_again_from_its_records_is_the_same(before in prop::collection::vec(step(), 0..60), after in prop::collection::vec(step(), 0..60)) {
        let mut first = log(8);
        run(&mut first, &before);
        let mut records = first.snapshot();
        records.extend(run(&mut first, &after));

        let mut second = Log::new(token("serviceA"), token("other"), retention(8), ["b".to_owned()]);
        for record in records {
            let text = serde_json::to_string(&record).unwrap();
            second.replay(serde_json::from_str(&text).unwrap());
        }
        second.start_new_peers();
        prop_assert_eq!(first.snapshot(), second.snapshot());
        // What is still kept is known as taken.
        let kept: Vec<_> = first.history().entries().cloned().collect();
        for entry in kept {
            if let Source::Own { .. } = entry.source {
                let again = put(&mut second, own(entry.id.as_str(), RelayPolicy::Required));
                prop_assert_eq!(again, AppendOutcome::Duplicate(Some(entry.cursor)));
            }
        }
    }

    #[test]
    fn cursors_have_no_gap_and_sequences_neither(steps in prop::collection::vec(step(), 0..80)) {
        let mut log = log(8);
        let entries: Vec<_> = run(&mut log, &steps).into_iter().filter_map(|record| match record {
            Record::Entry(entry) => Some(entry),
            _ => None,
        }).collect();
        let cursors: Vec<u64> = entries.iter().map(|entry| entry.cursor).collect();
        prop_assert_eq!(cursors, (1..=entries.len() as u64).collect::<Vec<_>>());
        let sequences: Vec<u64> = entries.iter().filter_map(|entry| match entry.source {
            Source::Own { sequence, .. } => sequence,
            _ => None,
        }).collect();
        prop_assert_eq!(&sequences, &(1..=sequences.len() as u64).collect::<Vec<_>>());
        prop_assert!(log.outbox().entries().count() <= 8);
    }
}

#[test]
fn each_refusal_is_known_by_a_name_of_its_own() {
    for (refusal, code) in [
        (Refusal::OutboxFull, "outbox_full"),
        (Refusal::Loop, "loop"),
        (Refusal::Unavailable, "unavailable"),
    ] {
        assert_eq!(refusal.code(), code);
    }
}

#[test]
fn a_session_is_here_from_its_join_to_its_leave() {
    let mut log = log(10);
    let client = ClientId::parse("261").unwrap();
    let event = |event, id| AppendRequest {
        event,
        ..own(id, RelayPolicy::IfRoom)
    };
    taken(put(&mut log, event(Event::Joined { client }, "1")));
    let here: Vec<_> = log.sessions().iter().collect();
    let announced = LocalSession {
        client,
        announced: true,
    };
    assert_eq!(here, [(&token("s"), &announced)]);
    taken(put(&mut log, event(Event::Left { client }, "2")));
    assert_eq!(log.sessions().len(), 0);
}

#[test]
fn what_was_taken_of_an_origin_is_known_by_its_last_number() {
    let mut log = log(10);
    taken(put(&mut log, of_peer("serviceB", "x", 7)));
    assert_eq!(log.watermark(&token("serviceB"), &token("x")), 7);
    assert_eq!(log.watermark(&token("serviceB"), &token("y")), 0);
}

#[test]
fn a_new_peer_is_sent_what_comes_after_its_start() {
    let mut log = Log::new(
        token("serviceA"),
        token("e"),
        retention(10),
        ["b".to_owned()],
    );
    taken(put(&mut log, own("1", RelayPolicy::Required)));
    assert_eq!(log.outbox().waiting("b"), 1);
    log.start_new_peers();
    assert_eq!(log.outbox().waiting("b"), 0);
}

#[test]
fn a_log_that_missed_entries_goes_on_behind_them() {
    let mut log = log(10);
    taken(put(&mut log, own("1", RelayPolicy::Never)));
    log.skip_to(9);
    assert_eq!(log.history().entries().count(), 0);
    assert_eq!(taken(put(&mut log, own("2", RelayPolicy::Never))).cursor, 9);
}
