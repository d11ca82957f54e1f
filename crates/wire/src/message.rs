//! What comes out of a conversation.

use std::fmt::Write;

use serde::Serialize;

use crate::call::Call;

/// Who says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Who has connected.
    Client,
    /// Who was connected to.
    Server,
}

/// Something that one side has said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who has said it.
    pub side: Side,
    /// The innermost protocol that was understood.
    pub protocol: &'static str,
    /// It in one line.
    pub summary: String,
    /// Its bytes; those of secrets are asterisks.
    pub bytes: Vec<u8>,
    /// What its bytes mean, from the outermost layer inwards.
    pub layers: Vec<Layer>,
    /// The text in it, if there is one.
    pub text: Option<String>,
    /// The trace that it belongs to.
    pub trace: Option<TraceContext>,
    /// The call of gRPC that it belongs to, where its descriptors were not given.
    pub call: Option<Call>,
}

/// A part of a message by one protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Layer {
    /// The protocol.
    pub name: &'static str,
    /// Where it is described.
    pub section: &'static str,
    /// Its first byte.
    pub start: usize,
    /// The byte behind its last.
    pub end: usize,
    /// What is in it.
    pub fields: Vec<Field>,
}

/// A part of a layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// What it is.
    pub name: String,
    /// What it says.
    pub value: String,
    /// Where it is described, where that is another place than its layer's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<&'static str>,
    /// Its first byte.
    pub start: usize,
    /// The byte behind its last.
    pub end: usize,
}

/// The trace that a message belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TraceContext {
    /// The trace's id, in hex.
    pub id: String,
    /// The span that sent it, in hex.
    pub span: String,
    /// How that is known.
    pub by: By,
}

/// How it is known which trace a message belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// It carries a `traceparent`.
    Traceparent,
    /// It carries a TLV in a PROXY header.
    Tlv,
    /// The context came earlier on this connection.
    Connection,
    /// It carries none: a span of that time has these ports. No conversation says so by itself.
    Time,
}

impl TraceContext {
    /// Reads `00-TRACE-SPAN-FLAGS`. A later version may say more behind it (W3C Trace Context, 3.2).
    pub fn parse(traceparent: &str) -> Option<Self> {
        let mut parts = traceparent.trim().split('-');
        let [version, id, span, flags] = [(); 4].map(|()| parts.next().unwrap_or_default());
        let says_more = parts.next().is_some();
        let is_hex = |text: &str, length: usize| {
            let mut bytes = text.bytes();
            text.len() == length && bytes.all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let is_set = |text: &str| text.bytes().any(|byte| byte != b'0');
        // As services read a header: of anything else they take no context.
        let mut bytes = traceparent.bytes();
        let is_text = bytes.all(|byte| byte == b'\t' || matches!(byte, b' '..=b'~'));
        let is_known = version != "ff" && !(version == "00" && says_more);
        let is_right = is_text
            && is_known
            && is_hex(version, 2)
            && is_hex(id, 32)
            && is_hex(span, 16)
            && is_hex(flags, 2);
        (is_right && is_set(id) && is_set(span)).then(|| Self {
            id: id.to_owned(),
            span: span.to_owned(),
            by: By::Traceparent,
        })
    }

    /// The same context for what came later on its connection.
    #[must_use]
    pub fn on_connection(&self) -> Self {
        Self {
            by: By::Connection,
            ..self.clone()
        }
    }
}

impl Field {
    /// A field of these bytes.
    pub(crate) fn new(
        name: impl Into<String>,
        value: impl Into<String>,
        start: usize,
        end: usize,
    ) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            section: None,
            start,
            end,
        }
    }

    /// The same, described here.
    pub(crate) fn described(self, section: Option<&'static str>) -> Self {
        Self { section, ..self }
    }
}

#[cfg(test)]
impl Layer {
    /// What each field is, what it says, and where it stands.
    pub(crate) fn table(&self) -> Vec<(&str, &str, usize, usize)> {
        self.fields
            .iter()
            .map(|field| (&*field.name, &*field.value, field.start, field.end))
            .collect()
    }
}

/// The first characters of a text, in one line.
pub(crate) fn short(text: &str) -> String {
    const MOST: usize = 80;
    let line: String = text
        .chars()
        .take(MOST)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(MOST).is_some() {
        return format!("{}…", line.trim_end());
    }
    line.trim_end().to_owned()
}

/// Text that may stand on a page: UTF-8 without control characters other than line ends and tabs.
pub(crate) fn printable(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let is_fine = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    (!text.is_empty() && text.chars().all(is_fine)).then_some(text)
}

/// Bytes in hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_services_take_is_a_trace() {
        const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";
        for (text, is_one) in [
            (format!("00-{TRACE}-01"), true),
            (format!(" 00-{TRACE}-ff "), true),
            (format!("cc-{TRACE}-01-what-the-future-says"), true),
            (format!("cc-{TRACE}-01-\u{10}\0"), false),
            (format!("cc-{TRACE}-01-o-que-há"), false),
            (format!("00-{TRACE}-01-more"), false),
            (format!("00-{TRACE}"), false),
            (format!("00-{TRACE}-"), false),
            (format!("00-{TRACE}-1"), false),
            (format!("ff-{TRACE}-01"), false),
            (format!("00-{}-01", TRACE.to_uppercase()), false),
            ("00-0000-00-01".to_owned(), false),
            (
                format!("00-{}-{}-01", "0".repeat(32), "1".repeat(16)),
                false,
            ),
            (
                format!("00-{}-{}-01", "1".repeat(32), "0".repeat(16)),
                false,
            ),
        ] {
            assert_eq!(TraceContext::parse(&text).is_some(), is_one, "{text}");
        }
    }

    #[test]
    fn a_long_text_is_cut_and_is_one_line() {
        let (fits, long) = ("é".repeat(80), "é".repeat(81));
        assert_eq!(short(&fits), fits);
        assert_eq!(short(&long), format!("{fits}…"));
        assert_eq!(short("a\r\nb \n"), "a  b");
        assert_eq!(
            short(&format!("{}     b", "x".repeat(78))),
            format!("{}…", "x".repeat(78))
        );
    }

    #[test]
    fn only_what_can_stand_on_a_page_is_text() {
        for text in ["João", "a\r\n\tb"] {
            assert_eq!(printable(text.as_bytes()), Some(text));
        }
        for other in [&b""[..], b"\x1b[31m", b"a\0", b"Jo\xe3o"] {
            assert_eq!(printable(other), None, "{other:?}");
        }
    }
}
