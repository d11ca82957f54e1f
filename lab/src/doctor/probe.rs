//! Runs every program at once, each for a bounded time.

use std::collections::HashMap;
use std::io;
use std::process::{Output, Stdio};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::process::Command;
use tokio::time::timeout;

use super::tools::{Seen, Tool};

/// How long a program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(6);

/// What every tool says of itself.
pub(super) fn all() -> io::Result<HashMap<Tool, Seen>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let asked = Tool::ALL.map(async |tool| (tool, run(tool.command(), PATIENCE).await));
    Ok(runtime.block_on(join_all(asked)).into_iter().collect())
}

async fn run(command: &[&str], patience: Duration) -> Seen {
    let [program, args @ ..] = command else {
        return Seen::Absent;
    };
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    match timeout(patience, output).await {
        Err(_) => Seen::Slow,
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => Seen::Absent,
        Ok(Err(error)) => Seen::Failed(String::new(), error.to_string()),
        Ok(Ok(output)) => said(&output),
    }
}

fn said(output: &Output) -> Seen {
    let text = |bytes| String::from_utf8_lossy(bytes).trim().to_owned();
    let out = text(&output.stdout);
    if output.status.success() {
        return Seen::Said(out);
    }
    let complaint = text(&output.stderr);
    let complaint = complaint.lines().next().unwrap_or("it gave no reason");
    Seen::Failed(out, complaint.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_program_is_heard_missed_or_given_up() {
        let patience = Duration::from_mins(1);
        let said = run(&["sh", "-c", "echo v1.2"], patience).await;
        assert_eq!(said, Seen::Said("v1.2".to_owned()));
        let failed = run(
            &["sh", "-c", "echo half; echo why >&2; echo more >&2; exit 3"],
            patience,
        )
        .await;
        assert_eq!(failed, Seen::Failed("half".to_owned(), "why".to_owned()));
        let absent = run(&["no-program-of-this-name"], patience).await;
        assert_eq!(absent, Seen::Absent);
        // It never ends by itself, so that only the limit can end it.
        let slow = run(
            &["sh", "-c", "exec tail -f /dev/null"],
            Duration::from_millis(50),
        )
        .await;
        assert_eq!(slow, Seen::Slow);
    }
}
