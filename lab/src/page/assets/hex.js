// Bytes as people read them: in hexadecimal, as text, each with what it means.

import { make } from "./dom.js";

const PER_LINE = 16;
const COLORS = 6;

/** A meaning with the place where it is described. */
function named({ section }, text) {
  return section ? `${text} (${section})` : text;
}

/** Bytes as pairs of digits. */
export function hexOf(bytes) {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/**
 * The bytes of a message, sixteen a line. `layers` say what they mean: what one means that is pointed
 * at stands below. `mark(start, end)` of the result makes some of them stand out.
 */
export function hexDump(hex, layers) {
  const values = (hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
  const meanings = new Array(values.length).fill(null);
  layers.forEach((layer, index) => {
    for (let at = layer.start; at < Math.min(layer.end, values.length); at += 1) meanings[at] = { index, says: named(layer, layer.name) };
    for (const field of layer.fields) {
      for (let at = field.start; at < Math.min(field.end, values.length); at += 1) {
        meanings[at] = { index, says: named(field.section ? field : layer, `${layer.name} · ${field.name}: ${field.value}`) };
      }
    }
  });
  const bytes = values.map((value, at) => {
    const meaning = meanings[at];
    const byte = make("span", meaning ? `byte layer-${meaning.index % COLORS}` : "byte", value.toString(16).padStart(2, "0"));
    byte.dataset.at = String(at);
    return byte;
  });
  const letters = values.map((value) => make("span", "letter", value >= 32 && value < 127 ? String.fromCharCode(value) : "·"));
  const lines = [];
  for (let at = 0; at < values.length; at += PER_LINE) {
    const end = at + PER_LINE;
    lines.push(make("div", "", make("span", "offset", at.toString(16).padStart(4, "0")), make("span", "bytes", bytes.slice(at, end)), make("span", "letters", letters.slice(at, end))));
  }
  const dump = make("div", "dump", lines);
  dump.tabIndex = 0;
  const says = make("p", "note means");
  const tell = (at) => {
    says.textContent = meanings[at] ? `${at.toString(16).padStart(4, "0")}  ${meanings[at].says}` : "";
  };
  dump.addEventListener("mouseover", ({ target }) => {
    if (target.dataset.at !== undefined) tell(Number(target.dataset.at));
  });
  return {
    element: make("div", "dumped", dump, says),
    mark(start, end) {
      tell(start);
      bytes.forEach((byte, at) => {
        const isMarked = at >= start && at < end;
        byte.classList.toggle("marked", isMarked);
        letters[at].classList.toggle("marked", isMarked);
      });
    },
  };
}
