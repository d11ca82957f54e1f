//! From the catalogue to the text of each file.

mod charts;
mod compose;
mod k8s;
mod lab;
mod readmes;
mod skaffold;
mod tilt;
mod umbrella;
mod workspace;
mod yaml;

use crate::regions::Content;
use crate::{Catalogue, Packages};

/// Every generated file by its place below the root.
pub(crate) fn files(catalogue: &Catalogue, packages: &Packages) -> Vec<(String, Content)> {
    let mut files = Vec::new();
    files.extend(workspace::files(catalogue));
    files.extend(lab::files(catalogue));
    files.extend(skaffold::files(catalogue, packages));
    files.extend(tilt::files(catalogue, packages));
    files.extend(k8s::files(catalogue));
    files.extend(charts::files(catalogue));
    files.extend(compose::files(catalogue, &packages.version));
    files.extend(umbrella::files(catalogue, &packages.version));
    files.extend(readmes::files(catalogue));
    files
}

/// A text of one piece for each of these.
fn each<T>(all: impl IntoIterator<Item = T>, piece: impl Fn(T) -> String) -> String {
    all.into_iter().map(piece).collect()
}

/// Names in quotes, between commas: a list in TOML, YAML, JSON, Starlark or Rust.
fn quoted<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    let quoted: Vec<_> = names
        .into_iter()
        .map(|name| format!("{:?}", name.as_ref()))
        .collect();
    quoted.join(", ")
}
