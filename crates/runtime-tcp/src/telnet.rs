//! What telnet clients say before anything is typed: which options they want (RFC 854, 855).

const IAC: u8 = 0xff;
const SUBNEGOTIATION: u8 = 0xfa;
const SUBNEGOTIATION_END: u8 = 0xf0;

/// The highest option in use, beside the extended list (255).
const LAST_OPTION: u8 = 0x31;

/// How many negotiations of options stand at the start, and what follows them.
pub fn negotiations(mut received: &[u8]) -> (usize, &[u8]) {
    let mut count = 0;
    while let Some(rest) = negotiation(received) {
        count += 1;
        received = rest;
    }
    (count, received)
}

/// What follows the first negotiation.
fn negotiation(received: &[u8]) -> Option<&[u8]> {
    match *received {
        [IAC, 0xfb..=0xfe, option, ref rest @ ..] => {
            (option <= LAST_OPTION || option == 0xff).then_some(rest)
        }
        [IAC, SUBNEGOTIATION, ref said @ ..] => {
            let end = [IAC, SUBNEGOTIATION_END];
            let at = said.windows(2).position(|pair| pair == end)?;
            Some(&said[at + 2..])
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_plink_says_first_is_seven_negotiations() {
        let said =
            b"\xff\xfb\x1f\xff\xfb\x20\xff\xfb\x18\xff\xfb\x27\xff\xfd\x01\xff\xfb\x03\xff\xfd\x03";
        assert_eq!(negotiations(said), (7, &b""[..]));
        assert_eq!(
            negotiations(&[&said[..], b"Ana\r\n"].concat()),
            (7, &b"Ana\r\n"[..])
        );
    }

    #[test]
    fn a_subnegotiation_counts_once_it_is_whole() {
        assert_eq!(
            negotiations(b"\xff\xfa\x1f\0\x50\0\x18\xff\xf0A"),
            (1, &b"A"[..])
        );
        assert_eq!(negotiations(b"\xff\xfa\x1f\0\x50").0, 0);
    }

    #[test]
    fn other_bytes_are_none() {
        for said in [
            &b""[..],
            b"\xff",
            b"\xff\xfb",
            b"\xff\xff\xff",
            b"\xff\xfb\x7f",
            b"A\xff\xfb\x01",
        ] {
            assert_eq!(negotiations(said), (0, said), "{said:?}");
        }
    }
}
