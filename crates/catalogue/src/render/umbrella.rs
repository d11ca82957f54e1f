//! charts/malha: all exercises, each in its namespace, on kind's ports, or together in one namespace.

use std::collections::HashSet;

use super::yaml::scalar;
use super::{each, quoted};
use crate::regions::Content;
use crate::{Call, Catalogue, Exercise, Service};

pub(super) fn files(catalogue: &Catalogue, version: &str) -> Vec<(String, Content)> {
    let exercises = &catalogue.exercises;
    let names = || exercises.iter().map(|exercise| &exercise.name);
    let dependencies = each(names(), |name| {
        format!(
            "  - {{name: {name}, version: {version}, repository: file://../{name}, condition: exercises.{name}}}\n"
        )
    });
    let switches = each(names(), |name| format!("  {name}: true\n"));
    let namespaces = each(names(), |name| {
        format!("{name}:\n  # -- Namespace of {name}; empty: the release's\n  namespace: {name}\n")
    });
    let known = format!("        \"enum\": [{}]\n", quoted(names()));
    let charts = each(names(), |name| format!("{name}|"));
    let charts = format!(
        "  \"patternProperties\": {{\"^({charts}jaeger|lab)$\": {{\"type\": \"object\"}}}}\n"
    );
    let all: Vec<_> = names().map(String::as_str).collect();
    let shown = format!("      NAMESPACES: {}\n", all.join(","));
    let lab = "charts/lab/values.yaml".to_owned();
    let of = |file: &str, regions| (format!("charts/malha/{file}"), Content::Regions(regions));
    vec![
        of("Chart.yaml", vec![("exercises", dependencies)]),
        of(
            "values.yaml",
            vec![("exercises", switches), ("namespaces", namespaces)],
        ),
        of(
            "values.schema.json",
            vec![("exercises", known), ("charts", charts)],
        ),
        of("kind.yaml", vec![("ports", each(exercises, node_ports))]),
        of(
            "one-namespace.yaml",
            vec![("exercises", together(exercises))],
        ),
        (lab, Content::Regions(vec![("namespaces", shown)])),
    ]
}

/// The services of an exercise that kind maps, each at its port of the node.
fn node_ports(exercise: &Exercise) -> String {
    let mapped: Vec<_> = exercise
        .services
        .iter()
        .filter_map(|service| {
            let serves = service.serves.as_ref()?;
            let (name, node, lab) = (service.deployment(), serves.node?, serves.lab);
            Some((
                format!("{name}: {{service: {{type: NodePort, nodePort: {node}}}}}"),
                lab,
            ))
        })
        .collect();
    let name = &exercise.name;
    match mapped.as_slice() {
        [] => String::new(),
        [(row, lab)] => format!("{name}: {{services: {{{row}}}}} # localhost:{lab}\n"),
        rows => {
            let rows = each(rows, |(row, lab)| format!("    {row} # localhost:{lab}\n"));
            format!("{name}:\n  services:\n{rows}")
        }
    }
}

/// Every exercise in the release's namespace. A name that an earlier exercise has is another one here.
fn together(exercises: &[Exercise]) -> String {
    let mut taken = HashSet::new();
    let mut text = String::new();
    for exercise in exercises {
        let mut renamed = Renamed(Vec::new());
        for service in &exercise.services {
            let Some(serves) = &service.serves else {
                continue;
            };
            if !taken.insert(serves.service()) {
                renamed.0.push(service);
            }
        }
        let redis = exercise.redis() && !taken.insert("redis".to_owned());
        text.push_str(&renamed.exercise(exercise, redis));
    }
    text
}

/// The services of an exercise whose Kubernetes Service has the Deployment's name here.
struct Renamed<'a>(Vec<&'a Service>);

impl Renamed<'_> {
    fn exercise(&self, exercise: &Exercise, redis: bool) -> String {
        let name = &exercise.name;
        let redis = if redis {
            format!("redis: {{name: {name}-redis}}")
        } else {
            String::new()
        };
        let services = each(&exercise.services, |service| {
            self.service(exercise, service)
        });
        if services.is_empty() {
            let redis = if redis.is_empty() {
                redis
            } else {
                format!(", {redis}")
            };
            return format!("{name}: {{namespace: \"\"{redis}}}\n");
        }
        let redis = if redis.is_empty() {
            redis
        } else {
            format!("  {redis}\n")
        };
        let test = self.test();
        format!("{name}:\n  namespace: \"\"\n{redis}  services:\n{services}{test}")
    }

    fn service(&self, exercise: &Exercise, service: &Service) -> String {
        let name = service.deployment();
        let mut parts = Vec::new();
        if self.0.iter().any(|renamed| renamed.name == service.name) {
            parts.push(format!("service: {{name: {name}}}"));
        }
        let moved = |call: &Call| {
            let called = exercise.service(&call.service)?;
            let called = self.0.iter().find(|renamed| renamed.name == called.name)?;
            let value = call.value(&called.deployment(), called.serves.as_ref()?);
            Some(format!("{}: {}", call.setting, scalar(&value)))
        };
        let moved: Vec<_> = service.calls.iter().filter_map(moved).collect();
        if !moved.is_empty() {
            parts.push(format!("env: {{{}}}", moved.join(", ")));
        }
        if parts.is_empty() {
            return String::new();
        }
        format!("    {name}: {{{}}}\n", parts.join(", "))
    }

    fn test(&self) -> String {
        let moved = self.0.iter().filter_map(|service| {
            let (test, serves) = (service.test.as_ref()?, service.serves.as_ref()?);
            let address = format!("{}:{}", service.deployment(), serves.port);
            Some(format!(
                "{}: {}",
                test.setting,
                scalar(&test.form.replace("{}", &address))
            ))
        });
        let moved: Vec<_> = moved.collect();
        if moved.is_empty() {
            return String::new();
        }
        format!("  test: {{env: {{{}}}}}\n", moved.join(", "))
    }
}
