//! What goes over the connection: a name there, a greeting back.
//!
//! The greeting is sent as the original program sends it, without a line end: it is all that
//! comes until the server closes.

use runtime_tcp::{RequestRefusal, telnet};

use crate::domain::{MAX_BYTES, Name, NotAName};

/// The protocol's name in spans and metrics.
pub const PROTOCOL: &str = "hello";

/// The procedure's name in spans.
pub const PROCEDURE: &str = "hello";

/// What every refusal begins with, and no greeting.
pub const ERROR: &str = "Erro: ";

/// The longest answer: a greeting, or why there is none.
pub const MAX_ANSWER: usize = 4096;

/// What some programs put in front of every text they write, such as those of .NET.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The longest request: a name with a byte order mark and `\r\n`.
pub const MAX_REQUEST: usize = BYTE_ORDER_MARK.len() + MAX_BYTES + 2;

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

/// Whether these bytes are one key: a character that shows something. Programs send a name whole.
pub fn is_a_key(piece: &[u8]) -> bool {
    let is_text = |letter: char| !letter.is_control();
    std::str::from_utf8(piece)
        .is_ok_and(|text| text.chars().count() == 1 && text.chars().all(is_text))
}

/// The name on the first line, or in all that came. Of its white space only the line end goes, and
/// one byte order mark.
pub fn name(received: &[u8]) -> Result<Name, NotAName> {
    let line = received
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if telnet::negotiations(line).0 > 0 {
        return Err(NotAName::Telnet);
    }
    Name::parse(line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line))
}

/// The answer to what is no name.
pub fn not_a_name(why: NotAName) -> String {
    let reason = match why {
        NotAName::Empty => "o nome está vazio".to_owned(),
        NotAName::TooLong => format!("o nome tem mais de {MAX_BYTES} bytes"),
        NotAName::Invisible => "o nome não tem nada visível".to_owned(),
        NotAName::Telnet => TELNET.to_owned(),
        NotAName::NotUtf8 => "o nome não é UTF-8 válido".to_owned(),
        NotAName::Control => "o nome tem caracteres de controle".to_owned(),
    };
    format!("{ERROR}{reason}")
}

const TELNET: &str = "chegaram opções de telnet em vez de um nome; use nc, ou o modo raw do PuTTY";

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
    use runtime::net::Refusal;

    use super::*;

    #[test]
    fn a_line_end_of_either_kind_is_no_part_of_the_name() {
        for sent in ["João", "João\n", "João\r\n", "João\r", "João\nMaria\n"] {
            assert_eq!(name(sent.as_bytes()).unwrap().as_str(), "João", "{sent:?}");
        }
        assert_eq!(name(" João \n".as_bytes()).unwrap().as_str(), " João ");
    }

    #[test]
    fn one_byte_order_mark_is_no_part_of_the_name() {
        assert_eq!(
            name("\u{feff}João\r\n".as_bytes()).unwrap().as_str(),
            "João"
        );
        let second = "\u{feff}João";
        let both = format!("\u{feff}{second}");
        assert_eq!(name(both.as_bytes()).unwrap().as_str(), second);
        assert_eq!(name("\u{feff}\n".as_bytes()), Err(NotAName::Empty));
        let longest = format!("\u{feff}{}\r\n", "x".repeat(MAX_BYTES));
        assert_eq!(longest.len(), MAX_REQUEST);
        assert!(name(longest.as_bytes()).is_ok());
    }

    #[test]
    fn telnets_options_are_told_apart_from_bytes_that_are_no_text() {
        assert_eq!(name(b"\xff\xfb\x1f\xff\xfd\x03"), Err(NotAName::Telnet));
        assert_eq!(name(b"\xff\xfd\x03Ana\r\n"), Err(NotAName::Telnet));
        assert_eq!(name(b"\xffAna\n"), Err(NotAName::NotUtf8));
        let behind_the_line = b"\xff\xfa\n\xff\xf0";
        assert_eq!(name(behind_the_line), name(&behind_the_line[..3]));
    }

    #[test]
    fn one_character_is_a_key_and_what_programs_send_is_none() {
        for key in ["A", "ã", "李", " "] {
            assert!(is_a_key(key.as_bytes()), "{key:?}");
        }
        for sent in [&b""[..], b"Jo", b"\r", b"\n", b"A\n", b"\xc3"] {
            assert!(!is_a_key(sent), "{sent:?}");
        }
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

    #[test]
    fn a_request_ends_with_its_first_line_end() {
        for (received, length) in [
            (&b"Ana\n"[..], Some(4)),
            (b"Ana\r\n", Some(5)),
            (b"Ana\nRui\n", Some(4)),
            (b"\n", Some(1)),
            (b"Ana", None),
            (b"", None),
        ] {
            assert_eq!(request_len(received), length, "{received:?}");
        }
    }

    #[test]
    fn whoever_is_not_greeted_is_told_why_and_no_greeting_looks_like_it() {
        for (refused, said) in [
            (RequestRefusal::Silent, "Erro: nenhum nome chegou a tempo"),
            (RequestRefusal::TooSlow, "Erro: o nome demorou demais"),
            (
                RequestRefusal::TooLong,
                "Erro: o nome tem mais de 256 bytes",
            ),
            (
                RequestRefusal::Busy(Refusal::NoMemory),
                "Erro: servidor ocupado, tente mais tarde",
            ),
        ] {
            assert_eq!(refusal(refused), said);
            assert!(is_refusal(said.as_bytes()));
        }
        assert!(!is_refusal("Olá, João!".as_bytes()));
        assert!(!is_refusal(b""));
    }
}
