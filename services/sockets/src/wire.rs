//! What goes over the connection: bytes of a number there, a text back.
//!
//! The texts are those of the original program, in Portuguese, without a line end: an answer is
//! all that comes until the server closes.

use runtime::settings::FromSetting;
use runtime_tcp::{RequestRefusal, telnet};

use crate::domain::{Facts, MAX_BYTES, NotANumber, Number};

/// The protocol's name in spans and metrics.
pub const PROTOCOL: &str = "sockets";

/// The procedure's name in spans.
pub const PROCEDURE: &str = "classify";

/// The longest answer: all facts of the widest number.
pub const MAX_ANSWER: usize = 4096;

/// What every refusal begins with, and no answer.
pub const ERROR: &str = "Erro: ";

/// How the server answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// As the original: the parity of short numbers, the digits of long ones.
    #[default]
    Compatible,
    /// All facts, on one line.
    Full,
}

impl FromSetting for Mode {
    const EXPECTED: &'static str = "compatible or full";

    fn from_setting(text: &str) -> Option<Self> {
        match text {
            "compatible" => Some(Self::Compatible),
            "full" => Some(Self::Full),
            _ => None,
        }
    }
}

/// From this many digits on, the original answers the number itself.
const LONG: usize = 10;

/// The answer to a number.
pub fn answer(number: Number, mode: Mode) -> String {
    match mode {
        Mode::Compatible => compatible(number),
        Mode::Full => full(number),
    }
}

fn compatible(number: Number) -> String {
    let digits = number.to_decimal();
    if digits.len() < LONG {
        parity(number.is_even()).to_owned()
    } else {
        digits
    }
}

fn full(number: Number) -> String {
    let Facts {
        even,
        prime,
        digits,
    } = number.facts();
    let parity = parity(even);
    let primality = if prime { "PRIMO" } else { "NÃO PRIMO" };
    let plural = if digits == 1 { "" } else { "s" };
    format!(
        "{}: {parity}, {primality}, {digits} dígito{plural}",
        number.to_decimal()
    )
}

fn parity(even: bool) -> &'static str {
    if even { "PAR" } else { "ÍMPAR" }
}

/// The answer to bytes that are no number.
pub fn not_a_number(why: NotANumber) -> String {
    let reason = match why {
        NotANumber::Empty => "nenhum byte recebido".to_owned(),
        NotANumber::Telnet => TELNET.to_owned(),
        NotANumber::TooLong => format!("mais de {MAX_BYTES} bytes"),
    };
    format!("{ERROR}{reason}")
}

const TELNET: &str =
    "chegaram opções de telnet em vez de um número; use nc, ou o modo raw do PuTTY";

/// The number that these bytes are. Any bytes may be one, so that telnet is named only where
/// nothing else is likely: two negotiations, or one and a line of text.
pub fn number(received: &[u8]) -> Result<Number, NotANumber> {
    match telnet::negotiations(received) {
        (0, _) => {}
        (1, rest) if !is_a_line(rest) => {}
        _ => return Err(NotANumber::Telnet),
    }
    Number::from_be_bytes(received)
}

fn is_a_line(bytes: &[u8]) -> bool {
    let is_text = |byte: &u8| matches!(byte, b' '..=b'~' | b'\r' | b'\n');
    bytes.ends_with(b"\n") && bytes.iter().all(is_text)
}

/// Whether these bytes are one key. Programs send a number whole, in two bytes or more.
pub fn is_a_key(piece: &[u8]) -> bool {
    piece.len() == 1
}

/// The last word to a client that is not answered.
pub fn refusal(refused: RequestRefusal) -> String {
    let reason = match refused {
        RequestRefusal::Silent => "nenhum número chegou a tempo".to_owned(),
        RequestRefusal::TooSlow => "o número demorou demais".to_owned(),
        RequestRefusal::TooLong => return not_a_number(NotANumber::TooLong),
        RequestRefusal::Header(why) => format!("cabeçalho PROXY inválido ({})", why.code()),
        RequestRefusal::Busy(_) => "servidor ocupado, tente mais tarde".to_owned(),
    };
    format!("{ERROR}{reason}")
}

