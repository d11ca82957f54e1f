//! The cases of Autobahn's test suite that are about frames, by their numbers and in our own words:
//! the suite itself needs Python 2, which no registry has any more. `docs/conformance.md` says which
//! of them are not applicable.

use super::*;

/// Beyond the longest message of the suite's first part.
const ROOM: usize = 256 * 1024;

/// What is sent, and what comes of it.
struct Case {
    number: &'static str,
    sent: Vec<u8>,
    heard: Vec<Incoming>,
    wrong: Option<Wrong>,
}

fn fine(number: &'static str, sent: Vec<u8>, heard: Vec<Incoming>) -> Case {
    Case {
        number,
        sent,
        heard,
        wrong: None,
    }
}

fn refused(number: &'static str, sent: Vec<u8>, heard: Vec<Incoming>, wrong: Wrong) -> Case {
    Case {
        number,
        sent,
        heard,
        wrong: Some(wrong),
    }
}

/// A frame of any opcode, length, and reserved bits.
fn raw(is_final: bool, reserved: u8, opcode: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x11, 0x22, 0x33, 0x44];
    let mut frame = vec![u8::from(is_final) << 7 | reserved << 4 | opcode];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ 0..=125), _) => frame.push(0x80 | length),
        (_, Ok(length)) => {
            frame.push(0x80 | 0x7e);
            frame.extend(length.to_be_bytes());
        }
        _ => {
            frame.push(0x80 | 0x7f);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    let masked = payload.iter().zip(MASK.iter().cycle());
    frame.extend(masked.map(|(byte, mask)| byte ^ mask));
    frame
}

fn one(opcode: u8, payload: &[u8]) -> Vec<u8> {
    raw(true, 0, opcode, payload)
}

fn more(opcode: u8, payload: &[u8]) -> Vec<u8> {
    raw(false, 0, opcode, payload)
}

/// A text in fragments.
fn fragments<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let parts: Vec<_> = parts.into_iter().collect();
    let last = parts.len() - 1;
    let frame = |(at, part): (usize, &&[u8])| raw(at == last, 0, u8::from(at == 0), part);
    parts.iter().enumerate().flat_map(frame).collect()
}

fn ping(payload: &[u8]) -> Incoming {
    Incoming::Ping(payload.to_vec())
}

/// Each case is the same however the network cuts it: that is what those suites try with frames and
/// octets sent one by one.
fn hold(cases: Vec<Case>) {
    for case in cases {
        for pieces in [case.sent.len().max(1), 1, 997] {
            let mut reader = FrameReader::new(ROOM);
            let (mut all, mut wrong) = (Vec::new(), None);
            'pieces: for piece in case.sent.chunks(pieces) {
                reader.push_bytes(piece);
                loop {
                    match reader.next_message() {
                        Ok(Some(heard)) => {
                            let is_over = matches!(heard, Incoming::Close(_));
                            all.push(heard);
                            // Nothing behind a close is listened to.
                            if is_over {
                                break 'pieces;
                            }
                        }
                        Ok(None) => break,
                        Err(found) => {
                            wrong = Some(found);
                            break 'pieces;
                        }
                    }
                }
            }
            let number = case.number;
            assert!(all == case.heard, "{number} in pieces of {pieces}: {all:?}");
            assert_eq!(wrong, case.wrong, "{number} in pieces of {pieces}");
        }
    }
}

#[test]
fn texts_of_every_length_are_heard_and_bytes_are_refused() {
    let lengths = [0, 125, 126, 127, 128, 65_535, 65_536, 65_536];
    let numbers = [
        "1.1.1", "1.1.2", "1.1.3", "1.1.4", "1.1.5", "1.1.6", "1.1.7", "1.1.8",
    ];
    let texts = numbers.into_iter().zip(lengths).map(|(number, length)| {
        let said = "*".repeat(length);
        fine(number, one(1, said.as_bytes()), vec![text(&said)])
    });
    hold(texts.collect());
    let bytes = ["1.2.1", "1.2.8"].into_iter().zip([0, 65_536]);
    let refused =
        |(number, length)| refused(number, one(2, &vec![0xfe; length]), vec![], Wrong::Binary);
    hold(bytes.map(refused).collect());
}

