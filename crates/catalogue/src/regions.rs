//! The generated parts of files that are written by hand.
//!
//! A part stands between `# catalogue: NAME` and `# catalogue: end`, in Markdown between
//! `<!-- catalogue: NAME -->` and `<!-- catalogue: end -->`. JSON has no comments: there the line after
//! `"$comment": "catalogue: NAME"` is the part.

use crate::Error;

/// A generated part: its name, and its lines, each with its end.
pub(crate) type Region = (&'static str, String);

/// How much of a file is generated.
pub(crate) enum Content {
    Whole(String),
    Regions(Vec<Region>),
}

enum Marker<'a> {
    Begins(&'a str),
    Ends,
    NextLine(&'a str),
}

fn marker(line: &str) -> Option<Marker<'_>> {
    let line = line.trim();
    if let Some(rest) = line.strip_prefix("\"$comment\": \"catalogue: ") {
        return Some(Marker::NextLine(rest.strip_suffix("\",")?));
    }
    let comment = line.strip_prefix("# ");
    let comment = comment.or_else(|| line.strip_prefix("<!-- ")?.strip_suffix(" -->"));
    match comment?.strip_prefix("catalogue: ")? {
        "end" => Some(Marker::Ends),
        name => Some(Marker::Begins(name)),
    }
}

/// A text with its parts as they should be.
pub(crate) fn fill(path: &str, text: &str, regions: &[Region]) -> Result<String, Error> {
    let wrong = |what: String| Error::Markers {
        path: path.to_owned(),
        what,
    };
    let body = |name: &str| {
        let region = regions.iter().find(|(known, _)| *known == name);
        region
            .map(|(_, body)| body.as_str())
            .ok_or_else(|| wrong(format!("nothing is generated for \"catalogue: {name}\"")))
    };
    let mut filled = String::with_capacity(text.len());
    let mut seen = Vec::new();
    let mut lines = text.split_inclusive('\n');
    while let Some(line) = lines.next() {
        filled.push_str(line);
        let (name, to_the_end) = match marker(line) {
            None => continue,
            Some(Marker::Ends) => return Err(wrong("\"catalogue: end\" ends nothing".to_owned())),
            Some(Marker::NextLine(name)) => (name, false),
            Some(Marker::Begins(name)) => (name, true),
        };
        filled.push_str(body(name)?);
        seen.push(name);
        loop {
            let Some(line) = lines.next() else {
                return Err(wrong(format!("\"catalogue: {name}\" has no end")));
            };
            match marker(line) {
                Some(Marker::Ends) if to_the_end => {
                    filled.push_str(line);
                    break;
                }
                None if to_the_end => {}
                None => break,
                Some(_) => {
                    return Err(wrong(format!(
                        "\"catalogue: {name}\" has no end before the next one"
                    )));
                }
            }
        }
    }
    for (name, _) in regions {
        match seen.iter().filter(|seen| *seen == name).count() {
            1 => {}
            0 => {
                return Err(wrong(format!(
                    "there is no place for \"catalogue: {name}\""
                )));
            }
            _ => return Err(wrong(format!("\"catalogue: {name}\" is there twice"))),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Result<String, String> {
        fill("file", text, &[("ports", "  - 1\n".to_owned())]).map_err(|error| error.to_string())
    }

    #[test]
    fn what_stands_between_the_markers_is_replaced_and_the_rest_stays() {
        let text = "a\n  # catalogue: ports\n  - 2\n  - 3\n  # catalogue: end\nb";
        let wanted = "a\n  # catalogue: ports\n  - 1\n  # catalogue: end\nb";
        assert_eq!(filled(text).unwrap(), wanted);
        assert_eq!(filled(wanted).unwrap(), wanted);
        let text = "<!-- catalogue: ports -->\n<!-- catalogue: end -->\n";
        let wanted = "<!-- catalogue: ports -->\n  - 1\n<!-- catalogue: end -->\n";
        assert_eq!(filled(text).unwrap(), wanted);
        let text = "{\n\"$comment\": \"catalogue: ports\",\n2\n}";
        let wanted = "{\n\"$comment\": \"catalogue: ports\",\n  - 1\n}";
        assert_eq!(filled(text).unwrap(), wanted);
    }

    #[test]
    fn a_marker_that_is_missing_or_wrong_is_named() {
        for (text, said) in [
            ("a\n", "file: there is no place for \"catalogue: ports\""),
            ("# catalogue: ports\n", "\"catalogue: ports\" has no end"),
            ("# catalogue: end\n", "ends nothing"),
            (
                "# catalogue: sorts\n# catalogue: end\n",
                "nothing is generated for \"catalogue: sorts\"",
            ),
            (
                "# catalogue: ports\n# catalogue: ports\n# catalogue: end\n",
                "no end before the next one",
            ),
            (
                "\"$comment\": \"catalogue: ports\",\n# catalogue: end\n",
                "no end before the next one",
            ),
            (
                "# catalogue: ports\n# catalogue: end\n# catalogue: ports\n# catalogue: end\n",
                "is there twice",
            ),
        ] {
            let refused = filled(text).unwrap_err();
            assert!(refused.contains(said), "{text}\n{refused}");
        }
    }
}
