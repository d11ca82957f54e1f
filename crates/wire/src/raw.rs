//! Text and numbers without a protocol.

use crate::message::{Field, Layer, hex, printable, short};

/// Bytes as what they most likely are.
pub(crate) struct Raw {
    pub(crate) protocol: &'static str,
    pub(crate) summary: String,
    pub(crate) text: Option<String>,
    pub(crate) layer: Layer,
}

/// The longest number of the exercises.
const LONGEST_NUMBER: usize = 64;

/// Reads bytes from an offset to the end of the message.
pub(crate) fn read(bytes: &[u8], offset: usize) -> Raw {
    let here = bytes.get(offset..).unwrap_or_default();
    let layer = |name, section, fields| Layer {
        name,
        section,
        start: offset,
        end: bytes.len(),
        fields,
    };
    let field = |name: &str, value: String| vec![Field::new(name, value, offset, bytes.len())];
    if let Some(text) = printable(here) {
        let shown = text.trim_end_matches(['\r', '\n']);
        return Raw {
            protocol: "text",
            summary: short(shown),
            text: Some(text.to_owned()),
            layer: layer("text", "UTF-8: RFC 3629", field("text", shown.to_owned())),
        };
    }
    if !here.is_empty() && here.len() <= LONGEST_NUMBER {
        let number = decimal(here);
        return Raw {
            protocol: "number",
            summary: number.clone(),
            text: None,
            layer: layer(
                "number",
                "network byte order: RFC 1700",
                field("big-endian, without a sign", number),
            ),
        };
    }
    Raw {
        protocol: "bytes",
        summary: format!("{} bytes", here.len()),
        text: None,
        layer: layer(
            "bytes",
            "",
            field("bytes", hex(here.get(..32).unwrap_or(here))),
        ),
    }
}

/// A big-endian number in decimal.
fn decimal(bytes: &[u8]) -> String {
    let mut digits = vec![0_u8];
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            let value = u32::from(*digit) * 256 + carry;
            *digit = u8::try_from(value % 10).unwrap_or_default();
            carry = value / 10;
        }
        while carry > 0 {
            digits.push(u8::try_from(carry % 10).unwrap_or_default());
            carry /= 10;
        }
    }
    digits
        .iter()
        .rev()
        .map(|digit| char::from(b'0' + digit))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_from_its_most_significant_byte() {
        assert_eq!(read(&[0x00, 0x11], 0).summary, "17");
        assert_eq!(read(&[0, 0x11, 0, 0x12], 0).summary, "1114130");
        assert_eq!(decimal(&[0xff; 8]), u64::MAX.to_string());
    }

    #[test]
    fn text_is_text_with_or_without_its_line_s_end() {
        let raw = read("João\n".as_bytes(), 0);
        assert_eq!((raw.protocol, raw.summary.as_str()), ("text", "João"));
    }

    #[test]
    fn what_is_too_long_for_a_number_is_bytes() {
        let longest = read(&[0xff; 64], 0);
        assert_eq!((longest.protocol, longest.summary.len()), ("number", 155));
        let longer = read(&[0xff; 65], 0);
        assert_eq!((longer.protocol, &*longer.summary), ("bytes", "65 bytes"));
        let shown = "ff".repeat(32);
        assert_eq!(longer.layer.table(), [("bytes", &*shown, 0, 65)]);
        assert_eq!(read(&[], 0).summary, "0 bytes");
    }

    #[test]
    fn what_stands_before_is_passed_over() {
        let raw = read(b"\x01\x02Ana\r\n", 2);
        assert_eq!(raw.text.as_deref(), Some("Ana\r\n"));
        assert_eq!((raw.layer.start, raw.layer.end), (2, 7));
        assert_eq!(raw.layer.table(), [("text", "Ana", 2, 7)]);
        let raw = read(&[9, 9, 1, 0], 2);
        let name = "big-endian, without a sign";
        assert_eq!(raw.layer.table(), [(name, "256", 2, 4)]);
    }
}
