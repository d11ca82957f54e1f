//! What skaffold and Tilt build: no program of the services may be missing.
#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Every program that is an image: all but the lab.
fn programs(root: &Path) -> Vec<String> {
    let services = entries(&root.join("services"));
    let binaries = services
        .iter()
        .flat_map(|service| entries(&service.join("src/bin")));
    let names = binaries.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned());
    names.filter(|name| name != "malha").collect()
}

#[test]
fn the_inner_loops_build_every_program() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let programs = programs(&root);
    assert!(
        programs.contains(&"grpc-cliente".to_owned()),
        "{programs:?}"
    );
    let skaffold = fs::read_to_string(root.join("skaffold.yaml")).unwrap();
    let tiltfile = fs::read_to_string(root.join("tilt/Tiltfile")).unwrap();
    for program in programs {
        let artifact = format!("image: malha/{program}\n");
        assert!(skaffold.contains(&artifact), "skaffold.yaml: {program}");
        let quoted = format!("\"{program}\"");
        assert!(tiltfile.contains(&quoted), "tilt/Tiltfile: {program}");
    }
}
