//! What goes over the connection: a name there, a greeting back.
//!
//! The greeting is sent as the original program sends it, without a line end: it is all that
//! comes until the server closes.

use runtime_tcp::RequestRefusal;

use crate::domain::{MAX_BYTES, Name, NotAName};

/// The protocol's name in spans and metrics.
pub const PROTOCOL: &str = "hello";

/// The procedure's name in spans.
pub const PROCEDURE: &str = "hello";

/// What every refusal begins with, and no greeting.
pub const ERROR: &str = "Erro: ";

/// The longest answer: a greeting, or why there is none.
pub const MAX_ANSWER: usize = 4096;

/// The longest request: a name with `\r\n`.
pub const MAX_REQUEST: usize = MAX_BYTES + 2;

/// How many bytes the name takes with its line end, once that has come.
pub fn request_len(received: &[u8]) -> Option<usize> {
    received
        .iter()
        .position(|byte| *byte == b'\n')
        .map(|newline| newline + 1)
}

/// Whether a pause may be the end of the name: not inside a character.
pub fn may_end_at_pause(received: &[u8]) -> bool {
    match std::str::from_utf8(received) {
        Ok(_) => true,
        // Without a length, the error is that the last character is not whole yet.
        Err(error) => error.error_len().is_some(),
    }
}

/// The name on the first line, or in all that came. Of its white space only the line end goes.
pub fn name(received: &[u8]) -> Result<Name, NotAName> {
    let line = received
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    Name::parse(line.strip_suffix(b"\r").unwrap_or(line))
}

/// The answer to what is no name.
pub fn not_a_name(why: NotAName) -> String {
    let reason = match why {
        NotAName::Empty => "o nome está vazio".to_owned(),
        NotAName::TooLong => format!("o nome tem mais de {MAX_BYTES} bytes"),
        NotAName::NotUtf8 => "o nome não é UTF-8 válido".to_owned(),
        NotAName::Control => "o nome tem caracteres de controle".to_owned(),
    };
    format!("{ERROR}{reason}")
}

/// The last word to a client that is not greeted.
pub fn refusal(refused: RequestRefusal) -> String {
    let reason = match refused {
        RequestRefusal::Silent => "nenhum nome chegou a tempo".to_owned(),
        RequestRefusal::TooSlow => "o nome demorou demais".to_owned(),
        RequestRefusal::TooLong => return not_a_name(NotAName::TooLong),
        RequestRefusal::Header(why) => format!("cabeçalho PROXY inválido ({})", why.code()),
        RequestRefusal::Busy(_) => "servidor ocupado, tente mais tarde".to_owned(),
    };
    format!("{ERROR}{reason}")
}

/// Whether an answer is a refusal.
pub fn is_refusal(answer: &[u8]) -> bool {
    answer.starts_with(ERROR.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_end_of_either_kind_is_no_part_of_the_name() {
        for sent in ["João", "João\n", "João\r\n", "João\r", "João\nMaria\n"] {
            assert_eq!(name(sent.as_bytes()).unwrap().as_str(), "João", "{sent:?}");
        }
        assert_eq!(name(" João \n".as_bytes()).unwrap().as_str(), " João ");
    }

    #[test]
    fn an_empty_line_is_an_empty_name() {
        for sent in [&b""[..], b"\n", b"\r\n", b"\nJo"] {
            assert_eq!(name(sent), Err(NotAName::Empty), "{sent:?}");
        }
    }

    #[test]
    fn a_pause_inside_a_character_is_not_the_end() {
        let name = "ã李👩".as_bytes();
        for length in 0..=name.len() {
            let whole = std::str::from_utf8(&name[..length]).is_ok();
            assert_eq!(may_end_at_pause(&name[..length]), whole, "{length}");
        }
        assert!(
            may_end_at_pause(b"\xff"),
            "what will never be text need not be waited for"
        );
    }
}
