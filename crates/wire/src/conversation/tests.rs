use proptest::prelude::*;

use super::*;
use crate::message::By;

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn conversation() -> Conversation {
    Conversation::new(&Descriptors::default())
}

fn proxied(request: &[u8]) -> Vec<u8> {
    let hex = "0d0a0d0a000d0a515549540a2000001de0001a004bf92f3577b34da6a3ce929d0e0e473600f067aa0ba902b701";
    let byte = |index: usize| u8::from_str_radix(&hex[index..index + 2], 16).unwrap();
    let header = (0..hex.len()).step_by(2).map(byte);
    header.chain(request.iter().copied()).collect()
}

#[test]
fn a_name_behind_a_proxy_header_belongs_to_the_header_s_trace() {
    let mut conversation = conversation();
    let message = conversation
        .push(Side::Client, &proxied("João".as_bytes()))
        .remove(0);
    assert_eq!(
        (message.protocol, message.summary.as_str()),
        ("text", "João")
    );
    let trace = message.trace.unwrap();
    assert_eq!(
        (trace.id.as_str(), trace.by),
        ("4bf92f3577b34da6a3ce929d0e0e4736", By::Tlv)
    );
    let [proxy, text] = &message.layers[..] else {
        panic!("{:?}", message.layers)
    };
    assert_eq!(
        (proxy.start, proxy.end, text.start, text.end),
        (0, 45, 45, 50)
    );
    let tlv = proxy.fields.last().unwrap();
    assert_eq!((tlv.value.as_str(), tlv.start), (TRACE, 16));
    let answer = conversation
        .push(Side::Server, "Olá, João!".as_bytes())
        .remove(0);
    assert_eq!(answer.trace.unwrap().by, By::Connection);
}

/// Settings of the whole connection: a window and a frame's size.
const SETTINGS: &[u8] = &[
    0, 0, 12, 4, 0, 0, 0, 0, 0, 0, 4, 0, 16, 0, 0, 0, 5, 0, 0, 64, 0,
];

#[test]
fn a_server_of_http_2_may_speak_before_its_client() {
    let client = [PREFACE, &[0, 0, 0, 4, 0, 0, 0, 0, 0]].concat();
    let told = |messages: &[Message]| -> Vec<_> {
        let told = messages.iter();
        told.map(|one| (one.side, one.summary.clone())).collect()
    };
    let expected = [
        (Side::Server, "SETTINGS".to_owned()),
        (Side::Client, "connection preface".to_owned()),
        (Side::Client, "SETTINGS".to_owned()),
    ];
    // Before anything, and between the pieces of what the client says first, behind a proxy or not.
    for client in [proxied(&client), client] {
        for at in [0, 10, client.len() - 20] {
            let (first, rest) = client.split_at(at);
            let mut conversation = conversation();
            assert!(conversation.push(Side::Client, first).is_empty());
            assert!(conversation.push(Side::Server, SETTINGS).is_empty());
            let messages = conversation.push(Side::Client, rest);
            assert_eq!(told(&messages), expected, "{at}");
        }
    }
}

#[test]
fn what_any_other_server_says_first_is_shown_at_once() {
    let answers_some = [0, 0, 0, 4, 1, 0, 0, 0, 0];
    let of_a_stream = [0, 0, 0, 4, 0, 0, 0, 0, 1];
    let no_settings = [0, 0, 5, 4, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5];
    for said in [
        &b"220 ready\r\n"[..],
        &answers_some,
        &of_a_stream,
        &no_settings,
        &SETTINGS[..8],
    ] {
        let mut conversation = conversation();
        let message = conversation.push(Side::Server, said).remove(0);
        assert_eq!(message.bytes, said);
    }
    // Nor is more kept of one that never hears its client than of any.
    let mut conversation = conversation();
    assert!(conversation.push(Side::Server, SETTINGS).is_empty());
    let rest = vec![0; MOST_BUFFERED];
    let message = conversation.push(Side::Server, &rest).remove(0);
    assert_eq!(message.bytes.len(), SETTINGS.len() + MOST_BUFFERED);
    let mut ended = self::conversation();
    assert!(ended.push(Side::Server, SETTINGS).is_empty());
    assert_eq!(ended.end().len(), 1);
}

