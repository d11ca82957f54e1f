//! Lessons over hello.

use super::{symptom, well, words};
use crate::lessons::lesson::Place::{Client, Log, Span};
use crate::lessons::lesson::{Lesson, LessonAction, Step};
use crate::supervisor::control::Action;

const LINK: &str = "hello-client-to-hello-server";
const SERVER: &str = "hello-server";

pub(super) const LESSONS: &[Lesson] = &[
    Lesson {
        id: "hello-frozen",
        exercise: "hello",
        title: words(
            "A frozen server does in the end what nobody waits for any more",
            "Um servidor congelado acaba fazendo o que ninguém mais espera",
        ),
        steps: &[
            Step {
                actions: &[LessonAction::Process(Action::Freeze, SERVER)],
                seconds: 12,
                say: words(
                    "hello-server is stopped by a signal. The kernel still accepts connections for it. Wait until hello-client gives up once.",
                    "Um sinal parou o hello-server. O kernel continua aceitando conexões por ele. Espere o hello-client desistir uma vez.",
                ),
            },
            well(
                &[LessonAction::Process(Action::Resume, SERVER)],
                words(
                    "It goes on. Open the newest trace 'say hello' and count the server's spans.",
                    "Ele continua. Abra o trace 'say hello' mais novo e conte os spans do servidor.",
                ),
            ),
        ],
        look_for: &[
            symptom(
                Span,
                "One try or two with error.type=timeout, the last one well; the server has a span for each, all at the end.",
                "Uma ou duas tentativas com error.type=timeout, a última certa; o servidor tem um span para cada uma, todos no fim.",
            ),
            symptom(
                Log,
                "hello-client: 'no answer', with retry_in.",
                "hello-client: 'no answer', com retry_in.",
            ),
        ],
        experiment: 3,
    },
    Lesson {
        id: "hello-late",
        exercise: "hello",
        title: words(
            "An answer that comes after the deadline",
            "Uma resposta que chega depois do prazo",
        ),
        steps: &[
            Step {
                actions: &[LessonAction::Break(LINK, "latency=6s")],
                seconds: 20,
                say: words(
                    "Each answer comes 6 s late; hello-client waits for 5 s (TIMEOUT). Open a trace of it: who is right?",
                    "Cada resposta chega 6 s atrasada; o hello-client espera 5 s (TIMEOUT). Abra um trace dele: quem tem razão?",
                ),
            },
            well(
                &[LessonAction::Mend(LINK)],
                words(
                    "The network is quick again. The same call succeeds with its next try.",
                    "A rede voltou a ser rápida. A mesma chamada dá certo na tentativa seguinte.",
                ),
            ),
        ],
        look_for: &[
            symptom(
                Span,
                "The server's spans are well and last less than a millisecond; the client's have error.type=timeout. The work was done, each time, in vain.",
                "Os spans do servidor deram certo e duram menos de um milissegundo; os do cliente têm error.type=timeout. O trabalho foi feito, todas as vezes, em vão.",
            ),
            symptom(
                Client,
                "No greeting is printed, although each one was sent.",
                "Nenhuma saudação aparece, embora todas tenham sido enviadas.",
            ),
        ],
        experiment: 7,
    },
];