#[test]
fn pings_are_heard_with_their_payload_and_pongs_that_nobody_asked_for_are_let_be() {
    let (most, payload) = ([0xfe; 125], b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff");
    let ten: Vec<Vec<u8>> = (0..10)
        .map(|at| format!("payload-{at}").into_bytes())
        .collect();
    let ten_pings: Vec<u8> = ten.iter().flat_map(|payload| one(9, payload)).collect();
    let ten_heard = || ten.iter().map(|payload| ping(payload)).collect();
    hold(vec![
        fine("2.1", one(9, b""), vec![ping(b"")]),
        fine(
            "2.2",
            one(9, b"Hello, world!"),
            vec![ping(b"Hello, world!")],
        ),
        fine("2.3", one(9, payload), vec![ping(payload)]),
        fine("2.4", one(9, &most), vec![ping(&most)]),
        refused("2.5", one(9, &[0xfe; 126]), vec![], Wrong::Protocol),
        fine("2.6", one(9, &most), vec![ping(&most)]),
        fine("2.7", one(10, b""), vec![Incoming::Pong]),
        fine("2.8", one(10, b"unsolicited"), vec![Incoming::Pong]),
        fine(
            "2.9",
            [one(10, b"unsolicited"), one(9, b"ping")].concat(),
            vec![Incoming::Pong, ping(b"ping")],
        ),
        fine("2.10", ten_pings.clone(), ten_heard()),
        fine("2.11", ten_pings, ten_heard()),
    ]);
}

#[test]
fn reserved_bits_and_opcodes_are_refused_and_what_came_before_is_heard() {
    let hello = || one(1, b"Hello, world!");
    let heard = || vec![text("Hello, world!")];
    let after = |wrong: Vec<u8>| [hello(), wrong, one(9, b"")].concat();
    let wrong = Wrong::Protocol;
    hold(vec![
        refused("3.1", raw(true, 1, 1, b"a"), vec![], wrong),
        refused("3.2", after(raw(true, 2, 1, b"a")), heard(), wrong),
        refused("3.3", after(raw(true, 3, 1, b"a")), heard(), wrong),
        refused("3.4", after(raw(true, 4, 1, b"a")), heard(), wrong),
        refused("3.5", raw(true, 5, 2, b"a"), vec![], wrong),
        refused("3.6", raw(true, 6, 9, b"a"), vec![], wrong),
        refused("3.7", raw(true, 7, 8, b""), vec![], wrong),
        refused("4.1.1", one(3, b""), vec![], wrong),
        refused("4.1.2", one(4, b"reserved"), vec![], wrong),
        refused("4.1.3", after(one(5, b"")), heard(), wrong),
        refused("4.1.4", after(one(6, b"reserved")), heard(), wrong),
        refused("4.1.5", after(one(7, b"reserved")), heard(), wrong),
        refused("4.2.1", one(11, b""), vec![], wrong),
        refused("4.2.2", one(12, b"reserved"), vec![], wrong),
        refused("4.2.3", after(one(13, b"")), heard(), wrong),
        refused("4.2.4", after(one(14, b"reserved")), heard(), wrong),
        refused("4.2.5", after(one(15, b"reserved")), heard(), wrong),
    ]);
}

#[test]
fn fragments_are_one_message_and_what_cannot_go_on_is_refused() {
    let two = || [more(1, b"fragment1"), one(0, b"fragment2")].concat();
    let both = || text("fragment1fragment2");
    let between = || [more(1, b"fragment1"), one(9, b"ping"), one(0, b"fragment2")].concat();
    let nothing = |goes_on: Vec<u8>| [goes_on, one(1, b"Hello")].concat();
    let five = [
        more(1, b"fragment1"),
        more(0, b"fragment2"),
        one(9, b"ping1"),
        more(0, b"fragment3"),
        more(0, b"fragment4"),
        one(9, b"ping2"),
        one(0, b"fragment5"),
    ]
    .concat();
    let all_five = || {
        vec![
            ping(b"ping1"),
            ping(b"ping2"),
            text("fragment1fragment2fragment3fragment4fragment5"),
        ]
    };
    let wrong = Wrong::Protocol;
    let again = |first: Vec<u8>| [first, more(1, b"fragment2"), one(0, b"fragment3")].concat();
    hold(vec![
        refused("5.1", [more(9, b"a"), one(0, b"b")].concat(), vec![], wrong),
        refused(
            "5.2",
            [more(10, b"a"), one(0, b"b")].concat(),
            vec![],
            wrong,
        ),
        fine("5.3", two(), vec![both()]),
        fine("5.4", two(), vec![both()]),
        fine("5.5", two(), vec![both()]),
        fine("5.6", between(), vec![ping(b"ping"), both()]),
        fine("5.7", between(), vec![ping(b"ping"), both()]),
        fine("5.8", between(), vec![ping(b"ping"), both()]),
        refused("5.9", nothing(one(0, b"non-continuation")), vec![], wrong),
        refused("5.12", nothing(more(0, b"non-continuation")), vec![], wrong),
        refused(
            "5.15",
            [two(), nothing(more(0, b"x"))].concat(),
            vec![both()],
            wrong,
        ),
        refused("5.16", again(more(0, b"fragment1")), vec![], wrong),
        refused("5.17", again(one(0, b"fragment1")), vec![], wrong),
        refused(
            "5.18",
            [more(1, b"a"), one(1, b"b")].concat(),
            vec![],
            wrong,
        ),
        fine("5.19", five.clone(), all_five()),
        fine("5.20", five, all_five()),
    ]);
}

#[test]
fn texts_are_utf_8_at_their_end_wherever_their_fragments_are_cut() {
    const HELLO: &str = "Hello-\u{b5}@\u{df}\u{f6}\u{e4}\u{fc}\u{e0}\u{e1}-UTF-8!!";
    let greek = "\u{3ba}\u{1f79}\u{3c3}\u{3bc}\u{3b5}";
    let octets = |bytes: &[u8]| fragments(bytes.chunks(1));
    let broken = [greek.as_bytes(), b"\xed\xa0\x80", b"edited"].concat();
    hold(vec![
        fine("6.1.1", one(1, b""), vec![text("")]),
        fine("6.1.2", fragments([&b""[..], b"", b""]), vec![text("")]),
        fine(
            "6.1.3",
            fragments([&b""[..], b"middle", b""]),
            vec![text("middle")],
        ),
        fine("6.2.1", one(1, HELLO.as_bytes()), vec![text(HELLO)]),
        fine(
            "6.2.2",
            fragments([&HELLO.as_bytes()[..12], &HELLO.as_bytes()[12..]]),
            vec![text(HELLO)],
        ),
        fine("6.2.3", octets(HELLO.as_bytes()), vec![text(HELLO)]),
        fine("6.2.4", octets(greek.as_bytes()), vec![text(greek)]),
        refused("6.3.1", one(1, &broken), vec![], Wrong::NotUtf8),
        refused("6.3.2", octets(&broken), vec![], Wrong::NotUtf8),
    ]);
}

#[test]
fn every_border_of_utf_8_is_on_its_right_side() {
    // 6.5, 6.7, 6.9, 6.11, 6.22 and 6.23: the first and last of each length, what is at the borders
    // of surrogates, and characters that are none but may be sent.
    for valid in [
        "\0",
        "\u{7f}",
        "\u{80}",
        "\u{7ff}",
        "\u{800}",
        "\u{ffff}",
        "\u{10000}",
        "\u{10ffff}",
        "\u{d7ff}",
        "\u{e000}",
        "\u{fffd}",
        "\u{fffe}",
        "\u{1fffe}",
        "\u{10fffe}",
        "\u{fdd0}",
    ] {
        hold(vec![fine(
            valid,
            one(1, valid.as_bytes()),
            vec![text(valid)],
        )]);
    }
    for invalid in [
        // 6.6, 6.8: sequences that end too early, alone and before another character
        &b"\xce"[..],
        b"\xce\xba\xe1",
        b"\xce\xba\xe1\xbd",
        b"\xe1\xbd",
        b"\xf0\x90\x80",
        b"\xf0a",
        // 6.10: beyond the last
        b"\xf4\x90\x80\x80",
        b"\xf7\xbf\xbf\xbf",
        b"\xf8\x88\x80\x80\x80",
        b"\xfb\xbf\xbf\xbf\xbf",
        b"\xfc\x84\x80\x80\x80\x80",
        b"\xfd\xbf\xbf\xbf\xbf\xbf",
        // 6.12, 6.13: continuations without a beginning
        b"\x80",
        b"\xbf",
        b"\x80\xbf",
        b"\x80\xbf\x80",
        b"\x80\xbf\x80\xbf\x80\xbf",
        // 6.14: beginnings without a continuation
        b"\xc0 \xc1 ",
        b"\xe0 \xef ",
        b"\xf0 \xf7 ",
        b"\xf8 \xfb ",
        b"\xfc \xfd ",
        // 6.15, 6.16: lasts that are missing
        b"\xc0",
        b"\xe0\x80",
        b"\xf0\x80\x80",
        b"\xf8\x80\x80\x80",
        b"\xfc\x80\x80\x80\x80",
        b"\xdf",
        // 6.17: bytes of no character
        b"\xfe",
        b"\xff",
        b"\xfe\xfe\xff\xff",
        // 6.18, 6.19: longer than need be
        b"\xc0\xaf",
        b"\xe0\x80\xaf",
        b"\xf0\x80\x80\xaf",
        b"\xc1\xbf",
        b"\xe0\x9f\xbf",
        b"\xf0\x8f\xbf\xbf",
        b"\xc0\x80",
        b"\xe0\x80\x80",
        b"\xf0\x80\x80\x80",
        // 6.20, 6.21: halves of pairs, alone and as pairs
        b"\xed\xa0\x80",
        b"\xed\xad\xbf",
        b"\xed\xae\x80",
        b"\xed\xaf\xbf",
        b"\xed\xb0\x80",
        b"\xed\xbe\x80",
        b"\xed\xbf\xbf",
        b"\xed\xa0\x80\xed\xb0\x80",
        b"\xed\xaf\xbf\xed\xbf\xbf",
    ] {
        hold(vec![refused(
            "6.6 to 6.21",
            one(1, invalid),
            vec![],
            Wrong::NotUtf8,
        )]);
    }
}

#[test]
fn a_close_is_heard_with_its_code_and_what_follows_it_is_not() {
    let with = |code: u16, reason: &[u8]| one(8, &[&code.to_be_bytes()[..], reason].concat());
    let plain = || with(1000, b"");
    let closed = |code| Incoming::Close(Some(code));
    let (most, too_long) = ([b'*'; 123], [b'*'; 124]);
    let large = "BAsd7&jh23".repeat(25 * 1024);
    hold(vec![
        fine(
            "7.1.1",
            [one(1, b"Hello World!"), plain()].concat(),
            vec![text("Hello World!"), closed(1000)],
        ),
        fine("7.1.2", [plain(), plain()].concat(), vec![closed(1000)]),
        fine("7.1.3", [plain(), one(9, b"")].concat(), vec![closed(1000)]),
        fine(
            "7.1.4",
            [plain(), one(1, b"Hello World!")].concat(),
            vec![closed(1000)],
        ),
        fine(
            "7.1.5",
            [more(1, b"fragment1"), plain(), one(0, b"fragment2")].concat(),
            vec![closed(1000)],
        ),
        fine(
            "7.1.6",
            [one(1, large.as_bytes()), plain(), one(9, b"")].concat(),
            vec![text(&large), closed(1000)],
        ),
        fine("7.3.1", one(8, b""), vec![Incoming::Close(None)]),
        refused("7.3.2", one(8, b"a"), vec![], Wrong::Protocol),
        fine("7.3.3", plain(), vec![closed(1000)]),
        fine("7.3.4", with(1000, b"Hello World!"), vec![closed(1000)]),
        fine("7.3.5", with(1000, &most), vec![closed(1000)]),
        refused("7.3.6", with(1000, &too_long), vec![], Wrong::Protocol),
        refused(
            "7.5.1",
            with(1000, b"\xce\xba\xed\xa0\x80"),
            vec![],
            Wrong::NotUtf8,
        ),
    ]);
    let valid = [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999,
    ];
    hold(
        valid
            .map(|code| fine("7.7", with(code, b""), vec![closed(code)]))
            .into(),
    );
    let invalid = [
        0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65_535,
    ];
    let refused = |code| refused("7.9, 7.13", with(code, b""), vec![], Wrong::Protocol);
    hold(invalid.map(refused).into());
}
