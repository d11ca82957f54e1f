//! What an answer must be to be printed: a success, and text on one line.

/// Why an answer is not printed as the server's message.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoMessage {
    /// The server answered something else than a success.
    #[error("the server answered with status {0}")]
    Status(u16),
    /// The answer is not text.
    #[error("the server's answer is not UTF-8 text")]
    NotText,
}

/// The line to print for an answer.
///
/// Line ends become spaces and other control characters vanish, so that one answer is one line
/// and cannot steer the terminal.
pub fn line(status: u16, body: &[u8]) -> Result<String, NoMessage> {
    if !(200..300).contains(&status) {
        return Err(NoMessage::Status(status));
    }
    let text = std::str::from_utf8(body).map_err(|_| NoMessage::NotText)?;
    let joined = text.trim().replace("\r\n", " ").replace(['\n', '\r'], " ");
    Ok(joined
        .chars()
        .filter(|letter| !letter.is_control())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_printed_as_it_came() {
        assert_eq!(line(200, "Olá, João!\n".as_bytes()).unwrap(), "Olá, João!");
    }

    #[test]
    fn a_message_of_several_lines_becomes_one() {
        assert_eq!(line(200, b"one\r\ntwo\nthree").unwrap(), "one two three");
    }

    #[test]
    fn a_message_cannot_steer_the_terminal() {
        assert_eq!(line(200, b"\x1b[31mred\x07").unwrap(), "[31mred");
    }

    #[test]
    fn what_is_no_success_or_no_text_is_told_apart() {
        assert_eq!(line(503, b"later"), Err(NoMessage::Status(503)));
        assert_eq!(line(302, b""), Err(NoMessage::Status(302)));
        assert_eq!(line(200, &[0xff, 0xfe]), Err(NoMessage::NotText));
    }
}
