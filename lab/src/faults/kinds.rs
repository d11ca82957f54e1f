//! Every fault there is, and what to look for.

use serde::Serialize;

/// A text in the two languages of the guides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Words {
    pub en: &'static str,
    pub pt: &'static str,
}

/// What a fault is made on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Of {
    /// A link.
    Link,
    /// A process.
    Process,
}

/// One kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Kind {
    /// Its name.
    pub kind: &'static str,
    /// What it is made on.
    pub of: Of,
    /// As it may be written.
    pub example: &'static str,
    /// What may be set of it, with `=`.
    pub settings: &'static [&'static str],
    /// What shows it.
    pub look_for: Words,
}

/// What may be said of a fault beside its kind.
pub(crate) const BESIDE: &str = "
toward=server is what the client says, toward=client what the server answers; share=0.5 strikes half of the
connections; for=30s mends it after that time.
";

/// Every kind, in the order in which they are shown.
pub const KINDS: &[Kind] = &[
    Kind {
        kind: "latency",
        of: Of::Link,
        example: "latency=300ms jitter=50ms",
        settings: &["latency", "jitter", "toward", "share"],
        look_for: Words {
            en: "Every answer comes this much later. In the trace the client's span grows and the server's stays as it was: \
                 the difference is the network. Beyond the client's TIMEOUT its span has error.type=timeout.",
            pt: "Cada resposta chega este tanto mais tarde. No trace, o span do cliente cresce e o do servidor fica como era: \
                 a diferença é a rede. Acima do TIMEOUT do cliente, o span dele tem error.type=timeout.",
        },
    },
    Kind {
        kind: "bandwidth",
        of: Of::Link,
        example: "bandwidth=1KB",
        settings: &["bandwidth", "toward", "share"],
        look_for: Words {
            en: "Small messages pass as ever; large ones trickle. In the wire view one answer comes in many pieces, a tenth of a second apart.",
            pt: "Mensagens pequenas passam como sempre; as grandes pingam. Na visão dos bytes, uma resposta chega em muitos pedaços, a cada décimo de segundo.",
        },
    },
    Kind {
        kind: "slices",
        of: Of::Link,
        example: "slices=1 pause=20ms",
        settings: &["slices", "pause", "toward", "share"],
        look_for: Words {
            en: "TCP keeps bytes in order, and not in messages: a server that reads once sees the first piece alone. \
                 Does its answer still make sense? Protocols with lengths or delimiters do not notice.",
            pt: "O TCP mantém a ordem dos bytes, e não as mensagens: um servidor que lê uma só vez vê só o primeiro pedaço. \
                 A resposta ainda faz sentido? Protocolos com tamanhos ou delimitadores nem percebem.",
        },
    },
    Kind {
        kind: "silence",
        of: Of::Link,
        example: "silence",
        settings: &["toward", "share"],
        look_for: Words {
            en: "Nothing is refused and nothing comes: only a time limit tells. The client's span ends with error.type=timeout, \
                 the server has no span, and readiness says who does not answer.",
            pt: "Nada é recusado e nada chega: só um limite de tempo revela. O span do cliente termina com error.type=timeout, \
                 o servidor não tem span, e a prontidão diz quem não responde.",
        },
    },
    Kind {
        kind: "cut",
        of: Of::Link,
        example: "cut",
        settings: &[],
        look_for: Words {
            en: "Connections end at once and new ones are refused: the client's spans fail within a millisecond, tries follow each \
                 other with growing pauses, and what has an outbox keeps its messages there.",
            pt: "As conexões terminam na hora e as novas são recusadas: os spans do cliente falham em um milissegundo, as tentativas \
                 se seguem com pausas crescentes, e quem tem uma caixa de saída guarda nela as mensagens.",
        },
    },
    Kind {
        kind: "refuse",
        of: Of::Link,
        example: "refuse",
        settings: &[],
        look_for: Words {
            en: "Who is connected does not notice; who connects now gets 'connection refused'. Clients that keep their connection go on.",
            pt: "Quem está conectado não percebe; quem conecta agora recebe 'connection refused'. Clientes que mantêm a conexão continuam.",
        },
    },
    Kind {
        kind: "reset",
        of: Of::Link,
        example: "reset=100",
        settings: &["reset", "toward", "share"],
        look_for: Words {
            en: "An answer breaks off in the middle with 'connection reset'. The server's span succeeded, the client's failed: \
                 each is right about what it saw.",
            pt: "Uma resposta se interrompe no meio com 'connection reset'. O span do servidor deu certo, o do cliente falhou: \
                 cada um tem razão sobre o que viu.",
        },
    },
    Kind {
        kind: "drop-answer",
        of: Of::Link,
        example: "drop-answer",
        settings: &["share"],
        look_for: Words {
            en: "The server has done its work, and the client does not know. Who tries again asks for the same thing twice: \
                 look in the chat for a POST /relay that succeeded at the receiver and failed at the sender, \
                 and for its repetition, which the receiver drops by its number.",
            pt: "O servidor fez o trabalho, e o cliente não sabe. Quem tenta de novo pede a mesma coisa duas vezes: \
                 procure no chat um POST /relay que deu certo no destino e falhou na origem, \
                 e a repetição, que o destino descarta pelo número.",
        },
    },
    Kind {
        kind: "stop",
        of: Of::Process,
        example: "stop",
        settings: &[],
        look_for: Words {
            en: "It ends in order: what runs is finished, connections are closed. Its port refuses at once, and whoever needs it is not ready and says so.",
            pt: "Ele termina em ordem: o que está em curso acaba, as conexões são fechadas. A porta recusa na hora, e quem precisa dele deixa de estar pronto e diz por quê.",
        },
    },
    Kind {
        kind: "kill",
        of: Of::Process,
        example: "kill",
        settings: &[],
        look_for: Words {
            en: "What was under way is lost without a word: connections end, the last spans are missing from their traces. \
                 The lab starts it again, as the kubelet does; what it held in memory is gone.",
            pt: "O que estava em curso se perde sem aviso: conexões terminam, os últimos spans faltam nos traces. \
                 O laboratório o inicia de novo, como o kubelet; o que estava na memória sumiu.",
        },
    },
    Kind {
        kind: "freeze",
        of: Of::Process,
        example: "freeze",
        settings: &[],
        look_for: Words {
            en: "The kernel still accepts connections for it, and nothing answers: clients wait until their time limit. \
                 When it goes on it does all that was asked meanwhile, also what nobody waits for any more.",
            pt: "O kernel continua aceitando conexões por ele, e nada responde: os clientes esperam até o limite de tempo. \
                 Quando volta, ele faz tudo o que foi pedido nesse meio-tempo, mesmo o que ninguém mais espera.",
        },
    },
];

/// What to look for under a fault that only toxiproxy's API makes.
const OTHER: Words = Words {
    en: "A toxic by toxiproxy's API: see its documentation for what it does.",
    pt: "Um toxic pela API do toxiproxy: veja na documentação dele o que faz.",
};

/// The kind of this name.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.kind == name)
}

/// What to look for under a fault of this kind.
pub fn look_for(name: &str) -> Words {
    kind(name).map_or(OTHER, |kind| kind.look_for)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::spec::Spec;

    #[test]
    fn every_example_of_a_link_s_fault_can_be_written_so() {
        for kind in KINDS.iter().filter(|kind| kind.of == Of::Link) {
            let spec = Spec::read(kind.example).unwrap();
            assert_eq!(spec.parts[0].kind, kind.kind, "{}", kind.example);
        }
    }

    #[test]
    fn every_kind_says_what_to_look_for_in_both_languages() {
        for Kind { kind, look_for, .. } in KINDS {
            assert!(look_for.en.len() > 60 && look_for.pt.len() > 60, "{kind}");
            assert_ne!(look_for.en, look_for.pt);
        }
    }
}
