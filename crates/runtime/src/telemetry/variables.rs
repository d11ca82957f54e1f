//! How the values of the specification's variables are read: one that cannot be used is warned about,
//! and passed over.

use std::fmt::Display;
use std::ops::RangeInclusive;

use percent_encoding::percent_decode_str;

/// A variable, and its value where it is set.
pub(super) type Variable<'a> = (&'static str, Option<&'a String>);

/// The first value that can be used, else the default. Each before it gets a warning.
pub(super) fn first<T: Display>(
    warnings: &mut Vec<String>,
    variables: &[Variable<'_>],
    expected: &str,
    read: impl Fn(&str) -> Option<T>,
    default: T,
) -> T {
    let mut wrong = Vec::new();
    let mut used = default;
    for (name, text) in variables {
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            continue; // as the specification wants
        };
        if let Some(value) = read(text.trim()) {
            used = value;
            break;
        }
        wrong.push((name, text));
    }
    for (name, text) in wrong {
        warnings.push(format!("{name}={text:?} is not {expected}; {used} is used"));
    }
    used
}

/// The first of these variables that is set.
pub(super) fn set(variables: [Variable<'_>; 2]) -> Option<(&'static str, &str)> {
    let mut variables = variables.into_iter();
    variables.find_map(|(name, text)| Some((name, text?.as_str())))
}

/// Reads a whole number.
pub(super) fn number(range: RangeInclusive<u32>) -> impl Fn(&str) -> Option<u32> {
    move |text| text.parse().ok().filter(|number| range.contains(number))
}

/// Reads one of these words, in any case.
pub(super) fn one_of(words: &[&'static str]) -> impl Fn(&str) -> Option<&'static str> {
    move |text| {
        let mut words = words.iter();
        words.find(|word| word.eq_ignore_ascii_case(text)).copied()
    }
}

/// The words of a list.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
}

/// A name and its value, percent-encoded.
pub(super) fn pair(text: &str) -> Option<(&str, String)> {
    let (name, value) = text.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let mut encoded = value.split('%').skip(1);
    let is_whole = encoded.all(|rest| {
        let digits = rest.bytes().take(2).filter(u8::is_ascii_hexdigit);
        digits.count() == 2
    });
    let value = percent_decode_str(value).decode_utf8().ok()?;
    (is_whole && !name.is_empty()).then(|| (name, value.into_owned()))
}
