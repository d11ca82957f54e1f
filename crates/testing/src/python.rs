//! Plain Python programs on the other side of a connection.

use std::process::Stdio;

use tokio::process::Command;

/// A script in Python, to be given arguments and started. `None`, and a word on stderr, where
/// there is no `python3`: `.ci/run` installs it, so that there the test is never passed over.
#[expect(clippy::print_stderr, reason = "the word is for whoever runs the test")]
pub fn python(script: &str) -> Option<Command> {
    let found = std::process::Command::new("python3")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if !found.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: there is no python3 on this machine");
        return None;
    }
    let mut command = Command::new("python3");
    command
        .args(["-c", script])
        .env("PYTHONUTF8", "1")
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    Some(command)
}
