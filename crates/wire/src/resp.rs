//! Commands and replies of Redis.

use crate::conversation::{Buffer, raw_message};
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
