//! A room without sockets: its clients are names.

use super::*;
use crate::domain::log::{Refusal, RelayPolicy, Retention};
use crate::domain::outbox::Bounds;
use crate::domain::{ClientId, Source, TraceContext};
use crate::wire::relay::PresenceReport;

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
