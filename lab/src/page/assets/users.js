// Users: create them, see them, watch their changes.

import { button, field, make, makeWith } from "./dom.js";
import { liveTrace } from "./live.js";
import { word } from "./words.js";

const USERS = "/lab/play/grpc-cliente/http/usuarios";
/** More changes than that are not kept on the page. */
const MOST = 20;

export function users() {
  const name = makeWith("input", { value: "Ana", required: "", autocomplete: "off" });
  const email = makeWith("input", { type: "email", value: "ana@example.org", required: "", autocomplete: "off" });
  const form = make("form", "errand", field(word("userName"), name), field(word("email"), email), make("button", "button main", word("create")));
  const result = make("div", "result");
  result.setAttribute("aria-live", "polite");
  const list = make("ul", "users");
  const changes = make("ol", "changes");
  const section = make(
    "section",
    "play",
    make("h2", "", word("usersTitle")),
    make("p", "note", word("usersAbout")),
    form,
    result,
    list,
    make("h3", "", word("changesTitle")),
    changes,
  );

  async function does(method, path, body) {
    const options = { method, headers: { "content-type": "application/json" }, body: body && JSON.stringify(body) };
    const answer = await fetch(`${USERS}${path}`, options);
    const text = await answer.text();
    const trace = answer.headers.get("x-malha-trace");
    result.replaceChildren(make("p", answer.ok ? "answer" : "trouble", `${answer.status} ${text}`), trace ? liveTrace(trace) : "");
    await refresh();
  }

  async function refresh() {
    // The page looks by itself: its trace is one of the automatic rounds.
    const answer = await fetch(USERS, { headers: { "x-malha-round": "page" } });
    if (!answer.ok) return;
    const found = await answer.json();
    const rows = found.items.map(({ id, nome, email: address }) =>
      make("li", "", `${nome} · ${address} `, button(word("remove"), () => does("DELETE", `/${id}`))),
    );
    list.replaceChildren(...(rows.length > 0 ? rows : [make("li", "note", word("noUsers"))]));
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    does("POST", "", { nome: name.value, email: email.value });
  });

  const source = new EventSource(`${USERS}/mudancas`);
  source.addEventListener("message", ({ data }) => {
    if (!section.isConnected) {
      source.close();
      return;
    }
    changes.prepend(make("li", "", make("code", "", data)));
    while (changes.childElementCount > MOST) changes.lastChild.remove();
    refresh();
  });
  refresh();
  return section;
}
