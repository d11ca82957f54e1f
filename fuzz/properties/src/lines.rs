//! An input of several parts, a line each.

/// So many lines, without their ends, and what follows them. A line that is not there is empty.
pub(crate) fn lines<const N: usize>(sent: &[u8]) -> ([&[u8]; N], &[u8]) {
    let mut lines = [&[][..]; N];
    let mut rest = sent;
    for line in &mut lines {
        let end = rest.iter().position(|byte| *byte == b'\n');
        (*line, rest) = match end {
            Some(end) => (&rest[..end], &rest[end + 1..]),
            None => (rest, &[][..]),
        };
    }
    (lines, rest)
}
