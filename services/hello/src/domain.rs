//! The procedure itself, and what it takes for a name.

/// The longest name, in bytes of UTF-8.
pub const MAX_BYTES: usize = 256;

mod visible;

/// A name that can be greeted: text of at most [`MAX_BYTES`], on one line, with something to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

/// Why something is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAName {
    /// It is empty, or nothing but white space.
    #[error("the name is empty")]
    Empty,
    /// It is longer than [`MAX_BYTES`].
    #[error("the name has more than {MAX_BYTES} bytes")]
    TooLong,
    /// It is nothing but characters that show nothing, such as a zero width space.
    #[error("the name has nothing visible in it")]
    Invisible,
    /// Its bytes are what a telnet client says of its options.
    #[error("the name begins with telnet's negotiation of options")]
    Telnet,
    /// Its bytes are no UTF-8.
    #[error("the name is not valid UTF-8")]
    NotUtf8,
    /// It holds characters that steer a terminal instead of showing something.
    #[error("the name holds control characters")]
    Control,
}

impl NotAName {
    /// A bounded name, for spans and metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::Invisible => "invisible",
            Self::Telnet => "telnet",
            Self::NotUtf8 => "not_utf8",
            Self::Control => "control",
        }
    }
}

impl Name {
    /// A name from its bytes. Nothing is cut off: what is too long or cannot be read is refused.
    pub fn parse(bytes: &[u8]) -> Result<Self, NotAName> {
        if bytes.len() > MAX_BYTES {
            return Err(NotAName::TooLong);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| NotAName::NotUtf8)?;
        if text.chars().any(char::is_control) {
            return Err(NotAName::Control);
        }
        if text.trim().is_empty() {
            return Err(NotAName::Empty);
        }
        if !text.chars().any(visible::is_visible) {
            return Err(NotAName::Invisible);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The remote procedure: greets a name.
pub fn hello(nome: &Name) -> String {
    format!("Olá, {}!", nome.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_as_people_have_them_are_greeted_whole() {
        let combining = "Joa\u{303}o";
        for name in [
            "João",
            combining,
            "李小龙",
            "محمد",
            "O'Neill-Łuk",
            "👩‍👩‍👧‍👦",
            "Ana Maria ",
        ] {
            let parsed = Name::parse(name.as_bytes()).unwrap();
            assert_eq!(hello(&parsed), format!("Olá, {name}!"));
        }
    }

    #[test]
    fn each_refusal_is_counted_by_a_name_of_its_own() {
        for (refusal, code) in [
            (NotAName::Empty, "empty"),
            (NotAName::TooLong, "too_long"),
            (NotAName::Invisible, "invisible"),
            (NotAName::Telnet, "telnet"),
            (NotAName::NotUtf8, "not_utf8"),
            (NotAName::Control, "control"),
        ] {
            assert_eq!(refusal.code(), code);
        }
    }

    #[test]
    fn empty_and_white_names_are_refused() {
        for name in ["", " ", "   ", "\u{a0}", "\u{3000}\u{2003}"] {
            assert_eq!(
                Name::parse(name.as_bytes()),
                Err(NotAName::Empty),
                "{name:?}"
            );
        }
    }

    #[test]
    fn names_that_show_nothing_are_refused_and_one_letter_is_enough() {
        for name in [
            "\u{200b}",
            "\u{feff}\u{feff}",
            " \u{200d} ",
            "\u{202e}\u{202c}",
            "\u{ad}",
            "\u{3164}",
            "\u{2800}",
            "\u{e0041}\u{e007f}",
            "\u{fe0f}",
        ] {
            assert_eq!(
                Name::parse(name.as_bytes()),
                Err(NotAName::Invisible),
                "{name:?}"
            );
            let seen = format!("{name}x");
            assert_eq!(Name::parse(seen.as_bytes()).unwrap().as_str(), seen);
        }
    }

    #[test]
    fn control_characters_are_refused_wherever_they_stand() {
        for name in [
            "\0",
            "a\0b",
            "a\tb",
            "\x1b[31mred",
            "a\u{7f}",
            "a\u{85}b",
            "a\rb",
            "a\nb",
        ] {
            assert_eq!(
                Name::parse(name.as_bytes()),
                Err(NotAName::Control),
                "{name:?}"
            );
        }
    }

    #[test]
    fn bytes_that_are_no_utf8_are_refused() {
        for name in [
            &b"Jo\xe3o"[..],
            b"\xff",
            b"Jo\xc3",
            b"\xed\xa0\x80",
            b"\xc0\xaf",
        ] {
            assert_eq!(Name::parse(name), Err(NotAName::NotUtf8), "{name:?}");
        }
    }

    #[test]
    fn the_limit_counts_bytes_and_cuts_nothing() {
        let fits = "ã".repeat(128);
        assert_eq!(Name::parse(fits.as_bytes()).unwrap().as_str(), fits);
        assert_eq!(
            Name::parse(format!("{fits}a").as_bytes()),
            Err(NotAName::TooLong)
        );
        assert_eq!(
            Name::parse("ã".repeat(129).as_bytes()),
            Err(NotAName::TooLong)
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_greeted_as_they_came_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(name) = Name::parse(&bytes) {
                prop_assert_eq!(name.as_str().as_bytes(), &bytes[..]);
            }
        }

        #[test]
        fn any_text_without_control_characters_is_greeted(text in "\\PC{1,60}") {
            prop_assume!(!text.trim().is_empty() && text.len() <= MAX_BYTES);
            prop_assume!(!text.chars().any(char::is_control) && text.chars().any(visible::is_visible));
            let name = Name::parse(text.as_bytes()).unwrap();
            prop_assert_eq!(hello(&name), format!("Olá, {text}!"));
        }
    }
}
