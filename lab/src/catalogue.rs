//! Every service of the mesh: its exercise, its ports on one machine, whom it asks.
//!
//! The rows are generated from `catalogue.toml`; ports, settings, health, page and help follow from them.

// As it is generated.
#[rustfmt::skip]
mod exercises;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Command;
use runtime::Service;
use runtime::settings::declared;

pub use exercises::EXERCISES;

/// Services that belong together.
#[derive(Debug)]
pub struct Exercise {
    /// Its name on the command line.
    pub name: &'static str,
    /// One line on it.
    pub about: &'static str,
    /// Its services; those that others ask come first.
    pub services: &'static [Row],
}

/// One service.
#[derive(Debug)]
pub struct Row {
    /// The program.
    pub program: Program,
    /// The port where it serves; none for a client.
    pub port: Option<u16>,
    /// Whether a browser can ask that port.
    pub http: bool,
    /// The port of its probes.
    pub admin_port: u16,
    /// Whom it asks, and the setting that says where.
    pub asks: &'static [Asks],
    /// Settings that differ from its own defaults in the lab.
    pub settings: &'static [(&'static str, &'static str)],
}

/// A service that another one asks.
#[derive(Debug)]
pub struct Asks {
    /// The service asked.
    pub service: &'static str,
    /// The setting of the one that asks.
    pub setting: &'static str,
    /// Its value, with `{}` for host and port.
    pub form: &'static str,
}

/// What a service is, and how it runs in this very process.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Its name, everywhere.
    pub name: &'static str,
    /// One line on it.
    pub about: &'static str,
    /// Runs it by these arguments to its end.
    pub run: fn(Vec<OsString>) -> ExitCode,
    /// What it can be told.
    pub command: fn() -> Command,
}

impl Program {
    /// Whether it has a setting of this name.
    pub fn has_setting(&self, name: &str) -> bool {
        let settings = declared(&(self.command)());
        settings.iter().any(|setting| setting.key == name)
    }

    const fn of<S: Service>() -> Self {
        Self {
            name: S::NAME,
            about: S::ABOUT,
            run: run::<S>,
            command: runtime::command::<S>,
        }
    }
}

fn run<S: Service>(args: Vec<OsString>) -> ExitCode {
    runtime::main_with::<S>(args)
}

/// The exercise of this name.
pub fn exercise(name: &str) -> Option<&'static Exercise> {
    EXERCISES.iter().find(|exercise| exercise.name == name)
}

/// The service of this name.
pub fn service(name: &str) -> Option<&'static Row> {
    services()
        .map(|(_, row)| row)
        .find(|row| row.program.name == name)
}

/// Every service with its exercise.
pub fn services() -> impl Iterator<Item = (&'static Exercise, &'static Row)> {
    EXERCISES
        .iter()
        .flat_map(|exercise| exercise.services.iter().map(move |row| (exercise, row)))
}

/// Every name that the command line knows: exercises, then services.
pub fn names() -> impl Iterator<Item = &'static str> {
    let exercises = EXERCISES.iter().map(|exercise| exercise.name);
    exercises.chain(services().map(|(_, row)| row.program.name))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_name_means_two_things() {
        let names: Vec<_> = names().collect();
        assert_eq!(
            names.iter().collect::<HashSet<_>>().len(),
            names.len(),
            "{names:?}"
        );
    }

    #[test]
    fn no_port_is_given_twice() {
        let ports: Vec<_> = services()
            .flat_map(|(_, row)| row.port.into_iter().chain([row.admin_port]))
            .collect();
        assert_eq!(
            ports.iter().collect::<HashSet<_>>().len(),
            ports.len(),
            "{ports:?}"
        );
    }

    #[test]
    fn whoever_is_asked_serves_and_stands_before_those_who_only_ask() {
        for exercise in EXERCISES {
            for (index, row) in exercise.services.iter().enumerate() {
                for asks in row.asks {
                    let mut all = exercise.services.iter();
                    let is_asked = |row: &Row| row.program.name == asks.service;
                    let asked = all.position(is_asked).unwrap();
                    assert!(asked < index || row.port.is_some());
                    assert!(exercise.services[asked].port.is_some());
                    assert!(asks.form.contains("{}"));
                }
            }
        }
    }
}
