// Bytes as people read them: in hexadecimal, as text, each with what it means.

import { make } from "./dom.js";

const PER_LINE = 16;
const COLORS = 6;

/** Bytes as pairs of digits. */
export function hexOf(bytes) {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/**
 * The bytes of a message, sixteen a line. `layers` say what they mean; `mark(start, end)` of the
 * result makes some of them stand out.
 */
export function hexDump(hex, layers) {
  const values = (hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
  const meanings = new Array(values.length).fill(null);
  layers.forEach((layer, index) => {
    for (let at = layer.start; at < Math.min(layer.end, values.length); at += 1) meanings[at] = { index, says: layer.name };
    for (const field of layer.fields) {
      for (let at = field.start; at < Math.min(field.end, values.length); at += 1) {
        meanings[at] = { index, says: `${layer.name} · ${field.name}: ${field.value}` };
      }
    }
  });
  const bytes = values.map((value, at) => {
    const meaning = meanings[at];
    const byte = make("span", meaning ? `byte layer-${meaning.index % COLORS}` : "byte", value.toString(16).padStart(2, "0"));
    if (meaning) byte.title = meaning.says;
    return byte;
  });
  const letters = values.map((value) => make("span", "letter", value >= 32 && value < 127 ? String.fromCharCode(value) : "·"));
  const lines = [];
  for (let at = 0; at < values.length; at += PER_LINE) {
    const end = at + PER_LINE;
    lines.push(make("div", "", make("span", "offset", at.toString(16).padStart(4, "0")), make("span", "bytes", bytes.slice(at, end)), make("span", "letters", letters.slice(at, end))));
  }
  const element = make("div", "dump", lines);
  element.tabIndex = 0;
  return {
    element,
    mark(start, end) {
      bytes.forEach((byte, at) => {
        const isMarked = at >= start && at < end;
        byte.classList.toggle("marked", isMarked);
        letters[at].classList.toggle("marked", isMarked);
      });
    },
  };
}