#[test]
fn a_header_in_pieces_is_waited_for() {
    let mut conversation = conversation();
    let bytes = proxied(&[0, 17]);
    assert!(conversation.push(Side::Client, &bytes[..20]).is_empty());
    assert!(conversation.push(Side::Client, &bytes[20..45]).is_empty());
    let message = conversation.push(Side::Client, &bytes[45..]).remove(0);
    assert_eq!(
        (message.protocol, message.summary.as_str()),
        ("number", "17")
    );
}

#[test]
fn a_request_carries_its_trace_and_hides_its_secrets() {
    let mut conversation = conversation();
    let request = format!(
        "POST /relay HTTP/1.1\r\nHost: b\r\nAuthorization: Bearer abc\r\ntraceparent: {TRACE}\r\nContent-Length: 2\r\n\r\n{{}}"
    );
    let (first, rest) = request.as_bytes().split_at(30);
    assert!(conversation.push(Side::Client, first).is_empty());
    let message = conversation.push(Side::Client, rest).remove(0);
    assert_eq!(
        (message.protocol, message.summary.as_str()),
        ("http/1.1", "POST /relay")
    );
    assert_eq!(message.trace.unwrap().span, "00f067aa0ba902b7");
    assert!(!String::from_utf8_lossy(&message.bytes).contains("abc"));
    let field = |name: &str| {
        message.layers[0]
            .fields
            .iter()
            .find(|field| field.name == name)
            .unwrap()
    };
    assert_eq!(field("Authorization").value, "•••");
    let host = field("Host");
    assert_eq!(host.section, Some("RFC 9110, 7.2"));
    assert_eq!(field("traceparent").section, Some("W3C Trace Context, 3.2"));
    assert_eq!(field("method").section, Some("RFC 9112, 3.1"));
    assert_eq!(&message.bytes[host.start..host.end], b"Host: b");
    assert_eq!(message.text.as_deref(), Some("{}"));
    let answer = conversation.push(
        Side::Server,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    );
    let summaries: Vec<_> = answer
        .iter()
        .map(|message| message.summary.as_str())
        .collect();
    assert_eq!(summaries, ["200 OK", "chunk: abc", "last chunk:"]);
    assert!(
        answer
            .iter()
            .all(|message| message.trace.as_ref().unwrap().by == By::Connection)
    );
}

#[test]
fn frames_of_a_websocket_are_unmasked() {
    let mut conversation = conversation();
    conversation.push(
        Side::Client,
        b"GET /ws/5 HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
    );
    conversation.push(Side::Server, b"HTTP/1.1 101 Switching Protocols\r\n\r\n");
    let mask = [1, 2, 3, 4];
    let mut frame = vec![0x81, 0x82, 1, 2, 3, 4];
    frame.extend(b"oi".iter().zip(mask).map(|(byte, mask)| byte ^ mask));
    let message = conversation.push(Side::Client, &frame).remove(0);
    assert_eq!(
        (message.protocol, message.summary.as_str()),
        ("websocket", "text oi")
    );
    let json = format!("{{\"type\":\"message\",\"traceparent\":\"{TRACE}\"}}");
    let mut frame = vec![0x81, u8::try_from(json.len()).unwrap()];
    frame.extend(json.as_bytes());
    let message = conversation.push(Side::Server, &frame).remove(0);
    assert_eq!(message.trace.unwrap().by, By::Traceparent);
}

