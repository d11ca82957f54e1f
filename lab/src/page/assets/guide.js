// A guide of the exercises, from its Markdown; and what is made of it for a class.

import { equip } from "./commands.js";
import { link, make } from "./dom.js";
import { markdown } from "./markdown.js";
import { partsOf } from "./parts.js";
import { ask } from "./poll.js";
import { student, teacher } from "./sheet.js";
import { spoken, word } from "./words.js";
import "./words-guide.js";

const GUIDES = ["desafio1", "hello", "sockets", "grpc", "chat"];

/** What there is below the address of a guide. */
const VIEWS = { "": whole, sheet: student, teacher };
const VIEWED = [
  ["guideWhole", ""],
  ["guideSheet", "/sheet"],
  ["guideTeacher", "/teacher"],
];

export function show(place, [name, view = ""], { can }) {
  if (name === undefined) return list(place);
  if (!GUIDES.includes(name)) {
    place.append(make("h1", "", word("noGuide", name)), allGuides());
    return {};
  }
  const guides = GUIDES.map((guide) => tab(guide, `/guide/${guide}`, guide === name));
  const ways = VIEWED.map(([key, path]) => tab(word(key), `/guide/${name}${path}`, path.slice(1) === view));
  const text = make("article", "guide");
  place.append(make("p", "toolbar", guides), make("p", "toolbar", ways), text);
  fill(name, view, text, can);
  return {};
}

function tab(label, path, isHere) {
  const element = link(label, path, "button");
  if (isHere) element.setAttribute("aria-current", "page");
  return element;
}

/** Where to go on from where there is no guide. */
function allGuides() {
  return make("p", "", link(word("guidesAll"), "/guide"));
}

/** All guides, as their index lists them. */
function list(place) {
  const text = make("div", "");
  document.title = `${word("guides")} · Malha`;
  place.append(make("h1", "", word("guides")), make("p", "note", word("guidesAbout")), text);
  fillList(text);
  return {};
}

async function fillList(place) {
  const elements = await read("README", place);
  if (elements === null) return;
  const { rows } = make("div", "", elements).querySelector("tbody");
  place.replaceChildren(make("ul", "guides", [...rows].map(listed)));
}

function listed({ cells }) {
  const [name, concepts, , minutes] = [...cells].map((cell) => cell.textContent);
  const ways = VIEWED.slice(1).map(([key, path]) => {
    const way = link(word(key), `/guide/${name}${path}`, "button");
    way.setAttribute("aria-label", `${word(key)}: ${name}`);
    return way;
  });
  const head = make("h2", "", link(name, `/guide/${name}`));
  return make("li", "", head, make("p", "", concepts), make("p", "note", word("guideMinutes", minutes)), make("p", "toolbar", ways));
}

/** The elements of a text in the language spoken; null where it does not come, which is said in its place. */
async function read(name, place) {
  try {
    return markdown(await ask(`/guides/${spoken()}/${name}`));
  } catch (error) {
    place.replaceChildren(make("p", "trouble", error.message), allGuides());
    return null;
  }
}

async function fill(name, view, place, can) {
  const elements = await read(name, place);
  if (elements === null) return;
  const parts = partsOf(elements);
  document.title = `${parts.title} · Malha`;
  const makes = VIEWS[view] ?? whole;
  place.replaceChildren(...makes(parts, { name, elements, can }));
  const pictures = [...place.querySelectorAll("img")];
  for (const picture of pictures) picture.src = `/guides/${spoken()}/${picture.dataset.file}`;
  equip(place, can);
  // The sections are in the same order in both languages; a link names the English one.
  const wanted = decodeURIComponent(location.hash.slice(1));
  if (!wanted) return;
  const target = document.getElementById(wanted) ?? (await counterpart(name, wanted, place).catch(() => null));
  // What is above it has its height then.
  await Promise.allSettled(pictures.map((picture) => picture.decode()));
  target?.scrollIntoView();
}

/** The guide as it is written, and how long a class takes for it. */
function whole({ minutes }, { elements }) {
  const [title, ...rest] = elements;
  return [title, make("p", "note", word("guideMinutes", minutes)), ...rest];
}

/** The heading at the place that this one has in the English guide. */
async function counterpart(name, wanted, place) {
  const english = markdown(await ask(`/guides/en/${name}`));
  const headings = english.filter((element) => /^H[1-6]$/.test(element.tagName));
  const at = headings.findIndex(({ id }) => id === wanted);
  return [...place.querySelectorAll("h1, h2, h3, h4")][at];
}
