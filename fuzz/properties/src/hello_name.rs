//! The bytes of a name: greeted exactly as they came, or refused for the reason that holds.

use crate::answer::is_fit_to_send;
use hello::server::Hello;
use hello::wire;
use runtime_tcp::Procedure;

/// Panics where it does not hold of these bytes.
pub fn check(sent: &[u8]) {
    let answer = Hello.answer(sent);
    is_fit_to_send(&answer, wire::MAX_ANSWER);
    assert_eq!(
        wire::is_refusal(answer.text.as_bytes()),
        answer.outcome != "ok"
    );
    let expected = expected(sent);
    assert_eq!(
        answer.outcome,
        expected.as_ref().map_or_else(|code| *code, |_| "ok")
    );
    if let Ok(name) = expected {
        assert_eq!(answer.text, format!("Olá, {name}!"));
    }
    the_end_is_found(sent);
}

/// The name on the first line, or the code of what is wrong with it.
fn expected(sent: &[u8]) -> Result<String, &'static str> {
    let mut line: Vec<u8> = sent
        .iter()
        .copied()
        .take_while(|byte| *byte != b'\n')
        .collect();
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    if begins_with_telnet(&line) {
        return Err("telnet");
    }
    if line.starts_with("\u{feff}".as_bytes()) {
        line.drain(..3);
    }
    if line.len() > 256 {
        return Err("too_long");
    }
    let name = String::from_utf8(line).map_err(|_| "not_utf8")?;
    if name.contains(char::is_control) {
        Err("control")
    } else if name.chars().all(char::is_whitespace) {
        Err("empty")
    } else if shows_nothing(&name) {
        Err("invisible")
    } else {
        Ok(name)
    }
}

/// As telnet's clients begin: an option asked for or offered, or one explained at length.
fn begins_with_telnet(line: &[u8]) -> bool {
    match line {
        [0xff, 0xfb..=0xfe, option, ..] => matches!(option, 0..=49 | 255),
        [0xff, 0xfa, rest @ ..] => rest.windows(2).any(|end| end == [0xff, 0xf0]),
        _ => false,
    }
}

/// By the greeting's own word, which is checked where the exercise tests its characters.
fn shows_nothing(name: &str) -> bool {
    hello::domain::Name::parse(name.as_bytes()) == Err(hello::domain::NotAName::Invisible)
}

/// A line end is where a name is whole, whatever follows; a pause is none inside a character.
fn the_end_is_found(sent: &[u8]) {
    match wire::request_len(sent) {
        Some(end) => {
            assert_eq!(sent[end - 1], b'\n');
            assert!(!sent[..end - 1].contains(&b'\n'));
            assert_eq!(Hello.answer(&sent[..end]), Hello.answer(sent));
        }
        None => assert!(!sent.contains(&b'\n')),
    }
    if !wire::may_end_at_pause(sent) {
        let some_end = [&b"\x80"[..], b"\xa0", b"\x90"].iter().any(|second| {
            let rest = [second, b"\x80".as_slice(), b"\x80"].concat();
            (1..=3).any(|length| std::str::from_utf8(&[sent, &rest[..length]].concat()).is_ok())
        });
        assert!(some_end, "nothing that follows can make this text");
    }
}
