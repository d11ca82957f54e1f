//! What the client prints: the prompt, as the original does, and answers on lines of their own.

use std::io::Write;

/// Exactly the original's prompt: the name is typed behind it.
const PROMPT: &str = "Digite seu nome: ";

/// Standard output, and whether a prompt stands on its last line.
pub(super) struct Console<W> {
    out: W,
    prompted: bool,
}

impl<W: Write> Console<W> {
    pub(super) fn new(out: W) -> Self {
        Self {
            out,
            prompted: false,
        }
    }

    /// Asks for a name, unless that was done already.
    pub(super) fn prompt(&mut self) {
        if !self.prompted {
            self.print(PROMPT);
            self.prompted = true;
        }
    }

    /// A name was given: its line end, typed or not, has ended the prompt's line.
    pub(super) fn line_given(&mut self) {
        self.prompted = false;
    }

    /// Prints an answer, which is text of a stranger, and must not steer the terminal. Returns whether
    /// it was printed.
    pub(super) fn answer(&mut self, answer: &[u8]) -> bool {
        let text = String::from_utf8_lossy(answer);
        let shown: String = text
            .trim_end()
            .chars()
            .filter(|letter| !letter.is_control())
            .collect();
        self.new_line();
        self.print(&format!("{shown}\n"))
    }

    /// Ends the line of a prompt that nobody answered.
    pub(super) fn new_line(&mut self) {
        if std::mem::take(&mut self.prompted) {
            self.print("\n");
        }
    }

    /// Prints at once. Where nobody reads, that is said and the client goes on.
    fn print(&mut self, text: &str) -> bool {
        let printed = self
            .out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.flush());
        if let Err(error) = &printed {
            tracing::warn!(%error, "the answer could not be printed");
        }
        printed.is_ok()
    }
}
