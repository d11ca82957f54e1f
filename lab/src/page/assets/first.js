// The first run: five steps through the page, until somebody puts them away.

import { button, link, make } from "./dom.js";
import { learn, word } from "./words.js";

learn({
  pt: {
    firstTitle: "Cinco passos",
    firstDone: "entendi",
    firstSteps: [
      ["Rodam cinco exercícios, cada serviço um processo deste computador. ", ["/mesh", "A malha"], " mostra quem pergunta a quem."],
      ["Faça algo: ", ["/play", "cumprimente João, mande um número, converse"], ". Cada pedido abre seu trace."],
      ["Abra o trace: cada barra é um span, a parte sublinhada é o que todos esperaram. Clique numa barra."],
      ["Veja ", ["/wire", "os bytes"], " que passaram, camada por camada."],
      ["Quebre algo na ", ["/mesh", "malha"], ": congele um servidor, corte uma ligação. A página diz o que procurar; depois, conserte. Cada exercício tem um ", ["/guide", "guia"], " com experimentos e perguntas."],
    ],
  },
  en: {
    firstTitle: "Five steps",
    firstDone: "got it",
    firstSteps: [
      ["Five exercises run, each service a process of this computer. ", ["/mesh", "The mesh"], " shows who asks whom."],
      ["Do something: ", ["/play", "greet João, send a number, chat"], ". Each request opens its trace."],
      ["Open the trace: each bar is a span, the underlined part is what everyone waited for. Click a bar."],
      ["See ", ["/wire", "the bytes"], " that passed, layer by layer."],
      ["Break something in the ", ["/mesh", "mesh"], ": freeze a server, cut a link. The page says what to look for; then mend it. Each exercise has a ", ["/guide", "guide"], " with experiments and questions."],
    ],
  },
});

const KEPT = "malha-first-steps";

/** The steps; an empty text where they were put away. */
export function firstSteps() {
  if (isDone()) return "";
  const steps = word("firstSteps").map((parts) =>
    make("li", "", parts.map((part) => (typeof part === "string" ? part : link(part[1], part[0])))),
  );
  const done = button(word("firstDone"), () => {
    try {
      localStorage.setItem(KEPT, "done");
    } catch {
      // They are back on the next visit.
    }
    box.remove();
  });
  const box = make("details", "first", make("summary", "", word("firstTitle")), make("ol", "steps", steps), done);
  // On a phone they would push the traces away.
  box.open = matchMedia("(min-width: 44rem)").matches;
  return box;
}

function isDone() {
  try {
    return localStorage.getItem(KEPT) !== null;
  } catch {
    return false;
  }
}
