use super::*;

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let stream = stream.to_be_bytes();
    [&length[1..], &[kind, flags], &stream, payload].concat()
}

fn block(headers: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    let headers = headers
        .iter()
        .map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    loona_hpack::Encoder::new()
        .encode_into(headers, &mut block)
        .unwrap();
    block
}

/// The headers of a call of gRPC.
fn call(stream: u32) -> Vec<u8> {
    let block = block(&[
        (":path", "/s/m"),
        ("content-type", "application/grpc"),
        ("traceparent", TRACE),
    ]);
    frame(0x1, END_HEADERS, stream, &block)
}

/// A message of gRPC.
fn message(content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&[0][..], &length, content].concat()
}

/// Both sides of one connection, after the preface.
struct Talk(Http2);

impl Talk {
    fn new() -> Self {
        let mut http = Http2::new(Descriptors::default());
        http.has_begun = true;
        Self(http)
    }

    fn said(&mut self, side: Side, bytes: &[u8]) -> Vec<Message> {
        let mut buffer = Buffer {
            bytes: bytes.to_vec(),
            offset: 0,
        };
        let mut messages = Vec::new();
        self.0.read(side, &mut buffer, &mut messages);
        messages
    }

    fn one(&mut self, side: Side, bytes: &[u8]) -> Message {
        let mut messages = self.said(side, bytes);
        assert_eq!(messages.len(), 1, "{messages:?}");
        messages.remove(0)
    }
}

#[test]
fn the_preface_stands_behind_what_came_before() {
    let mut buffer = Buffer {
        bytes: [b"abc", PREFACE, &frame(0x6, 0, 0, &[0; 8])].concat(),
        offset: 3,
    };
    let mut messages = Vec::new();
    Http2::new(Descriptors::default()).read(Side::Client, &mut buffer, &mut messages);
    let [preface, ping] = &messages[..] else {
        panic!("{messages:?}")
    };
    assert_eq!((preface.layers[0].start, preface.layers[0].end), (3, 27));
    assert_eq!(ping.summary, "PING");
}

#[test]
fn each_part_of_a_frame_has_its_own_bytes_and_is_waited_for() {
    let bytes = frame(0x4, 0x0a, 0x0102_0304, &[0; 300]);
    for length in 0..bytes.len() {
        assert_eq!(Talk::new().said(Side::Client, &bytes[..length]), []);
    }
    let message = Talk::new().one(Side::Client, &bytes);
    assert_eq!(message.summary, "SETTINGS of stream 16909060");
    assert_eq!(
        message.layers[0].table(),
        [
            ("length", "300", 0, 3),
            ("type", "SETTINGS", 3, 4),
            ("flags", "0x0a", 4, 5),
            ("stream", "16909060", 5, 9),
        ]
    );
    // The highest bit of a stream is reserved, and means nothing.
    let bytes = frame(0x4, 0, 0x8000_0000, &[]);
    assert_eq!(Talk::new().one(Side::Client, &bytes).summary, "SETTINGS");
    let long = frame(0x0, 0, 1, &vec![b'a'; 0x1_0203]);
    let message = Talk::new().one(Side::Client, &long);
    assert_eq!(message.layers[0].fields[0].value, "66051");
}

#[test]
fn small_frames_say_what_they_are_about() {
    for (kind, payload, table) in [
        (0x3, &[0, 0, 0, 8][..], vec![("error code", "8", 9, 13)]),
        (
            0x4,
            &[0, 3, 0, 0, 1, 0, 0, 9, 0, 0, 0, 1],
            vec![
                ("MAX_CONCURRENT_STREAMS", "256", 9, 15),
                ("unknown setting", "1", 15, 21),
            ],
        ),
        (
            0x6,
            &[1, 2, 3, 4, 5, 6, 7, 8],
            vec![("opaque data", "0102030405060708", 9, 17)],
        ),
        (
            0x7,
            &[0, 0, 0, 5, 0, 0, 0, 2],
            vec![("last stream", "5", 9, 13), ("error code", "2", 13, 17)],
        ),
        (0x8, &[0, 1, 0, 0], vec![("increment", "65536", 9, 13)]),
    ] {
        let message = Talk::new().one(Side::Server, &frame(kind, 0, 0, payload));
        let [_, layer] = &message.layers[..] else {
            panic!("{message:?}")
        };
        assert_eq!(layer.name, frame_name(kind));
        assert_eq!((layer.start, layer.end), (9, 9 + payload.len()));
        assert_eq!(layer.table(), table);
    }
    // Too short for what they should say, or of a kind that says nothing more.
    for (kind, payload) in [(0x3, &[0; 3][..]), (0x7, &[0; 7]), (0x2, &[0; 5])] {
        let message = Talk::new().one(Side::Server, &frame(kind, 0, 0, payload));
        assert_eq!(message.layers.len(), 1);
    }
}