#[test]
fn headers_of_http_2_are_decoded_and_grpc_is_named() {
    let mut conversation = conversation();
    let mut block = Vec::new();
    let mut encoder = loona_hpack::Encoder::new();
    let headers: [(&[u8], &[u8]); 4] = [
        (b":method", b"POST"),
        (b":path", b"/usuarios.v1.UsuarioService/Obter"),
        (b"content-type", b"application/grpc"),
        (b"traceparent", TRACE.as_bytes()),
    ];
    encoder.encode_into(headers, &mut block).unwrap();
    let frame = |kind: u8, flags: u8, payload: &[u8]| {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = length[1..].to_vec();
        frame.extend([kind, flags, 0, 0, 0, 1]);
        frame.extend(payload);
        frame
    };
    let mut bytes = PREFACE.to_vec();
    bytes.extend(frame(1, 4, &block));
    bytes.extend(frame(0, 1, &[0, 0, 0, 0, 2, 8, 1]));
    let messages = conversation.push(Side::Client, &bytes);
    let summaries: Vec<_> = messages
        .iter()
        .map(|message| message.summary.as_str())
        .collect();
    assert_eq!(
        summaries,
        [
            "connection preface",
            "HEADERS: POST /usuarios.v1.UsuarioService/Obter",
            "DATA: 0801"
        ]
    );
    assert_eq!(messages[1].protocol, "grpc");
    // Each header and each field has bytes of its own.
    let [_, hpack] = &messages[1].layers[..] else {
        panic!("{:?}", messages[1].layers)
    };
    let ends: Vec<_> = hpack.fields.iter().map(|field| field.end).collect();
    assert!(ends.is_sorted_by(|one, next| one < next), "{ends:?}");
    assert_eq!((hpack.fields[0].start, hpack.end), (9, ends[3]));
    let fields = &messages[2].layers.last().unwrap().fields;
    assert_eq!(
        (fields[0].name.as_str(), fields[0].start),
        ("field 1, VARINT", 14)
    );
    assert_eq!(
        messages[2].trace.as_ref().unwrap().id,
        "4bf92f3577b34da6a3ce929d0e0e4736"
    );
}

#[test]
fn a_compressed_message_of_grpc_is_read() {
    let mut content = vec![8, 1, 18, 60];
    content.extend([b'a'; 60]);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, &content).unwrap();
    let packed = encoder.finish().unwrap();
    let mut block = Vec::new();
    let headers: [(&[u8], &[u8]); 3] = [
        (b":path", b"/a.B/C"),
        (b"content-type", b"application/grpc"),
        (b"grpc-encoding", b"gzip"),
    ];
    let mut hpack = loona_hpack::Encoder::new();
    hpack.encode_into(headers, &mut block).unwrap();
    let length = u8::try_from(packed.len()).unwrap();
    let message = [&[1, 0, 0, 0, length], &packed[..]].concat();
    let bytes = [PREFACE.to_vec(), frame(1, 4, &block), frame(0, 1, &message)].concat();
    let messages = conversation().push(Side::Client, &bytes);
    let [_, grpc, fields] = &messages[2].layers[..] else {
        panic!("{:?}", messages[2].layers)
    };
    let shown = format!("true: gzip, {length} -> 64 bytes");
    assert_eq!(grpc.fields[0].value, shown);
    assert_eq!(grpc.fields[1].value, length.to_string());
    let values: Vec<_> = fields.fields.iter().map(|field| &field.value).collect();
    assert_eq!(values, ["1", &"a".repeat(60)]);
    assert_eq!((fields.start, fields.end), (14, messages[2].bytes.len()));
}

#[test]
fn the_preface_of_http_2_is_waited_for_from_its_fourth_byte_on() {
    let mut short = conversation();
    let text = short.push(Side::Client, &PREFACE[..3]);
    assert_eq!(text[0].summary, "PRI");
    let mut conversation = conversation();
    assert_eq!(conversation.push(Side::Client, &PREFACE[..4]), []);
    let preface = conversation.push(Side::Client, &PREFACE[4..]);
    assert_eq!(preface[0].summary, "connection preface");
}

#[test]
fn a_head_without_end_comes_out_as_bytes_beyond_the_bound() {
    let mut conversation = conversation();
    let line = [&b"GET /"[..], &vec![b'a'; MOST_BUFFERED - 5]].concat();
    assert_eq!(conversation.push(Side::Client, &line), []);
    let bytes = conversation.push(Side::Client, b"a");
    assert_eq!(bytes.len(), 1);
    assert_eq!(bytes[0].bytes.len(), MOST_BUFFERED + 1);
}

