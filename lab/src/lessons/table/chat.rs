//! Lessons over chat.

use super::{symptom, well, words};
use crate::lessons::lesson::Place::{Client, Log, Readiness, Span};
use crate::lessons::lesson::{Lesson, LessonAction, Step};
use crate::supervisor::control::Action;

const A_TO_B: &str = "serviceA-to-serviceB";
const B_TO_A: &str = "serviceB-to-serviceA";

/// As the original relays.
const ONCE: &[(&str, &str)] = &[("RELAY_DELIVERY", "at-most-once")];

pub(super) const LESSONS: &[Lesson] = &[
    Lesson {
        id: "chat-killed",
        exercise: "chat",
        title: words("B is killed and comes back", "B é morto e volta"),
        steps: &[
            Step {
                actions: &[LessonAction::Process(Action::Kill, "serviceB")],
                seconds: 30,
                say: words(
                    "serviceB is dead. Write three messages at A. How many does A's page say wait?",
                    "serviceB está morto. Escreva três mensagens em A. Quantas a página de A diz que esperam?",
                ),
            },
            well(
                &[LessonAction::Process(Action::Start, "serviceB")],
                words(
                    "serviceB is another process now. The three arrive, once each and in order; its page says that its own log is new.",
                    "serviceB é agora outro processo. As três chegam, uma vez cada e em ordem; a página dele diz que o seu próprio log é novo.",
                ),
            ),
        ],
        look_for: &[
            symptom(
                Client,
                "At A: 'accepted', and only after B is back 'seen'.",
                "Em A: 'aceita', e só depois de B voltar, 'vista'.",
            ),
            symptom(
                Span,
                "One relay span for each try in the message's trace; the last one goes on at serviceB.",
                "Um span relay para cada tentativa no trace da mensagem; o último continua em serviceB.",
            ),
        ],
        experiment: 1,
    },
    Lesson {
        id: "chat-cable",
        exercise: "chat",
        title: words(
            "The plug is pulled between A and B: the outbox fills and drains",
            "O cabo entre A e B é puxado: a fila de saída enche e esvazia",
        ),
        steps: &[
            Step {
                actions: &[
                    LessonAction::Break(A_TO_B, "cut"),
                    LessonAction::Break(B_TO_A, "cut"),
                ],
                seconds: 40,
                say: words(
                    "Open both pages and write on each. Who sees what, and what do the states say?",
                    "Abra as duas páginas e escreva em cada uma. Quem vê o quê, e o que dizem os estados?",
                ),
            },
            well(
                &[LessonAction::Mend(A_TO_B), LessonAction::Mend(B_TO_A)],
                words(
                    "The cable is back. Count the messages, and compare their order on both sides.",
                    "O cabo voltou. Conte as mensagens, e compare a ordem nos dois lados.",
                ),
            ),
        ],
        look_for: &[
            symptom(
                Client,
                "Each page shows its own messages and how many wait; later all arrive, once each, each sender's in order. Nothing is lost.",
                "Cada página mostra as próprias mensagens e quantas esperam; depois todas chegam, uma vez cada, as de cada remetente em ordem. Nada se perde.",
            ),
            symptom(
                Span,
                "POST spans that fail within a millisecond, with growing pauses between them.",
                "Spans POST que falham em um milissegundo, com pausas crescentes entre eles.",
            ),
            symptom(
                Log,
                "'a peer is away', and how many messages wait for it.",
                "'a peer is away' (um par está fora), e quantas mensagens esperam por ele (waiting).",
            ),
        ],
        experiment: 1,
    },
    Lesson {
        id: "chat-lost-answer",
        exercise: "chat",
        title: words(
            "An answer is lost: sent twice, there once",
            "Uma resposta se perde: enviada duas vezes, uma só lá",
        ),
        steps: &[
            Step {
                actions: &[LessonAction::Break(A_TO_B, "drop-answer")],
                seconds: 20,
                say: words(
                    "Write one message at A. B shows it; A goes on trying.",
                    "Escreva uma mensagem em A. B a mostra; A continua tentando.",
                ),
            },
            well(
                &[LessonAction::Mend(A_TO_B)],
                words(
                    "An answer arrives, and the message is 'seen'. How often is it on B's page?",
                    "Uma resposta chega, e a mensagem é 'vista'. Quantas vezes ela está na página de B?",
                ),
            ),
        ],
        look_for: &[
            symptom(
                Span,
                "POST failed at A and POST /relay succeeded at B, several times in one trace; B broadcasts only the first.",
                "O POST falhou em A e o POST /relay deu certo em B, várias vezes em um trace; B só difunde o primeiro.",
            ),
            symptom(
                Client,
                "The message stands at B once.",
                "A mensagem está em B uma só vez.",
            ),
        ],
        experiment: 3,
    },
    Lesson {
        id: "chat-at-most-once",
        exercise: "chat",
        title: words(
            "At most once: messages are lost in the original's way",
            "No máximo uma vez: mensagens se perdem à maneira do original",
        ),
        steps: &[
            Step {
                actions: &[
                    LessonAction::Restart("serviceA", ONCE),
                    LessonAction::Restart("serviceB", ONCE),
                ],
                seconds: 15,
                say: words(
                    "Both services were started anew with RELAY_DELIVERY=at-most-once. Open both pages and write: all is as ever.",
                    "Os dois serviços foram iniciados de novo com RELAY_DELIVERY=at-most-once. Abra as duas páginas e escreva: tudo como sempre.",
                ),
            },
            Step {
                actions: &[LessonAction::Break(A_TO_B, "cut")],
                seconds: 30,
                say: words(
                    "The cable from A to B is out. Write three messages at A.",
                    "O cabo de A para B está fora. Escreva três mensagens em A.",
                ),
            },
            well(
                &[LessonAction::Mend(A_TO_B)],
                words(
                    "The cable is back. Write a fourth. Which ones does B have? Compare with the lesson chat-cable.",
                    "O cabo voltou. Escreva uma quarta. Quais B tem? Compare com a lição chat-cable.",
                ),
            ),
        ],
        look_for: &[
            symptom(
                Client,
                "B never gets the three; the fourth arrives. A's page says that they were not delivered.",
                "B nunca recebe as três; a quarta chega. A página de A diz que não foram entregues.",
            ),
            symptom(
                Span,
                "One relay span in each trace, failed, and none after it.",
                "Um span relay em cada trace, com falha, e nenhum depois.",
            ),
            symptom(
                Log,
                "serviceA: 'a message is lost'; the metric chat_outbox_lost_total counts them.",
                "serviceA: 'a message is lost'; a métrica chat_outbox_lost_total as conta.",
            ),
            symptom(
                Readiness,
                "Both services are ready all the while: nobody notices but those who wrote.",
                "Os dois serviços ficam prontos o tempo todo: só quem escreveu percebe.",
            ),
        ],
        experiment: 7,
    },
];