#[test]
fn frames_and_settings_have_the_names_of_the_rfc() {
    let frames: Vec<_> = (0..=10).map(frame_name).collect();
    assert_eq!(
        frames.join(" "),
        "DATA HEADERS PRIORITY RST_STREAM SETTINGS PUSH_PROMISE PING GOAWAY WINDOW_UPDATE CONTINUATION unknown frame"
    );
    let settings: Vec<_> = (1..=7).map(setting_name).collect();
    assert_eq!(
        settings.join(" "),
        "HEADER_TABLE_SIZE ENABLE_PUSH MAX_CONCURRENT_STREAMS INITIAL_WINDOW_SIZE MAX_FRAME_SIZE MAX_HEADER_LIST_SIZE unknown setting"
    );
}

#[test]
fn padding_and_priority_are_no_part_of_the_content() {
    let content = block(&[(":path", "/a")]);
    let size = content.len();
    let padded = [&[3][..], &content, &[0; 3]].concat();
    let with_priority = [&[0, 0, 0, 0, 16][..], &content].concat();
    let with_both = [&[3, 0, 0, 0, 0, 16][..], &content, &[0; 3]].concat();
    for (flags, payload, start) in [
        (0, &content, 9),
        (PADDED, &padded, 10),
        (PRIORITY, &with_priority, 14),
        (PADDED | PRIORITY, &with_both, 15),
    ] {
        let bytes = frame(0x1, END_HEADERS | flags, 1, payload);
        let message = Talk::new().one(Side::Client, &bytes);
        assert_eq!(message.summary, "HEADERS: /a", "{flags:#x}");
        let place = (start, start + size);
        assert_eq!(
            message.layers[1].table(),
            [(":path", "/a", place.0, place.1)]
        );
    }
    let data = Talk::new().one(Side::Client, &frame(0x0, PADDED, 1, b"\x02oi\0\0"));
    assert_eq!(data.text.as_deref(), Some("oi"));
    // Data has no priority, other frames no padding, and there may be more padding than frame.
    let data = Talk::new().one(Side::Client, &frame(0x0, PRIORITY, 1, b"welcome"));
    assert_eq!(data.text.as_deref(), Some("welcome"));
    let data = Talk::new().one(Side::Client, &frame(0x0, PADDED, 1, b"\x09oi"));
    assert_eq!(data.text, None);
    let piece = [&[0][..], &content].concat();
    assert_eq!(
        unpadded(0x9, PADDED, &frame(0x9, 0, 1, &piece)),
        (9, 10 + size)
    );
}

#[test]
fn the_outcome_of_a_call_is_told() {
    let block = block(&[
        (":status", "200"),
        ("grpc-status", "5"),
        ("grpc-message", "gone"),
        ("x", "y"),
    ]);
    let message = Talk::new().one(Side::Server, &frame(0x1, END_HEADERS, 1, &block));
    assert_eq!(
        message.summary,
        "HEADERS: 200 grpc-status 5 grpc-message gone"
    );
}

#[test]
fn only_the_headers_of_the_client_carry_the_trace_themselves() {
    use crate::message::By::{Connection, Traceparent};

    let mut talk = Talk::new();
    let by = |message: Message| message.trace.map(|trace| trace.by);
    assert_eq!(by(talk.one(Side::Client, &call(1))), Some(Traceparent));
    let data = frame(0x0, 0, 1, &message(b"a"));
    assert_eq!(by(talk.one(Side::Client, &data)), Some(Connection));
    let answer = frame(0x1, END_HEADERS, 1, &block(&[(":status", "200")]));
    assert_eq!(by(talk.one(Side::Server, &answer)), Some(Connection));
    let other = frame(0x0, 0, 3, b"a");
    assert_eq!(by(talk.one(Side::Client, &other)), None);
}

