//! What the documents refer to: every relative link, path and word of the glossary must exist. And how
//! long the guides take.
#![cfg(test)]

#[path = "documents/minutes.rs"]
mod minutes;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// Every Markdown file below a folder, but for what is built or hidden.
fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy();
        // A symbolic link to a folder leads to files that are found where they are.
        if path.is_dir() && !path.is_symlink() {
            if name != "target" && name != "node_modules" && !name.starts_with('.') {
                documents(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

fn all_documents() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    documents(&root(), &mut found);
    assert!(found.contains(&root().join("README.md")), "{found:?}");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        (path, text)
    };
    found.into_iter().map(read).collect()
}

/// The lines outside of fenced blocks, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut inside = false;
    let outside = move |(_, line): &(usize, &str)| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        !inside && !fence
    };
    (1..).zip(text.lines()).filter(outside)
}

/// What stands in backticks on a line.
fn code_spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// A line without what stands in backticks.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

/// Where the inline links and images of a line lead.
fn links(line: &str) -> Vec<String> {
    let line = without_code(line);
    let after = line.split("](").skip(1);
    let targets = after.filter_map(|rest| rest.split(')').next());
    targets.map(str::to_owned).collect()
}

fn is_outside(link: &str) -> bool {
    link.contains("://") || link.starts_with("mailto:")
}

/// The anchor that GitHub gives a heading.
fn anchor(heading: &str) -> String {
    let kept = |c: char| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        _ if c.is_alphanumeric() => Some(c),
        _ => None,
    };
    heading.to_lowercase().chars().filter_map(kept).collect()
}

fn anchors(text: &str) -> Vec<String> {
    let headings = prose(text).filter_map(|(_, line)| {
        let title = line.trim_start_matches('#');
        (line.len() != title.len()).then(|| anchor(title.trim()))
    });
    headings.collect()
}

/// A path without `..`, so that what is compared and printed is plain.
fn straight(path: &Path) -> PathBuf {
    let mut straight = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                straight.pop();
            }
            Component::CurDir => {}
            other => straight.push(other),
        }
    }
    straight
}

/// Why a link of this document leads nowhere, if it does.
fn broken(document: &Path, text: &str, link: &str) -> Option<String> {
    let (path, heading) = link.split_once('#').unwrap_or((link, ""));
    let target = straight(&document.parent().unwrap().join(path));
    if path.is_empty() {
        return (!anchors(text).contains(&heading.to_owned())).then(|| "no such heading".into());
    }
    if !target.exists() {
        return Some("no such file".into());
    }
    let is_markdown = target
        .extension()
        .is_some_and(|extension| extension == "md");
    if heading.is_empty() || !is_markdown {
        return None;
    }
    let there = anchors(&fs::read_to_string(&target).unwrap());
    (!there.contains(&heading.to_owned())).then(|| "no such heading in that file".into())
}

#[test]
fn every_relative_link_leads_somewhere() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (document, text) in all_documents() {
        for (number, line) in prose(&text) {
            for link in links(line).iter().filter(|link| !is_outside(link)) {
                seen += 1;
                if let Some(why) = broken(&document, &text, link) {
                    wrong.push(format!("{}:{number}: {link}: {why}", document.display()));
                }
            }
        }
    }
    assert!(seen > 100, "only {seen} links were found");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Whether a code span is meant as a path of this repository: it begins with a folder of the root.
fn is_path(span: &str) -> bool {
    let folder = span.split('/').next().unwrap();
    let plain = |c: char| c.is_alphanumeric() || "/._-".contains(c);
    let folders = [
        "services", "crates", "lab", "e2e", "charts", "proto", "docs", "bench", "fuzz", "tilt",
        "k8s", ".ci", ".github",
    ];
    span.contains('/') && folders.contains(&folder) && span.chars().all(plain)
}

#[test]
fn every_path_of_the_repository_that_a_document_names_exists() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (document, text) in all_documents() {
        for (number, line) in prose(&text) {
            for span in code_spans(line).filter(|span| is_path(span)) {
                seen += 1;
                if !root().join(span).exists() {
                    wrong.push(format!("{}:{number}: {span}", document.display()));
                }
            }
        }
    }
    assert!(seen > 20, "only {seen} paths were found");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_diagram_has_a_semicolon_which_would_end_a_statement() {
    for (document, text) in all_documents() {
        let mut inside = false;
        for (number, line) in (1..).zip(text.lines()) {
            if let Some(info) = line.strip_prefix("```") {
                inside = info == "mermaid";
            }
            let at = format!("{}:{number}: {line}", document.display());
            assert!(!(inside && line.contains(';')), "{at}");
        }
    }
}

