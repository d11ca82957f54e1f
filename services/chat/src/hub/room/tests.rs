//! A room without sockets: its clients are names.

use serde_json::{Value, json};

use super::*;
use crate::domain::log::{Refusal, RelayPolicy, Retention};
use crate::domain::outbox::Bounds;
use crate::domain::{ClientId, Source, TraceContext};
use crate::wire::relay::PresenceReport;
use crate::wire::v1::PeerState;

const PEER: &str = "http://peer.example/relay";

fn token(text: &str) -> Token {
    Token::parse(text).unwrap()
}

fn room(outbox_bytes: usize) -> Room<&'static str> {
    let retention = Retention {
        history: 10,
        history_bytes: 1 << 20,
        outbox: Bounds {
            entries: 10,
            bytes: outbox_bytes,
        },
    };
    let peers = [PEER.to_owned()];
    let mut log = Log::new(token("serviceA"), token("e"), retention, peers);
    log.start_new_peers();
    let peer = PeerName {
        url: PEER.to_owned(),
        host: "peer.example".to_owned(),
    };
    Room::new(log, None, vec![peer])
}

fn join(client: &str, protocol: Protocol) -> Join {
    Join {
        client: ClientId::parse(client).unwrap(),
        session: token(&format!("session-{client}")),
        protocol,
        resume: None,
        history: 0,
    }
}

fn settings() -> WelcomeSettings {
    WelcomeSettings {
        trace_url: None,
        max_message: 1024,
        ping_interval: 1000,
        at_most_once: false,
    }
}

fn message(client: &str, id: &str, text: &str) -> AppendRequest {
    AppendRequest {
        id: token(id),
        event: Event::Message {
            client: ClientId::parse(client).unwrap(),
            text: text.to_owned(),
        },
        source: Source::Own {
            session: token(&format!("session-{client}")),
            sequence: None,
        },
        at: 0,
        trace: TraceContext::default(),
        relay: RelayPolicy::Required,
    }
}

