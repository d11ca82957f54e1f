//! `docs/resilience.md`, made of what was measured.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use crate::row::{Row, head};
use crate::scenarios::Scenario;
use crate::world::World;

/// What came of a scenario.
pub(crate) struct Outcome {
    pub(crate) scenario: &'static Scenario,
    pub(crate) rows: Vec<Row>,
}

impl Outcome {
    /// Its broken promises, one sentence each.
    pub(crate) fn broken(&self) -> Vec<String> {
        let of_row = |row: &Row| {
            let name = format!("{}, {}", self.scenario.name, row.exercise);
            row.broken
                .iter()
                .map(|what| format!("{name}: {what}"))
                .collect::<Vec<_>>()
        };
        self.rows.iter().flat_map(of_row).collect()
    }
}

/// What stands around the figures.
const TEXT: &str = include_str!("document.txt");

/// Writes the document anew.
pub(crate) fn write(outcomes: &[Outcome], world: &World) -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let path = root
        .context("e2e is in the repository")?
        .join("docs/resilience.md");
    let mut figures = String::new();
    for Outcome { scenario, rows } in outcomes {
        let name = scenario.name;
        let file = format!("../e2e/examples/faults/scenarios/{name}.rs");
        writeln!(
            figures,
            "### {name}\n\n{}. [The scenario]({file}).",
            capital(scenario.fault)
        )?;
        writeln!(figures, "Promised: {}\n", scenario.promise)?;
        let head = head(rows);
        writeln!(
            figures,
            "| {} |\n|{}",
            head.join(" | "),
            "---|".repeat(head.len())
        )?;
        for row in rows {
            writeln!(figures, "| {} |", row.cells().join(" | "))?;
        }
        for what in rows.iter().flat_map(|row| &row.broken) {
            writeln!(figures, "\n**Broken:** {what}")?;
        }
        figures.push('\n');
    }
    let text = TEXT.replace("{{conditions}}", &conditions(world));
    let text = text.replace("{{figures}}", figures.trim_end());
    std::fs::write(&path, text).with_context(|| path.display().to_string())
}

fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// On what, of what, when, and with which seed.
fn conditions(world: &World) -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let processor = read("/proc/cpuinfo");
    let processor = processor
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let processor = processor.map_or("an unknown processor", |name| {
        name.trim_start_matches(['\t', ' ', ':'])
    });
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let size = if world.full { " --full" } else { "" };
    let rows = [
        ("machine", format!("{cores} cores, {processor}")),
        (
            "system",
            format!("Linux {}", read("/proc/sys/kernel/osrelease").trim()),
        ),
        (
            "Malha",
            format!(
                "{}, commit {}",
                env!("CARGO_PKG_VERSION"),
                output("git", &["rev-parse", "--short", "HEAD"])
            ),
        ),
        (
            "build",
            output("rustc", &["--version"])
                + if cfg!(debug_assertions) {
                    ", without optimisation"
                } else {
                    ", optimised"
                },
        ),
        ("Redis", output("redis-server", &["--version"])),
        (
            "load of the machine",
            read("/proc/loadavg")
                .split(' ')
                .take(3)
                .collect::<Vec<_>>()
                .join(" "),
        ),
        ("date", output("date", &["-u", "+%F"])),
        (
            "command",
            format!("`e2e/faults --write --seed {}{size}`", world.seed),
        ),
    ];
    let rows = rows.map(|(name, value)| format!("| {name} | {value} |\n"));
    format!("| | |\n|---|---|\n{}", rows.concat().trim_end())
}

fn output(program: &str, arguments: &[&str]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root)
        .output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|_| "unknown".to_owned())
}
