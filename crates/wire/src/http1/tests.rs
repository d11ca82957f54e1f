use super::*;

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Both sides of one connection.
#[derive(Default)]
struct Talk {
    http: Http1,
    client: Buffer,
    server: Buffer,
}

impl Talk {
    fn ask(&mut self, bytes: &[u8]) -> Vec<Message> {
        self.client.bytes.extend_from_slice(bytes);
        let mut messages = Vec::new();
        self.http
            .read(Side::Client, &mut self.client, &mut messages);
        messages
    }

    fn answer(&mut self, bytes: &[u8]) -> Vec<Message> {
        self.server.bytes.extend_from_slice(bytes);
        let mut messages = Vec::new();
        self.http
            .read(Side::Server, &mut self.server, &mut messages);
        messages
    }
}

fn summaries(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| &*message.summary).collect()
}

#[test]
fn each_part_of_a_request_has_its_own_bytes_behind_what_came_before() {
    let mut buffer = Buffer {
        bytes: b"xyzPUT /a HTTP/1.1\r\nHost: b\r\nCookie: id=1\r\nContent-Length: 2\r\n\r\nokGET"
            .to_vec(),
        offset: 3,
    };
    let mut messages = Vec::new();
    Http1::default().read(Side::Client, &mut buffer, &mut messages);
    assert_eq!(summaries(&messages), ["PUT /a"]);
    let [head, body] = &messages[0].layers[..] else {
        panic!("{messages:?}")
    };
    assert_eq!((head.start, head.end), (3, 64));
    assert_eq!(
        head.table(),
        [
            ("method", "PUT", 3, 18),
            ("target", "/a", 3, 18),
            ("Host", "b", 20, 27),
            ("Cookie", "•••", 29, 41),
            ("Content-Length", "2", 43, 60),
        ]
    );
    assert_eq!(body.table(), [("content", "ok", 64, 66)]);
    assert_eq!(&messages[0].bytes[29..41], b"Cookie: ****");
    assert_eq!(buffer.bytes, b"GET");
}

#[test]
fn an_answer_has_a_body_where_its_request_and_its_status_allow_one() {
    for (method, head, has_body) in [
        ("GET", "HTTP/1.1 200 OK", true),
        ("HEAD", "HTTP/1.1 200 OK", false),
        ("GET", "HTTP/1.1 204 No Content", false),
        ("GET", "HTTP/1.1 304 Not Modified", false),
        ("GET", "HTTP/1.1 404 Not Found", true),
    ] {
        let mut talk = Talk::default();
        talk.ask(format!("{method} / HTTP/1.1\r\n\r\n").as_bytes());
        let answer = talk.answer(format!("{head}\r\nContent-Length: 2\r\n\r\n").as_bytes());
        assert_eq!(answer.is_empty(), has_body, "{method} {head}");
    }
}

#[test]
fn an_answer_in_advance_is_not_taken_for_the_answer() {
    let mut talk = Talk::default();
    let head = format!("HEAD / HTTP/1.1\r\ntraceparent: {TRACE}\r\n\r\n");
    talk.ask(head.as_bytes());
    let messages = talk.answer(b"HTTP/1.1 100 Continue\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 404 Not Found\r\n\r\n");
    let seen: Vec<_> = messages
        .iter()
        .map(|message| (&*message.summary, message.trace.is_some()))
        .collect();
    assert_eq!(
        seen,
        [
            ("100 Continue", false),
            ("200 OK", true),
            ("404 Not Found", false),
        ]
    );
}

#[test]
fn a_large_body_comes_out_as_it_comes_and_a_small_one_with_its_head() {
    let request = |length: usize| format!("PUT / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n");
    let mut talk = Talk::default();
    assert_eq!(talk.ask(request(WITH_HEAD).as_bytes()), []);
    let whole = talk.ask(&[b'a'; WITH_HEAD]);
    assert_eq!(whole[0].layers.len(), 2);

    let mut talk = Talk::default();
    let head = talk.ask(request(WITH_HEAD + 1).as_bytes());
    assert_eq!(summaries(&head), ["PUT /"]);
    let piece = talk.ask(&[b'a'; WITH_HEAD]);
    assert_eq!(
        piece[0].layers[0].table(),
        [("body", "16384 bytes", 0, WITH_HEAD)]
    );
    let rest = talk.ask(b"bGET /next HTTP/1.1\r\n\r\n");
    assert_eq!(summaries(&rest), ["body: b", "GET /next"]);
}

#[test]
fn a_body_without_a_length_lasts_to_the_end_and_is_of_its_request() {
    let mut talk = Talk::default();
    talk.ask(format!("GET / HTTP/1.1\r\ntraceparent: {TRACE}\r\n\r\n").as_bytes());
    let messages = talk.answer(b"HTTP/1.1 200 OK\r\n\r\nGET / HTTP/1.1\r\n\r\n");
    assert_eq!(summaries(&messages), ["200 OK", "GET / HTTP/1.1"]);
    assert_eq!(messages[1].protocol, "text");
    assert!(messages[1].trace.is_some());
    // A request without a length has no body.
    let messages = talk.ask(b"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n");
    assert_eq!(summaries(&messages), ["GET /", "GET /"]);
}

