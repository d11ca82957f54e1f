// The settings that hold for a service: first those that are not as by default.

import { column, fold, make } from "./dom.js";
import { ask } from "./poll.js";
import { learn, word } from "./words.js";

learn({
  pt: {
    holds: "Configurações em vigor",
    setting: "variável",
    value: "valor",
    byDefault: (n) => `${n} como por padrão`,
    empty_: "(vazio)",
  },
  en: {
    holds: "Settings that hold",
    setting: "variable",
    value: "value",
    byDefault: (n) => `${n} as by default`,
    empty_: "(empty)",
  },
});

/** What can be opened to see them. They hold until the process starts again, so once is enough. */
export function settings(name) {
  const box = fold(word("holds"));
  box.classList.add("settings");
  let isAsked = false;
  box.addEventListener("toggle", async () => {
    if (!box.open || isAsked) return;
    isAsked = true;
    try {
      const { settings: all } = JSON.parse(await ask(`/lab/services/${encodeURIComponent(name)}/settings`));
      const own = all.filter(({ value, default: usual }) => value !== usual);
      const rest = all.filter(({ value, default: usual }) => value === usual);
      box.append(table(own), fold(word("byDefault", rest.length), table(rest)));
    } catch (error) {
      isAsked = false;
      box.append(make("p", "trouble", error.message));
    }
  });
  return box;
}

function table(settings) {
  const heads = ["setting", "value"].map((key) => column(word(key)));
  const rows = settings.map(({ name, value, about }) =>
    make("tr", "", make("td", "", make("code", "", name), make("p", "about", about)), make("td", "", value === "" ? make("span", "note", word("empty_")) : make("code", "", value))),
  );
  const wrap = make("div", "scroll", make("table", "table", make("thead", "", make("tr", "", heads)), make("tbody", "", rows)));
  wrap.tabIndex = 0;
  wrap.setAttribute("role", "region");
  wrap.setAttribute("aria-label", word("holds"));
  return wrap;
}
