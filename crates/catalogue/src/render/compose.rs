//! compose.yaml: every service, and a Redis for each exercise that has one.

use super::yaml::scalar;
use super::{charts, each};
use crate::regions::Content;
use crate::{Catalogue, Exercise, Service};

/// Where a pod's probes and a container's are.
const PROBES: u16 = 9464;

pub(super) fn files(catalogue: &Catalogue, version: &str) -> Vec<(String, Content)> {
    let exercises = &catalogue.exercises;
    let services = each(exercises, |exercise| {
        let services = each(&exercise.services, |it| service(exercise, it, version));
        services + &redis(exercise)
    });
    let networks = each(exercises, |exercise| format!("  {}: {{}}\n", exercise.name));
    let with_redis = exercises.iter().filter(|exercise| exercise.redis());
    let volumes = each(with_redis, |exercise| {
        format!("  {}-redis: {{}}\n", exercise.name)
    });
    let regions = vec![
        ("services", services),
        ("networks", networks),
        ("volumes", volumes),
    ];
    vec![("compose.yaml".to_owned(), Content::Regions(regions))]
}

fn service(exercise: &Exercise, service: &Service, version: &str) -> String {
    let (name, image) = (service.deployment(), service.image());
    let mut lines = vec![
        "<<: *service".to_owned(),
        format!("image: malha/{image}:{version}"),
    ];
    if service.interactive {
        lines.extend(["stdin_open: true", "tty: true"].map(str::to_owned));
    }
    lines.push("environment:".to_owned());
    lines.push("  <<: *environment".to_owned());
    let redis = service.redis.then(|| {
        [
            ("REDIS_URL", "redis://redis:6379".to_owned()),
            ("REDIS_PASSWORD", "${REDIS_PASSWORD:-}".to_owned()),
        ]
    });
    for (name, value) in redis.into_iter().flatten() {
        lines.push(format!("  {name}: {}", scalar(&value)));
    }
    for name in service.secrets.keys() {
        lines.push(format!("  {name}: \"${{{name}:-}}\""));
    }
    for (name, value) in charts::env(exercise, service) {
        // Compose would put a variable of the shell after a `$`.
        lines.push(format!("  {name}: {}", scalar(&value.replace('$', "$$"))));
    }
    lines.push("networks:".to_owned());
    lines.push("  traces: {}".to_owned());
    let mut ports = vec![format!("\"127.0.0.1:{}:{PROBES}\"", service.probes)];
    match &service.serves {
        None => lines.push(format!("  {}: {{}}", exercise.name)),
        Some(serves) => {
            let mut names = vec![serves.service()];
            if serves.headless {
                names.push(format!("{}-headless", serves.service()));
            }
            let names = names.join(", ");
            lines.push(format!("  {}: {{aliases: [{names}]}}", exercise.name));
            ports.insert(0, format!("\"127.0.0.1:{}:{}\"", serves.lab, serves.port));
        }
    }
    lines.push(format!("ports: [{}]", ports.join(", ")));
    format!("  {name}:\n{}", each(lines, |line| format!("    {line}\n")))
}

fn redis(exercise: &Exercise) -> String {
    if !exercise.redis() {
        return String::new();
    }
    let name = &exercise.name;
    format!(
        "  {name}-redis:
    <<: *redis
    networks:
      {name}: {{aliases: [redis]}}
    volumes: [\"{name}-redis:/data\"]
"
    )
}
