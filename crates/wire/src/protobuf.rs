//! Where each field stands in a message of Protocol Buffers.

use prost_reflect::MessageDescriptor;

use crate::message::{Field, printable, short};

/// The fields of a message that stands at an offset: number, kind and name, if that is known. Nothing
/// where it is not understood.
pub(crate) fn fields(
    message: &[u8],
    offset: usize,
    descriptor: Option<&MessageDescriptor>,
) -> Option<Vec<Field>> {
    let (mut fields, mut at) = (Vec::new(), 0);
    while at < message.len() {
        let start = at;
        let tag;
        (tag, at) = varint(message, at)?;
        let number = u32::try_from(tag >> 3).ok().filter(|number| *number > 0)?;
        let (kind, value) = match tag & 7 {
            0 => {
                let value;
                (value, at) = varint(message, at)?;
                ("VARINT", value.to_string())
            }
            1 => ("I64", hex_of(message, &mut at, 8)?),
            2 => {
                let length;
                (length, at) = varint(message, at)?;
                let end = at.checked_add(usize::try_from(length).ok()?)?;
                let content = message.get(at..end)?;
                at = end;
                let text = printable(content).map(short);
                ("LEN", text.unwrap_or_else(|| format!("{length} bytes")))
            }
            5 => ("I32", hex_of(message, &mut at, 4)?),
            _ => return None,
        };
        let known = descriptor.and_then(|descriptor| descriptor.get_field(number));
        let name = known.map_or_else(String::new, |known| format!(" {}", known.name()));
        let name = format!("field {number}{name}, {kind}");
        fields.push(Field::new(name, value, offset + start, offset + at));
    }
    Some(fields)
}

fn hex_of(message: &[u8], at: &mut usize, length: usize) -> Option<String> {
    let bytes = message.get(*at..*at + length)?;
    *at += length;
    Some(crate::message::hex(bytes))
}

/// A number in groups of seven bits, the least significant first, and where it ends.
fn varint(bytes: &[u8], start: usize) -> Option<(u64, usize)> {
    let mut value = 0;
    for (index, byte) in bytes.get(start..)?.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, start + index + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_field_has_its_own_bytes() {
        let message = b"\x0a\x05Jo\xc3\xa3o\x10\x96\x01\x1d\x01\x00\x00\x00";
        let fields = fields(message, 5, None).unwrap();
        let seen: Vec<_> = fields
            .iter()
            .map(|field| {
                (
                    field.name.as_str(),
                    field.value.as_str(),
                    field.start,
                    field.end,
                )
            })
            .collect();
        let expected = [
            ("field 1, LEN", "João", 5, 12),
            ("field 2, VARINT", "150", 12, 15),
            ("field 3, I32", "01000000", 15, 20),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn what_is_no_message_has_no_fields() {
        for wrong in [&b"\x0a\x05ab"[..], b"\x07", b"\x00\x01", b"\x80"] {
            assert_eq!(fields(wrong, 0, None), None);
        }
        assert_eq!(fields(b"", 0, None), Some(Vec::new()));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_within_the_message(message in prop::collection::vec(any::<u8>(), 0..100)) {
            for field in fields(&message, 3, None).unwrap_or_default() {
                prop_assert!(field.start < field.end && field.end <= message.len() + 3);
            }
        }
    }

    #[test]
    fn numbers_are_as_long_as_they_may_be_and_no_longer() {
        let long = [&b"\x09"[..], &[1, 2, 3, 4, 5, 6, 7, 8], b"\x12\x01\xff"].concat();
        let seen = fields(&long, 0, None).unwrap();
        let seen: Vec<_> = seen
            .iter()
            .map(|field| (&*field.name, &*field.value, field.end))
            .collect();
        let expected = [
            ("field 1, I64", "0102030405060708", 9),
            ("field 2, LEN", "1 bytes", 12),
        ];
        assert_eq!(seen, expected);
        assert_eq!(fields(&long[..8], 0, None), None);

        let most = [&[0xff; 9][..], &[1]].concat();
        assert_eq!(varint(&most, 0), Some((u64::MAX, 10)));
        assert_eq!(varint(&[0xff; 11], 0), None);
        assert_eq!(varint(b"\x00\xac\x02", 1), Some((300, 3)));
    }
}
