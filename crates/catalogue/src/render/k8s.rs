//! What stands in k8s/: images, namespaces, kind's ports, the jobs of `skaffold verify`.

use super::each;
use super::yaml::scalar;
use crate::regions::Content;
use crate::{Catalogue, Exercise};

pub(super) fn files(catalogue: &Catalogue) -> Vec<(String, Content)> {
    let images = catalogue.exercises.iter().flat_map(Exercise::images);
    let images = each(images.chain(["e2e"]), |image| format!("{image}\n"));
    let namespaces = each(&catalogue.exercises, namespace);
    let mut files = vec![
        ("k8s/images.txt".to_owned(), Content::Whole(images)),
        (
            "k8s/namespaces.yaml".to_owned(),
            Content::Regions(vec![("namespaces", namespaces)]),
        ),
        (
            "k8s/kind.yaml".to_owned(),
            Content::Regions(vec![("ports", ports(catalogue))]),
        ),
    ];
    for exercise in &catalogue.exercises {
        let path = format!("k8s/verify/{}.yaml", exercise.name);
        files.push((path, Content::Whole(verify(exercise))));
    }
    files
}

fn namespace(exercise: &Exercise) -> String {
    let name = &exercise.name;
    format!(
        "apiVersion: v1
kind: Namespace
metadata:
  name: {name}
  labels:
    app.kubernetes.io/part-of: malha
    pod-security.kubernetes.io/enforce: restricted
    pod-security.kubernetes.io/audit: restricted
    pod-security.kubernetes.io/warn: restricted
---
"
    )
}

fn ports(catalogue: &Catalogue) -> String {
    each(catalogue.services(), |(exercise, service)| {
        let Some(serves) = &service.serves else {
            return String::new();
        };
        let Some(node) = serves.node else {
            return String::new();
        };
        let (lab, exercise, name) = (serves.lab, &exercise.name, &serves.name);
        format!(
            "      - {{containerPort: {node}, hostPort: {lab}, listenAddress: 127.0.0.1}} # {exercise}, {name}\n"
        )
    })
}

fn verify(exercise: &Exercise) -> String {
    let name = &exercise.name;
    let variables = each(exercise.test_variables(), |(variable, value)| {
        let value = scalar(&value);
        format!("            - {{name: {variable}, value: {value}}}\n")
    });
    format!(
        "# What `skaffold verify` runs: the conformance image, in the place that `helm test` has.
# Generated from catalogue.toml by `cargo run -p catalogue write`; edits here are lost.
apiVersion: batch/v1
kind: Job
metadata:
  name: {name}-verify
  namespace: {name}
spec:
  backoffLimit: 0
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {name}-verify
        app.kubernetes.io/component: test
        app.kubernetes.io/part-of: malha
    spec:
      restartPolicy: Never
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext:
        runAsNonRoot: true
        runAsUser: 65532
        runAsGroup: 65532
        seccompProfile: {{type: RuntimeDefault}}
      containers:
        - name: {name}-verify
          image: malha/e2e
          imagePullPolicy: IfNotPresent
          args: [{name}]
          env:
            - {{name: JAEGER_URL, value: http://jaeger.jaeger:16686}}
{variables}          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {{drop: [ALL]}}
"
    )
}
