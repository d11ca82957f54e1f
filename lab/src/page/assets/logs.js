// What every process says.

import { field, make, makeWith } from "./dom.js";
import { lineOf } from "./lines.js";
import { ask, watch } from "./poll.js";
import { learn, word } from "./words.js";

learn({
  pt: {
    logsTitle: "Logs de todos os processos",
    level: "nível",
    levels: { "": "todos", error: "erro", warn: "aviso ou pior", info: "info ou pior", debug: "debug ou pior" },
    logService: "serviço",
    every_: "todos",
    logText: "texto",
    logTrace: "id do trace",
    follow: "seguir",
    noLines: "Nenhuma linha assim.",
  },
  en: {
    logsTitle: "Logs of all processes",
    level: "level",
    levels: { "": "all", error: "error", warn: "warning or worse", info: "info or worse", debug: "debug or worse" },
    logService: "service",
    every_: "all",
    logText: "text",
    logTrace: "trace id",
    follow: "follow",
    noLines: "No such line.",
  },
});

/** More lines than that are not drawn. */
const MOST = 1000;

export function show(place, _path, { services }) {
  const before = new URLSearchParams(location.search);
  const service = make("select", "", new Option(word("every_"), ""), ["malha", ...services.map(({ name }) => name)].map((name) => new Option(name, name)));
  const level = make("select", "", Object.entries(word("levels")).map(([value, name]) => new Option(name, value)));
  const text = makeWith("input", { type: "search", id: "log-text" });
  const trace = makeWith("input", { type: "search", id: "log-trace", size: "34" });
  const follow = makeWith("input", { type: "checkbox", id: "follow" });
  follow.checked = true;
  const inputs = { service, level, text, trace };
  for (const [name, input] of Object.entries(inputs)) input.value = before.get(name) ?? "";
  const lines = makeWith("div", { class: "lines tall", tabindex: "0", role: "log", "aria-label": word("logsTitle") });
  const none = make("p", "note", word("noLines"));
  const form = make(
    "form",
    "search",
    field(word("logText"), text, "field wide"),
    field(word("logService"), service),
    field(word("level"), level),
    field(word("logTrace"), trace),
    make("label", "check", follow, word("follow")),
  );
  form.setAttribute("role", "search");
  place.append(make("h1", "", word("logsTitle")), form, none, lines);
  /** The number of the next line that is not here yet. */
  let next = 0;
  let asked = "";

  const query = () => {
    const params = new URLSearchParams();
    for (const [name, input] of Object.entries(inputs)) {
      if (input.value.trim()) params.set(name, input.value.trim());
    }
    return params;
  };

  const look = watch(
    () => (place.contains(lines) ? `/lab/logs?${query()}&from=${next}` : null),
    (answer) => {
      next = answer.next;
      lines.append(...answer.lines.map(lineOf));
      while (lines.childElementCount > MOST) lines.firstChild.remove();
      none.textContent = word("noLines");
      none.hidden = lines.childElementCount > 0;
      if (follow.checked && answer.lines.length > 0) lines.scrollTop = lines.scrollHeight;
    },
    {
      refused(why) {
        none.textContent = why;
        none.hidden = false;
      },
    },
  );
  const search = () => {
    if (query().toString() === asked) return;
    asked = query().toString();
    history.replaceState(null, "", asked ? `/logs?${asked}` : "/logs");
    next = 0;
    lines.replaceChildren();
    look();
  };
  form.addEventListener("input", search);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });
  asked = query().toString();
  return {};
}

/** The latest lines of one service. */
export async function latestLines(name, limit) {
  const { lines } = JSON.parse(await ask(`/lab/logs?service=${encodeURIComponent(name)}&limit=${limit}`));
  return lines.map(lineOf);
}