#[test]
fn a_stream_is_known_until_both_sides_or_one_reset_have_ended_it() {
    let data = |flags| frame(0x0, flags, 1, b"");
    let is_known = |talk: &mut Talk| talk.one(Side::Client, &data(0)).protocol == "grpc";
    let headers = |flags| frame(0x1, END_HEADERS | flags, 1, &block(&[("a", "b")]));

    let mut talk = Talk::new();
    talk.said(Side::Client, &call(1));
    talk.said(Side::Client, &data(END_STREAM));
    talk.said(Side::Client, &data(END_STREAM));
    assert!(is_known(&mut talk), "the server has not ended it");
    talk.said(Side::Server, &headers(END_STREAM));
    assert!(!is_known(&mut talk));

    talk.said(Side::Client, &call(1));
    talk.said(Side::Server, &data(END_STREAM));
    talk.said(Side::Server, &headers(0));
    // An acknowledged SETTINGS has the same flag.
    talk.said(Side::Client, &frame(0x4, END_STREAM, 1, b""));
    assert!(is_known(&mut talk), "the client has not ended it");
    talk.said(Side::Client, &frame(0x3, 0, 1, &[0; 4]));
    assert!(!is_known(&mut talk));
}

#[test]
fn a_call_is_one_of_grpc_also_where_both_sides_say_so() {
    let mut talk = Talk::new();
    talk.said(Side::Client, &call(1));
    let headers = block(&[(":status", "200"), ("content-type", "application/grpc")]);
    let answer = talk.one(Side::Server, &frame(0x1, END_HEADERS, 1, &headers));
    assert_eq!(answer.protocol, "grpc");
    let other = block(&[("content-type", "text/html")]);
    let other = talk.one(Side::Client, &frame(0x1, END_HEADERS, 3, &other));
    assert_eq!(other.protocol, "http/2");
}

#[test]
fn a_message_is_of_the_call_that_its_headers_name() {
    let mut talk = Talk::new();
    talk.said(Side::Client, &call(1));
    let data = talk.one(Side::Client, &frame(0x0, 0, 1, &message(b"a")));
    let call = data.call.map(|call| (call.service, call.method));
    assert_eq!(call, Some(("s".to_owned(), "m".to_owned())));
}

#[test]
fn several_secrets_of_one_block_are_hidden() {
    for headers in [
        &[("authorization", "a"), ("cookie", "b")][..],
        &[("cookie", "b"), ("accept", "c")],
        &[("accept", "c"), ("cookie", "b")],
    ] {
        let bytes = frame(0x1, END_HEADERS, 1, &block(headers));
        let message = Talk::new().one(Side::Client, &bytes);
        assert!(message.bytes[9..].iter().all(|byte| *byte == b'*'));
        assert_eq!(message.bytes.len(), bytes.len());
    }
}

#[test]
fn no_more_streams_are_remembered_than_there_may_be() {
    let mut talk = Talk::new();
    let streams = u32::try_from(MOST_STREAMS).unwrap();
    (0..streams).for_each(|number| {
        talk.said(Side::Client, &call(2 * number + 1));
    });
    let last = frame(0x0, 0, 1, b"");
    assert_eq!(talk.one(Side::Client, &last).protocol, "grpc");
    assert_eq!(talk.0.streams.len(), MOST_STREAMS);
    talk.said(Side::Client, &call(2 * streams + 1));
    assert_eq!(talk.0.streams.len(), 1);
}

/// Where the messages of gRPC in a frame stand, with their lengths.
fn envelopes(message: &Message) -> Vec<(usize, usize, &str)> {
    message
        .layers
        .iter()
        .filter(|layer| layer.name == "gRPC message")
        .map(|layer| (layer.start, layer.end, &*layer.fields[1].value))
        .collect()
}

#[test]
fn messages_of_grpc_stand_one_behind_the_other() {
    let mut talk = Talk::new();
    talk.said(Side::Client, &call(1));
    let both = [message(&[8, 1]), message(&[8, 2, 16, 3])].concat();
    let data = talk.one(Side::Client, &frame(0x0, 0, 1, &both));
    assert_eq!(envelopes(&data), [(9, 16, "2"), (16, 25, "4")]);
    let outer = data
        .layers
        .iter()
        .filter(|layer| layer.name == "gRPC message")
        .flat_map(Layer::table);
    assert_eq!(
        outer.collect::<Vec<_>>(),
        [
            ("compressed", "false", 9, 10),
            ("length", "2", 10, 14),
            ("message", "0801", 14, 16),
            ("compressed", "false", 16, 17),
            ("length", "4", 17, 21),
            ("message", "08021003", 21, 25),
        ]
    );
    let inner: Vec<_> = data
        .layers
        .iter()
        .filter(|layer| layer.name == "Protocol Buffers")
        .flat_map(Layer::table)
        .collect();
    assert_eq!(
        inner,
        [
            ("field 1, VARINT", "1", 14, 16),
            ("field 1, VARINT", "2", 21, 23),
            ("field 2, VARINT", "3", 23, 25),
        ]
    );
}

