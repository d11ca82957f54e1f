//! The READMEs and the guides, as tests: their commands are run, and what they show is what must come.
//!
//! A block fenced as `console lab` is run beside a lab of the test's own, one fenced as
//! `console cluster` against the cluster where `E2E_TARGET=cluster`. A line that starts with `$ ` is
//! a command; the lines below it are its output, in which `...` stands for anything. Blocks fenced as
//! `python lab` are one session of Python's interpreter a document, which Python's doctest runs: a line
//! that begins with `#` is what the one above shows.
#![cfg(test)]

mod support;

use std::path::Path;
use std::time::Duration;

use support::lab::{Lab, malha};
use support::{eventually, has_cluster, met, root};
use tokio::process::Command;

const READMES: [&str; 2] = ["README.md", "README.pt-BR.md"];

/// In English and in Portuguese.
const GUIDES: [[&str; 2]; 5] = [
    ["docs/guides/desafio1.md", "docs/guias/desafio1.md"],
    ["docs/guides/hello.md", "docs/guias/hello.md"],
    ["docs/guides/sockets.md", "docs/guias/sockets.md"],
    ["docs/guides/grpc.md", "docs/guias/grpc.md"],
    ["docs/guides/chat.md", "docs/guias/chat.md"],
];

/// Every document in English: a test of its own says that the other language shows the same.
fn documents() -> impl Iterator<Item = &'static str> {
    [READMES[0]]
        .into_iter()
        .chain(GUIDES.map(|[english, _]| english))
}

fn text_of(document: &str) -> String {
    std::fs::read_to_string(root().join(document)).unwrap()
}

/// A command of a document, and what it shows.
#[derive(Debug, PartialEq)]
struct Example {
    command: String,
    shown: String,
}

/// The examples of all blocks with this fence.
fn examples(document: &str, fence: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut inside = false;
    for line in text_of(document).lines() {
        if let Some(info) = line.strip_prefix("```") {
            inside = info == fence;
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| inside) {
            examples.push(Example {
                command: command.to_owned(),
                shown: String::new(),
            });
        } else if let Some(example) = examples.last_mut().filter(|_| inside) {
            example.shown.push_str(line);
            example.shown.push('\n');
        }
    }
    examples
}

/// The lines of all blocks of Python, as one session of its interpreter.
fn session(document: &str) -> String {
    let mut session = String::new();
    let mut inside = false;
    for line in text_of(document).lines() {
        if let Some(info) = line.strip_prefix("```") {
            inside = info == "python lab";
            session.push('\n'); // ends what the last statement shows
        } else if inside && !line.is_empty() {
            session.push_str(&in_the_interpreter(line));
            session.push('\n');
        }
    }
    session.trim_start().to_owned()
}

/// A line of Python as the interpreter shows it: begun, gone on with, or what came of it.
fn in_the_interpreter(line: &str) -> String {
    match line.strip_prefix("# ") {
        Some(shown) => shown.to_owned(),
        None if line.starts_with(' ') => format!("... {line}"),
        None => format!(">>> {line}"),
    }
}

/// Whether a text is what is shown, where `...` stands for anything.
fn is_shown(shown: &str, text: &str) -> bool {
    let mut rest = text.trim_end();
    let parts: Vec<&str> = shown.trim_end().split("...").collect();
    for (index, part) in parts.iter().enumerate() {
        let at = match (index, index + 1 == parts.len()) {
            (0, _) => rest.starts_with(part).then_some(0),
            (_, true) => rest.ends_with(part).then(|| rest.len() - part.len()),
            (_, false) => rest.find(part),
        };
        let Some(at) = at else { return false };
        rest = &rest[at + part.len()..];
    }
    parts.last().is_some_and(|last| last.is_empty()) || rest.is_empty()
}

async fn output_of(command: &str) -> String {
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(root())
        .output()
        .await
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}\n{text}{errors}");
    text
}

#[test]
fn three_dots_stand_for_anything_and_the_rest_for_itself() {
    assert!(is_shown("a\n", "a\n"));
    assert!(is_shown("a...c\n...", "abc\nd\ne\n"));
    assert!(is_shown("{\"data\":...}", "{\"data\":[1,2]}\n"));
    assert!(!is_shown("a", "ab"));
    assert!(!is_shown("a...c", "abcd"));
    assert!(!is_shown("b...", "ab"));
}

#[test]
fn python_is_begun_gone_on_with_and_answered() {
    assert_eq!(in_the_interpreter("def f():"), ">>> def f():");
    assert_eq!(in_the_interpreter("    return 1"), "...     return 1");
    assert_eq!(in_the_interpreter("# 1"), "1");
}

#[tokio::test]
async fn the_commands_beside_the_lab_show_what_the_documents_say() {
    let lab = Lab::start().await;
    for document in documents() {
        let examples = examples(document, "console lab");
        assert!(!examples.is_empty(), "{document} shows nothing of the lab");
        for Example { command, shown } in examples {
            let shown = lab.moved(&shown);
            if command == "cargo run" {
                // That is the lab itself, whose output goes on for ever.
                let what = format!("{document}: {command} prints\n{shown}");
                let lines: Vec<&str> = shown.lines().filter(|line| *line != "...").collect();
                eventually(&what, async || {
                    let printed = lab.printed();
                    let said = |line: &&str| printed.lines().any(|said| is_shown(line, said));
                    lines.iter().all(said).then_some(())
                })
                .await;
                continue;
            }
            let run = lab.moved(&command).replace("cargo run --", malha());
            let mut last = String::new();
            let what = format!("{document}: {command} shows\n{shown}");
            eventually(&what, async || {
                last = output_of(&run).await;
                is_shown(&shown, &last).then_some(())
            })
            .await;
        }
    }
    lab.end().await;
}

#[tokio::test]
async fn the_interpreter_beside_the_lab_shows_what_the_guides_say() {
    if !testing::has_python(&testing::this_test()) {
        return;
    }
    let lab = Lab::start().await;
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("session.txt");
    let run = format!("python3 -m doctest {}", file.display());
    for document in GUIDES.into_iter().flatten() {
        let session = lab.moved(&session(document));
        if session.is_empty() {
            continue;
        }
        std::fs::write(&file, session).unwrap();
        // Again, if this machine was busy for longer than the pause that ends a request.
        let mut last = String::new();
        let shown = met(Duration::from_mins(1), async || {
            last = doctest(&run).await;
            last.is_empty().then_some(())
        })
        .await;
        assert!(shown.is_some(), "{document}\n{last}");
    }
    lab.end().await;
}

/// What differs from what is shown.
async fn doctest(run: &str) -> String {
    let output = Command::new("sh").args(["-c", run]).output().await.unwrap();
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn the_commands_for_a_cluster_show_what_the_readmes_say() {
    if !has_cluster() {
        return;
    }
    for readme in READMES {
        let examples = examples(readme, "console cluster");
        assert!(!examples.is_empty(), "{readme} shows nothing of a cluster");
        for Example { command, shown } in examples {
            // What is installed already is brought to the same state; the notes it prints are long.
            let run = command.replace("helm install", "helm upgrade --install");
            let text = output_of(&run).await;
            if !shown.trim().is_empty() {
                assert!(
                    is_shown(&shown, &text),
                    "{readme}: {command}\n--- got\n{text}--- wanted\n{shown}"
                );
            }
        }
    }
}

#[test]
fn both_languages_show_the_same_commands() {
    for [one, other] in GUIDES.into_iter().chain([READMES]) {
        for fence in ["console lab", "console cluster"] {
            assert_eq!(examples(one, fence), examples(other, fence), "{fence}");
        }
    }
}
