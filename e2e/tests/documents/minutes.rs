//! How long a class takes for each guide: said below each heading, summed up in the table of all guides.

use std::fs;

use crate::{prose, root};

const FOLDERS: [&str; 2] = ["docs/guides", "docs/guias"];

/// What a lab class may take.
const CLASS: std::ops::RangeInclusive<u32> = 50..=100;

fn text_of(folder: &str, name: &str) -> String {
    let path = root().join(folder).join(format!("{name}.md"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of all guides.
fn guides() -> Vec<String> {
    let files = fs::read_dir(root().join(FOLDERS[0])).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let guides = names.filter_map(|name| Some(name.strip_suffix(".md")?.to_owned()));
    guides.filter(|name| name != "README").collect()
}

/// Each section's heading, and the minutes that the line below it says, as in `*15 min*`.
fn sections(text: &str) -> Vec<(&str, Option<u32>)> {
    let lines: Vec<_> = prose(text)
        .map(|(_, line)| line)
        .filter(|line| !line.is_empty())
        .collect();
    let pairs = lines.windows(2).filter(|pair| pair[0].starts_with("## "));
    pairs
        .map(|pair| {
            let minutes = pair[1].strip_prefix('*');
            let minutes = minutes.and_then(|rest| rest.strip_suffix(" min*"));
            (pair[0], minutes.and_then(|minutes| minutes.parse().ok()))
        })
        .collect()
}

/// What the last cell of a guide's row says.
fn summed_up(table: &str, guide: &str) -> Option<u32> {
    let begin = format!("| [{guide}]({guide}.md) |");
    let row = table.lines().find(|line| line.starts_with(&begin))?;
    let (_, last) = row.trim_end().strip_suffix('|')?.rsplit_once('|')?;
    last.trim().parse().ok()
}

#[test]
fn every_section_of_every_guide_says_its_minutes_and_the_tables_sum_them_up() {
    let guides = guides();
    assert!(guides.len() >= 5, "{guides:?}");
    for guide in guides {
        let [english, portuguese] = FOLDERS.map(|folder| {
            let text = text_of(folder, &guide);
            let sections = sections(&text);
            assert!(sections.len() >= 4, "{folder}/{guide}: {sections:?}");
            let said = sections.iter().map(|(heading, minutes)| {
                minutes.unwrap_or_else(|| panic!("{folder}/{guide}: {heading}: no *N min* below"))
            });
            let said: Vec<u32> = said.collect();
            let sum = said.iter().sum();
            let table = text_of(folder, "README");
            assert_eq!(summed_up(&table, &guide), Some(sum), "{folder}/{guide}");
            assert!(CLASS.contains(&sum), "{folder}/{guide}: {sum} minutes");
            said
        });
        assert_eq!(english, portuguese, "{guide}");
    }
}

#[test]
fn minutes_are_those_of_the_line_below_a_heading() {
    let text = "## One\n\n*15 min*\n\n## Two\nno *15 min*\n```sh\n## Three\n```\n";
    assert_eq!(sections(text), [("## One", Some(15)), ("## Two", None)]);
    let table = "| [a](a.md) | b | 8080 | 75 |\n";
    assert_eq!(summed_up(table, "a"), Some(75));
    assert_eq!(summed_up(table, "b"), None);
}