/// Whether a word stands in a text, not as a part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[test]
fn every_name_that_the_glossary_gives_is_in_the_file_that_it_gives() {
    let glossary = root().join("docs/glossary.md");
    let text = fs::read_to_string(&glossary).unwrap();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (number, line) in prose(&text).filter(|(_, line)| line.starts_with("| ")) {
        // word | meaning | in code | source
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").collect();
        let [_, _, code, ..] = cells.as_slice() else {
            panic!("docs/glossary.md:{number}: a row has at least three cells: {line}");
        };
        // Each link has its own names: [`Name`](file), [`Other`](file).
        for (text, link) in code.split(')').filter_map(|part| part.split_once("](")) {
            let file = straight(&glossary.parent().unwrap().join(link));
            let source = fs::read_to_string(&file).unwrap_or_default();
            for name in code_spans(text) {
                seen += 1;
                if !has_word(&source, name) {
                    wrong.push(format!("docs/glossary.md:{number}: no `{name}` in {link}"));
                }
            }
        }
    }
    assert!(seen > 20, "only {seen} names were found");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Every Rust file of the workspace.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            // Folders of tests have names that tell nothing of the code.
            if !path.ends_with("tests") && !path.ends_with("target") {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The parts of a code span that names a module or an item, as `a::b` or `SomeType`.
fn named(span: &str) -> Vec<&str> {
    let is_word = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let parts: Vec<&str> = span.split("::").collect();
    let capitals = span.chars().filter(char::is_ascii_uppercase).count();
    let is_type = parts.len() == 1 && capitals > 1 && span.starts_with(char::is_uppercase);
    let small = span.chars().any(|c| c.is_ascii_lowercase());
    let names_code = small && (parts.len() > 1 || is_type);
    if names_code && parts.iter().all(|part| is_word(part)) {
        parts
    } else {
        Vec::new()
    }
}

#[test]
fn every_module_and_type_of_the_data_path_is_in_the_code() {
    let mut files = Vec::new();
    for folder in ["services", "crates", "lab/src", "proto/src"] {
        sources(&root().join(folder), &mut files);
    }
    let modules: BTreeSet<String> = files
        .iter()
        .flat_map(|file| file.iter())
        .map(|part| part.to_string_lossy().trim_end_matches(".rs").to_owned())
        .collect();
    let code: String = files
        .iter()
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    let is_item = |part: &str| {
        ["fn", "struct", "enum", "trait", "type", "mod"]
            .iter()
            .any(|kind| has_word(&code, &format!("{kind} {part}")))
    };
    let text = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let (_, after) = text.split_once("## Data path").unwrap();
    let (path, _) = after.split_once("## Decisions").unwrap();
    let spans = prose(path).flat_map(|(_, line)| code_spans(line));
    let parts: BTreeSet<&str> = spans.flat_map(named).collect();
    assert!(parts.len() > 20, "only {parts:?} were found");
    let unknown = |part: &&str| {
        // Paths say `tcp`, `grpc` and `redis` for the crates of those protocols.
        !modules.contains(*part) && !modules.contains(&format!("runtime-{part}")) && !is_item(part)
    };
    let wrong: Vec<&str> = parts.into_iter().filter(unknown).collect();
    assert!(
        wrong.is_empty(),
        "docs/architecture.md: not in the code: {wrong:?}"
    );
}

#[test]
fn every_file_that_the_map_of_a_crate_names_exists() {
    let mut files = Vec::new();
    for folder in ["services", "crates", "lab/src", "e2e/src", "proto/src"] {
        sources(&root().join(folder), &mut files);
    }
    let maps: Vec<_> = files
        .iter()
        .filter(|file| file.ends_with("lib.rs"))
        .collect();
    assert!(maps.len() > 8, "{maps:?}");
    for map in maps {
        let text = fs::read_to_string(map).unwrap();
        let lines = text.lines().take_while(|line| line.starts_with("//!"));
        let is_file = |span: &&str| {
            let extension = Path::new(span).extension();
            extension.is_some_and(|extension| extension == "rs") && !span.contains('*')
        };
        for name in lines.flat_map(code_spans).filter(is_file) {
            let beside = map.parent().unwrap().join(name);
            let below = map.parent().unwrap().join("..").join(name);
            let exists = beside.exists() || below.exists() || root().join(name).exists();
            assert!(exists, "{}: no {name}", map.display());
        }
    }
}

#[test]
fn links_headings_and_words_are_found_as_they_are_written() {
    assert_eq!(
        links("see [a](b.md#c), `[x](y)` and ![p](q.png)"),
        ["b.md#c", "q.png"]
    );
    assert_eq!(
        anchor("Run it: `cargo run`, twice"),
        "run-it-cargo-run-twice"
    );
    assert_eq!(
        anchors("# One\n```sh\n# two\n```\n## Três"),
        ["one", "três"]
    );
    assert_eq!(named("hub::fan_out"), ["hub", "fan_out"]);
    assert_eq!(named("TimedIo"), ["TimedIo"]);
    assert!(named("Connection: close").is_empty() && named("XREAD").is_empty());
    assert!(has_word("struct Life {", "Life"));
    assert!(!has_word("struct Lifecycle {", "Life"));
    let here = root().join("README.md");
    assert!(broken(&here, "# One", "#one").is_none());
    assert!(broken(&here, "# One", "#two").is_some());
    assert!(broken(&here, "", "no-such-file.md").is_some());
}
