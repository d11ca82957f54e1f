//! What a client prints for whoever runs it.

use std::io::Write;

/// An answer without what could steer the terminal, for it is text of a stranger.
pub fn plain(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(answer);
    let letters = text.trim_end().chars();
    letters.filter(|letter| !letter.is_control()).collect()
}

/// Prints a text at once. Where nobody reads, that is said and the client goes on. Returns whether
/// it was printed.
pub fn print(out: &mut impl Write, text: &str) -> bool {
    let printed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    if let Err(error) = &printed {
        tracing::warn!(%error, "the answer could not be printed");
    }
    printed.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_cannot_steer_the_terminal() {
        assert_eq!(
            plain(b"Ol\xc3\xa1, \x1b[2Jz\xff! \r\n"),
            "Olá, [2Jz\u{fffd}!"
        );
    }

    #[test]
    fn what_is_printed_is_told_from_what_is_not() {
        let mut out = Vec::new();
        assert!(print(&mut out, "PAR\n"));
        assert_eq!(out, b"PAR\n");
        let full: &mut [u8] = &mut [0; 3];
        assert!(!print(&mut { full }, "PAR\n"));
    }
}
