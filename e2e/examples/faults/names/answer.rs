//! What a server of DNS says (RFC 1035), as far as it is asked here: the addresses of a name. So little
//! needs no library.

use std::net::Ipv4Addr;

/// A question's head, and the bytes of its type and class.
const HEAD: usize = 12;
const TYPE_AND_CLASS: usize = 4;

/// The type of an address of IPv4.
const A: [u8; 2] = [0, 1];

/// Flags of an answer: that it is one, and of a server that asks others.
const ANSWER: [u8; 2] = [0x81, 0x80];

/// The code of a name that nobody knows.
const UNKNOWN_NAME: u8 = 3;

/// How many seconds an answer may be kept. The C library keeps none at all.
const TTL: [u8; 4] = [0, 0, 0, 5];

/// The answer to a question for the addresses of a name; none to what is no question.
pub(super) fn to(
    question: &[u8],
    known: impl Fn(&str) -> Option<Vec<Ipv4Addr>>,
) -> Option<Vec<u8>> {
    let (name, length) = name(question.get(HEAD..)?)?;
    let end = HEAD + length + TYPE_AND_CLASS;
    let asked = question.get(HEAD + length..end)?;
    let addresses = known(&name);
    let code = if addresses.is_some() { 0 } else { UNKNOWN_NAME };
    let mut addresses = addresses.unwrap_or_default();
    // There are none of IPv6.
    addresses.retain(|_| asked[..2] == A);
    let count = u16::try_from(addresses.len()).ok()?;
    let mut answer = question[..2].to_vec();
    answer.extend([ANSWER[0], ANSWER[1] | code, 0, 1]);
    answer.extend(count.to_be_bytes());
    answer.extend([0; 4]);
    answer.extend(&question[HEAD..end]);
    for address in addresses {
        // The name of the question, by where it stands.
        answer.extend([0xc0, 12]);
        answer.extend(asked);
        answer.extend(TTL);
        answer.extend([0, 4]);
        answer.extend(address.octets());
    }
    Some(answer)
}

/// The name that stands there, and how many bytes it takes.
fn name(bytes: &[u8]) -> Option<(String, usize)> {
    let (mut labels, mut at) = (Vec::new(), 0);
    loop {
        let length = usize::from(*bytes.get(at)?);
        let label = bytes.get(at + 1..at + 1 + length)?;
        at += 1 + length;
        if length == 0 {
            return Some((labels.join("."), at));
        }
        labels.push(String::from_utf8_lossy(label).to_lowercase());
    }
}
