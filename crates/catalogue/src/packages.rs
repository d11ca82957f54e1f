//! What cargo knows of the workspace.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::{Catalogue, Error};

/// The packages of a working copy.
#[derive(Debug)]
pub struct Packages {
    /// The version of all of them.
    pub version: String,
    by_folder: BTreeMap<String, Package>,
}

#[derive(Debug)]
struct Package {
    programs: Vec<String>,
    /// Folders of other packages that it is built from.
    needs: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Described>,
    workspace_root: PathBuf,
}

#[derive(Deserialize)]
struct Described {
    version: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Dependency {
    path: Option<PathBuf>,
    kind: Option<String>,
}

impl Packages {
    /// What `cargo metadata` says of a working copy. It asks no registry.
    ///
    /// # Errors
    /// If cargo fails, which it explains.
    pub fn read(root: &Path) -> Result<Self, Error> {
        let output = Command::new("cargo")
            .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
            .current_dir(root)
            .output()
            .map_err(|error| Error::Metadata(error.to_string()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(Error::Metadata(said));
        }
        let metadata: Metadata = serde_json::from_slice(&output.stdout)
            .map_err(|error| Error::Metadata(error.to_string()))?;
        Ok(Self::of(&metadata))
    }

    fn of(metadata: &Metadata) -> Self {
        let folder = |path: &Path| {
            let inside = path.strip_prefix(&metadata.workspace_root).ok()?;
            Some(inside.to_str()?.replace('\\', "/"))
        };
        let mut by_folder = BTreeMap::new();
        for package in &metadata.packages {
            let Some(own) = package.manifest_path.parent().and_then(folder) else {
                continue;
            };
            let is_program = |target: &&Target| target.kind.iter().any(|kind| kind == "bin");
            let programs = package.targets.iter().filter(is_program);
            // What only its tests need is not in its image.
            let built = package.dependencies.iter();
            let built = built.filter(|needed| needed.kind.as_deref() != Some("dev"));
            let needs = built.filter_map(|needed| folder(needed.path.as_deref()?));
            let package = Package {
                programs: programs.map(|target| target.name.clone()).collect(),
                needs: needs.collect(),
            };
            by_folder.insert(own, package);
        }
        let version = metadata.packages.first();
        Self {
            version: version
                .map(|package| package.version.clone())
                .unwrap_or_default(),
            by_folder,
        }
    }

    /// Every folder that a package is built from, its own last.
    pub fn folders(&self, own: &str) -> Vec<String> {
        let mut found = BTreeSet::new();
        let mut next = vec![own.to_owned()];
        while let Some(folder) = next.pop() {
            let needs = self.by_folder.get(&folder).map(|package| &package.needs);
            let new = needs
                .into_iter()
                .flatten()
                .filter(|it| found.insert((*it).clone()));
            next.extend(new.cloned());
        }
        found.into_iter().chain([own.to_owned()]).collect()
    }

    /// Whether every service has a program, and every program of `services/` a service.
    ///
    /// # Errors
    /// Names the first that has not.
    pub fn hold(&self, catalogue: &Catalogue) -> Result<(), Error> {
        for exercise in &catalogue.exercises {
            let folder = format!("services/{}", exercise.name);
            let Some(package) = self.by_folder.get(&folder) else {
                return Err(Error::Refused(format!(
                    "{}: there is no package {folder}",
                    exercise.name
                )));
            };
            for image in exercise.images() {
                if !package.programs.iter().any(|program| program == image) {
                    return Err(Error::Refused(format!(
                        "{image}: there is no program of this name in {folder}/src/bin"
                    )));
                }
            }
        }
        let services = self.by_folder.iter();
        for (folder, package) in services.filter(|(folder, _)| folder.starts_with("services/")) {
            for program in &package.programs {
                if !catalogue
                    .services()
                    .any(|(_, service)| service.image() == program)
                {
                    return Err(Error::Refused(format!(
                        "no service has the program {program} of {folder} as its image"
                    )));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages() -> Packages {
        let package = |folder: &str, program: &str, needs: &str| {
            format!(
                r#"{{"version": "1.2.3", "manifest_path": "/m/{folder}/Cargo.toml",
                "targets": [{{"name": "x", "kind": ["lib"]}}, {{"name": "{program}", "kind": ["bin"]}}],
                "dependencies": [{needs}]}}"#
            )
        };
        let needs = r#"{"path": "/m/crates/core", "kind": null}, {"path": "/m/crates/testing", "kind": "dev"},
            {"path": null, "kind": null}"#;
        let all = [
            package("services/eco", "eco-server", needs),
            package(
                "crates/core",
                "core-tool",
                r#"{"path": "/m/proto", "kind": "build"}"#,
            ),
            package("crates/testing", "t", ""),
            package("proto", "p", ""),
        ];
        let text = format!(
            r#"{{"workspace_root": "/m", "packages": [{}]}}"#,
            all.join(",")
        );
        Packages::of(&serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn an_image_is_built_from_what_its_package_needs_however_far_down() {
        let folders = packages().folders("services/eco");
        assert_eq!(folders, ["crates/core", "proto", "services/eco"]);
        assert_eq!(packages().version, "1.2.3");
    }

    #[test]
    fn where_there_are_no_packages_cargo_says_why() {
        let refused = Packages::read(Path::new("/")).unwrap_err().to_string();
        assert!(refused.contains("could not find `Cargo.toml`"), "{refused}");
    }

    fn catalogue(image: &str) -> Catalogue {
        let service = format!(
            r#"{{ name = "eco-server", type = "eco::Server", image = "{image}", probes = 1, answers = {{ en = "", pt = "" }} }}"#
        );
        let text = format!("[[exercise]]\nname = \"eco\"\nabout = \"\"\nservice = [{service}]");
        Catalogue::parse(&text).unwrap()
    }

    #[test]
    fn a_service_needs_a_program_and_a_program_a_service() {
        packages().hold(&catalogue("eco-server")).unwrap();
        let refused = packages().hold(&catalogue("eco")).unwrap_err().to_string();
        assert!(
            refused.contains("no program of this name in services/eco/src/bin"),
            "{refused}"
        );
        let mut packages = packages();
        let eco = packages.by_folder.get_mut("services/eco").unwrap();
        eco.programs.push("eco-client".to_owned());
        let refused = packages
            .hold(&catalogue("eco-server"))
            .unwrap_err()
            .to_string();
        assert!(
            refused.contains("no service has the program eco-client of services/eco"),
            "{refused}"
        );
    }
}
