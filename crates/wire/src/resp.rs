//! Commands and replies of Redis.

use crate::buffer::{Buffer, raw_message};
use crate::message::{Field, Layer, Message, Side, printable, short};
use crate::secret::{MASK, mask};

/// How deep replies may be nested.
const DEEPEST: usize = 16;

/// A value as text, and where it stands.
struct Value {
    text: String,
    start: usize,
    end: usize,
    parts: Vec<Value>,
}

/// Whether a client begins a command.
pub(crate) fn is_command(first: &[u8]) -> bool {
    matches!(first, [b'*', b'1'..=b'9', ..])
}

/// Every command or reply that is complete.
pub(crate) fn read(side: Side, buffer: &mut Buffer, messages: &mut Vec<Message>) {
    while !buffer.rest().is_empty() {
        match value(&buffer.bytes, buffer.offset, 0) {
            Ok(Some(found)) => messages.push(message(side, buffer, &found)),
            Ok(None) => return,
            Err(()) => messages.extend(raw_message(side, buffer)),
        }
    }
}

fn message(side: Side, buffer: &mut Buffer, value: &Value) -> Message {
    let (mut bytes, _) = buffer.take(value.end);
    let command = value
        .parts
        .first()
        .map(|part| part.text.to_ascii_uppercase());
    let is_login = side == Side::Client && matches!(command.as_deref(), Some("AUTH" | "HELLO"));
    let mut fields = Vec::new();
    let mut words = Vec::new();
    for (index, part) in value.parts.iter().enumerate() {
        let is_secret = is_login && index > 0;
        if is_secret {
            mask(&mut bytes, part.start, part.end);
        }
        let shown = if is_secret { MASK } else { part.text.as_str() };
        words.push(shown.to_owned());
        let name = if side == Side::Client && index == 0 {
            "command"
        } else {
            "value"
        };
        fields.push(Field::new(name, shown, part.start, part.end));
    }
    if value.parts.is_empty() {
        words.push(value.text.clone());
        fields.push(Field::new(
            "value",
            value.text.as_str(),
            value.start,
            value.end,
        ));
    }
    let text = words.join(" ");
    Message {
        side,
        protocol: "resp",
        summary: short(&text),
        text: Some(text),
        layers: vec![Layer {
            name: "RESP",
            section: "Redis serialization protocol specification",
            start: value.start,
            end: value.end,
            fields,
        }],
        trace: None,
        call: None,
        bytes,
    }
}

/// The value at an offset: nothing while it is incomplete, an error where it is none.
fn value(bytes: &[u8], start: usize, depth: usize) -> Result<Option<Value>, ()> {
    let here = bytes.get(start..).unwrap_or_default();
    let Some(end) = here.windows(2).position(|pair| pair == b"\r\n") else {
        return if here.len() > 1024 { Err(()) } else { Ok(None) };
    };
    let line = here.get(1..end).unwrap_or_default();
    let line = std::str::from_utf8(line).map_err(|_| ())?;
    let next = start + end + 2;
    let simple = |text: String| {
        Ok(Some(Value {
            text,
            start,
            end: next,
            parts: Vec::new(),
        }))
    };
    match here.first() {
        Some(b'+' | b'-' | b',' | b'#' | b'(' | b':') => simple(line.to_owned()),
        Some(b'_') => simple("(nil)".to_owned()),
        Some(b'$' | b'=' | b'!') => {
            let Some(length) = length(line)? else {
                return simple("(nil)".to_owned());
            };
            let Some(content) = bytes
                .get(next..next + length)
                .filter(|_| bytes.len() >= next + length + 2)
            else {
                return Ok(None);
            };
            let text =
                printable(content).map_or_else(|| format!("({length} bytes)"), str::to_owned);
            Ok(Some(Value {
                text,
                start,
                end: next + length + 2,
                parts: Vec::new(),
            }))
        }
        Some(kind @ (b'*' | b'~' | b'>' | b'%')) if depth < DEEPEST => {
            let Some(mut count) = length(line)? else {
                return simple("(nil)".to_owned());
            };
            if *kind == b'%' {
                count *= 2;
            }
            let (mut parts, mut at) = (Vec::new(), next);
            for _ in 0..count {
                let Some(part) = value(bytes, at, depth + 1)? else {
                    return Ok(None);
                };
                at = part.end;
                parts.push(part);
            }
            let texts: Vec<_> = parts.iter().map(|part| part.text.as_str()).collect();
            let text = format!("[{}]", texts.join(", "));
            Ok(Some(Value {
                text,
                start,
                end: at,
                parts,
            }))
        }
        _ => Err(()),
    }
}

