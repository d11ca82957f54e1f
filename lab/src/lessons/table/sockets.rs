//! Lessons over sockets.

use super::{symptom, well, words};
use crate::lessons::lesson::Place::{Client, Log, Span};
use crate::lessons::lesson::{Lesson, LessonAction, Step};

const LINK: &str = "sockets-client-to-sockets-server";

pub(super) const LESSONS: &[Lesson] = &[
    Lesson {
        id: "sockets-cut-short",
        exercise: "sockets",
        title: words(
            "An answer that is cut short and taken for whole",
            "Uma resposta cortada que passa por inteira",
        ),
        steps: &[
            Step {
                actions: &[LessonAction::Break(LINK, "reset=2")],
                seconds: 25,
                say: words(
                    "Each connection is reset after 2 bytes of the answer. Read what sockets-client prints.",
                    "Cada conexão é cortada com RST depois de 2 bytes da resposta. Leia o que o sockets-client imprime.",
                ),
            },
            well(
                &[LessonAction::Mend(LINK)],
                words(
                    "Answers are whole again. How could the client have known?",
                    "As respostas voltaram a ser inteiras. Como o cliente poderia ter sabido?",
                ),
            ),
        ],
        look_for: &[
            symptom(
                Client,
                "'PA' in place of 'PAR', 'Í' in place of 'ÍMPAR': nothing says how long an answer is.",
                "'PA' no lugar de 'PAR', 'Í' no lugar de 'ÍMPAR': nada diz que tamanho tem uma resposta.",
            ),
            symptom(
                Span,
                "Both spans are well: the server sent all of it, and the client took what came for all.",
                "Os dois spans deram certo: o servidor enviou tudo, e o cliente tomou o que veio por tudo.",
            ),
        ],
        experiment: 6,
    },
    Lesson {
        id: "sockets-one-byte-late",
        exercise: "sockets",
        title: words(
            "One byte that comes late, and a wrong answer without an error",
            "Um byte que chega tarde, e uma resposta errada sem erro",
        ),
        steps: &[
            Step {
                actions: &[LessonAction::Break(
                    LINK,
                    "slices=46 pause=2s toward=server",
                )],
                seconds: 30,
                say: words(
                    "The 45 bytes of the trace and the number's first byte arrive at once, its second byte 2 s later. Compare each number in the log with its answer.",
                    "Os 45 bytes do trace e o primeiro byte do número chegam juntos, o segundo 2 s depois. Compare cada número no log com a resposta.",
                ),
            },
            well(
                &[LessonAction::Mend(LINK)],
                words(
                    "Both bytes arrive together again. Which framing would have noticed?",
                    "Os dois bytes voltaram a chegar juntos. Que enquadramento teria percebido?",
                ),
            ),
        ],
        look_for: &[
            symptom(
                Client,
                "258 is called ÍMPAR: the server has answered for its first byte, 1. Below 256 all are PAR; from there on, the answer changes only every 256.",
                "258 é ÍMPAR: o servidor respondeu pelo primeiro byte, 1. Abaixo de 256 todos são PAR; daí em diante, a resposta muda só a cada 256.",
            ),
            symptom(
                Log,
                "sockets-client says 'sending' with the right number; no line tells of an error.",
                "sockets-client diz 'sending' com o número certo; nenhuma linha fala de erro.",
            ),
            symptom(
                Span,
                "Both spans are well. The server's lasts 1 s: the pause that it takes for the end after a single byte (TYPING_PAUSE).",
                "Os dois spans deram certo. O do servidor dura 1 s: a pausa que, depois de um só byte, ele toma pelo fim (TYPING_PAUSE).",
            ),
        ],
        experiment: 7,
    },
];
