//! What a lesson is made of.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::faults::Words;
use crate::supervisor::control::Action;

/// A scripted break.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lesson {
    /// Its name, which begins with its exercise's.
    pub id: &'static str,
    /// The exercise it belongs to.
    pub exercise: &'static str,
    /// One line on it.
    pub title: Words,
    /// What happens, in this order; at the end everything is put back.
    pub steps: &'static [Step],
    /// What shows it.
    pub look_for: &'static [Symptom],
    /// The number of the experiment in the guide's section "Break it".
    pub experiment: u32,
}

/// One step of a lesson.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Step {
    /// What is broken or mended when it begins.
    pub actions: &'static [LessonAction],
    /// How long it lasts, unless somebody goes on sooner.
    pub seconds: u64,
    /// What is to be done meanwhile.
    pub say: Words,
}

/// One thing that is broken or mended. It is written as the command line has it.
#[derive(Clone, Copy, Debug)]
pub enum LessonAction {
    /// Breaks a link.
    Break(&'static str, &'static str),
    /// Mends a link.
    Mend(&'static str),
    /// Does something to a process.
    Process(Action, &'static str),
    /// Starts a service anew with other settings.
    Restart(&'static str, &'static [(&'static str, &'static str)]),
}

/// A symptom.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Symptom {
    /// Where it is seen.
    #[serde(rename = "where")]
    pub place: Place,
    /// What is seen there.
    #[serde(flatten)]
    pub text: Words,
}

/// Where a symptom is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// In what `/readyz` says.
    Readiness,
    /// In a trace.
    Span,
    /// In the lines of a service.
    Log,
    /// In what a client is told.
    Client,
}

impl Lesson {
    /// Where the guide has it, on the page.
    pub fn guide(&self) -> String {
        format!("/guide/{}#break-it", self.exercise)
    }

    /// Everything that is broken or mended in it.
    pub fn actions(&self) -> impl Iterator<Item = &'static LessonAction> {
        self.steps.iter().flat_map(|step| step.actions)
    }
}

impl fmt::Display for LessonAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Break(link, fault) => write!(f, "break {link} {fault}"),
            Self::Mend(link) => write!(f, "mend {link}"),
            Self::Process(action, service) => write!(f, "{} {service}", action.name()),
            Self::Restart(service, settings) => {
                write!(f, "restart {service}")?;
                settings
                    .iter()
                    .try_for_each(|(name, value)| write!(f, " {name}={value}"))
            }
        }
    }
}

impl Serialize for LessonAction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
