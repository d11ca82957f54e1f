// What somebody writes into fields, kept in this browser until it is cleared.

import { makeWith } from "./dom.js";

/** Fields whose texts are kept under one name. */
export function kept(name) {
  const texts = read(name);
  const fields = [];
  const write = () => {
    try {
      localStorage.setItem(name, JSON.stringify(texts));
    } catch {
      // They hold until the page is left.
    }
  };
  const keep = (key, element) => {
    element.value = texts[key] ?? "";
    element.addEventListener("input", () => {
      texts[key] = element.value;
      write();
    });
    fields.push(element);
    return element;
  };
  return {
    line: (key) => keep(key, makeWith("input", { autocomplete: "off" })),
    field: (key, label) => keep(key, makeWith("textarea", { "aria-label": label, rows: "3" })),
    clear() {
      for (const key of Object.keys(texts)) delete texts[key];
      for (const element of fields) element.value = "";
      write();
    },
  };
}

function read(name) {
  try {
    return JSON.parse(localStorage.getItem(name)) ?? {};
  } catch {
    return {};
  }
}
