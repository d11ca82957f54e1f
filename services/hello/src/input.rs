//! Lines of standard input, read where they hold up nothing.

use std::io::{BufRead, Read};

use tokio::sync::mpsc;

/// The longest line that is kept; a longer one is no name, and the server says so.
const MAX_LINE: u64 = 4096;

/// Lines as they come, without their ends, up to the end of input.
pub type Lines = mpsc::Receiver<Vec<u8>>;

/// Reads a thread's lines: tokio's own standard input would hold up the end of the program.
pub fn lines(input: impl Read + Send + 'static) -> Lines {
    let (send, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        let mut input = std::io::BufReader::new(input);
        while let Ok(Some(line)) = line(&mut input) {
            if send.blocking_send(line).is_err() {
                break; // nobody asks for names any more
            }
        }
    });
    lines
}

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
    } else {
        input.skip_until(b'\n')?;
    }
    Ok(Some(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(input: &[u8]) -> Vec<Vec<u8>> {
        let mut lines = lines(std::io::Cursor::new(input.to_vec()));
        std::iter::from_fn(|| lines.blocking_recv()).collect()
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