#[test]
fn each_proxy_on_the_way_puts_a_header_in_front() {
    let mut conversation = conversation();
    let without_context = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
    let bytes = [&proxied(b"")[..], without_context, b"Ana"].concat();
    let messages = conversation.push(Side::Client, &bytes);
    let layers: Vec<_> = messages[0].layers.iter().map(|layer| layer.name).collect();
    assert_eq!(layers, ["PROXY protocol v2", "PROXY protocol v2", "text"]);
    assert_eq!(messages[0].trace.as_ref().unwrap().by, By::Tlv);
    let next = conversation.push(Side::Client, b"Rui");
    assert_eq!(next[0].layers.len(), 1);
    assert_eq!(next[0].trace.as_ref().unwrap().by, By::Connection);
}

#[test]
fn whoever_skips_some_of_what_is_said_reads_the_rest_alike() {
    let said = [
        (
            Side::Client,
            "GET / HTTP/1.1\r\nHost: a\r\n\r\nHEAD / HTTP/1.1\r\n\r\nPOST",
        ),
        (
            Side::Server,
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        ),
        (Side::Client, " / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"),
        (
            Side::Server,
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 1",
        ),
        (
            Side::Server,
            "00 Continue\r\n\r\nHTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n",
        ),
        (Side::Server, "ab\r\n0\r\n\r\n"),
        (Side::Client, "GET /last HTTP/1.1\r\n\r\n"),
        (Side::Server, "HTTP/1.1 200 OK\r\n\r\nto the end"),
    ];
    // By each way to choose what is skipped.
    for skipped in 0..1_u32 << said.len() {
        let (mut reads, mut skips) = (conversation(), conversation());
        for (at, (side, text)) in said.iter().enumerate() {
            let messages = reads.push(*side, text.as_bytes());
            if skipped >> at & 1 == 1 {
                assert_eq!(skips.skip(*side, text.as_bytes()), messages.len(), "{text}");
            } else {
                assert_eq!(
                    skips.push(*side, text.as_bytes()),
                    messages,
                    "{skipped:b}: {text}"
                );
            }
        }
        assert_eq!(skips.end(), reads.end());
    }
}

fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    frame_of(1, kind, flags, payload)
}

