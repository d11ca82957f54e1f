//! The packages of the exercises, where the workspace and the lab name them.

use super::each;
use crate::Catalogue;
use crate::regions::Content;

pub(super) fn files(catalogue: &Catalogue) -> Vec<(String, Content)> {
    let names = || catalogue.exercises.iter().map(|exercise| &exercise.name);
    let workspace = each(names(), |name| {
        format!("{name} = {{ path = \"services/{name}\" }}\n")
    });
    let lab = each(names(), |name| format!("{name}.workspace = true\n"));
    let of = |path: &str, body| (path.to_owned(), Content::Regions(vec![("exercises", body)]));
    vec![of("Cargo.toml", workspace), of("lab/Cargo.toml", lab)]
}
