//! Where each header stands in a block of HPACK. What it says comes from the decoder.

/// First and last byte of each header, in order; nothing where the block is not understood.
pub(crate) fn places(block: &[u8]) -> Option<Vec<(usize, usize)>> {
    let (mut places, mut at) = (Vec::new(), 0);
    while let Some(first) = block.get(at) {
        let start = at;
        // RFC 7541, 6: the first bits say what follows, and how many bits an index has.
        let (prefix, is_literal) = match first {
            0x80..=0xff => (7, false),
            0x40..=0x7f => (6, true),
            0x20..=0x3f => (5, false),
            0x00..=0x1f => (4, true),
        };
        let is_table_size = (0x20..=0x3f).contains(first);
        let index;
        (index, at) = integer(block, at, prefix)?;
        if is_literal {
            let texts = if index == 0 { 2 } else { 1 };
            for _ in 0..texts {
                let length;
                (length, at) = integer(block, at, 7)?;
                at = at.checked_add(length)?;
            }
        }
        if at > block.len() {
            return None;
        }
        if !is_table_size {
            places.push((start, at));
        }
    }
    Some(places)
}

/// A number whose first bits share a byte with others (RFC 7541, 5.1), and where it ends.
fn integer(bytes: &[u8], start: usize, prefix: u32) -> Option<(usize, usize)> {
    let most = (1_usize << prefix) - 1;
    let mut value = usize::from(*bytes.get(start)?) & most;
    let mut at = start + 1;
    if value < most {
        return Some((value, at));
    }
    for shift in [0, 7, 14, 21] {
        let byte = *bytes.get(at)?;
        at += 1;
        value += usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((value, at));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_header_has_its_own_bytes() {
        // RFC 7541, C.3.2: three that are indexed, one that was, and a literal one.
        let block = b"\x82\x86\x84\xbe\x58\x08no-cache";
        let expected = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 14)];
        assert_eq!(places(block).unwrap(), expected);
        // A size of the table, then a name and a value.
        assert_eq!(places(b"\x3f\xe1\x1f\x00\x01a\x02bc").unwrap(), [(3, 9)]);
        assert_eq!(places(b"\x00\x05ab"), None);
        assert_eq!(places(b"\xff\xff\xff\xff\xff\xff"), None);
    }

    proptest! {
        #[test]
        fn whatever_comes_is_within_the_block(block in prop::collection::vec(any::<u8>(), 0..100)) {
            for (start, end) in places(&block).unwrap_or_default() {
                prop_assert!(start < end && end <= block.len());
            }
        }
    }

    #[test]
    fn a_number_is_in_one_byte_or_goes_on_in_others() {
        // RFC 7541, C.1: 10 and 1337 behind a prefix of 5 bits, 42 in a whole byte.
        assert_eq!(integer(b"\x0a", 0, 5), Some((10, 1)));
        assert_eq!(integer(b"\xff\x1f\x9a\x0a", 1, 5), Some((1337, 4)));
        assert_eq!(integer(b"\x2a", 0, 8), Some((42, 1)));
        assert_eq!(integer(b"\x1f", 0, 5), None);
        assert_eq!(
            integer(b"\x1f\xff\xff\xff\x7f", 0, 5),
            Some((31 + (1 << 28) - 1, 5))
        );
        assert_eq!(integer(b"\x1f\xff\xff\xff\xff\x00", 0, 5), None);
    }

    #[test]
    fn a_literal_has_a_name_of_its_own_where_it_refers_to_none() {
        for (block, whole) in [
            (&b"\x40\x01a\x01b"[..], 5),
            (b"\x00\x01a\x01b", 5),
            (b"\x10\x01a\x01b", 5),
            (b"\x41\x01b", 3),
            (b"\x04\x01b", 3),
            (b"\x14\x01b", 3),
        ] {
            assert_eq!(places(block), Some(vec![(0, whole)]), "{block:?}");
            assert_eq!(places(&block[..whole - 1]), None, "{block:?}");
        }
    }
}
