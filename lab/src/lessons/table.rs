//! Every lesson.

mod chat;
mod desafio1;
mod grpc;
mod hello;
mod sockets;

use super::lesson::{Lesson, Place, Step, Symptom};
use crate::faults::Words;

/// Every lesson, in the order of the exercises.
pub fn lessons() -> impl Iterator<Item = &'static Lesson> {
    [
        desafio1::LESSONS,
        hello::LESSONS,
        sockets::LESSONS,
        grpc::LESSONS,
        chat::LESSONS,
    ]
    .into_iter()
    .flatten()
}

/// The lesson of this name.
pub fn lesson(id: &str) -> Option<&'static Lesson> {
    lessons().find(|lesson| lesson.id == id)
}

const fn words(en: &'static str, pt: &'static str) -> Words {
    Words { en, pt }
}

const fn symptom(place: Place, en: &'static str, pt: &'static str) -> Symptom {
    let text = words(en, pt);
    Symptom { place, text }
}

/// The last step: everything is right again.
const fn well(actions: &'static [super::lesson::LessonAction], say: Words) -> Step {
    Step {
        actions,
        seconds: 10,
        say,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::path::Path;

    use super::*;
    use crate::catalogue;
    use crate::faults::spec::Spec;
    use crate::lessons::lesson::LessonAction;

    #[test]
    fn every_lesson_has_a_name_of_its_own_that_begins_with_its_exercise() {
        let names: HashSet<_> = lessons().map(|lesson| lesson.id).collect();
        assert_eq!(names.len(), lessons().count());
        assert!(names.len() >= 10);
        for lesson in lessons() {
            assert!(catalogue::exercise(lesson.exercise).is_some());
            let prefix = format!("{}-", lesson.exercise);
            assert!(lesson.id.starts_with(&prefix), "{}", lesson.id);
        }
    }

    #[test]
    fn every_exercise_has_a_lesson() {
        for exercise in catalogue::EXERCISES {
            assert!(lessons().any(|lesson| lesson.exercise == exercise.name));
        }
    }

    #[test]
    fn every_text_is_in_both_languages() {
        for lesson in lessons() {
            let steps = lesson.steps.iter().map(|step| step.say);
            let symptoms = lesson.look_for.iter().map(|symptom| symptom.text);
            for Words { en, pt } in [lesson.title].into_iter().chain(steps).chain(symptoms) {
                assert!(!en.is_empty() && !pt.is_empty(), "{}", lesson.id);
                assert_ne!(en, pt, "{}", lesson.id);
            }
        }
    }

    #[test]
    fn faults_can_be_written_so_and_settings_are_some_of_the_service_s() {
        for action in lessons().flat_map(Lesson::actions) {
            match action {
                LessonAction::Break(_, fault) => assert!(Spec::read(fault).is_ok(), "{action}"),
                LessonAction::Mend(_) => {}
                LessonAction::Process(_, service) => {
                    assert!(catalogue::service(service).is_some(), "{action}");
                }
                LessonAction::Restart(service, settings) => {
                    let program = catalogue::service(service).unwrap().program;
                    for (name, _) in *settings {
                        assert!(program.has_setting(&name.to_lowercase()), "{action}");
                    }
                }
            }
        }
    }

    #[test]
    fn both_guides_name_every_lesson_at_its_experiment() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
        for lesson in lessons() {
            for folder in ["guides", "guias"] {
                let guide = docs.join(folder).join(format!("{}.md", lesson.exercise));
                let text = std::fs::read_to_string(guide).unwrap();
                let begin = format!("\n**{}. ", lesson.experiment);
                let section = text.split(&begin).nth(1).unwrap_or_default();
                let section = section.split("\n**").next().unwrap_or_default();
                let command = format!("cargo run -- lesson {}`", lesson.id);
                assert!(section.contains(&command), "{folder}: {}", lesson.id);
            }
        }
    }
}
