// A guide of the exercises, from its Markdown.

import { link, make } from "./dom.js";
import { markdown } from "./markdown.js";
import { ask } from "./poll.js";
import { spoken } from "./words.js";

const GUIDES = ["desafio1", "hello", "sockets", "grpc", "chat"];

export function show(place, [name = "hello"]) {
  const nav = make("p", "toolbar", GUIDES.map((guide) => {
    const element = link(guide, `/guide/${guide}`, "button");
    if (guide === name) element.setAttribute("aria-current", "page");
    return element;
  }));
  const text = make("article", "guide");
  place.append(nav, text);
  fill(name, text);
  return {};
}

async function fill(name, place) {
  const source = await ask(`/guides/${spoken()}/${encodeURIComponent(name)}`);
  const parts = make("div", "", markdown(source));
  const pictures = [...parts.querySelectorAll("img")];
  for (const picture of pictures) picture.src = `/guides/${spoken()}/${picture.dataset.file}`;
  place.replaceChildren(...parts.childNodes);
  // The sections are in the same order in both languages; a link names the English one.
  const wanted = decodeURIComponent(location.hash.slice(1));
  if (!wanted) return;
  const target = document.getElementById(wanted) ?? (await counterpart(name, wanted, place));
  // What is above it has its height then.
  await Promise.allSettled(pictures.map((picture) => picture.decode()));
  target?.scrollIntoView();
}

/** The heading at the place that this one has in the English guide. */
async function counterpart(name, wanted, place) {
  const english = markdown(await ask(`/guides/en/${encodeURIComponent(name)}`));
  const headings = english.filter((element) => /^H[1-6]$/.test(element.tagName));
  const at = headings.findIndex(({ id }) => id === wanted);
  return [...place.querySelectorAll("h1, h2, h3, h4")][at];
}