fn frame_of(stream: u32, kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

fn shown(messages: &[Message]) -> String {
    let bytes = messages.iter().flat_map(|message| message.bytes.clone());
    String::from_utf8_lossy(&bytes.collect::<Vec<_>>()).into_owned()
}

#[test]
fn a_secret_that_is_spread_over_frames_of_http_2_is_hidden() {
    let block = b"\x00\x0dauthorization\x0aBearer abc\x00\x01a\x02bc";
    for cut in 1..block.len() {
        let (first, rest) = block.split_at(cut);
        let bytes = [PREFACE.to_vec(), frame(1, 0, first), frame(9, 4, rest)].concat();
        let messages = conversation().push(Side::Client, &bytes);
        assert_eq!(messages.len(), 3, "cut at {cut}");
        assert!(!shown(&messages).contains("Bearer"), "cut at {cut}");
        let hpack = messages[2].layers.last().unwrap();
        assert_eq!(hpack.fields[0].value, "•••", "cut at {cut}");
    }
    // Nor is it shown where the block is not understood: here by an index that there is not.
    let wrong = [&block[..], b"\xfe"].concat();
    let bytes = [PREFACE.to_vec(), frame(1, 4, &wrong)].concat();
    assert!(!shown(&conversation().push(Side::Client, &bytes)).contains("Bearer"));
}

#[test]
fn continuations_without_end_are_not_kept_and_what_follows_is_hidden() {
    let mut conversation = conversation();
    let piece = [b'x'; 16 * 1024];
    let mut bytes = [PREFACE.to_vec(), frame(1, 0, &piece)].concat();
    for _ in 0..20 {
        bytes.extend(frame(9, 0, &piece));
    }
    // It is not read: it may refer to what was passed over.
    bytes.extend(frame(9, 4, b"\x00\x01a\x02bc"));
    bytes.extend(frame(1, 4, b"\x00\x01a\x06secret"));
    let mut messages = Vec::new();
    for piece in bytes.chunks(8 * 1024) {
        messages.extend(conversation.push(Side::Client, piece));
    }
    assert_eq!(messages.len(), 24);
    assert!(messages.iter().all(|message| message.layers.len() == 1));
    assert!(!shown(&messages).contains("secret"));
    let Speaks::Http2(http) = &conversation.speaks else {
        panic!("{:?}", conversation.speaks)
    };
    assert_eq!(http.held(), 0);
}

/// A header block that makes a stream one of gRPC.
const OF_GRPC: &[u8] = b"\x00\x0ccontent-type\x10application/grpc";

#[test]
fn messages_and_header_blocks_without_end_are_bounded_by_connection_and_those_that_end_are_read() {
    let mut conversation = conversation();
    conversation.push(Side::Client, PREFACE);
    // Two hundred messages of 200,000 bytes, of which each lacks the last; then header blocks without end.
    let lacking = [&[0, 0, 3, 0x0d, 0x40][..], &vec![b'x'; 50_000]].concat();
    for stream in (1..400).step_by(2) {
        conversation.push(Side::Client, &frame_of(stream, 1, 4, OF_GRPC));
        conversation.push(Side::Client, &frame_of(stream, 0, 0, &lacking));
    }
    let held = |conversation: &Conversation| match &conversation.speaks {
        Speaks::Http2(http) => http.held(),
        other => panic!("{other:?}"),
    };
    assert!((512 * 1024..=1024 * 1024).contains(&held(&conversation)));
    let whole = [&[0, 0, 0, 0, 3][..], b"one"].concat();
    conversation.push(Side::Client, &frame_of(401, 1, 4, OF_GRPC));
    let read = conversation.push(Side::Client, &frame_of(401, 0, 1, &whole));
    assert!(read[0].summary.ends_with(": 6f6e65"), "{}", read[0].summary);
    for stream in (403..800).step_by(2) {
        conversation.push(Side::Client, &frame_of(stream, 1, 0, &vec![b'x'; 30_000]));
    }
    assert!(held(&conversation) <= 1024 * 1024);
    // Streams that end give back what they hold.
    for stream in (1..800).step_by(2) {
        conversation.push(Side::Client, &frame_of(stream, 3, 0, &[0; 4]));
    }
    assert_eq!(held(&conversation), 0);
}

#[test]
fn a_table_of_headers_is_bounded() {
    // A table of 2^28 bytes, which no server of HTTP/2 grants without being asked.
    let bytes = [
        PREFACE.to_vec(),
        frame(1, 4, b"\x3f\xe1\xff\xff\x7f\x00\x01a\x02bc"),
    ]
    .concat();
    let messages = conversation().push(Side::Client, &bytes);
    assert_eq!(messages[1].layers.len(), 1, "{messages:?}");
}

#[test]
fn commands_of_redis_hide_passwords() {
    let mut conversation = conversation();
    let commands = b"*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n";
    let messages = conversation.push(Side::Client, commands);
    let summaries: Vec<_> = messages
        .iter()
        .map(|message| message.summary.as_str())
        .collect();
    assert_eq!(summaries, ["AUTH •••", "GET k"]);
    assert!(!String::from_utf8_lossy(&messages[0].bytes).contains("secret"));
    let replies = conversation.push(Side::Server, b"+OK\r\n$-1\r\n");
    let summaries: Vec<_> = replies
        .iter()
        .map(|message| message.summary.as_str())
        .collect();
    assert_eq!(summaries, ["OK", "(nil)"]);
}

proptest! {
    /// Whatever comes, in whatever pieces: nothing panics, and every byte comes out once.
    #[test]
    fn no_byte_is_lost(
        beginning in prop::sample::select(vec![
            &b""[..], b"GET / HTTP/1.1\r\n\r\n", PREFACE, b"*2\r\n$1\r\n", b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\x03",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n",
        ]),
        rest in prop::collection::vec(any::<u8>(), 0..300),
        cuts in prop::collection::vec(1_usize..50, 1..40),
    ) {
        let bytes = [beginning, &rest].concat();
        let mut conversation = conversation();
        let (mut left, mut count) = (&bytes[..], 0);
        let mut cuts = cuts.iter().cycle();
        while !left.is_empty() {
            let (piece, rest) = left.split_at((*cuts.next().unwrap()).min(left.len()));
            count += conversation.push(Side::Client, piece).iter().map(|message| message.bytes.len()).sum::<usize>();
            left = rest;
        }
        count += conversation.finish(Side::Client).iter().map(|message| message.bytes.len()).sum::<usize>();
        prop_assert_eq!(count, bytes.len());
    }
}
