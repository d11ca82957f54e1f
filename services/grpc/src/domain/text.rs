//! Texts with rules.

use std::fmt;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};

/// A user's name: 1 to 100 characters, trimmed, without control characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name(String);

/// An e-mail address of at most 254 bytes, kept as it was written.
///
/// The form is that of RFC 5321, 4.1.2, without quoted local parts and address literals, and with
/// letters of any script (RFC 6531), but nothing that cannot be seen. Whether mail arrives there is
/// not known.
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
        let fits = text.len() <= 254 && local.len() <= 64 && is_visible(text);
        let has_two_labels = ascii(domain)?.contains('.');
        (fits && is_local(local) && has_two_labels).then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two spellings of one address have in common: they may differ in case, in how their
    /// accents are composed, and in whether their domain is written in its own script or in ASCII.
    pub fn key(&self) -> String {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or((&self.0, ""));
        let local = composed(&composed(local).to_lowercase());
        let domain = ascii(domain).unwrap_or_else(|| domain.to_lowercase());
        format!("{local}@{domain}")
    }
}

/// NFC.
fn composed(text: &str) -> String {
    const NFC: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfc();
    NFC.normalize(text).into_owned()
}

/// A domain as the DNS has it (UTS 46), in small letters, if it is one: labels of letters, digits and
/// hyphens, none of them empty or too long.
fn ascii(domain: &str) -> Option<String> {
    idna::domain_to_ascii_strict(domain).ok()
}

/// Whether there is nothing in it that a reader does not see, or that changes the order of what is
/// seen; nor a mark that joins what stands before it.
fn is_visible(text: &str) -> bool {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return true; // as most addresses are, without a look at any table
    }
    let category = |symbol| CodePointMapData::<GeneralCategory>::new().get(symbol);
    let hidden = GeneralCategoryGroup::Other.union(GeneralCategoryGroup::Separator);
    let starts_marked = text
        .split(['@', '.'])
        .filter_map(|part| part.chars().next())
        .any(|first| GeneralCategoryGroup::Mark.contains(category(first)));
    !starts_marked && !text.chars().any(|symbol| hidden.contains(category(symbol)))
}

/// Whether what is visible is atoms, with dots between them.
fn is_local(text: &str) -> bool {
    const SPECIAL: &[char] = &['"', '(', ')', ',', ':', ';', '<', '>', '@', '[', '\\', ']'];
    text.split('.')
        .all(|atom| !atom.is_empty() && !atom.contains(SPECIAL))
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
    fn one_address_has_one_key_however_it_is_spelt() {
        for [a, b] in [
            ["jo\u{e3}o@a.com", "joa\u{303}o@a.com"],
            ["JO\u{c3}O@a.com", "joa\u{303}o@A.com"],
            ["a@b\u{fc}cher.de", "a@xn--bcher-kva.de"],
            ["a@b\u{fc}cher.de", "a@BU\u{308}CHER.de"],
            ["a@xn--bcher-kva.de", "a@XN--BCHER-KVA.DE"],
            ["a@exemplo.com", "a@\u{ff45}xemplo\u{3002}com"],
        ] {
            let (a, b) = (Email::new(a).unwrap(), Email::new(b).unwrap());
            assert_eq!(a.key(), b.key(), "{a} {b}");
        }
        let (a, b) = (Email::new("jo\u{e3}o@a.com"), Email::new("joao@a.com"));
        assert_ne!(a.unwrap().key(), b.unwrap().key());
    }

    #[test]
    fn nothing_in_an_address_is_invisible() {
        for hidden in [
            '\u{200b}', '\u{200d}', '\u{202e}', '\u{2066}', '\u{feff}', '\u{ad}', '\u{e000}',
            '\u{2028}',
        ] {
            for address in [format!("a{hidden}b@c.com"), format!("a@b{hidden}c.com")] {
                assert_eq!(Email::new(&address), None, "{address:?}");
            }
        }
        assert_eq!(Email::new("\u{301}a@b.com"), None);
        assert_eq!(Email::new("a@xn--a.com"), None);
    }

    #[test]
    fn request_ids_are_visible_ascii() {
        for right in ["a b/c=~", &"x".repeat(64)] {
            assert_eq!(RequestId::new(right).unwrap().as_str(), right);
        }
        for wrong in ["", "é", "a\n", "\u{7f}", &"x".repeat(65)] {
            assert_eq!(RequestId::new(wrong), None, "{wrong:?}");
        }
    }
}
