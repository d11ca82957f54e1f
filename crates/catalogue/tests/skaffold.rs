//! What skaffold would make of the hand-written part of skaffold.yaml.
#![cfg(test)]

use std::fs;
use std::path::Path;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../skaffold.yaml");

/// Each profile's name, and its lines.
fn profiles(text: &str) -> Vec<(&str, Vec<&str>)> {
    let (_, profiles) = text.split_once("\nprofiles:\n").unwrap();
    let each = profiles.split("\n  - name: ").skip(1);
    each.map(|profile| {
        let mut lines = profile.lines();
        (lines.next().unwrap(), lines.collect())
    })
    .collect()
}

/// `deploy.helm` of a profile replaces all of the file's: without releases nothing is installed, and a
/// patch that adds one has nothing to add it to.
#[test]
fn a_profile_that_speaks_of_helm_names_its_releases() {
    let text = fs::read_to_string(Path::new(FILE)).unwrap();
    let profiles = profiles(&text);
    for name in ["hello", "lab", "debug"] {
        assert!(profiles.iter().any(|(found, _)| *found == name), "{name}");
    }
    for (name, lines) in profiles {
        let says = |key: &str| lines.iter().any(|line| line.trim_end() == key);
        let (helm, releases) = (says("      helm:"), says("        releases:"));
        assert_eq!(helm, releases, "the profile {name}");
    }
}
