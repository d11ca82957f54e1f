//! skaffold.yaml: pieces, then lists of them, for all and for each exercise.

use super::{each, quoted};
use crate::regions::Content;
use crate::{Catalogue, Exercise, Packages, Serves, Service};

pub(super) fn files(catalogue: &Catalogue, packages: &Packages) -> Vec<(String, Content)> {
    let exercises = &catalogue.exercises;
    let regions = vec![
        ("artifacts", artifacts(catalogue, packages)),
        ("releases", each(exercises, release)),
        (
            "ports",
            each(catalogue.services(), |(exercise, service)| {
                port(exercise, service)
            }),
        ),
        ("verify", each(exercises, verify)),
        (
            "all artifacts",
            each(exercises, |it| listed(4, &images(it))),
        ),
        (
            "all releases",
            each(exercises, |it| listed(6, &[format!("{}-release", it.name)])),
        ),
        ("all ports", each(exercises, |it| listed(2, &ports(it)))),
        (
            "all verify",
            each(exercises, |it| listed(2, &[format!("{}-verify", it.name)])),
        ),
        ("profiles", each(exercises, profile)),
    ];
    vec![("skaffold.yaml".to_owned(), Content::Regions(regions))]
}

/// References to pieces, a line each.
fn listed(indent: usize, pieces: &[String]) -> String {
    each(pieces, |piece| format!("{:indent$}- *{piece}\n", ""))
}

fn artifacts(catalogue: &Catalogue, packages: &Packages) -> String {
    let of_exercise = |exercise: &Exercise| {
        let folders = packages.folders(&format!("services/{}", exercise.name));
        each(exercise.images(), |image| artifact(image, &folders))
    };
    each(&catalogue.exercises, of_exercise) + &artifact("e2e", &packages.folders("e2e"))
}

fn artifact(image: &str, folders: &[String]) -> String {
    let folders = quoted(folders.iter().map(|folder| format!("{folder}/**")));
    format!(
        "  - &{image}
    image: malha/{image}
    context: .
    custom:
      buildCommand: k8s/image {image}
      dependencies:
        paths: [Cargo.toml, Cargo.lock, Dockerfile, {folders}]
"
    )
}

fn release(exercise: &Exercise) -> String {
    let name = &exercise.name;
    let tags = each(&exercise.services, |service| {
        let (deployment, image) = (service.deployment(), service.image().replace('-', "_"));
        format!("      services.{deployment}.tag: \"{{{{.IMAGE_TAG_malha_{image}}}}}\"\n")
    });
    format!(
        "  - &{name}-release
    name: {name}
    chartPath: charts/{name}
    namespace: {name}
    createNamespace: true
    skipBuildDependencies: true
    setValues: *quick-drain
    setValueTemplates:
{tags}      test.tag: \"{{{{.IMAGE_TAG_malha_e2e}}}}\"
"
    )
}

fn port(exercise: &Exercise, service: &Service) -> String {
    let Some(serves) = &service.serves else {
        return String::new();
    };
    let Serves { port, lab, .. } = serves;
    let (namespace, anchor) = (&exercise.name, port_anchor(exercise, service));
    let name = serves.service();
    format!(
        "  - &{anchor} {{resourceType: service, resourceName: {name}, namespace: {namespace}, port: {port}, localPort: {lab}}}\n"
    )
}

/// `grpc-cliente-port`, `chat-servicea-port`: the exercise's name is there once.
fn port_anchor(exercise: &Exercise, service: &Service) -> String {
    let (exercise, name) = (&exercise.name, service.deployment());
    if name.starts_with(&format!("{exercise}-")) {
        return format!("{name}-port");
    }
    format!("{exercise}-{name}-port")
}

fn verify(exercise: &Exercise) -> String {
    let name = &exercise.name;
    format!(
        "  - &{name}-verify
    name: {name}
    container: {{name: {name}-verify, image: malha/e2e, args: [{name}]}}
    executionMode:
      kubernetesCluster: {{jobManifestPath: k8s/verify/{name}.yaml}}
"
    )
}

fn images(exercise: &Exercise) -> Vec<String> {
    exercise.images().into_iter().map(str::to_owned).collect()
}

fn ports(exercise: &Exercise) -> Vec<String> {
    let serving = exercise
        .services
        .iter()
        .filter(|service| service.serves.is_some());
    serving
        .map(|service| port_anchor(exercise, service))
        .collect()
}

fn profile(exercise: &Exercise) -> String {
    let name = &exercise.name;
    let images = listed(8, &images(exercise));
    let ports = listed(6, &ports(exercise));
    format!(
        "  - name: {name}
    build:
      artifacts:
{images}        - *e2e
    deploy:
      statusCheckDeadlineSeconds: 180
      helm:
        concurrency: 0
        flags: *quick-upgrade
        releases:
          - *jaeger-release
          - *{name}-release
    portForward:
      - *jaeger-port
{ports}    verify:
      - *{name}-verify
"
    )
}
