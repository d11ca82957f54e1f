//! What a catalogue must keep to.

use std::collections::HashMap;

use crate::{Catalogue, Error, Exercise, Service};

/// Names that mean something else on the lab's command line, in skaffold.yaml, or among the charts.
const TAKEN: [&str; 8] = [
    "malha",
    "doctor",
    "trace",
    "completions",
    "jaeger",
    "common",
    "e2e",
    "lab",
];

/// Ports of this machine that the lab or Jaeger have.
const LAB: [(u16, &str); 5] = [
    (4317, "the lab's OTLP over gRPC"),
    (4318, "the lab's OTLP"),
    (8888, "the lab's page"),
    (9464, "the lab's own probes"),
    (16686, "Jaeger"),
];

/// Ports of the node that others have.
const NODE: [(u16, &str); 1] = [(30686, "Jaeger")];

pub(crate) fn check(catalogue: &Catalogue) -> Result<(), Error> {
    let mut names = Taken::of(
        "the name",
        TAKEN.map(|name| (name.to_owned(), "Malha itself")),
    );
    let mut ports = Taken::of(
        "the port",
        LAB.map(|(port, whose)| (port.to_string(), whose)),
    );
    let mut nodes = Taken::of(
        "the node port",
        NODE.map(|(port, whose)| (port.to_string(), whose)),
    );
    for exercise in &catalogue.exercises {
        label(&exercise.name, &exercise.name)?;
        names.take(&exercise.name, &exercise.name)?;
        let mut hosts = Taken::of("the host name", [("redis".to_owned(), "Redis")]);
        for service in &exercise.services {
            names.take(&service.name, &service.name)?;
            ports.take(&service.probes, &service.name)?;
            if let Some(serves) = &service.serves {
                label(&service.name, &serves.service())?;
                hosts.take(&serves.service(), &service.name)?;
                ports.take(&serves.lab, &service.name)?;
                if let Some(node) = serves.node {
                    nodes.take(&node, &service.name)?;
                }
            }
            one(exercise, service)?;
        }
    }
    Ok(())
}

/// What concerns a service and its exercise alone.
fn one(exercise: &Exercise, service: &Service) -> Result<(), Error> {
    let name = &service.name;
    label(name, &service.deployment())?;
    let module = format!("{}::", exercise.name.replace('-', "_"));
    if !service.path.starts_with(&module) {
        return refuse(format!(
            "{name}: the type {:?} is not in the package {}: expected {module}…",
            service.path, exercise.name
        ));
    }
    for call in &service.calls {
        let called = exercise.service(&call.service);
        let Some(serves) = called.and_then(|called| called.serves.as_ref()) else {
            return refuse(format!(
                "{name} calls {:?}, which no service of {} answers to",
                call.service, exercise.name
            ));
        };
        if call.headless && !serves.headless {
            return refuse(format!(
                "{name} calls each pod of {}, which has no `headless = true`",
                call.service
            ));
        }
        place(name, &call.setting, &call.form)?;
    }
    let Some(test) = &service.test else {
        return Ok(());
    };
    if service.serves.is_none() {
        return refuse(format!(
            "{name}: {} is where it serves, and it does not",
            test.setting
        ));
    }
    place(name, &test.setting, &test.form)
}

/// What the API server takes for a name, with room for `-headless`.
fn label(whose: &str, name: &str) -> Result<(), Error> {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let edges = name.starts_with('-') || name.ends_with('-');
    if name.is_empty() || name.len() > 50 || edges || !name.chars().all(letters) {
        return refuse(format!(
            "{whose}: {name:?} is no name for Kubernetes: expected up to 50 letters, digits and dashes"
        ));
    }
    Ok(())
}

fn place(whose: &str, setting: &str, form: &str) -> Result<(), Error> {
    if form.contains("{}") {
        return Ok(());
    }
    refuse(format!(
        "{whose}: the form {form:?} of {setting} has no {{}} for host and port"
    ))
}

fn refuse<T>(what: String) -> Result<T, Error> {
    Err(Error::Refused(what))
}

/// What is given out once.
struct Taken {
    what: &'static str,
    by: HashMap<String, String>,
}

impl Taken {
    fn of<'a>(what: &'static str, before: impl IntoIterator<Item = (String, &'a str)>) -> Self {
        let by = before.into_iter().map(|(it, whose)| (it, whose.to_owned()));
        Self {
            what,
            by: by.collect(),
        }
    }

