//! Requests in pieces, with and without a header, without any socket.

use opentelemetry::trace::{SpanContext, TraceFlags, TraceState};
use proptest::prelude::*;

use super::*;
use crate::proxy::SIGNATURE;
use crate::{Answer, RequestRefusal};

/// Requests of at most eight bytes that a `.` ends; `+` promises more.
struct Dots;

impl Procedure for Dots {
    const PROTOCOL: &'static str = "dots";
    const NAME: &'static str = "dots";
    const MAX_REQUEST: usize = 8;

    fn request_len(&self, received: &[u8]) -> Option<usize> {
        received
            .iter()
            .position(|byte| *byte == b'.')
            .map(|dot| dot + 1)
    }

    fn may_end_at_pause(&self, received: &[u8]) -> bool {
        !received.ends_with(b"+")
    }

    fn is_a_key(&self, piece: &[u8]) -> bool {
        piece.len() == 1
    }

    fn answer(&self, _: &[u8]) -> Answer {
        Answer {
            text: String::new(),
            outcome: "ok",
        }
    }

    fn refuse(&self, _: RequestRefusal) -> String {
        String::new()
    }
}

fn incoming(received: &[u8]) -> (Incoming, Step) {
    let mut incoming = Incoming::default();
    incoming.buffer().extend_from_slice(received);
    let step = incoming.step(&Dots);
    (incoming, step)
}

fn header() -> Vec<u8> {
    header_of(7)
}

fn header_of(trace: u128) -> Vec<u8> {
    let context = SpanContext::new(
        trace.into(),
        9_u64.into(),
        TraceFlags::SAMPLED,
        true,
        TraceState::NONE,
    );
    proxy::encode(&context).to_vec()
}

#[test]
fn each_beginning_is_waited_for_with_its_own_patience() {
    assert_eq!(incoming(b"").1, Step::Wait(Wait::FirstByte));
    assert_eq!(incoming(b"abc").1, Step::Wait(Wait::Pause));
    assert_eq!(incoming(b"abc+").1, Step::Wait(Wait::Rest));
    assert_eq!(incoming(&SIGNATURE[..4]).1, Step::Wait(Wait::Pause));
    assert_eq!(incoming(&SIGNATURE).1, Step::Wait(Wait::Pause));
    assert_eq!(incoming(&header()[..13]).1, Step::Wait(Wait::Rest));
    assert_eq!(incoming(&header()).1, Step::Wait(Wait::FirstByte));
}

#[test]
fn keys_one_by_one_are_waited_for_and_more_at_once_is_no_person() {
    let typed = |pieces: &[&[u8]]| {
        let mut incoming = Incoming::default();
        let mut last = incoming.step(&Dots);
        for piece in pieces {
            incoming.buffer().extend_from_slice(piece);
            last = incoming.step(&Dots);
        }
        last
    };
    assert_eq!(typed(&[b"a"]), Step::Wait(Wait::Key));
    assert_eq!(typed(&[b"a", b"b", b"c"]), Step::Wait(Wait::Key));
    assert_eq!(typed(&[b"a", b"b", b"."]), Step::Complete);
    assert_eq!(typed(&[b"ab", b"c"]), Step::Wait(Wait::Pause));
    assert_eq!(typed(&[b"a", b"bc"]), Step::Wait(Wait::Pause));
    // What a header begins with is a key, too.
    assert_eq!(typed(&[b"P"]), Step::Wait(Wait::Key));
    assert_eq!(typed(&[b"P", b"R", b"i"]), Step::Wait(Wait::Key));
    // A proxy's header is nothing that anybody types.
    assert_eq!(typed(&[&header(), b"a"]), Step::Wait(Wait::Key));
    assert_eq!(typed(&[&header(), b"ab"]), Step::Wait(Wait::Pause));
    assert_eq!(
        typed(&[&[&header()[..], b"ab"].concat()]),
        Step::Wait(Wait::Pause)
    );
}

const LINE: &[u8] = b"PROXY TCP4 192.0.2.1 192.0.2.2 54321 8080\r\n";

/// As haproxy sends it with `send-proxy-v2`: addresses, and no TLV.
fn hop() -> Vec<u8> {
    [&SIGNATURE[..], &[0x21, 0x11, 0, 12], &[7; 12]].concat()
}

fn trace_of(incoming: &Incoming) -> Option<u128> {
    let id = incoming.context()?.trace_id();
    Some(u128::from_be_bytes(id.to_bytes()))
}

#[test]
fn the_request_stands_behind_the_headers_of_all_proxies() {
    for proxies in [
        vec![],
        vec![hop()],
        vec![LINE.to_vec()],
        vec![hop(), LINE.to_vec()],
        vec![LINE.to_vec(), hop(), hop()],
    ] {
        let sent = [&proxies.concat()[..], &header(), b"abc."].concat();
        let (incoming, step) = incoming(&sent);
        assert_eq!(step, Step::Complete, "{proxies:?}");
        assert_eq!(incoming.request(&Dots), Ok(&b"abc."[..]));
        assert_eq!(trace_of(&incoming), Some(7));
    }
}

#[test]
fn the_innermost_context_counts_and_headers_without_one_hide_none() {
    let (both, _) = incoming(&[&header_of(1)[..], &header_of(2), b"abc."].concat());
    assert_eq!(trace_of(&both), Some(2));
    let (outer, _) = incoming(&[&header_of(1)[..], &hop(), LINE, b"abc."].concat());
    assert_eq!(trace_of(&outer), Some(1));
}

