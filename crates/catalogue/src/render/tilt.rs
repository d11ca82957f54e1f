//! The table of tilt/Tiltfile, in Starlark.

use super::{each, quoted};
use crate::regions::Content;
use crate::{Catalogue, Exercise, Packages, Serves, Service};

pub(super) fn files(catalogue: &Catalogue, packages: &Packages) -> Vec<(String, Content)> {
    let rows = each(&catalogue.exercises, |exercise| row(exercise, packages));
    let table = format!("EXERCISES = {{\n{rows}}}\n");
    let regions = vec![("exercises", table)];
    vec![("tilt/Tiltfile".to_owned(), Content::Regions(regions))]
}

fn row(exercise: &Exercise, packages: &Packages) -> String {
    let name = &exercise.name;
    let redis = exercise.redis().then(|| format!("{name}-redis"));
    let resources = exercise
        .services
        .iter()
        .map(Service::deployment)
        .chain(redis);
    let ports = each(&exercise.services, |service| {
        let Some(serves) = &service.serves else {
            return String::new();
        };
        format!(
            "            {:?}: [{}],\n",
            service.deployment(),
            links(service, serves)
        )
    });
    format!(
        "    {name:?}: {{
        \"images\": [{images}],
        \"folders\": [{folders}],
        \"resources\": [{resources}],
        \"secrets\": [{secrets}],
        \"ports\": {{
{ports}        }},
    }},
",
        images = quoted(exercise.images()),
        folders = quoted(packages.folders(&format!("services/{name}"))),
        resources = quoted(resources),
        secrets = quoted(exercise.secrets()),
    )
}

/// A tuple a page, or one without a page.
fn links(service: &Service, serves: &Serves) -> String {
    let Serves { port, lab, .. } = serves;
    if service.links.is_empty() {
        return format!("({lab}, {port}, None, None)");
    }
    let links = service.links.iter();
    let tuples: Vec<_> = links
        .map(|link| format!("({lab}, {port}, {:?}, {:?})", link.path, link.text))
        .collect();
    tuples.join(", ")
}
