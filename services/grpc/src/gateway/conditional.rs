//! `If-Match` and `If-None-Match` (RFC 9110, 13.1), and the tags they compare.

use axum::http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue};

use super::validation::ValidationError;

/// What a request wants the user's tag to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// Anything; nothing was said.
    None,
    /// Anything, as long as there is a user: `*`.
    Any,
    /// One of these.
    Tags(Vec<Tag>),
}

/// An entity tag, without its quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) weak: bool,
    pub(super) text: String,
}

/// What `If-Match` says.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Condition, ValidationError> {
    condition(headers, &IF_MATCH)
}

/// What `If-None-Match` says.
pub(super) fn if_none_match(headers: &HeaderMap) -> Result<Condition, ValidationError> {
    condition(headers, &IF_NONE_MATCH)
}

/// A user's tag as `ETag` has it, where it can be one.
pub(super) fn entity_tag(etag: &str) -> Option<HeaderValue> {
    let fits = !etag.is_empty() && etag.bytes().all(is_tag_byte);
    fits.then(|| HeaderValue::try_from(format!("\"{etag}\"")).ok())
        .flatten()
}

impl Condition {
    /// Whether the user is in a state that the client has: by weak comparison.
    pub(super) fn holds_weakly(&self, etag: &str) -> bool {
        match self {
            Self::None => false,
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|tag| tag.text == etag),
        }
    }

    /// Whether the user is in a state that the client wants: by strong comparison.
    pub(super) fn holds_strongly(&self, etag: &str) -> bool {
        match self {
            Self::None | Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|tag| !tag.weak && tag.text == etag),
        }
    }
}

fn condition(headers: &HeaderMap, name: &HeaderName) -> Result<Condition, ValidationError> {
    let mut tags = Vec::new();
    let mut said = false;
    for value in headers.get_all(name) {
        said = true;
        let text = String::from_utf8_lossy(value.as_bytes());
        if text.trim() == "*" {
            return Ok(Condition::Any);
        }
        let list = list(&text).ok_or_else(|| {
            ValidationError::rule("header", name.as_str(), "deve ser * ou ETags entre aspas")
                .input(&*text)
        })?;
        tags.extend(list);
    }
    Ok(if said {
        Condition::Tags(tags)
    } else {
        Condition::None
    })
}

/// A list of tags. A comma may stand within one, so that it is read from left to right.
fn list(text: &str) -> Option<Vec<Tag>> {
    let mut tags = Vec::new();
    let mut rest = text.trim_matches([' ', '\t', ',']);
    while !rest.is_empty() {
        let (weak, opened) = match rest.strip_prefix("W/") {
            Some(opened) => (true, opened),
            None => (false, rest),
        };
        let (tag, behind) = opened.strip_prefix('"')?.split_once('"')?;
        if !tag.bytes().all(is_tag_byte) {
            return None;
        }
        let text = tag.to_owned();
        tags.push(Tag { weak, text });
        let behind = behind.trim_start_matches([' ', '\t']);
        if !behind.is_empty() && !behind.starts_with(',') {
            return None;
        }
        rest = behind.trim_start_matches([' ', '\t', ',']);
    }
    (!tags.is_empty()).then_some(tags)
}

/// RFC 9110, 8.8.3: `etagc`.
fn is_tag_byte(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x7e | 0x80..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Condition, ValidationError> {
        let value = HeaderValue::from_str(text).unwrap();
        if_match(&HeaderMap::from_iter([(IF_MATCH, value)]))
    }

    fn tags(tags: &[(&str, bool)]) -> Condition {
        let tag = |(text, weak): &(&str, bool)| Tag {
            weak: *weak,
            text: (*text).to_owned(),
        };
        Condition::Tags(tags.iter().map(tag).collect())
    }

    #[test]
    fn tags_are_read_from_lists() {
        assert_eq!(if_match(&HeaderMap::new()).unwrap(), Condition::None);
        assert_eq!(read("*").unwrap(), Condition::Any);
        assert_eq!(read(r#""v1""#).unwrap(), tags(&[("v1", false)]));
        let several = read(r#""a,b", W/"c" ,, """#).unwrap();
        assert_eq!(several, tags(&[("a,b", false), ("c", true), ("", false)]));
    }

    #[test]
    fn what_is_no_list_of_tags_is_refused() {
        for wrong in ["", "v1", "\"v1", "\"a\" \"b\"", "w/\"a\"", "\"a b\"", ", ,"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn strong_comparison_knows_no_weak_tags() {
        let condition = read(r#"W/"v1", "v2""#).unwrap();
        assert!(condition.holds_weakly("v1") && !condition.holds_strongly("v1"));
        assert!(condition.holds_strongly("v2") && !condition.holds_strongly("v3"));
        assert!(Condition::None.holds_strongly("v1") && !Condition::None.holds_weakly("v1"));
    }
}
