//! The tables of the READMEs, in both languages.

use super::each;
use crate::regions::Content;
use crate::{Answers, Catalogue};

struct Words {
    head: &'static str,
    within: &'static str,
    answers: fn(&Answers) -> &str,
}

const ENGLISH: Words = Words {
    head: "| service | in the cluster | in the lab | what it answers |",
    within: "in",
    answers: |answers| &answers.en,
};

const PORTUGUESE: Words = Words {
    head: "| serviço | no cluster | no laboratório | o que responde |",
    within: "em",
    answers: |answers| &answers.pt,
};

pub(super) fn files(catalogue: &Catalogue) -> Vec<(String, Content)> {
    let of = |path: &str, words| {
        let regions = vec![("services", table(catalogue, words))];
        (path.to_owned(), Content::Regions(regions))
    };
    vec![
        of("README.md", &ENGLISH),
        of("README.pt-BR.md", &PORTUGUESE),
    ]
}

fn table(catalogue: &Catalogue, words: &Words) -> String {
    let rows = each(catalogue.services(), |(exercise, service)| {
        let (name, answers) = (&service.name, (words.answers)(&service.answers));
        let Some(serves) = &service.serves else {
            return format!("| `{name}` | | | {answers} |\n");
        };
        let (address, lab) = (serves.address(), serves.lab);
        let (within, exercise) = (words.within, &exercise.name);
        format!(
            "| `{name}` | `{address}` {within} `{exercise}` | `localhost:{lab}` | {answers} |\n"
        )
    });
    format!("{}\n|---|---|---|---|\n{rows}", words.head)
}
