//! The PROXY protocol, version 2, and a trace's context in it.

use crate::message::{By, Field, Layer, TraceContext, hex};

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// The longest header that is waited for.
const LONGEST: usize = 16 + 520;

/// What the first bytes of a connection are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Header {
    /// No header.
    None,
    /// Perhaps one; more bytes are needed.
    Incomplete,
    /// One, with its layer and the context in it.
    Complete(Layer, Option<TraceContext>),
}

/// Reads a header at this offset.
pub(crate) fn header(bytes: &[u8], offset: usize) -> Header {
    let here = bytes.get(offset..).unwrap_or_default();
    let same = here.len().min(SIGNATURE.len());
    // A single byte is no reason to wait: a number may be so.
    if here.len() < 4 || here[..same] != SIGNATURE[..same] {
        return Header::None;
    }
    if here.len() < 16 {
        return Header::Incomplete;
    }
    let length = usize::from(u16::from_be_bytes([here[14], here[15]]));
    let end = 16 + length;
    if here[12] >> 4 != 2 || end > LONGEST {
        return Header::None;
    }
    if here.len() < end {
        return Header::Incomplete;
    }
    let command = match here[12] & 0xf {
        0 => "LOCAL: the connection's own addresses hold".to_owned(),
        1 => "PROXY: addresses follow".to_owned(),
        other => format!("{other}"),
    };
    let addresses = match here[13] >> 4 {
        1 => 12,
        2 => 36,
        3 => 216,
        _ => 0,
    };
    let at = |index: usize| offset + index;
    let mut fields = vec![
        Field::new("signature", hex(&SIGNATURE), at(0), at(12)),
        Field::new(
            "version and command",
            format!("2, {command}"),
            at(12),
            at(13),
        ),
        Field::new("family", format!("{:#04x}", here[13]), at(13), at(14)),
        Field::new("length", length.to_string(), at(14), at(16)),
    ];
    let mut context = None;
    let mut next = 16 + addresses;
    while let Some([kind, high, low]) = here.get(next..next + 3) {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some(value) = here
            .get(next + 3..next + 3 + length)
            .filter(|_| next + 3 + length <= end)
        else {
            break;
        };
        let name = format!("TLV {kind:#04X}").replace("0X", "0x");
        if let Some(found) = traced(*kind, value) {
            let shown = format!("00-{}-{}-{:02x}", found.id, found.span, value[25]);
            fields.push(Field::new(
                name + ", a trace's context",
                shown,
                at(next),
                at(next + 3 + length),
            ));
            context = Some(found);
        } else {
            fields.push(Field::new(
                name,
                hex(value),
                at(next),
                at(next + 3 + length),
            ));
        }
        next += 3 + length;
    }
    let layer = Layer {
        name: "PROXY protocol v2",
        section: "HAProxy, The PROXY protocol, 2.2; proto/trace-context-tcp.md",
        start: offset,
        end: offset + end,
        fields,
    };
    Header::Complete(layer, context)
}

