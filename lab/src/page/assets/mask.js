// The mask of a WebSocket's frame, undone byte by byte.

import { fold, make } from "./dom.js";
import { learn, word } from "./words.js";

learn({
  pt: {
    maskTitle: "A máscara, desfeita passo a passo",
    maskAbout: "O cliente sorteia quatro bytes por quadro e faz XOR de cada byte com um deles, em rodízio (RFC 6455, 5.3). O servidor faz o mesmo XOR e lê o texto.",
    maskRows: { at: "byte", masked: "no fio", key: "chave", clear: "claro", letter: "letra" },
    maskMore: (n) => `… e mais ${n} bytes.`,
  },
  en: {
    maskTitle: "The mask, undone step by step",
    maskAbout: "The client draws four bytes a frame and XORs each byte with one of them in turn (RFC 6455, 5.3). The server does the same XOR, and reads the text.",
    maskRows: { at: "byte", masked: "on the wire", key: "key", clear: "clear", letter: "letter" },
    maskMore: (n) => `… and ${n} bytes more.`,
  },
});

/** More bytes than that are not written out. */
const MOST = 32;

/** The part for a message whose frame is masked; nothing for any other. `mark` shows bytes of it. */
export function maskSteps({ hex, layers }, mark) {
  const frame = layers.find(({ name }) => name === "WebSocket");
  const key = frame?.fields.find(({ name }) => name === "mask");
  const payload = frame?.fields.find(({ name }) => name.startsWith("payload"));
  if (!key || !payload || payload.start >= payload.end) return null;
  const bytes = (hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
  const shown = bytes.slice(payload.start, Math.min(payload.end, payload.start + MOST));
  const keys = shown.map((_, at) => bytes[key.start + (at % 4)]);
  const clear = shown.map((byte, at) => byte ^ keys[at]);
  const letters = lettersOf(clear);
  const columns = { at: shown.map((_, at) => at), masked: shown.map(pair), key: keys.map((byte) => `⊕ ${pair(byte)}`), clear: clear.map((byte) => `= ${pair(byte)}`), letter: letters };
  const rows = Object.entries(columns).map(([name, values]) => {
    const head = make("th", "", word("maskRows")[name]);
    head.scope = "row";
    const cells = values.map((value, at) => {
      const cell = make("td", "", String(value));
      cell.addEventListener("mouseenter", () => mark(payload.start + at, payload.start + at + 1));
      return cell;
    });
    return make("tr", `mask-${name}`, head, cells);
  });
  const wrap = make("div", "scroll", make("table", "table mask", make("tbody", "", rows)));
  wrap.tabIndex = 0;
  wrap.setAttribute("role", "region");
  wrap.setAttribute("aria-label", word("maskTitle"));
  const left = payload.end - payload.start - shown.length;
  const more = left > 0 ? make("p", "note", word("maskMore", left)) : null;
  return fold(word("maskTitle"), make("p", "note", word("maskAbout")), wrap, more);
}

function pair(byte) {
  return byte.toString(16).padStart(2, "0");
}

/** Each letter under its first byte; the bytes that go on with it have a mark. */
function lettersOf(bytes) {
  const letters = new Array(bytes.length).fill("·");
  for (let at = 0; at < bytes.length; at += 1) {
    const length = bytes[at] >= 0xf0 ? 4 : bytes[at] >= 0xe0 ? 3 : bytes[at] >= 0xc0 ? 2 : 1;
    const letter = new TextDecoder().decode(Uint8Array.from(bytes.slice(at, at + length)));
    if (bytes[at] < 0x20 || letter.includes("\ufffd")) continue;
    letters[at] = letter === " " ? "␠" : letter;
    for (let next = at + 1; next < at + length; next += 1) letters[next] = "〃";
    at += length - 1;
  }
  return letters;
}
