//! Writes what is generated from `catalogue.toml`, or says what is stale.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use catalogue::{Error, outputs};

const USAGE: &str = "\
Usage, below the root of the repository:
  catalogue write   writes every list of services that catalogue.toml has changed
  catalogue check   names those that are stale, and exits with 1 if there are any
";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let write = match (args.next().as_deref(), args.next()) {
        (Some("write"), None) => true,
        (Some("check"), None) => false,
        _ => {
            let _ = io::stderr().write_all(USAGE.as_bytes());
            return ExitCode::from(2);
        }
    };
    match run(write) {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(io::stderr(), "catalogue: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(write: bool) -> Result<ExitCode, Error> {
    let root = Path::new(".");
    let stale: Vec<_> = outputs(root)?
        .into_iter()
        .filter(|output| !output.is_current())
        .collect();
    for output in &stale {
        if write {
            output.write(root)?;
        }
        let what = if write { "written" } else { "stale" };
        let _ = writeln!(io::stdout(), "{what} {}", output.path);
    }
    if write || stale.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let _ = writeln!(
        io::stderr(),
        "catalogue: `cargo run -p catalogue write` mends it"
    );
    Ok(ExitCode::FAILURE)
}