/// The bytes of a number as our client sends it: two, as the original, or as many as it needs.
pub fn request(number: Number) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes[zeros.min(MAX_BYTES - 2)..].to_vec()
}

/// Whether an answer is a refusal.
pub fn is_refusal(answer: &[u8]) -> bool {
    answer.starts_with(ERROR.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(decimal: &str) -> [String; 2] {
        let number = Number::from_decimal(decimal).unwrap();
        [Mode::Compatible, Mode::Full].map(|mode| answer(number, mode))
    }

    #[test]
    fn short_numbers_get_their_parity() {
        assert_eq!(both("17"), ["ÍMPAR", "17: ÍMPAR, PRIMO, 2 dígitos"]);
        assert_eq!(both("1000"), ["PAR", "1000: PAR, NÃO PRIMO, 4 dígitos"]);
        assert_eq!(both("2"), ["PAR", "2: PAR, PRIMO, 1 dígito"]);
        assert_eq!(both("1"), ["ÍMPAR", "1: ÍMPAR, NÃO PRIMO, 1 dígito"]);
        assert_eq!(both("0"), ["PAR", "0: PAR, NÃO PRIMO, 1 dígito"]);
    }

    #[test]
    fn telnets_options_are_no_number_and_a_number_like_one_of_them_is() {
        for sent in [&b"\xff\xfb\x1f\xff\xfd\x03"[..], b"\xff\xfd\x0317\r\n"] {
            assert_eq!(number(sent), Err(NotANumber::Telnet), "{sent:?}");
        }
        for sent in [
            &b"\xff\xfb"[..],
            b"\xff\xfb\x1f",
            b"\xff\xfb\x1f\0",
            b"\xff\xfb\x1fab",
            b"\xff\xfb\x1f\0\n",
            &[0xff; 64],
        ] {
            assert_eq!(number(sent), Number::from_be_bytes(sent), "{sent:?}");
        }
    }

    #[test]
    fn nine_digits_get_a_parity_and_ten_come_back() {
        assert_eq!(
            both("999999937"),
            ["ÍMPAR", "999999937: ÍMPAR, PRIMO, 9 dígitos"]
        );
        let [compatible, full] = both("1000000000");
        assert_eq!(compatible, "1000000000");
        assert_eq!(full, "1000000000: PAR, NÃO PRIMO, 10 dígitos");
        assert_eq!(both("9999999999")[0], "9999999999");
        assert_eq!(both("10000000000")[0], "10000000000");
    }

    #[test]
    fn a_number_is_sent_in_two_bytes_or_as_many_as_it_needs() {
        let sent = |decimal| request(Number::from_decimal(decimal).unwrap());
        assert_eq!(sent("0"), [0, 0]);
        assert_eq!(sent("17"), [0, 17]);
        assert_eq!(sent("1000"), [3, 232]);
        assert_eq!(sent("65536"), [1, 0, 0]);
    }

    #[test]
    fn one_byte_is_a_key_and_a_number_is_sent_in_more() {
        assert!(is_a_key(b"7"));
        assert!(!is_a_key(b"") && !is_a_key(b"\0\x07"));
    }

    #[test]
    fn the_server_answers_in_the_mode_that_it_is_set_to() {
        assert_eq!(Mode::from_setting("full"), Some(Mode::Full));
        assert_eq!(Mode::from_setting("compatible"), Some(Mode::Compatible));
        assert_eq!(Mode::from_setting("Full"), None);
    }

    #[test]
    fn whoever_is_not_answered_is_told_why_and_no_answer_looks_like_it() {
        for (said, expected) in [
            (
                not_a_number(NotANumber::Empty),
                "Erro: nenhum byte recebido",
            ),
            (not_a_number(NotANumber::TooLong), "Erro: mais de 64 bytes"),
            (refusal(RequestRefusal::TooLong), "Erro: mais de 64 bytes"),
            (
                refusal(RequestRefusal::Silent),
                "Erro: nenhum número chegou a tempo",
            ),
        ] {
            assert_eq!(said, expected);
            assert!(is_refusal(said.as_bytes()));
        }
        assert!(!is_refusal("PAR".as_bytes()) && !is_refusal(b"17"));
    }
}
