//! Bytes of a pipe to lines, and which pipe it was.

/// Which of its two streams a line came from, and goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// A program's answers.
    Out,
    /// Logs, and what the lab says.
    Err,
}

/// Takes pieces as they come and gives lines.
#[derive(Debug, Default)]
pub struct Lines {
    partial: Vec<u8>,
}

/// A longer line is given in parts, so that a process that never ends one takes no memory.
const LONGEST: usize = 16 * 1024;

impl Lines {
    /// The lines that these bytes complete.
    pub fn take(&mut self, mut bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        while !bytes.is_empty() {
            let room = LONGEST - self.partial.len();
            let within = &bytes[..bytes.len().min(room)];
            if let Some(end) = within.iter().position(|byte| *byte == b'\n') {
                self.partial.extend_from_slice(&within[..end]);
                bytes = &bytes[end + 1..];
                lines.push(self.give());
            } else {
                self.partial.extend_from_slice(within);
                bytes = &bytes[within.len()..];
                if self.partial.len() == LONGEST {
                    lines.push(self.give());
                }
            }
        }
        lines
    }

    /// What is left when the pipe ends without a line's end.
    pub fn rest(&mut self) -> Option<String> {
        (!self.partial.is_empty()).then(|| self.give())
    }

    fn give(&mut self) -> String {
        let bytes = std::mem::take(&mut self.partial);
        let text = String::from_utf8_lossy(&bytes);
        // What a process prints may hold what its users sent: no control sequence reaches the
        // terminal, not even as the end of a line.
        text.strip_suffix('\r')
            .unwrap_or(&text)
            .chars()
            .map(printable)
            .collect()
    }
}

fn printable(character: char) -> char {
    if character.is_control() && character != '\t' {
        '\u{fffd}'
    } else {
        character
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_come_out_whole_however_the_pieces_are_cut() {
        let mut lines = Lines::default();
        assert!(lines.take(b"Ol").is_empty());
        assert_eq!(
            lines.take("á\nmundo\r\n\nres".as_bytes()),
            ["Olá", "mundo", ""]
        );
        assert_eq!(lines.rest().as_deref(), Some("res"));
        assert_eq!(lines.rest(), None);
    }

    #[test]
    fn a_line_without_end_is_given_in_parts() {
        let mut lines = Lines::default();
        let given = lines.take(&vec![b'x'; 2 * LONGEST + 5]);
        assert_eq!(
            given.iter().map(String::len).collect::<Vec<_>>(),
            [LONGEST, LONGEST]
        );
        assert_eq!(lines.rest().unwrap().len(), 5);
        assert!(lines.take(&vec![b'x'; LONGEST - 1]).is_empty());
        assert_eq!(lines.take(b"xy"), ["x".repeat(LONGEST)]);
        assert_eq!(lines.rest().as_deref(), Some("y"));
    }

    #[test]
    fn control_sequences_do_not_pass() {
        assert_eq!(
            Lines::default().take(b"\x1b[2Jtab\there\n"),
            ["\u{fffd}[2Jtab\there"]
        );
    }

    proptest! {
        #[test]
        fn nothing_is_lost_between_pieces(text in "[a-zé\n]{0,200}", cut in 1..9_usize) {
            let mut lines = Lines::default();
            let mut given: Vec<String> =
                text.as_bytes().chunks(cut).flat_map(|piece| lines.take(piece)).collect();
            given.extend(lines.rest());
            let expected: Vec<&str> = text.strip_suffix('\n').unwrap_or(&text).split('\n').collect();
            let expected = if text.is_empty() { Vec::new() } else { expected };
            prop_assert_eq!(given, expected);
        }
    }
}