    fn take(&mut self, it: &impl ToString, whose: &str) -> Result<(), Error> {
        let it = it.to_string();
        if let Some(other) = self.by.get(&it) {
            return refuse(format!("{whose}: {} {it} is {other}'s already", self.what));
        }
        self.by.insert(it, whose.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::Catalogue;

    const RIGHT: &str = r#"
[[exercise]]
name = "eco"
about = "an echo"
[[exercise.service]]
name = "eco-server"
type = "eco::Server"
serves = { name = "eco", protocol = "tcp", port = 7, lab = 7007, node = 30007 }
probes = 9001
answers = { en = "the same", pt = "o mesmo" }
[[exercise.service]]
name = "eco-client"
type = "eco::Client"
probes = 9002
calls = [{ service = "eco-server", setting = "SERVER_ADDRESS", form = "{}" }]
answers = { en = "asks", pt = "pergunta" }
"#;

    #[test]
    fn what_works_is_taken() {
        assert_eq!(Catalogue::parse(RIGHT).unwrap().services().count(), 2);
        for (right, as_right) in [
            ("\"eco-client\"", &*format!("{:?}", "c".repeat(50))),
            ("\"eco-client\"", "\"2-clients\""),
            ("node = 30007", "headless = true"),
            (
                "answers = { en = \"the same\"",
                "test = { setting = \"ECO\", form = \"{}\" }\nanswers = { en = \"the same\"",
            ),
        ] {
            let text = RIGHT.replacen(right, as_right, 1);
            assert_ne!(text, RIGHT, "{right}");
            Catalogue::parse(&text).unwrap();
        }
        let each_pod = RIGHT
            .replacen("node = 30007", "headless = true", 1)
            .replacen("form = \"{}\"", "form = \"{}\", headless = true", 1);
        Catalogue::parse(&each_pod).unwrap();
    }

    #[test]
    fn what_cannot_work_is_refused_by_name() {
        for (right, wrong, said) in [
            (
                "9002",
                "9001",
                "eco-client: the port 9001 is eco-server's already",
            ),
            (
                "7007",
                "8888",
                "eco-server: the port 8888 is the lab's page's already",
            ),
            ("30007", "30686", "the node port 30686 is Jaeger's already"),
            (
                "\"eco-client\"",
                "\"eco\"",
                "eco: the name eco is eco's already",
            ),
            (
                "name = \"eco\", p",
                "name = \"redis\", p",
                "the host name redis is Redis's already",
            ),
            (
                "\"eco-client\"",
                "\"eco_client\"",
                "\"eco_client\" is no name for Kubernetes",
            ),
            (
                "name = \"eco\"\nabout",
                "name = \"\"\nabout",
                "\"\" is no name for Kubernetes",
            ),
            (
                "\"eco-client\"",
                "\"-client\"",
                "\"-client\" is no name for Kubernetes",
            ),
            (
                "\"eco-client\"",
                "\"client-\"",
                "\"client-\" is no name for Kubernetes",
            ),
            (
                "\"eco-client\"",
                &format!("{:?}", "c".repeat(51)),
                "c\" is no name for Kubernetes",
            ),
            (
                "service = \"eco-server\"",
                "service = \"eco-client\"",
                "eco-client calls \"eco-client\", which no service of eco answers to",
            ),
            (
                "form = \"{}\"",
                "form = \"here\"",
                "the form \"here\" of SERVER_ADDRESS has no {}",
            ),
            (
                "form = \"{}\"",
                "form = \"{}\", headless = true",
                "which has no `headless = true`",
            ),
            ("eco::Client", "echo::Client", "expected eco::…"),
            ("probes = 9002", "", "missing field `probes`"),
            (
                "probes = 9002",
                "probes = 9002\ncolour = 1",
                "unknown field `colour`",
            ),
            ("probes = 9002", "probes = 70000", "70000"),
            (
                "probes = 9002",
                "probes = 9002\ntest = { setting = \"ECO\", form = \"{}\" }",
                "ECO is where it serves, and it does not",
            ),
        ] {
            let text = RIGHT.replacen(right, wrong, 1);
            assert_ne!(text, RIGHT, "{right}");
            let refused = Catalogue::parse(&text).unwrap_err().to_string();
            assert!(refused.contains(said), "{refused}\nexpected: {said}");
        }
    }
}