#[test]
fn chunks_come_out_one_by_one_and_what_follows_is_a_head() {
    let mut talk = Talk::default();
    let head = "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n";
    assert_eq!(talk.ask(head.as_bytes()).len(), 1);
    assert_eq!(talk.ask(b"3\r\nabc\r"), []);
    let chunk = &talk.ask(b"\n")[0];
    assert_eq!(chunk.summary, "chunk: abc");
    let layer = &chunk.layers[0];
    assert_eq!((layer.start, layer.end), (0, 8));
    assert_eq!(layer.table(), [("chunk", "5 bytes", 3, 8)]);
    let rest = talk.ask(b"0\r\n\r\nGET /next HTTP/1.1\r\n\r\n");
    assert_eq!(summaries(&rest), ["last chunk:", "GET /next"]);
}

#[test]
fn what_breaks_a_chunk_comes_out_to_the_end() {
    let mut talk = Talk::default();
    talk.ask(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(summaries(&talk.ask(b"xyz\r\n")), ["xyz"]);
    assert_eq!(summaries(&talk.ask(b"3\r\n")), ["3"]);
}

#[test]
fn a_body_that_is_no_text_is_counted() {
    let mut talk = Talk::default();
    let request = b"PUT / HTTP/1.1\r\nContent-Length: 3\r\n\r\n\xff\0\0";
    let message = &talk.ask(request)[0];
    assert_eq!(message.text, None);
    assert_eq!(message.layers[1].fields[0].value, "3 bytes");
}

#[test]
fn both_sides_speak_frames_after_an_upgrade() {
    let mut talk = Talk::default();
    talk.ask(b"GET / HTTP/1.1\r\n\r\n");
    talk.answer(b"HTTP/1.1 101 Switching Protocols\r\n\r\n");
    assert_eq!(summaries(&talk.answer(b"\x81\x02oi")), ["text oi"]);
    assert_eq!(summaries(&talk.ask(b"\x89\x00")), ["ping"]);
}

#[test]
fn a_request_begins_with_a_method() {
    for method in [
        "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE",
    ] {
        assert!(is_request(format!("{method} / HTTP/1.1").as_bytes()));
        assert!(!is_request(method.as_bytes()));
    }
    assert!(!is_request(b"get / HTTP/1.1"));
}

/// Skips what is plain of what a side says, of which so much comes before; how many messages that
/// were, and what is left.
fn skipped(http: &mut Http1, side: Side, said: &str, offset: usize) -> (usize, String) {
    let bytes = said.as_bytes().to_vec();
    let mut buffer = Buffer { bytes, offset };
    let count = http.skip(side, &mut buffer);
    (count, String::from_utf8(buffer.bytes).unwrap())
}

#[test]
fn requests_that_are_all_here_are_skipped() {
    let with_body = |length: usize| {
        let body = "a".repeat(length);
        format!("PUT / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{body}")
    };
    let mut http = Http1::default();
    let two = ["GET / HTTP/1.1\r\n\r\n", &with_body(2), "GE"].concat();
    let left = (2, "GE".to_owned());
    assert_eq!(skipped(&mut http, Side::Client, &two, 0), left);
    let methods: Vec<_> = http.asked.iter().map(|(method, _)| &**method).collect();
    assert_eq!(methods, ["GET", "PUT"]);
    let most = with_body(WITH_HEAD);
    assert_eq!(skipped(&mut http, Side::Client, &most, 0).0, 1);
    for read in [
        with_body(2).trim_end_matches('a'),
        &with_body(WITH_HEAD + 1),
        "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "none of HTTP\r\n\r\n",
    ] {
        let left = (0, read.to_owned());
        assert_eq!(skipped(&mut http, Side::Client, read, 0), left);
    }
    let left = (0, two.clone());
    assert_eq!(skipped(&mut http, Side::Client, &two, 1), left);
    http.client = State::Chunks(None);
    assert_eq!(skipped(&mut http, Side::Client, &two, 0), left);
}

#[test]
fn answers_that_are_all_here_are_skipped_with_their_requests() {
    for (method, answer, count) in [
        ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 1),
        ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", 0),
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", 1),
        ("GET", "HTTP/1.1 304 Not Modified\r\n\r\n", 1),
        ("GET", "HTTP/1.1 200 OK\r\n\r\nto the end", 0),
        (
            "GET",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            0,
        ),
        ("GET", "HTTP/1.1 100 Continue\r\n\r\n", 0),
        ("GET", "HTTP/1.1 101 Switching Protocols\r\n\r\n", 0),
    ] {
        let mut http = Http1::default();
        http.asked.push_back((method.to_owned(), None));
        let left = if count == 0 { answer } else { "" };
        let expected = (count, left.to_owned());
        assert_eq!(skipped(&mut http, Side::Server, answer, 0), expected);
        assert_eq!(http.asked.len(), 1 - count, "{answer}");
    }
    // Of what nobody asked for, nothing is known.
    let unasked = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let left = (0, unasked.to_owned());
    let mut http = Http1::default();
    assert_eq!(skipped(&mut http, Side::Server, unasked, 0), left);
}
