//! Plain Python programs on the other side of a connection.

use std::process::Stdio;

use tokio::process::Command;

use super::skip::{is_installed, not_installed, this_test};

/// A script in Python, to be given arguments and started. Where there is no `python3` the test is
/// skipped, and says so.
pub fn python(script: &str) -> Option<Command> {
    if !has_python(&this_test()) {
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

/// Whether this machine has a Python; where it has none, says which test is skipped.
pub fn has_python(test: &str) -> bool {
    let found = is_installed("python3");
    if !found {
        not_installed(test, "python3", "python3");
    }
    found
}
