// What is looked for among the traces: fields, and the address that keeps them.

import { field, fold, make, makeWith } from "./dom.js";
import { ask } from "./poll.js";
import { word } from "./words.js";

const TEXTS = ["text", "service", "operation", "tag", "min"];

/** The fields. `changed` is called when something else is looked for. */
export function makeSearch(changed) {
  const before = new URLSearchParams(location.search);
  const text = makeWith("input", { type: "search", placeholder: word("searchHint"), id: "search" });
  const service = make("select", "", new Option(word("all"), ""));
  const operation = makeWith("input", { list: "operations", id: "operation" });
  const operations = makeWith("datalist", { id: "operations" });
  const tag = makeWith("input", { placeholder: word("tagHint"), id: "tag" });
  const min = makeWith("input", { placeholder: word("minHint"), id: "min", size: "7" });
  const errors = makeWith("input", { type: "checkbox", id: "errors" });
  const rounds = makeWith("input", { type: "checkbox", id: "rounds" });
  const inputs = { text, service, operation, tag, min };
  for (const name of TEXTS) {
    const kept = before.get(name) ?? "";
    if (name === "service" && kept) service.append(new Option(kept, kept));
    inputs[name].value = kept;
  }
  errors.checked = before.get("errors") === "true";
  rounds.checked = before.get("fold") === "false";

  const query = () => {
    const params = new URLSearchParams();
    for (const name of TEXTS) {
      const value = inputs[name].value.trim();
      if (value) params.set(name, value);
    }
    if (errors.checked) params.set("errors", "true");
    if (rounds.checked) params.set("fold", "false");
    return params;
  };
  const search = () => {
    const asked = query().toString();
    history.replaceState(null, "", asked ? `/?${asked}` : "/");
    changed();
  };

  // While somebody types, not every letter is a question.
  let soon = 0;
  const form = make(
    "form",
    "search",
    field(word("search"), text, "field wide"),
    field(word("service"), service),
    make("label", "check", errors, word("onlyErrors")),
    make("label", "check", rounds, word("withRounds")),
    fold(word("more"), make("div", "fields", field(word("operation"), operation), operations, field(word("tag"), tag), field(word("min"), min))),
  );
  form.setAttribute("role", "search");
  form.addEventListener("input", () => {
    clearTimeout(soon);
    soon = setTimeout(search, 200);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(soon);
    search();
  });
  if (before.get("operation") || before.get("tag") || before.get("min")) form.querySelector("details").open = true;
  operation.addEventListener("focus", async () => {
    const names = await Promise.all(
      (service.value ? [service.value] : offered).map(async (name) => {
        const answer = JSON.parse(await ask(`/api/services/${encodeURIComponent(name)}/operations`));
        return answer.data ?? [];
      }),
    );
    operations.replaceChildren(...[...new Set(names.flat())].sort().map((name) => new Option(name, name)));
  });

  let offered = [];
  return {
    element: form,
    /** The services that there are traces of. */
    offer(names) {
      if (names.join() === offered.join()) return;
      offered = names;
      const { value } = service;
      const all = value && !names.includes(value) ? [...names, value] : names;
      service.replaceChildren(new Option(word("all"), ""), ...all.map((name) => new Option(name, name)));
      service.value = value;
    },
    path({ limit, before: place = null }) {
      const params = query();
      params.set("limit", limit);
      if (!params.has("fold")) params.set("fold", "true");
      if (place !== null) params.set("before", place);
      return `/lab/traces?${params}`;
    },
    isEmpty: () => query().toString() === "",
    /** Shows automatic rounds, too. */
    withRounds() {
      rounds.checked = true;
      search();
      rounds.focus();
    },
  };
}