#[test]
fn a_message_of_grpc_in_several_frames_comes_out_with_the_last() {
    let mut talk = Talk::new();
    talk.said(Side::Client, &call(1));
    let whole = message(&[8, 1, 16, 2]);
    let first = talk.one(Side::Client, &frame(0x0, 0, 1, &whole[..6]));
    assert_eq!((envelopes(&first), &first.text), (vec![], &None));
    // What the other side says in between is another message.
    let other = talk.one(Side::Server, &frame(0x0, 0, 1, &message(&[8, 7])));
    assert_eq!(envelopes(&other), [(9, 16, "2")]);
    let rest = talk.one(Side::Client, &frame(0x0, 0, 1, &whole[6..]));
    assert_eq!(envelopes(&rest), [(9, 12, "4")]);
    // Its beginning stands in another frame, and with it the places of its fields.
    assert_eq!(rest.layers.len(), 2);
    assert_eq!(rest.text.as_deref(), Some("08011002"));
    assert_eq!(talk.0.held(), 0);
    let next = talk.one(Side::Client, &frame(0x0, 0, 1, &message(&[8, 1])));
    assert_eq!(envelopes(&next), [(9, 16, "2")]);
}

#[test]
fn a_compressed_message_is_told_and_not_looked_into() {
    let mut talk = Talk::new();
    talk.said(Side::Client, &call(1));
    let mut compressed = message(&[8, 1]);
    compressed[0] = 1;
    let data = talk.one(Side::Client, &frame(0x0, 0, 1, &compressed));
    assert_eq!(data.layers.len(), 2);
    assert_eq!(data.layers[1].fields[0].value, "true");
}

#[test]
fn a_message_that_is_too_large_is_not_put_together() {
    let mut talk = Talk::new();
    talk.said(Side::Client, &call(1));
    let head = [&[0][..], &0xff_ffff_u32.to_be_bytes()].concat();
    let piece = vec![0; 256 * 1024];
    for content in [[head, piece].concat(), vec![0]] {
        let data = talk.one(Side::Client, &frame(0x0, 0, 1, &content));
        assert_eq!(envelopes(&data), []);
        assert_eq!(talk.0.held(), 0);
    }
}

/// A length above 126 behind a prefix of 7 bits (RFC 7541, 5.1).
fn length(size: usize) -> Vec<u8> {
    let mut rest = size - 127;
    let mut bytes = vec![127];
    while rest >= 128 {
        bytes.push(u8::try_from(rest % 128).unwrap() | 0x80);
        rest /= 128;
    }
    bytes.push(u8::try_from(rest).unwrap());
    bytes
}

#[test]
fn a_header_block_is_put_together_up_to_its_limit() {
    let headers = |size: usize| {
        let value = "x".repeat(size);
        [&b"\x00\x01a"[..], &length(size), value.as_bytes()].concat()
    };
    let overhead = headers(60_000).len() - 60_000;
    let fits = headers(LARGEST_BLOCK - overhead);
    assert_eq!(fits.len(), LARGEST_BLOCK);
    let (one, two) = fits.split_at(1000);
    let bytes = [
        frame(0x1, 0, 1, one),
        frame(0x9, END_HEADERS, 1, two),
        call(3),
    ]
    .concat();
    let messages = Talk::new().said(Side::Client, &bytes);
    let layers: Vec<_> = messages.iter().map(|each| each.layers.len()).collect();
    assert_eq!(layers, [1, 2, 2]);

    let bytes = [
        frame(0x1, 0, 1, one),
        frame(0x9, END_HEADERS, 1, &[two, b"\x82"].concat()),
        call(3),
    ]
    .concat();
    let mut talk = Talk::new();
    let messages = talk.said(Side::Client, &bytes);
    assert!(messages.iter().all(|each| each.layers.len() == 1));
    let answer = frame(0x1, END_HEADERS, 3, &block(&[(":status", "200")]));
    let answer = talk.one(Side::Server, &answer);
    assert_eq!(answer.layers.len(), 2, "the other side's are read");
}
