//! compose.yaml says what the charts say: images, settings, memory.
#![cfg(test)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What Kubernetes alone can tell, for the attributes of spans.
const OF_PODS: [&str; 4] = ["NODE_NAME", "POD_NAME", "POD_NAMESPACE", "POD_UID"];

/// A container: its image, its arguments, its limit of memory, its variables.
#[derive(Debug, Default, PartialEq)]
struct Container {
    image: String,
    arguments: Vec<String>,
    memory: String,
    environment: BTreeMap<String, String>,
}

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(path)).unwrap()
}

fn plain(value: &str) -> String {
    value.trim().trim_matches('"').to_owned()
}

/// The lines of a mapping's key, without their common indentation.
fn below<'a>(text: &'a str, key: &str) -> Vec<&'a str> {
    let indent = key.len() - key.trim_start().len();
    let mut lines = text.lines().skip_while(|line| *line != key);
    lines.next().unwrap_or_else(|| panic!("no {key:?}"));
    let inside = |line: &&str| line.len() - line.trim_start().len() > indent || line.is_empty();
    lines.take_while(inside).collect()
}

fn pairs<'a>(lines: impl IntoIterator<Item = &'a str>) -> BTreeMap<String, String> {
    let pairs = lines.into_iter().filter_map(|line| line.split_once(": "));
    pairs
        .map(|(name, value)| (name.trim().to_owned(), plain(value)))
        .collect()
}

fn items<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let items = lines.into_iter().map(str::trim);
    items
        .filter_map(|line| line.strip_prefix("- "))
        .map(plain)
        .collect()
}

/// Of a service in compose.yaml, with what it takes over.
fn composed(text: &str, name: &str) -> Container {
    let own = below(text, &format!("  {name}:")).join("\n");
    let mut container = Container::default();
    let mut keys = BTreeMap::new();
    for anchor in ["service", "redis"] {
        if own.contains(&format!("    <<: *{anchor}\n")) {
            let taken = below(text, &format!("x-{anchor}: &{anchor}"));
            container.arguments = taken
                .iter()
                .position(|line| *line == "  command:")
                .map(|at| items(taken[at..].iter().copied()))
                .unwrap_or_default();
            keys.extend(pairs(taken));
        }
    }
    if own.contains("      <<: *environment\n") {
        container.environment = pairs(below(text, "x-environment: &environment"));
        let own = below(&own, "    environment:");
        container.environment.extend(pairs(own));
        container.environment.remove("<<");
    }
    keys.extend(pairs(
        own.lines().filter(|line| !line.starts_with("      ")),
    ));
    let take = |key: &str| keys.get(key).cloned().unwrap_or_default();
    (container.image, container.memory) = (take("image"), take("mem_limit"));
    container
}

/// Of a chart's snapshot: every container of its Deployments and `StatefulSets`, by name.
fn charted(chart: &str) -> Vec<(String, Container)> {
    let text = read(&format!("charts/{chart}/snapshots/default.yaml"));
    let running = text.split("\n---\n").filter(|document| {
        document.contains("kind: Deployment\n") || document.contains("kind: StatefulSet\n")
    });
    running.map(container).collect()
}

fn container(document: &str) -> (String, Container) {
    let lines = below(document, "      containers:").join("\n");
    let of = |key: &str| {
        let line = lines.lines().find_map(|line| {
            let line = line.trim_start_matches([' ', '-']);
            line.strip_prefix(key)
        });
        plain(line.unwrap_or_else(|| panic!("no {key} in {lines}")))
    };
    let mut environment = BTreeMap::new();
    let env = below(&lines, "          env:");
    for entry in env.join("\n").split("- name: ").skip(1) {
        let (name, rest) = entry.split_once('\n').unwrap();
        let name = plain(name);
        let value = rest.trim().strip_prefix("value: ");
        // A key of a Secret there is a variable of the shell here.
        let value = value.map_or_else(
            || format!("${{{name}:-}}"),
            |value| plain(value.lines().next().unwrap()),
        );
        if !OF_PODS.contains(&&*name) {
            environment.insert(name, value);
        }
    }
    let limits = below(&lines, "            limits:");
    let memory = pairs(limits)["memory"].to_lowercase().replace("mi", "m");
    let arguments = if lines.contains("          args:\n") {
        items(below(&lines, "          args:"))
    } else {
        Vec::new()
    };
    let container = Container {
        image: of("image: "),
        arguments,
        memory,
        environment,
    };
    (of("name: "), container)
}

/// The attributes of spans that Compose can tell, too.
fn attributes(environment: &mut BTreeMap<String, String>, of_pods: bool) -> Vec<String> {
    let text = environment.remove("OTEL_RESOURCE_ATTRIBUTES").unwrap();
    let pairs = text.split(',').map(str::to_owned);
    pairs
        .filter(|pair| !of_pods || !(pair.contains("$(") || pair.starts_with("k8s.")))
        .collect()
}

#[test]
fn a_service_has_the_settings_of_its_chart() {
    let text = read("compose.yaml");
    let mut count = 0;
    for chart in ["desafio1", "hello", "grpc", "chat", "sockets"] {
        for (name, mut charted) in charted(chart) {
            if name == "redis" {
                let mut composed = composed(&text, &format!("{chart}-redis"));
                let open = composed
                    .arguments
                    .iter()
                    .position(|it| it == "--protected-mode");
                composed.arguments.drain(open.unwrap()..open.unwrap() + 2);
                let password = composed.arguments.last_mut().unwrap();
                assert_eq!(*password, "${REDIS_PASSWORD:-}");
                "$(REDISCLI_AUTH)".clone_into(password);
                charted
                    .arguments
                    .retain(|argument| !argument.starts_with('#'));
                charted.environment.clear(); // for its probes
                let command = ["redis-server".to_owned()];
                charted.arguments = [&command[..], &charted.arguments].concat();
                assert_eq!(composed, charted, "{name} of {chart}");
                continue;
            }
            let mut composed = composed(&text, &name);
            assert_eq!(
                attributes(&mut composed.environment, false),
                attributes(&mut charted.environment, true),
                "{name}"
            );
            let endpoint = charted.environment.get_mut("OTEL_EXPORTER_OTLP_ENDPOINT");
            "http://jaeger:4318".clone_into(endpoint.unwrap());
            assert_eq!(composed, charted, "{name}");
            count += 1;
        }
    }
    assert_eq!(count, 10, "as many as there are services");
}

#[test]
fn jaeger_is_that_of_its_chart() {
    let composed = composed(&read("compose.yaml"), "jaeger");
    let [(_, charted)] = &charted("jaeger")[..] else {
        panic!("one container")
    };
    assert_eq!(composed.image, charted.image);
    assert_eq!(composed.memory, charted.memory);
}
