// The part of Markdown that the guides use, as elements: never as markup.

import { column, fold, make, makeWith } from "./dom.js";
import { word } from "./words.js";
import "./words-guide.js";

/** The elements of a text. */
export function markdown(source) {
  const lines = source.split("\n");
  const result = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at];
    const fence = line.match(/^\s*```(\S*)/);
    const heading = line.match(/^(#{1,6}) (.*)/);
    const folded = line.match(/^\s*<details><summary>(.*)<\/summary>/);
    if (line.trim() === "") at += 1;
    else if (folded) {
      const end = next(lines, at, (other) => other.trim() === "</details>");
      result.push(fold(folded[1], markdown(lines.slice(at + 1, end).join("\n"))));
      at = end + 1;
    } else if (fence) {
      const end = lines.findIndex((other, index) => index > at && /^\s*```/.test(other));
      const code = make("pre", "", make("code", "", lines.slice(at + 1, end).join("\n")));
      code.tabIndex = 0;
      code.dataset.language = fence[1];
      // Nothing here draws it.
      result.push(fence[1] === "mermaid" ? fold(word("diagram"), code) : code);
      at = end + 1;
    } else if (heading) {
      const element = make(`h${heading[1].length}`, "", inline(heading[2]));
      element.id = slug(element.textContent);
      result.push(element);
      at += 1;
    } else if (line.startsWith("> ")) {
      const end = next(lines, at, (other) => !other.startsWith("> "));
      result.push(make("blockquote", "", markdown(lines.slice(at, end).map((quoted) => quoted.slice(2)).join("\n"))));
      at = end;
    } else if (line.startsWith("|")) {
      const end = next(lines, at, (other) => !other.startsWith("|"));
      result.push(table(lines.slice(at, end)));
      at = end;
    } else if (ITEM.test(line)) {
      const end = next(lines, at, (other, index) => other.trim() === "" && !/^\s{2,}\S/.test(lines[index + 1] ?? "") && !ITEM.test(lines[index + 1] ?? ""));
      result.push(list(lines.slice(at, end)));
      at = end;
    } else {
      const end = next(lines, at, (other) => other.trim() === "" || /^(\||```|#|- |\d+\. |<details>)/.test(other.trim()));
      result.push(make("p", "", inline(lines.slice(at, Math.max(end, at + 1)).join(" "))));
      at = Math.max(end, at + 1);
    }
  }
  return result;
}

const ITEM = /^(- |\d+\. )/;

function next(lines, from, ends) {
  const found = lines.findIndex((line, index) => index > from && ends(line, index));
  return found < 0 ? lines.length : found;
}

function table(lines) {
  const cells = (line) => line.slice(1, line.lastIndexOf("|")).split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
  const [head, , ...rows] = lines;
  const heads = cells(head).map((cell) => column(inline(cell)));
  const body = rows.map((row) => make("tr", "", cells(row).map((cell) => make("td", "", inline(cell)))));
  const hasHead = heads.some((cell) => cell.textContent !== "");
  const element = make("div", "scroll", make("table", "table", hasHead ? make("thead", "", make("tr", "", heads)) : null, make("tbody", "", body)));
  element.tabIndex = 0;
  return element;
}

/** A list; what is indented below an item belongs to it. */
function list(lines) {
  const items = [];
  for (const line of lines) {
    const begun = line.match(/^(?:- |\d+\. )(.*)/);
    if (begun) items.push([begun[1]]);
    else items.at(-1).push(line.replace(/^ {2,3}/, ""));
  }
  const element = make(/^\d/.test(lines[0]) ? "ol" : "ul", "");
  for (const item of items) {
    const parts = markdown(item.join("\n"));
    element.append(make("li", "", parts.length === 1 && parts[0].tagName === "P" ? [...parts[0].childNodes] : parts));
  }
  return element;
}

const MARKS = /`([^`]+)`|\*\*(.+?)\*\*|\*([^*]+)\*|!\[([^\]]*)\]\(([^)]*)\)|\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)]*)\)|<(https?:[^>]+)>|<\/?[a-z]+>/g;

/** Texts and elements of one line. */
function inline(text) {
  const parts = [];
  let last = 0;
  for (const found of text.matchAll(MARKS)) {
    const [whole, code, strong, soft, picture, file, label, target, address] = found;
    parts.push(text.slice(last, found.index));
    last = found.index + whole.length;
    if (code) parts.push(make("code", "", code));
    else if (strong) parts.push(make("b", "", inline(strong)));
    else if (soft) parts.push(make("em", "", inline(soft)));
    else if (picture) parts.push(makeWith("img", { alt: picture, "data-file": file }));
    else if (label) parts.push(anchor(inline(label), target));
    else if (address) parts.push(anchor([address], address));
  }
  parts.push(text.slice(last));
  return parts.filter((part) => part !== "");
}

/** The languages that a guide names by the folder of its other text. */
const FOLDERS = { "../guias/": ["pt", "pt-BR"], "../guides/": ["en", "en"] };

/** A link that leads somewhere from here; a text and a path where it leads to a file of the repository. */
function anchor(children, target) {
  const [, folder, guide, section = ""] = target.match(/^(\.\.\/gui(?:de|a)s\/)?([a-z0-9]+|README)\.md(#.*)?$/) ?? [];
  if (guide === undefined && !/^(#|https?:)/.test(target)) {
    return make("span", "", children, " (", make("code", "", pathOf(target)), ")");
  }
  const element = make("a", "", children);
  if (guide === undefined) element.href = target;
  else element.href = guide === "README" ? "/guide" : `/guide/${guide}${section}`;
  if (folder !== undefined) {
    const [speaks, tag] = FOLDERS[folder];
    element.dataset.speaks = speaks;
    element.lang = tag;
    element.hreflang = tag;
  }
  return element;
}

/** Where a file is in the repository, by the way to it from a guide. */
function pathOf(target) {
  return new URL(target, "file:///docs/guides/").pathname.slice(1);
}

/** The name of a heading, as GitHub makes it. */
function slug(text) {
  return text.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
}
