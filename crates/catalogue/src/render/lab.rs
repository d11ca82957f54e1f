//! The rows of the lab, as Rust: what a row says is seen by the compiler.

use super::{each, quoted};
use crate::regions::Content;
use crate::{Catalogue, Exercise, Protocol, Service};

pub(super) fn files(catalogue: &Catalogue) -> Vec<(String, Content)> {
    let exercises = each(&catalogue.exercises, exercise);
    let text = format!(
        "//! Generated from catalogue.toml by `cargo run -p catalogue write`; edits here are lost.

use super::{{Asks, Exercise, Program, Row}};

/// Every exercise, in the order in which they are shown and started.
pub const EXERCISES: &[Exercise] = &[
{exercises}];
"
    );
    let path = "lab/src/catalogue/exercises.rs".to_owned();
    vec![(path, Content::Whole(text))]
}

fn exercise(exercise: &Exercise) -> String {
    let Exercise { name, about, .. } = exercise;
    let rows = each(&exercise.services, row);
    format!(
        "    Exercise {{
        name: {name:?},
        about: {about:?},
        services: &[
{rows}        ],
    }},
"
    )
}

fn row(service: &Service) -> String {
    let serves = service.serves.as_ref();
    let port = serves.map(|serves| serves.lab);
    let http = serves.is_some_and(|serves| serves.protocol == Protocol::Http);
    let asks = each(&service.calls, |call| {
        let (service, setting, form) = (&call.service, &call.setting, &call.form);
        format!("Asks {{ service: {service:?}, setting: {setting:?}, form: {form:?} }}, ")
    });
    let settings = each(&service.lab, |(name, value)| {
        format!("({}), ", quoted([name, value]))
    });
    format!(
        "            Row {{
                program: Program::of::<{path}>(),
                port: {port:?},
                http: {http},
                admin_port: {probes},
                asks: &[{asks}],
                settings: &[{settings}],
            }},
",
        path = service.path,
        probes = service.probes,
        asks = asks.trim_end_matches(", "),
        settings = settings.trim_end_matches(", "),
    )
}
