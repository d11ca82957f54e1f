//! Tests that this machine cannot run say so, instead of passing in silence.

use std::io::Write;
use std::process::{Command, Stdio};

/// Says that a test is skipped, and why.
pub fn skipped(test: &str, why: &str) {
    // Not by `eprintln!`: of a test that passes the harness shows nothing. Whole, so that the lines of
    // two tests do not mix; and without a reader there is nobody to tell.
    let line = format!("SKIPPED {test}: {why}\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Says that a test is skipped for want of a program, and how to install it. `.ci/run` installs
/// them all, and fails if it finds such a line.
pub fn not_installed(test: &str, program: &str, package: &str) {
    let remedy = format!("Debian: apt install {package}");
    skipped(test, &format!("{program} is not installed ({remedy})"));
}

/// The name of the test that runs on this thread, by which the harness calls the thread too.
pub fn this_test() -> String {
    let thread = std::thread::current();
    thread.name().unwrap_or("a test").to_owned()
}

/// Whether a program is there and tells its version.
pub(crate) fn is_installed(program: &str) -> bool {
    let version = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    version.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use crate::{has_redis, python};

    #[test]
    #[ignore = "the test below runs it where no program is installed"]
    fn without_programs() {
        assert!(!has_redis("one_on_redis"));
        assert!(python("").is_none());
    }

    #[test]
    fn a_test_that_is_skipped_says_so_although_it_passes() {
        let run = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "skip::tests::without_programs"])
            .env("PATH", "")
            .output()
            .unwrap();
        assert!(run.status.success(), "{run:?}");
        let said = String::from_utf8(run.stderr).unwrap();
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(
            lines,
            [
                "SKIPPED one_on_redis: redis-server is not installed (Debian: apt install redis-server)",
                "SKIPPED skip::tests::without_programs: python3 is not installed (Debian: apt install python3)",
            ]
        );
    }
}
