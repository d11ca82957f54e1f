//! The rows of each exercise's chart, and what its test is told.

use std::collections::BTreeMap;

use super::each;
use super::yaml::scalar;
use crate::regions::Content;
use crate::{Catalogue, Exercise, Service};

pub(super) fn files(catalogue: &Catalogue) -> Vec<(String, Content)> {
    let values = |exercise: &Exercise| {
        let services = each(&exercise.services, |service| row(exercise, service));
        let services = format!("services:\n{services}");
        let variables = each(exercise.test_variables(), |(name, value)| {
            format!("    {name}: {}\n", scalar(&value))
        });
        let test = format!("test:\n  env:\n{variables}");
        let regions = vec![("services", services), ("test", test)];
        (
            format!("charts/{}/values.yaml", exercise.name),
            Content::Regions(regions),
        )
    };
    catalogue.exercises.iter().map(values).collect()
}

fn row(exercise: &Exercise, service: &Service) -> String {
    let mut lines = Vec::new();
    if let Some(comment) = &service.comment {
        lines.push(format!("# {comment}"));
    }
    if service.image() != service.deployment() {
        lines.push(format!("image: {}", service.image()));
    }
    if let Some(replicas) = service.replicas {
        lines.push(format!("replicas: {replicas}"));
    }
    let calls = callees(exercise, service);
    if !calls.is_empty() {
        lines.push(format!("calls: [{}]", calls.join(", ")));
    }
    if service.interactive {
        lines.push("interactive: true".to_owned());
    }
    if let Some(serves) = &service.serves {
        lines.push("service:".to_owned());
        lines.push(format!("  name: {}", serves.service()));
        lines.push(format!("  port: {}", serves.port));
        lines.push(format!("  protocol: {}", serves.protocol.name()));
        if serves.headless {
            lines.push("  headless: true".to_owned());
        }
    }
    for (key, variables) in [
        ("env", env(exercise, service)),
        ("secretEnv", service.secrets.clone()),
    ] {
        if !variables.is_empty() {
            lines.push(format!("{key}:"));
        }
        let variables = variables.iter();
        lines.extend(variables.map(|(name, value)| format!("  {name}: {}", scalar(value))));
    }
    let lines = each(lines, |line| format!("    {line}\n"));
    let begins = if lines.is_empty() { " {}" } else { "" };
    format!("  {}:{begins}\n{lines}", service.deployment())
}

/// Whom its network policy lets it call.
fn callees(exercise: &Exercise, service: &Service) -> Vec<String> {
    let called = service
        .calls
        .iter()
        .filter_map(|call| exercise.service(&call.service));
    let redis = service.redis.then(|| "redis".to_owned());
    called.map(Service::deployment).chain(redis).collect()
}

/// Its own settings, with where it finds whom it calls.
pub(super) fn env(exercise: &Exercise, service: &Service) -> BTreeMap<String, String> {
    let mut env = service.env.clone();
    for call in &service.calls {
        let called = exercise.service(&call.service);
        if let Some(serves) = called.and_then(|called| called.serves.as_ref()) {
            env.insert(call.setting.clone(), call.value(&serves.name, serves));
        }
    }
    env
}