fn append(room: &mut Room<&'static str>, request: AppendRequest) -> Vec<Delivery<&'static str>> {
    let entry = room.decide(request).unwrap();
    room.append(entry).1
}

/// The text of a short frame, which has a head of two or four bytes.
fn text(frame: &Bytes) -> &str {
    let head = if frame[1] < 126 { 2 } else { 4 };
    str::from_utf8(&frame[head..]).unwrap()
}

#[test]
fn a_message_is_encoded_once_for_each_protocol_and_its_sender_is_told_its_place() {
    let mut room = room(10_000);
    for (client, protocol, handle) in [
        ("1", Protocol::V1, "sender"),
        ("2", Protocol::V1, "v1"),
        ("3", Protocol::Plain, "plain"),
        ("4", Protocol::V1, "v1 too"),
    ] {
        room.admit(&join(client, protocol), handle, &settings());
    }
    let deliveries = append(&mut room, message("1", "m", "olá"));
    let to: Vec<_> = deliveries.iter().map(|delivery| delivery.to).collect();
    assert_eq!(to, ["sender", "v1", "plain", "v1 too"]);
    assert!(text(&deliveries[0].frame).contains(r#""type":"accepted","cursor":1"#));
    assert!(text(&deliveries[1].frame).contains(r#""type":"message","cursor":1"#));
    assert_eq!(text(&deliveries[2].frame), "Client #1: olá");
    let (first, again) = (&deliveries[1].frame, &deliveries[3].frame);
    assert_eq!(first.as_ptr(), again.as_ptr(), "the bytes are shared");
}

#[test]
fn a_plain_sender_gets_no_echo() {
    let mut room = room(10_000);
    room.admit(&join("1", Protocol::Plain), "sender", &settings());
    assert!(append(&mut room, message("1", "m", "olá")).is_empty());
}

/// A room whose log knows sessions of these clients from a process that was killed.
fn restarted(clients: &[&str]) -> Room<&'static str> {
    let mut log = room(10_000).log;
    for client in clients {
        let joined = join_request(&join(client, Protocol::V1), TraceContext::default());
        let joined = log.decide(joined).unwrap();
        log.apply(joined);
    }
    Room::new(log, None, Vec::new())
}

#[test]
fn a_session_that_is_awaited_is_not_new_and_was_announced() {
    let mut room = restarted(&["1", "2"]);
    let back = room.admit(&join("1", Protocol::V1), "back", &settings());
    assert!(!back.is_new);
    assert_eq!(room.presence().clients.len(), 2);
    assert_eq!(room.occupancy(), 2, "one is here, one is awaited");
    assert!(room.remove(back.member).unwrap().announced);
    assert_eq!(room.give_up_awaited().len(), 1);
    assert_eq!(room.occupancy(), 2, "the log says of neither that it left");
    let again = room.admit(&join("2", Protocol::V1), "again", &settings());
    assert!(again.is_new);
}

#[test]
fn an_awaited_session_has_left_when_its_client_or_another_comes_by_a_new_one() {
    let mut room = restarted(&["1", "2", "3"]);
    let anew = Join {
        session: token("another"),
        ..join("1", Protocol::Plain)
    };
    let taken = Join {
        session: token("session-2"),
        ..join("7", Protocol::V1)
    };
    for (comes, gone, occupancy) in [(anew, "session-1", 4), (taken, "session-2", 5)] {
        assert!(room.admit(&comes, "new", &settings()).is_new);
        let sessions = room.give_up_replaced(&comes).into_iter();
        let sessions: Vec<_> = sessions.map(|(session, _)| session).collect();
        assert_eq!(sessions, [token(gone)]);
        assert_eq!(
            room.occupancy(),
            occupancy,
            "the log does not say yet that it left"
        );
    }
    assert_eq!(room.give_up_awaited().len(), 1);
}

#[test]
fn a_session_that_comes_again_replaces_its_connection() {
    let mut room = room(10_000);
    let first = room.admit(&join("1", Protocol::V1), "first", &settings());
    let second = room.admit(&join("1", Protocol::V1), "second", &settings());
    assert_eq!(second.replaced.unwrap().handle, "first");
    assert!(room.remove(first.member).is_none(), "it was replaced");
    assert_eq!(room.occupancy(), 1);
    assert!(room.remove(second.member).is_some());
    assert_eq!(room.occupancy(), 1, "its leave is not in the log yet");
    room.left();
    assert_eq!(room.occupancy(), 0);
}

#[test]
fn a_sender_is_told_when_the_peer_is_done_with_its_message() {
    let mut room = room(10_000);
    room.admit(&join("1", Protocol::V1), "sender", &settings());
    append(&mut room, message("1", "m", "olá"));
    let entry = room.next_pending(PEER, 0).unwrap();
    let told = room.settle(PEER, &entry, true).unwrap();
    assert!(text(&told.frame).contains(r#""type":"delivered""#));
    assert!(room.next_pending(PEER, 0).is_none());
}

#[test]
fn a_change_of_a_peer_is_told_once() {
    let mut room = room(10_000);
    room.admit(&join("1", Protocol::V1), "v1", &settings());
    room.admit(&join("2", Protocol::Plain), "plain", &settings());
    let mut change = || {
        let told = room.change_peer(PEER, |state| state.reachable = true);
        told.map(|(_, deliveries)| deliveries.iter().map(|delivery| delivery.to).collect())
    };
    assert_eq!(change(), Some(vec!["v1"]));
    assert_eq!(change(), None);
}

/// Once a page said for seconds that nobody was at a service which had not been heard yet.
#[test]
fn that_nobody_is_at_a_peer_is_told_only_when_the_peer_has_said_so() {
    let mut room = room(10_000);
    let report = |sequence| PresenceReport {
        service: token("serviceB"),
        epoch: token("f"),
        sequence,
        waiting: 1,
        clients: Vec::new(),
    };
    assert!(
        room.replace_presence(report(2)).is_empty(),
        "2 are under way"
    );
    let relayed = AppendRequest {
        source: Source::Peer {
            origin: token("serviceB"),
            epoch: token("f"),
            sequence: 1,
        },
        relay: RelayPolicy::Never,
        ..message("9", "m", "olá")
    };
    append(&mut room, relayed);
    let first = room
        .admit(&join("1", Protocol::V1), "v1", &settings())
        .first;
    assert!(text(&first).contains(r#""presence":[]"#), "{first:?}");
    let told = room.replace_presence(report(1));
    let nobody = r#"[{"service":"serviceB","count":0,"clients":[]}]"#;
    assert!(text(&told[0].frame).contains(nobody));
    assert!(room.replace_presence(report(1)).is_empty());
}

#[test]
fn a_client_is_told_that_messages_are_lost_rather_than_kept() {
    let mut room = room(10_000);
    for at_most_once in [false, true] {
        let settings = WelcomeSettings {
            at_most_once,
            ..settings()
        };
        let first = room.admit(&join("1", Protocol::V1), "v1", &settings).first;
        let said = text(&first).contains(r#""at_most_once":true"#);
        assert_eq!(said, at_most_once);
    }
}

#[test]
fn members_of_a_room_that_missed_entries_are_to_come_back() {
    let mut room = room(10_000);
    room.admit(&join("1", Protocol::V1), "one", &settings());
    append(&mut room, message("1", "m", "olá"));
    let mut entry = room.decide(message("1", "n", "olá")).unwrap();
    assert!(room.detect_gap(&entry).is_empty());
    entry.cursor += 5;
    assert_eq!(room.detect_gap(&entry), ["one"]);
    assert!(room.detect_gap(&entry).is_empty(), "it is next now");
}

/// Once the check counted the text and its prefix, and the outbox the text and 256 bytes.
#[test]
fn a_message_is_refused_by_the_weight_that_the_outbox_counts() {
    let weight = message("1", "m", "olá").event.weight();
    let mut room = room(2 * weight);
    append(&mut room, message("1", "a", "olá"));
    append(&mut room, message("1", "b", "olá"));
    let refused = AppendOutcome::Refused(Refusal::OutboxFull);
    assert_eq!(room.decide(message("1", "c", "")), Err(refused));
    let mut room = self::room(2 * weight - 1);
    append(&mut room, message("1", "a", "olá"));
    assert!(room.decide(message("1", "b", "olá")).is_err());
    assert!(room.decide(message("1", "c", "ol")).is_ok());
}

/// What a client is sent at first, frame by frame.
fn frames(mut bytes: &[u8]) -> Vec<Value> {
    let mut frames = Vec::new();
    while let [0x81, short, rest @ ..] = bytes {
        let (length, rest) = match (short, rest) {
            (126, [high, low, rest @ ..]) => (u16::from_be_bytes([*high, *low]).into(), rest),
            _ => (usize::from(*short), rest),
        };
        let (frame, rest) = rest.split_at(length);
        frames.push(serde_json::from_slice(frame).unwrap());
        bytes = rest;
    }
    frames
}

/// What a client that comes reads of `welcome`, and the cursors of the past that it is shown.
fn welcomed(room: &mut Room<&'static str>, join: &Join) -> (Value, Vec<u64>) {
    let first = room.admit(join, "newcomer", &settings()).first;
    let mut frames = frames(&first);
    let past = frames.split_off(1);
    let cursors = past.iter().map(|frame| frame["cursor"].as_u64().unwrap());
    (frames.remove(0), cursors.collect())
}

fn room_with_messages(count: u64) -> Room<&'static str> {
    let mut room = room(10_000);
    for number in 1..=count {
        append(&mut room, message("1", &number.to_string(), "olá"));
    }
    room
}

#[test]
fn a_newcomer_sees_as_much_of_the_past_as_it_asks_for() {
    for (history, past, cursor) in [(0, vec![], 3), (2, vec![2, 3], 1), (9, vec![1, 2, 3], 0)] {
        let mut room = room_with_messages(3);
        let join = Join {
            history,
            ..join("2", Protocol::V1)
        };
        let (welcome, shown) = welcomed(&mut room, &join);
        assert_eq!(shown, past);
        assert_eq!(welcome["cursor"], cursor, "what follows begins after it");
        assert_eq!(welcome["recovered"], Value::Null);
    }
}

#[test]
fn who_comes_back_sees_what_it_missed_and_what_it_has_seen_elsewhere_only_once() {
    for (epoch, cursor, past, recovered) in [
        ("e", 1, vec![2, 3], true),
        ("e", 3, vec![], true),
        // Another replica is ahead of this one.
        ("e", 4, vec![], true),
        ("before", 1, vec![1, 2, 3], false),
    ] {
        let mut room = room_with_messages(3);
        let join = Join {
            resume: Some(Resume {
                epoch: token(epoch),
                cursor,
            }),
            ..join("2", Protocol::V1)
        };
        let (welcome, shown) = welcomed(&mut room, &join);
        assert_eq!((shown, &welcome["recovered"]), (past, &json!(recovered)));
        let same = if epoch == "e" { cursor } else { 0 };
        assert_eq!(welcome["cursor"], same, "{epoch} {cursor}");
        let next = append(&mut room, message("1", "4", "olá"));
        assert_eq!(next.len(), usize::from(cursor < 4), "it has seen the next");
        assert_eq!(append(&mut room, message("1", "5", "olá")).len(), 1);
    }
}

#[test]
fn everybody_is_told_who_came_the_newcomer_too() {
    let mut room = room(10_000);
    for (client, protocol) in [("1", Protocol::Plain), ("2", Protocol::V1)] {
        let join = join(client, protocol);
        room.admit(&join, protocol.code(), &settings());
        let deliveries = append(&mut room, join_request(&join, TraceContext::default()));
        let to: Vec<_> = deliveries.iter().map(|delivery| delivery.to).collect();
        assert_eq!(to, ["plain", "v1"][..room.occupancy()]);
    }
}

#[test]
fn a_leave_is_relayed_where_the_join_was_also_by_an_earlier_connection() {
    let trace = TraceContext::default;
    let mut room = room(10_000);
    let newcomer = join("1", Protocol::V1);
    let first = room.admit(&newcomer, "first", &settings());
    let joined = room.decide(join_request(&newcomer, trace())).unwrap();
    let (joined, _) = room.append(joined);
    room.note_announced(first.member, &AppendOutcome::Appended(joined));
    let second = room.admit(&newcomer, "second", &settings());
    let gone = room.remove(second.member).unwrap();
    assert!(gone.announced);
    let leave = |announced| leave_request(gone.client, gone.session.clone(), announced, trace());
    assert_eq!(leave(true).relay, RelayPolicy::Always);
    assert_eq!(leave(false).relay, RelayPolicy::Never);

    let mut full = self::room(0);
    let member = full.admit(&newcomer, "alone", &settings()).member;
    let joined = full.decide(join_request(&newcomer, trace())).unwrap();
    let (joined, _) = full.append(joined);
    full.note_announced(member, &AppendOutcome::Appended(joined));
    assert!(!full.remove(member).unwrap().announced);
}

#[test]
fn those_who_are_here_and_those_whose_leave_is_not_told_are_counted_together() {
    let mut room = room(10_000);
    let one = room.admit(&join("1", Protocol::V1), "one", &settings());
    room.admit(&join("2", Protocol::V1), "two", &settings());
    room.remove(one.member);
    assert_eq!(room.occupancy(), 2);
}

#[test]
fn what_a_peer_has_not_acknowledged_is_counted_and_told() {
    let mut room = room_with_messages(3);
    let joined = join("1", Protocol::V1);
    room.admit(&joined, "sender", &settings());
    let pending = room.next_pending(PEER, 1).unwrap();
    assert_eq!(pending.sequence(), Some(2));
    let sequences = |room: &Room<&'static str>, through| -> Vec<_> {
        let unsettled = room.unsettled(PEER, through);
        unsettled.iter().filter_map(|one| one.sequence()).collect()
    };
    assert_eq!(sequences(&room, 2), [1, 2]);
    let first = room.next_pending(PEER, 0).unwrap();
    room.settle(PEER, &first, true);
    assert_eq!(sequences(&room, 9), [2, 3]);
    let waiting: Vec<_> = room
        .count_waiting()
        .map(|(label, waiting)| (label.peer.clone(), waiting))
        .collect();
    assert_eq!(waiting, [("peer.example".to_owned(), 2)]);
    let (welcome, _) = welcomed(&mut room, &join("2", Protocol::V1));
    assert_eq!(welcome["delivered"], json!({"peer.example": 1}));
    assert_eq!(welcome["peers"][0]["waiting"], 2);
    assert_eq!(sequences(&room, 1), Vec::<u64>::new());
}

#[test]
fn a_sender_is_told_that_a_peer_will_never_take_its_message_and_a_plain_one_nothing() {
    for (protocol, is_told) in [(Protocol::V1, true), (Protocol::Plain, false)] {
        let mut room = room(10_000);
        room.admit(&join("1", protocol), "sender", &settings());
        append(&mut room, message("1", "m", "olá"));
        let entry = room.next_pending(PEER, 0).unwrap();
        assert!(room.settle("http://another/relay", &entry, false).is_none());
        let told = room.settle(PEER, &entry, false);
        assert_eq!(told.is_some(), is_told);
        if let Some(told) = told {
            let said = text(&told.frame);
            assert!(
                said.contains(r#""type":"refused","id":"m","reason":"undeliverable""#),
                "{said}"
            );
        }
    }
}

#[test]
fn what_is_first_known_of_a_peer_is_told_and_its_name_once_it_says_it() {
    let mut room = room(10_000);
    let told =
        |change: Option<(PeerState, Vec<_>)>| change.map(|(state, _)| (state.service, state.was));
    let host = "peer.example".to_owned();
    let first = room.change_peer(PEER, |_| {});
    assert_eq!(
        told(first),
        Some((host.clone(), None)),
        "it is away, as was assumed"
    );
    assert!(room.change_peer(PEER, |_| {}).is_none());
    let named = room.change_peer(PEER, |state| "serviceB".clone_into(&mut state.service));
    assert_eq!(told(named), Some(("serviceB".to_owned(), Some(host))));
    assert!(room.change_peer("http://another/relay", |_| {}).is_none());
}

#[test]
fn a_report_says_who_is_here_and_what_is_under_way() {
    let mut room = room(10_000);
    for client in ["1", "2"] {
        let join = join(client, Protocol::V1);
        room.admit(&join, "one", &settings());
        append(&mut room, join_request(&join, TraceContext::default()));
    }
    let report = room.presence();
    let clients = ["1", "2"].map(|client| (ClientId::parse(client).unwrap(), 1));
    assert_eq!(report.clients, clients);
    assert_eq!((report.sequence, report.waiting), (2, 2));
    // What it says of itself is known here better.
    let own = PresenceReport {
        clients: Vec::new(),
        ..report.clone()
    };
    assert!(room.replace_presence(own).is_empty());
    assert_eq!(room.presence().clients, report.clients);
}

#[test]
fn a_snapshot_rebuilds_the_log() {
    let room = room_with_messages(2);
    assert_eq!(room.snapshot(), room.log().snapshot());
    assert!(!room.snapshot().is_empty());
}

#[test]
fn protocols_are_counted_by_the_names_that_the_page_of_metrics_has() {
    let page = include_str!("../../../../../docs/metrics.md");
    let row = page.lines().find(|line| line.contains("`chat_clients`"));
    for protocol in [Protocol::Plain, Protocol::V1] {
        let name = format!("`{}`", protocol.label().protocol);
        assert!(row.unwrap().contains(&name), "{name}");
    }
}
