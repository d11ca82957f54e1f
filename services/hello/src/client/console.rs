//! What the client prints: the prompt, as the original does, and answers on lines of their own.

use std::io::Write;

use runtime::terminal;

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

    /// Prints an answer. Returns whether it was printed.
    pub(super) fn answer(&mut self, answer: &[u8]) -> bool {
        self.new_line();
        self.print(&format!("{}\n", terminal::plain(answer)))
    }

    /// Ends the line of a prompt that nobody answered.
    pub(super) fn new_line(&mut self) {
        if std::mem::take(&mut self.prompted) {
            self.print("\n");
        }
    }

    fn print(&mut self, text: &str) -> bool {
        terminal::print(&mut self.out, text)
    }
}
