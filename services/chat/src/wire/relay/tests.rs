//! Headers, bodies and signatures, without a socket.

use super::*;

fn relay_headers() -> RelayHeaders {
    let token = |text| Token::parse(text).unwrap();
    RelayHeaders {
        id: token("m"),
        origin: token("serviceA"),
        epoch: token("e"),
        sequence: 17,
    }
}

#[test]
fn a_stamp_is_read_back_from_its_headers() {
    let mut headers = HeaderMap::new();
    assert_eq!(RelayHeaders::read(&headers), Ok(None));
    relay_headers().write(&mut headers);
    assert_eq!(RelayHeaders::read(&headers), Ok(Some(relay_headers())));
    assert_eq!(relay_headers().webhook_id(), "serviceA:e:17:m");
}

#[test]
fn half_a_stamp_is_refused_with_what_is_wrong() {
    for (name, value, wrong) in [
        (CHAT_ID, "", "Chat-Id"),
        (CHAT_ORIGIN, "a:b", "Chat-Origin"),
        (CHAT_EPOCH, "a b", "Chat-Epoch"),
        (CHAT_SEQUENCE, "0", "Chat-Sequence"),
        (CHAT_SEQUENCE, "-1", "Chat-Sequence"),
    ] {
        let mut headers = HeaderMap::new();
        relay_headers().write(&mut headers);
        headers.insert(name.clone(), HeaderValue::from_static(value));
        assert_eq!(RelayHeaders::read(&headers), Err(BadRelayHeaders(wrong)));
        headers.remove(name);
        assert_eq!(RelayHeaders::read(&headers), Err(BadRelayHeaders(wrong)));
    }
}

#[test]
fn a_presence_counts_when_nothing_is_under_way() {
    let presence = |sequence, waiting| PresenceReport {
        service: Token::parse("serviceB").unwrap(),
        epoch: Token::parse("e").unwrap(),
        sequence,
        waiting,
        clients: Vec::new(),
    };
    assert!(presence(7, 0).is_settled(7) && presence(7, 3).is_settled(7));
    assert!(!presence(7, 0).is_settled(6) && !presence(7, 0).is_settled(8));
    // This side has just started and knows nothing of what it took before.
    assert!(presence(7, 0).is_settled(0) && !presence(7, 1).is_settled(0));
}

#[test]
fn bodies_of_another_shape_get_fastapis_words() {
    let detail = |bytes: &[u8]| read_body(bytes).unwrap_err()["detail"][0].clone();
    assert_eq!(
        detail(b"{\"m\":1}"),
        json!({"type":"missing","loc":["body","message"],"msg":"Field required","input":{"m":1}})
    );
    assert_eq!(detail(b"{\"message\":1}")["type"], "string_type");
    assert_eq!(detail(b"[]")["type"], "model_attributes_type");
    assert_eq!(detail(b"{\"message\"")["type"], "json_invalid");
    assert_eq!(detail(b"")["type"], "json_invalid");
    let body = read_body("{\"message\":\"olá\",\"more\":1}".as_bytes()).unwrap();
    assert_eq!(body.message, "olá");
}

const NOW: u64 = 1_614_265_330;
const BODY: &[u8] = br#"{"test": 2432232314}"#;

fn keys(text: &str) -> Keys {
    Keys::from_setting(text).unwrap()
}

fn signed(keys: &Keys) -> HeaderMap {
    let mut headers = HeaderMap::new();
    keys.sign(&mut headers, "msg_p5jXN8AQM9LWM0D4loKWxJek", NOW, BODY);
    headers
}

