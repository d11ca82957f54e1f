//! `If-Match` and `If-None-Match` (RFC 9110, 13), and the tags they compare.
//!
//! Nothing here has a date of its last change, so that the conditions on dates are passed over, as
//! section 13.1 has it.

use axum::http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue};

use super::error::GatewayError;
use super::validation::{Findings, ValidationError};
use crate::texts::expected;

/// What a request wants its target to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Preconditions {
    if_match: Condition,
    if_none_match: Condition,
}

/// What one of the two headers names.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Condition {
    /// Nothing was said.
    None,
    /// Whatever there is: `*`.
    Any,
    /// One of these.
    Tags(Vec<Tag>),
}

/// An entity tag, without its quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tag {
    weak: bool,
    text: String,
}

/// What follows from the conditions of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// It is answered in full.
    Whole,
    /// The client has it already: 304.
    NotModified,
}

impl Preconditions {
    /// What the headers say, or what is wrong with them.
    pub(super) fn read(headers: &HeaderMap, findings: &mut Findings) -> Option<Self> {
        let if_match = findings.take(condition(headers, &IF_MATCH));
        let if_none_match = findings.take(condition(headers, &IF_NONE_MATCH));
        Some(Self {
            if_match: if_match?,
            if_none_match: if_none_match?,
        })
    }

    /// What a read of a target in this state comes to. A target without a tag has no state to name.
    pub(super) fn of_read(&self, etag: &str) -> Result<Read, GatewayError> {
        self.if_match.wanted(etag)?;
        Ok(if self.if_none_match.names(etag) {
            Read::NotModified
        } else {
            Read::Whole
        })
    }

    /// Whether a write to a target in this state may be made.
    pub(super) fn of_write(&self, etag: &str) -> Result<(), GatewayError> {
        self.if_match.wanted(etag)?;
        if self.if_none_match.names(etag) {
            return Err(GatewayError::Unwanted);
        }
        Ok(())
    }

    /// The tag that says it all, so that nobody needs to look at the target first: none (empty), or one.
    pub(super) fn alone(&self) -> Option<&str> {
        match (&self.if_match, &self.if_none_match) {
            (Condition::None | Condition::Any, Condition::None) => Some(""),
            (Condition::Tags(tags), Condition::None) => match &tags[..] {
                [tag] if !tag.weak && !tag.text.is_empty() => Some(&tag.text),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Condition {
    /// `If-None-Match`, by weak comparison: whether the target is in a state that the client has.
    fn names(&self, etag: &str) -> bool {
        match self {
            Self::None => false,
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|tag| tag.text == etag),
        }
    }

    /// `If-Match`, by strong comparison, for which a weak tag is like no other, nor like itself.
    fn wanted(&self, etag: &str) -> Result<(), GatewayError> {
        let Self::Tags(tags) = self else {
            return Ok(());
        };
        if tags.iter().any(|tag| !tag.weak && tag.text == etag) {
            return Ok(());
        }
        // Whoever has the state but a weak tag of it would read "changed", and try again in vain.
        let weak = tags.iter().find(|tag| tag.weak && tag.text == etag);
        let all_weak = tags.iter().all(|tag| tag.weak).then(|| tags.first());
        match weak.or(all_weak.flatten()) {
            Some(tag) => Err(GatewayError::WeakTag(tag.text.clone())),
            None => Err(GatewayError::Changed),
        }
    }
}

/// A user's tag as `ETag` has it, where it can be one.
pub(super) fn entity_tag(etag: &str) -> Option<HeaderValue> {
    let fits = !etag.is_empty() && etag.bytes().all(is_tag_byte);
    fits.then(|| HeaderValue::try_from(format!("\"{etag}\"")).ok())
        .flatten()
}

fn condition(headers: &HeaderMap, name: &HeaderName) -> Result<Condition, ValidationError> {
    let mut tags = Vec::new();
    let mut said = false;
    for value in headers.get_all(name) {
        said = true;
        let text = String::from_utf8_lossy(value.as_bytes());
        if text.trim_matches([' ', '\t']) == "*" {
            return Ok(Condition::Any);
        }
        let list = list(&text).ok_or_else(|| {
            ValidationError::rule("header", name.as_str(), expected::ENTITY_TAGS).input(&*text)
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
        condition(&HeaderMap::from_iter([(IF_MATCH, value)]), &IF_MATCH)
    }

    fn tags(tags: &[(&str, bool)]) -> Condition {
        let tag = |(text, weak): &(&str, bool)| Tag {
            weak: *weak,
            text: (*text).to_owned(),
        };
        Condition::Tags(tags.iter().map(tag).collect())
    }

    fn of(if_match: &str, if_none_match: &str) -> Preconditions {
        let given = [(IF_MATCH, if_match), (IF_NONE_MATCH, if_none_match)];
        let given = given.into_iter().filter(|(_, text)| !text.is_empty());
        let headers = given.map(|(name, text)| (name, HeaderValue::from_str(text).unwrap()));
        Preconditions::read(&headers.collect(), &mut Findings::default()).unwrap()
    }

    #[test]
    fn tags_are_read_from_lists() {
        let none = condition(&HeaderMap::new(), &IF_MATCH).unwrap();
        assert_eq!(none, Condition::None);
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
        assert!(condition.names("v1") && condition.wanted("v1").is_err());
        assert!(condition.wanted("v2").is_ok() && condition.wanted("v3").is_err());
        assert!(Condition::None.wanted("v1").is_ok() && !Condition::None.names("v1"));
    }

    #[test]
    fn a_weak_tag_is_told_from_a_state_that_is_gone() {
        let told = |if_match, etag| of(if_match, "").of_write(etag).unwrap_err();
        assert!(matches!(told("W/\"v1\"", "v1"), GatewayError::WeakTag(_)));
        assert!(matches!(told("W/\"v1\"", "v2"), GatewayError::WeakTag(_)));
        assert!(matches!(
            told("\"x\", W/\"v1\"", "v1"),
            GatewayError::WeakTag(_)
        ));
        assert!(matches!(
            told("\"v1\", W/\"x\"", "v2"),
            GatewayError::Changed
        ));
    }

    #[test]
    fn if_match_comes_first_and_if_none_match_means_304_or_412() {
        assert!(matches!(
            of("\"a\"", "\"b\"").of_read("b"),
            Err(GatewayError::Changed)
        ));
        assert!(matches!(
            of("\"b\"", "\"b\"").of_read("b"),
            Ok(Read::NotModified)
        ));
        assert!(matches!(of("\"b\"", "\"a\"").of_read("b"), Ok(Read::Whole)));
        assert!(matches!(
            of("", "W/\"b\"").of_write("b"),
            Err(GatewayError::Unwanted)
        ));
        assert!(matches!(
            of("*", "*").of_write("b"),
            Err(GatewayError::Unwanted)
        ));
        // What has no tag is named by `*` alone.
        assert!(matches!(of("", "\"b\"").of_write(""), Ok(())));
        assert!(matches!(
            of("\"b\"", "").of_write(""),
            Err(GatewayError::Changed)
        ));
        assert!(matches!(of("*", "").of_write(""), Ok(())));
    }
}