fn length(line: &str) -> Result<Option<usize>, ()> {
    if line == "-1" {
        return Ok(None);
    }
    let length: usize = line.parse().map_err(|_| ())?;
    if length > 16 * 1024 * 1024 {
        Err(())
    } else {
        Ok(Some(length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(side: Side, bytes: &[u8]) -> Vec<Message> {
        let mut buffer = Buffer {
            bytes: bytes.to_vec(),
            offset: 0,
        };
        let mut messages = Vec::new();
        read(side, &mut buffer, &mut messages);
        messages
    }

    fn is_one(bytes: &[u8]) -> bool {
        let [message] = &said(Side::Server, bytes)[..] else {
            panic!("{bytes:?}")
        };
        message.protocol == "resp"
    }

    #[test]
    fn each_kind_of_value_is_shown() {
        for (bytes, shown) in [
            (&b"+OK\r\n"[..], "OK"),
            (b"-ERR x\r\n", "ERR x"),
            (b":5\r\n", "5"),
            (b",1.5\r\n", "1.5"),
            (b"#t\r\n", "t"),
            (b"(123\r\n", "123"),
            (b"_\r\n", "(nil)"),
            (b"$-1\r\n", "(nil)"),
            (b"*-1\r\n", "(nil)"),
            (b"$3\r\nabc\r\n", "abc"),
            (b"=7\r\ntxt:abc\r\n", "txt:abc"),
            (b"!3\r\nERR\r\n", "ERR"),
            (b"$2\r\n\xff\xff\r\n", "(2 bytes)"),
            (b"*2\r\n:1\r\n*2\r\n+a\r\n+b\r\n", "1 [a, b]"),
            (b"~1\r\n:1\r\n", "1"),
            (b">1\r\n:1\r\n", "1"),
            (b"%1\r\n+k\r\n:1\r\n", "k 1"),
        ] {
            let [message] = &said(Side::Server, bytes)[..] else {
                panic!("{bytes:?}")
            };
            assert_eq!((message.protocol, &*message.summary), ("resp", shown));
            assert_eq!(message.bytes, bytes);
        }
    }

    #[test]
    fn each_part_has_its_own_bytes_and_is_waited_for() {
        let text = b"$3\r\nabc\r\n";
        for length in 1..text.len() {
            assert_eq!(said(Side::Server, &text[..length]), [], "{length}");
        }
        let bytes = b"*3\r\n$3\r\nset\r\n$1\r\nk\r\n:10\r\n";
        for length in 1..bytes.len() {
            assert_eq!(said(Side::Client, &bytes[..length]), [], "{length}");
        }
        let [message] = &said(Side::Client, bytes)[..] else {
            panic!()
        };
        let layer = &message.layers[0];
        assert_eq!((layer.start, layer.end), (0, bytes.len()));
        assert_eq!(
            layer.table(),
            [
                ("command", "set", 4, 13),
                ("value", "k", 13, 20),
                ("value", "10", 20, 25),
            ]
        );
        let reply = &said(Side::Server, b"*1\r\n:1\r\n")[0];
        assert_eq!(reply.layers[0].table(), [("value", "1", 4, 8)]);
        let reply = &said(Side::Server, b"$1\r\n1\r\n")[0];
        assert_eq!(reply.layers[0].table(), [("value", "1", 0, 7)]);
    }

    #[test]
    fn passwords_of_every_login_are_hidden_and_nothing_else() {
        let login = b"*5\r\n$5\r\nhello\r\n:3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$6\r\nsecret\r\n";
        let message = &said(Side::Client, login)[0];
        assert_eq!(message.summary, "hello ••• ••• ••• •••");
        let shown = String::from_utf8_lossy(&message.bytes);
        assert!(shown.starts_with("*5\r\n$5\r\nhello\r\n**") && !shown.contains("secret"));
        let reply = &said(Side::Server, b"*2\r\n+AUTH\r\n+b\r\n")[0];
        assert_eq!(reply.summary, "AUTH b");
    }

    #[test]
    fn what_is_no_value_comes_out_as_it_is() {
        assert!(!is_one(b"x\r\n"));
        assert!(!is_one(b"$x\r\n"));
        assert!(!is_one(b"+\xff\r\n"));
        assert!(!is_one(b"$16777217\r\n"));
        assert_eq!(said(Side::Server, b"$16777216\r\n"), []);
        assert_eq!(said(Side::Server, &[b'+'; 1024]), []);
        assert!(!is_one(&[b'+'; 1025]));
        let nested = |depth: usize| [b"*1\r\n".repeat(depth), b":1\r\n".to_vec()].concat();
        assert!(is_one(&nested(DEEPEST)));
        assert!(!is_one(&nested(DEEPEST + 1)));
    }

    #[test]
    fn a_client_begins_with_a_command() {
        assert!(is_command(b"*1\r\n") && is_command(b"*9"));
        for other in [&b""[..], b"*", b"*0\r\n", b"PING\r\n", b"*-1"] {
            assert!(!is_command(other), "{other:?}");
        }
    }
}
