//! Values in YAML.

use std::fmt::Write;

/// A string as YAML reads it back: bare where that is safe, within braces too.
pub(super) fn scalar(text: &str) -> String {
    let first = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let bare = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
    let word = text.to_ascii_lowercase();
    let means_more =
        ["true", "false", "yes", "no", "on", "off", "null", "y", "n"].contains(&word.as_str());
    if first && text.chars().all(bare) && !text.ends_with(':') && !means_more {
        return text.to_owned();
    }
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => _ = write!(quoted, "\\u{:04x}", u32::from(c)),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::scalar;

    #[test]
    fn what_yaml_would_take_for_something_else_is_quoted() {
        for (text, written) in [
            ("proxy", "proxy"),
            ("http://servidor:8080/", "http://servidor:8080/"),
            ("0", "\"0\""),
            ("5s", "\"5s\""),
            ("off", "\"off\""),
            ("a:", "\"a:\""),
            ("", "\"\""),
            ("/trace/{trace}", "\"/trace/{trace}\""),
            ("João, \"Zé\"\n", "\"João, \\\"Zé\\\"\\u000a\""),
        ] {
            assert_eq!(scalar(text), written);
        }
    }
}
