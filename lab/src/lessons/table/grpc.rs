//! Lessons over grpc.

use super::{symptom, well, words};
use crate::lessons::lesson::Place::{Client, Readiness, Span};
use crate::lessons::lesson::{Lesson, LessonAction, Step};
use crate::supervisor::control::Action;

const SERVER: &str = "grpc-servidor";
const REDIS: &str = "grpc-servidor-to-redis";

pub(super) const LESSONS: &[Lesson] = &[
    Lesson {
        id: "grpc-short-lives",
        exercise: "grpc",
        title: words(
            "Users that live for five seconds, and a server that forgets",
            "Usuários que vivem cinco segundos, e um servidor que esquece",
        ),
        steps: &[
            Step {
                actions: &[LessonAction::Restart(SERVER, &[("USER_TTL", "5s")])],
                seconds: 40,
                say: words(
                    "grpc-servidor was started anew with USER_TTL=5s. Create a user (under Play, or at /docs), list, and watch the changes.",
                    "grpc-servidor foi iniciado de novo com USER_TTL=5s. Crie um usuário (em Usar, ou em /docs), liste e acompanhe as mudanças.",
                ),
            },
            well(
                &[LessonAction::Restart(SERVER, &[])],
                words(
                    "It runs as before. Without Redis its users are gone with the process: list them.",
                    "Ele roda como antes. Sem Redis, seus usuários se foram com o processo: liste-os.",
                ),
            ),
        ],
        look_for: &[symptom(
            Client,
            "After 5 s the user is gone (404), nobody has deleted it, and /usuarios/mudancas says \"tipo\":\"expirado\".",
            "Depois de 5 s o usuário sumiu (404), ninguém o apagou, e /usuarios/mudancas diz \"tipo\":\"expirado\".",
        )],
        experiment: 1,
    },
    Lesson {
        id: "grpc-frozen",
        exercise: "grpc",
        title: words(
            "A server frozen under a read: the deadline",
            "Um servidor congelado sob uma leitura: o prazo",
        ),
        steps: &[
            Step {
                actions: &[LessonAction::Process(Action::Freeze, SERVER)],
                seconds: 30,
                say: words(
                    "Read the users: curl -i localhost:8100/usuarios. How long does the answer take, and which status is it?",
                    "Leia os usuários: curl -i localhost:8100/usuarios. Quanto demora a resposta, e com que status?",
                ),
            },
            well(
                &[LessonAction::Process(Action::Resume, SERVER)],
                words(
                    "It goes on; the next read is 200.",
                    "Ele continua; a leitura seguinte é 200.",
                ),
            ),
        ],
        look_for: &[
            symptom(
                Client,
                "504 after 2.0 s (REQUEST_DEADLINE), no sooner and no later.",
                "504 depois de 2,0 s (REQUEST_DEADLINE), nem antes nem depois.",
            ),
            symptom(
                Span,
                "The gateway's call ends with DEADLINE_EXCEEDED; the server has no span of it.",
                "A chamada do gateway termina com DEADLINE_EXCEEDED; o servidor não tem span dela.",
            ),
        ],
        experiment: 2,
    },
    Lesson {
        id: "grpc-redis-cut",
        exercise: "grpc",
        title: words(
            "The store is gone: who says so, and how fast",
            "O armazenamento sumiu: quem diz isso, e com que pressa",
        ),
        steps: &[
            Step {
                actions: &[LessonAction::Break(REDIS, "cut")],
                seconds: 30,
                say: words(
                    "Read the users some times: curl -i localhost:8100/usuarios. Then ask curl -s localhost:9151/readyz.",
                    "Leia os usuários algumas vezes: curl -i localhost:8100/usuarios. Depois, curl -s localhost:9151/readyz.",
                ),
            },
            well(
                &[LessonAction::Mend(REDIS)],
                words(
                    "Redis is reached again. Nobody was restarted, and the users are there.",
                    "O Redis voltou a ser alcançado. Ninguém foi reiniciado, e os usuários estão lá.",
                ),
            ),
        ],
        look_for: &[
            symptom(
                Client,
                "503 within milliseconds, with Retry-After.",
                "503 em milissegundos, com Retry-After.",
            ),
            symptom(
                Readiness,
                "grpc-servidor is not ready, and says that Redis does not answer.",
                "grpc-servidor não está pronto, e diz que o Redis não responde.",
            ),
            symptom(
                Span,
                "The gateway's call ends with UNAVAILABLE.",
                "A chamada do gateway termina com UNAVAILABLE.",
            ),
        ],
        experiment: 4,
    },
];