#[test]
fn the_signature_is_the_one_of_the_standards_own_example() {
    let keys = keys("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let signature = &signed(&keys)[WEBHOOK_SIGNATURE];
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn what_a_peer_signed_is_believed_under_the_old_and_the_new_secret() {
    let old = keys("the old secret of the peers");
    let both = keys("the new secret of the peers, the old secret of the peers");
    let headers = signed(&old);
    assert!(both.check(&headers, BODY, NOW + 60, 60).is_ok());
    assert_eq!(
        old.check(&signed(&both), BODY, NOW, 60),
        Err(SignatureError::Wrong)
    );
}

#[test]
fn whatever_is_changed_is_no_longer_believed() {
    let keys = keys("the secret of the peers");
    let check = |headers: &HeaderMap, body, now| keys.check(headers, body, now, 60);
    let headers = signed(&keys);
    assert_eq!(check(&headers, b"{}", NOW), Err(SignatureError::Wrong));
    assert_eq!(check(&headers, BODY, NOW + 61), Err(SignatureError::Old));
    assert_eq!(check(&headers, BODY, NOW - 61), Err(SignatureError::Old));
    assert_eq!(
        check(&HeaderMap::new(), BODY, NOW),
        Err(SignatureError::Unsigned)
    );
    for (name, value, why) in [
        (WEBHOOK_ID, "another", SignatureError::Wrong),
        (WEBHOOK_TIMESTAMP, "1614265331", SignatureError::Wrong),
        (WEBHOOK_TIMESTAMP, "soon", SignatureError::Unsigned),
        (WEBHOOK_SIGNATURE, "v1,AAAA v2,g0hM", SignatureError::Wrong),
        (WEBHOOK_SIGNATURE, "", SignatureError::Wrong),
    ] {
        let mut changed = headers.clone();
        changed.insert(name, HeaderValue::from_static(value));
        assert_eq!(check(&changed, BODY, NOW), Err(why), "{value}");
    }
}

#[test]
fn short_secrets_are_refused_and_never_shown() {
    for bad in [
        "short",
        "whsec_AAAA",
        "whsec_***",
        "the secret of the peers,x",
    ] {
        assert!(Keys::from_setting(bad).is_none(), "{bad}");
    }
    assert_eq!(
        format!("{:?}", keys("the secret of the peers")),
        "1 secrets"
    );
}

#[test]
fn a_stamp_says_where_an_entry_stands_among_what_is_relayed() {
    let token = |text| Token::parse(text).unwrap();
    let entry = |sequence| Entry {
        cursor: 3,
        id: token("m"),
        event: crate::domain::Event::Notice {
            text: "x".to_owned(),
        },
        source: Source::Own {
            session: token("s"),
            sequence,
        },
        at: 5,
        trace: crate::domain::TraceContext::default(),
    };
    let of = |entry| RelayHeaders::of(&token("serviceA"), &token("e"), &entry);
    assert_eq!(of(entry(Some(17))), Some(relay_headers()));
    assert_eq!(of(entry(None)), None);
    let source = Source::Original;
    let foreign = Entry {
        source,
        ..entry(None)
    };
    assert_eq!(of(foreign), None);
}

#[test]
fn the_time_of_the_origin_is_read_where_it_is_one() {
    let read = |text: &str| {
        let value = HeaderValue::from_str(text).unwrap();
        read_at(&HeaderMap::from_iter([(CHAT_AT, value)]))
    };
    assert_eq!(read("1700000000123"), Some(1_700_000_000_123));
    assert_eq!((read("-1"), read("x")), (None, None));
    assert_eq!(read_at(&HeaderMap::new()), None);
}

#[test]
fn an_accepted_request_is_answered_as_the_original_does() {
    assert_eq!(ok().to_string(), r#"{"status":"ok"}"#);
}

#[test]
fn each_refused_signature_is_counted_by_a_name_of_its_own() {
    for (error, code) in [
        (SignatureError::Unsigned, "unsigned"),
        (SignatureError::Wrong, "wrong"),
        (SignatureError::Old, "old"),
        (SignatureError::Replayed, "replayed"),
    ] {
        assert_eq!(error.code(), code);
    }
}

#[test]
fn the_time_is_counted_from_1970_in_milliseconds_and_in_seconds() {
    // From 2024 to 2100: any clock that is right, and neither unit taken for the other.
    let in_seconds = 1_704_067_200..4_102_444_800_u64;
    assert!(in_seconds.contains(&now_seconds()));
    assert!(in_seconds.contains(&(now_ms() / 1000)));
}
