//! Every target over its seeds and over mutations of these, by plain `cargo test`. More of them:
//! `MUTATIONS=100000 cargo test -p properties --release`.
#![cfg(test)]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use properties::{TARGETS, Target, mutated};

/// Of each seed, where nothing else is said.
const MUTATIONS: u64 = 60;

#[test]
fn every_target_holds_over_its_seeds_and_what_is_nearly_them() {
    let broken: Vec<_> = TARGETS.iter().filter_map(broken).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_target_is_a_fuzz_target_with_seeds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz_targets");
    let mut named: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    named.sort();
    let targets: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(targets, named);
}

/// Names and bytes, in the order of their names.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../seeds")
        .join(target);
    let files = fs::read_dir(&folder).unwrap();
    let mut seeds: Vec<_> = files
        .map(|file| file.unwrap())
        .map(|file| {
            (
                file.file_name().into_string().unwrap(),
                fs::read(file.path()).unwrap(),
            )
        })
        .collect();
    seeds.sort();
    assert!(!seeds.is_empty(), "{target} has no seeds");
    seeds
}

/// The first bytes over which a target does not hold, so that they can become a test of the crate
/// that they break.
fn broken(target: &Target) -> Option<String> {
    let mutations = option_env!("MUTATIONS").map_or(MUTATIONS, |text| text.parse().unwrap());
    let seeds = seeds(target.name);
    for (at, (name, seed)) in seeds.iter().enumerate() {
        for number in 0..=mutations {
            let (_, other) = &seeds[(at + usize::try_from(number).unwrap()) % seeds.len()];
            let bytes = match number {
                0 => seed.clone(),
                _ => mutated(seed, other, number),
            };
            let run = catch_unwind(AssertUnwindSafe(|| (target.check)(&bytes)));
            if run.is_err() {
                let (target, bytes) = (target.name, bytes.escape_ascii());
                return Some(format!(
                    "{target}, seed {name}, mutation {number}: b\"{bytes}\""
                ));
            }
        }
    }
    None
}
