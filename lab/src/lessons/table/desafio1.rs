//! Lessons over desafio1.

use super::{symptom, well, words};
use crate::lessons::lesson::Place::{Client, Readiness, Span};
use crate::lessons::lesson::{Lesson, LessonAction, Step};

const LINK: &str = "desafio1-client-to-desafio1-servidor";

pub(super) const LESSONS: &[Lesson] = &[Lesson {
    id: "desafio1-refused-or-silent",
    exercise: "desafio1",
    title: words(
        "Refused or silent: two ways not to be there",
        "Recusa ou silêncio: duas maneiras de não estar",
    ),
    steps: &[
        Step {
            actions: &[LessonAction::Break(LINK, "cut")],
            seconds: 20,
            say: words(
                "Nobody listens on the port any more. Open a failed trace of desafio1-client: how long did GET take?",
                "Ninguém mais escuta na porta. Abra um trace de desafio1-client que falhou: quanto durou o GET?",
            ),
        },
        Step {
            actions: &[
                LessonAction::Mend(LINK),
                LessonAction::Break(LINK, "silence"),
            ],
            seconds: 30,
            say: words(
                "Now connections open and nothing comes back. Compare the newest failed trace with the one before.",
                "Agora as conexões abrem e nada volta. Compare o trace mais novo que falhou com o anterior.",
            ),
        },
        well(
            &[LessonAction::Mend(LINK)],
            words(
                "The cable is back. The next round succeeds by itself.",
                "O cabo voltou. A volta seguinte dá certo sozinha.",
            ),
        ),
    ],
    look_for: &[
        symptom(
            Span,
            "Refused: GET fails after about 1 ms, with error.type=connect. Silent: after 2 s (TIMEOUT), with error.type=timeout. The server has a span in neither.",
            "Recusa: o GET falha depois de cerca de 1 ms, com error.type=connect. Silêncio: depois de 2 s (TIMEOUT), com error.type=timeout. O servidor não tem span em nenhum dos dois.",
        ),
        symptom(
            Readiness,
            "desafio1-client is not ready, and says which of the two it is.",
            "desafio1-client não está pronto, e diz qual dos dois é.",
        ),
        symptom(
            Client,
            "'Connection refused' the first time, 'no answer … in time' the second.",
            "'Connection refused' na primeira vez, 'no answer … in time' na segunda.",
        ),
    ],
    experiment: 3,
}];
