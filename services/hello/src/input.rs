//! Lines of standard input, read where they hold up nothing.

use std::io::{BufRead, Read};
use std::time::Duration;

use tokio::sync::mpsc;

/// The longest line that is kept; a longer one is no name, and the server says so.
const MAX_LINE: u64 = 4096;

/// What is typed, up to the end of input.
pub type Lines = mpsc::Receiver<Typed>;

/// What a person or another program has typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// A line, without its end.
    Line(Vec<u8>),
    /// The end of input (Ctrl-D) on a terminal, to which somebody else may come.
    Left,
}

/// Whether the end of input is the end of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtEnd {
    /// Nothing can follow.
    Stop,
    /// A terminal goes on after it: whoever attaches to it next types again.
    ReadOn,
}

/// Reads a thread's lines: tokio's own standard input would hold up the end of the program.
pub fn lines(input: impl Read + Send + 'static, at_end: AtEnd) -> Lines {
    let (send, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        let mut input = std::io::BufReader::new(input);
        // An error is the end of a terminal too: it was hung up.
        while let Ok(line) = line(&mut input) {
            let left = line.is_none();
            if left && at_end == AtEnd::Stop {
                break;
            }
            if send
                .blocking_send(line.map_or(Typed::Left, Typed::Line))
                .is_err()
            {
                break; // nobody asks for names any more
            }
            if left {
                // A terminal that somebody holds open without typing must not keep a core busy.
                std::thread::park_timeout(AFTER_LEFT);
            }
        }
    });
    lines
}

/// How long what is typed after an end of input may wait.
const AFTER_LEFT: Duration = Duration::from_millis(100);

/// The next line without its end; of a very long one, its beginning.
fn line(input: &mut impl BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    if input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
    } else if line.len() as u64 == MAX_LINE {
        input.skip_until(b'\n')?;
    }
    Ok(Some(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(input: impl Read + Send + 'static, at_end: AtEnd) -> Vec<Typed> {
        let mut lines = lines(input, at_end);
        std::iter::from_fn(|| lines.blocking_recv()).collect()
    }

    fn all(input: &[u8]) -> Vec<Vec<u8>> {
        let input = std::io::Cursor::new(input.to_vec());
        let of_line = |typed| match typed {
            Typed::Line(line) => line,
            Typed::Left => panic!("an end that is none"),
        };
        typed(input, AtEnd::Stop).into_iter().map(of_line).collect()
    }

    /// A terminal: what each read gives, nothing for a Ctrl-D, until it is hung up.
    struct Terminal(Vec<&'static str>);

    impl Read for Terminal {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.0.is_empty() {
                return Err(std::io::ErrorKind::BrokenPipe.into());
            }
            let text = self.0.remove(0).as_bytes();
            buffer[..text.len()].copy_from_slice(text);
            Ok(text.len())
        }
    }

    #[test]
    fn a_terminal_is_read_on_after_an_end_of_input() {
        let line = |text: &str| Typed::Line(text.as_bytes().to_vec());
        let terminal = Terminal(vec!["Ana\n", "", "João", "", "Rui\n", "", ""]);
        let expected = [
            line("Ana"),
            Typed::Left,
            line("João"),
            line("Rui"),
            Typed::Left,
            Typed::Left,
        ];
        assert_eq!(typed(terminal, AtEnd::ReadOn), expected);
        let terminal = Terminal(vec!["Ana\n", "", "João\n"]);
        assert_eq!(typed(terminal, AtEnd::Stop), [line("Ana")]);
    }

    #[test]
    fn lines_end_at_line_ends_and_at_the_end_of_input() {
        assert_eq!(
            all("João\r\n\nAna".as_bytes()),
            ["João".as_bytes(), b"", b"Ana"]
        );
        assert!(all(b"").is_empty());
    }

    #[test]
    fn the_rest_of_a_very_long_line_is_no_further_line() {
        let input = [vec![b'x'; 3 * 4096], b"\nAna\n".to_vec()].concat();
        let lines = all(&input);
        assert_eq!(
            (lines.len(), lines[0].len(), &lines[1][..]),
            (2, 4096, &b"Ana"[..])
        );
    }
}