fn traced(kind: u8, value: &[u8]) -> Option<TraceContext> {
    if kind != 0xE0 || value.len() != 26 || value[0] != 0 {
        return None;
    }
    let found = TraceContext::parse(&format!(
        "00-{}-{}-00",
        hex(&value[1..17]),
        hex(&value[17..25])
    ))?;
    Some(TraceContext {
        by: By::Tlv,
        ..found
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: [u8; 16] = [0xab; 16];
    const SPAN: [u8; 8] = [0xcd; 8];

    /// A header with this command and family, and what follows its length.
    fn bytes(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, rest].concat()
    }

    fn tlv(kind: u8, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(value.len()).unwrap().to_be_bytes();
        [&[kind][..], &length, value].concat()
    }

    fn traced_value() -> Vec<u8> {
        [&[0][..], &ID, &SPAN, &[1]].concat()
    }

    fn complete(bytes: &[u8], offset: usize) -> (Layer, Option<TraceContext>) {
        match header(bytes, offset) {
            Header::Complete(layer, context) => (layer, context),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_part_has_its_own_bytes_behind_what_came_before() {
        let rest = [
            vec![127; 12],
            tlv(0x04, &[1, 2]),
            tlv(0xE0, &traced_value()),
        ]
        .concat();
        let all = [b"abc".to_vec(), bytes(0x21, 0x11, &rest), b"Ana".to_vec()].concat();
        let (layer, context) = complete(&all, 3);
        let context = context.unwrap();
        assert_eq!(
            (context.id, context.span, context.by),
            (hex(&ID), hex(&SPAN), By::Tlv)
        );
        let shown = format!("00-{}-{}-01", hex(&ID), hex(&SPAN));
        assert_eq!((layer.start, layer.end), (3, 3 + 16 + 12 + 5 + 29));
        assert_eq!(
            layer.table(),
            [
                ("signature", "0d0a0d0a000d0a515549540a", 3, 15),
                ("version and command", "2, PROXY: addresses follow", 15, 16),
                ("family", "0x11", 16, 17),
                ("length", "46", 17, 19),
                ("TLV 0x04", "0102", 31, 36),
                ("TLV 0xE0, a trace's context", &*shown, 36, 65),
            ]
        );
    }

    #[test]
    fn a_context_stands_behind_the_addresses_of_every_family() {
        for (family, addresses) in [(0x00, 0), (0x11, 12), (0x21, 36), (0x31, 216)] {
            let rest = [vec![0xE0; addresses], tlv(0xE0, &traced_value())].concat();
            let (_, context) = complete(&bytes(0x21, family, &rest), 0);
            assert!(context.is_some(), "{family:#x}");
        }
    }

    #[test]
    fn what_the_command_says_is_told() {
        for (command, told) in [
            (0x20, "2, LOCAL: the connection's own addresses hold"),
            (0x22, "2, 2"),
        ] {
            let (layer, _) = complete(&bytes(command, 0, &[]), 0);
            assert_eq!(layer.fields[1].value, told);
        }
    }

    #[test]
    fn what_is_no_context_is_shown_as_it_is() {
        let mut version_1 = traced_value();
        version_1[0] = 1;
        let cases = [
            (0xE0, version_1),
            (0xE0, traced_value()[..25].to_vec()),
            (0xE1, traced_value()),
            (0xE0, vec![0; 26]),
        ];
        for (kind, value) in cases {
            let (layer, context) = complete(&bytes(0x21, 0, &tlv(kind, &value)), 0);
            assert_eq!(context, None);
            assert_eq!(layer.fields[4].value, hex(&value));
        }
    }

    #[test]
    fn a_value_that_is_longer_than_the_header_is_not_read() {
        let mut long = tlv(0xE0, &traced_value());
        long.pop();
        let all = [bytes(0x21, 0, &long), vec![1; 9]].concat();
        let (layer, context) = complete(&all, 0);
        assert_eq!((layer.fields.len(), context), (4, None));
        // Nor is one that has no room for its length.
        let (layer, _) = complete(&[bytes(0x21, 0, &[4, 0]), vec![0; 9]].concat(), 0);
        assert_eq!(layer.fields.len(), 4);
        let (layer, _) = complete(&bytes(0x21, 0, &[4, 0, 0]), 0);
        assert_eq!(layer.table()[4], ("TLV 0x04", "", 16, 19));
    }

    #[test]
    fn a_header_is_waited_for_from_its_fourth_byte_to_its_last() {
        let whole = bytes(0x21, 0x11, &[127; 12]);
        for length in 0..whole.len() {
            let expected = if length < 4 {
                Header::None
            } else {
                Header::Incomplete
            };
            assert_eq!(header(&whole[..length], 0), expected, "{length}");
        }
        complete(&whole, 0);
    }

    #[test]
    fn other_bytes_are_no_header() {
        let mut wrong = bytes(0x21, 0x11, &[127; 12]);
        wrong[11] = b'x';
        assert_eq!(header(&wrong, 0), Header::None);
        assert_eq!(header(&bytes(0x11, 0x11, &[127; 12]), 0), Header::None);
        complete(&bytes(0x21, 0, &[0; 520]), 0);
        assert_eq!(header(&bytes(0x21, 0, &[0; 521]), 0), Header::None);
        assert_eq!(header(b"abc", 9), Header::None);
    }
}
