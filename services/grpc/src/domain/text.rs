//! Texts with rules.

use std::fmt;

/// A user's name: 1 to 100 characters, trimmed, without control characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name(String);

/// An e-mail address of at most 254 bytes, kept as it was written.
///
/// The form is that of RFC 5321, 4.1.2, without quoted local parts and address literals, and with
/// letters of any script (RFC 6531). Whether mail arrives there is not known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Email(String);

/// What a caller names a creation by: 1 to 64 printable ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(String);

impl Name {
    /// The text as a name, trimmed, if it is one.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = (1..=100).contains(&text.chars().take(101).count());
        (fits && !text.contains(char::is_control)).then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Email {
    /// The text as an address, trimmed, if it is one.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@')?;
        let fits = text.len() <= 254 && local.len() <= 64;
        (fits && is_local(local) && is_domain(domain)).then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two addresses that differ in case alone have in common.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

fn is_local(text: &str) -> bool {
    let allowed = |symbol: char| match symbol {
        '"' | '(' | ')' | ',' | ':' | ';' | '<' | '>' | '@' | '[' | '\\' | ']' => false,
        _ => !symbol.is_whitespace() && !symbol.is_control(),
    };
    text.split('.')
        .all(|atom| !atom.is_empty() && atom.chars().all(allowed))
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .chars()
                .all(|symbol| symbol.is_alphanumeric() || symbol == '-')
    };
    text.contains('.') && text.split('.').all(is_label)
}

impl RequestId {
    /// The text as a request's id, if it is one.
    pub fn new(text: &str) -> Option<Self> {
        let fits = (1..=64).contains(&text.len());
        (fits
            && text
                .bytes()
                .all(|byte| byte.is_ascii_graphic() || byte == b' '))
        .then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_of_any_script() {
        for (text, name) in [
            ("  Ana ", "Ana"),
            ("李小龙", "李小龙"),
            ("J. P. d'Ávila", "J. P. d'Ávila"),
        ] {
            assert_eq!(Name::new(text).unwrap().as_str(), name);
        }
        assert!(Name::new(&"é".repeat(100)).is_some());
        for wrong in ["", "  ", "a\nb", "a\0", &"é".repeat(101)] {
            assert_eq!(Name::new(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn addresses_are_told_from_other_texts() {
        let longest = format!("{}@{}.com", "a".repeat(64), "b".repeat(63));
        for right in [
            "ana@exemplo.com.br",
            "a+b@x-y.io",
            "joão@correio.pt",
            "o'neil@a.b",
            &longest,
        ] {
            assert!(Email::new(right).is_some(), "{right}");
        }
        let labels = "b.".repeat(120);
        let wrong = [
            "",
            "ana",
            "@",
            "ana@",
            "@a.com",
            "a@b",
            "a@b..com",
            ".a@b.com",
            "a.@b.com",
            "a..b@c.com",
            "a b@c.com",
            "a@-b.com",
            "a@b-.com",
            "a@@b.com",
            "a\n@b.com",
            "<a@b.com>",
            "a@b_c.com",
            &format!("{}@b.com", "a".repeat(65)),
            &format!("a@{}.com", "b".repeat(64)),
            &format!("aaaaaaaaaaaa@{labels}com"),
        ];
        for wrong in wrong {
            assert_eq!(Email::new(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn addresses_that_differ_in_case_have_one_key() {
        let (a, b) = (
            Email::new("João@Exemplo.COM"),
            Email::new("JOÃO@exemplo.com"),
        );
        assert_eq!(a.unwrap().key(), b.unwrap().key());
    }

    #[test]
    fn request_ids_are_visible_ascii() {
        assert!(RequestId::new("a b/c=~").is_some() && RequestId::new(&"x".repeat(64)).is_some());
        for wrong in ["", "é", "a\n", "\u{7f}", &"x".repeat(65)] {
            assert_eq!(RequestId::new(wrong), None, "{wrong:?}");
        }
    }
}