#[test]
fn a_fifth_header_is_one_too_many() {
    let four = hop().repeat(4);
    assert_eq!(incoming(&[&four[..], b"abc."].concat()).1, Step::Complete);
    for fifth in [hop(), LINE.to_vec(), header()] {
        let (_, step) = incoming(&[&four[..], &fifth].concat());
        assert_eq!(step, Step::BadHeader(HeaderError::TooMany));
    }
    // Beyond the signature there is no doubt; up to it, this may be the request.
    let (begun, step) = incoming(&[&four[..], b"PROXY "].concat());
    assert_eq!(step, Step::Wait(Wait::Pause));
    assert_eq!(begun.request(&Dots), Ok(&b"PROXY "[..]));
}

#[test]
fn a_line_that_stays_incomplete_is_an_error_and_its_first_word_a_request() {
    for length in 1..LINE.len() {
        let (incoming, _) = incoming(&LINE[..length]);
        let request = incoming.request(&Dots);
        if length <= 6 {
            assert_eq!(request, Ok(&LINE[..length]));
        } else {
            assert_eq!(request, Err(HeaderError::Truncated));
        }
    }
}

#[test]
fn headers_without_a_request_are_no_call_unless_they_tell_a_trace() {
    for (sent, is_a_call) in [
        (vec![], false),
        (hop(), false),
        (LINE.to_vec(), false),
        (hop()[..14].to_vec(), true),
        (header(), true),
        ([&hop()[..], b"a"].concat(), true),
        (b"a".to_vec(), true),
    ] {
        assert_eq!(incoming(&sent).0.is_a_call(), is_a_call, "{sent:?}");
    }
}

#[test]
fn a_request_is_whole_at_its_mark_and_the_rest_is_known_to_be_there() {
    let (whole, step) = incoming(b"abc.");
    assert_eq!((step, whole.has_more_than(&Dots)), (Step::Complete, false));
    let (more, step) = incoming(b"abc.def");
    assert_eq!((step, more.has_more_than(&Dots)), (Step::Complete, true));
    assert_eq!(more.request(&Dots), Ok(&b"abc."[..]));
}

#[test]
fn a_request_over_the_limit_is_too_long_with_and_without_a_header() {
    assert_eq!(incoming(b"12345678").1, Step::Wait(Wait::Pause));
    assert_eq!(incoming(b"123456789").1, Step::TooLong);
    assert_eq!(
        incoming(&[&header()[..], b"12345678"].concat()).1,
        Step::Wait(Wait::Pause)
    );
    assert_eq!(
        incoming(&[&header()[..], b"123456789"].concat()).1,
        Step::TooLong
    );
}

#[test]
fn what_begins_like_the_signature_and_ends_there_is_the_request() {
    for length in 1..=SIGNATURE.len() {
        let (incoming, _) = incoming(&SIGNATURE[..length]);
        assert_eq!(incoming.request(&Dots), Ok(&SIGNATURE[..length]));
        assert_eq!(incoming.context(), None);
    }
}

#[test]
fn a_header_that_stays_incomplete_is_an_error() {
    for length in SIGNATURE.len() + 1..header().len() {
        let (incoming, _) = incoming(&header()[..length]);
        assert_eq!(incoming.request(&Dots), Err(HeaderError::Truncated));
    }
}

#[test]
fn a_broken_header_is_told_at_its_first_wrong_byte() {
    let (_, step) = incoming(&[&SIGNATURE[..], b"A"].concat());
    assert_eq!(step, Step::BadHeader(HeaderError::Command));
}

proptest! {
    /// However the bytes are cut into pieces, the request and the context are the same.
    #[test]
    fn pieces_do_not_matter(
        with_header in any::<bool>(),
        proxies in prop::collection::vec(prop_oneof![Just(hop()), Just(LINE.to_vec())], 0..3),
        request in "[a-z\\r\\n]{1,8}",
        cuts in prop::collection::vec(0..200_usize, 0..8),
    ) {
        let header = if with_header { header() } else { Vec::new() };
        let sent = [&proxies.concat()[..], &header[..], request.as_bytes()].concat();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut % sent.len()).collect();
        cuts.push(sent.len());
        cuts.sort_unstable();
        let (mut incoming, mut start) = (Incoming::default(), 0);
        for cut in cuts {
            incoming.buffer().extend_from_slice(&sent[start..cut]);
            start = cut;
            let step = incoming.step(&Dots);
            prop_assert!(matches!(step, Step::Wait(_)), "{step:?}");
        }
        prop_assert_eq!(incoming.request(&Dots), Ok(request.as_bytes()));
        prop_assert_eq!(incoming.context().is_some(), with_header);
    }
}

#[test]
fn inputs_at_random_are_taken_apart_without_harm() {
    let mut rng = testing::SeededRng::seeded(4);
    let good = [&header()[..], b"abc."].concat();
    for round in 0..10_000 {
        let received = if round % 4 == 0 {
            rng.bytes(64)
        } else {
            rng.mutated(&good)
        };
        let (incoming, step) = incoming(&received);
        if let Ok(request) = incoming.request(&Dots) {
            assert!(
                received.ends_with(request) || step == Step::Complete,
                "{received:?}"
            );
        }
    }
}
