//! Commands to a lab that runs, over its HTTP API.
//!
//! # Layout
//! - [`Command`] (`command.rs`): what is asked for, from the arguments.
//! - `client`: the lab's HTTP API.
//! - `lesson`: lessons, as they go on.
//! - `shown`: answers as text for people.

mod client;
mod command;
mod lesson;
mod shown;

use std::process::ExitCode;

use crate::client::unless_read_enough;

pub(crate) use command::USAGE;
pub use command::{Command, UsageError, verbs};

/// Does what was asked for, and prints the answer: text, or JSON as it came.
pub fn run(command: &Command) -> ExitCode {
    match unless_read_enough(client::ask(command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "this is the program's answer")]
fn complain(text: &str) {
    eprintln!("malha: {text}");
}
