// The list of traces. One that is opened holds the list still; what comes meanwhile is counted.
// At /trace/ID it holds that one alone, open.

import { hue, make } from "./dom.js";
import { clock, duration, word } from "./words.js";
import { waterfall } from "./waterfall.js";

const list = document.getElementById("list");
const empty = document.getElementById("empty");
const held = document.getElementById("held");
const filter = document.getElementById("filter");

/** The trace that the page is of; null on the page of all. */
export const asked = location.pathname.match(/^\/trace\/([0-9a-f]{1,32})$/i)?.[1].toLowerCase().padStart(32, "0") ?? null;

/** The newest answer of the lab. */
let latest = [];
/** The items of the list, by the trace's id. */
let items = new Map();
/** The ids of the traces that are open. */
const open = new Set();
if (asked) {
  open.add(asked);
  filter.parentNode.hidden = true;
  document.getElementById("every").hidden = false;
  empty.dataset.word = "notHere";
}

/** Takes the newest traces, newest first. Gives those that were not there before. */
export function showTraces(traces) {
  const known = new Set(latest.map((trace) => trace.id));
  latest = traces;
  offerServices();
  if (open.size > 0 && !asked) {
    countHeld();
    updateShown();
  } else {
    draw();
  }
  return traces.filter((trace) => !known.has(trace.id));
}

/** Draws the list anew, as after a change of language. */
export function redrawTraces() {
  const chosenBefore = filter.value;
  for (const { element } of items.values()) element.remove();
  items = new Map();
  filter.replaceChildren();
  offerServices(chosenBefore);
  draw();
  for (const id of open) {
    if (!items.has(id)) open.delete(id);
  }
}

held.addEventListener("click", () => {
  open.clear();
  redrawTraces();
  list.querySelector("button")?.focus();
});
filter.addEventListener("change", draw);

function chosen() {
  return latest.filter((trace) => filter.value === "" || trace.services.includes(filter.value));
}

function draw() {
  const shown = chosen();
  const longest = Math.max(1, ...shown.map((trace) => trace.duration));
  const next = new Map();
  for (const trace of shown) {
    const item = items.get(trace.id) ?? makeItem(trace.id);
    item.update(trace, longest);
    next.set(trace.id, item);
  }
  // What is in its place already stays there, and keeps the focus.
  let before = null;
  for (const { element } of [...next.values()].reverse()) {
    if (element.nextSibling !== before || element.parentNode !== list) list.insertBefore(element, before);
    before = element;
  }
  for (const [id, { element }] of items) {
    if (next.has(id)) continue;
    element.remove();
    open.delete(id);
  }
  items = next;
  empty.hidden = shown.length > 0;
  held.hidden = true;
}

function updateShown() {
  const longest = Math.max(1, ...chosen().map((trace) => trace.duration));
  for (const trace of latest) items.get(trace.id)?.update(trace, longest);
}

function countHeld() {
  const more = chosen().filter((trace) => !items.has(trace.id)).length;
  held.hidden = more === 0;
  held.textContent = word("held", more);
}

function offerServices(value = filter.value) {
  const names = [...new Set(latest.flatMap((trace) => trace.services))].sort();
  const offered = [...filter.options].slice(1).map((option) => option.value);
  if (filter.options.length > 0 && names.join() === offered.join()) return;
  const every = new Option(word("all"), "");
  filter.replaceChildren(every, ...names.map((name) => new Option(name, name)));
  filter.value = names.includes(value) ? value : "";
}

function makeItem(id) {
  const button = make("button", "line");
  button.type = "button";
  const detail = make("div", "detail");
  detail.id = `trace-${id}`;
  detail.hidden = !open.has(id);
  button.setAttribute("aria-controls", detail.id);
  button.setAttribute("aria-expanded", String(open.has(id)));
  let drawn = "";
  let current = null;

  const fill = async () => {
    const version = `${current.spans}`;
    if (drawn === version) return;
    drawn = version;
    detail.replaceChildren(await waterfall(id));
  };
  button.addEventListener("click", () => {
    detail.hidden = !detail.hidden;
    button.setAttribute("aria-expanded", String(!detail.hidden));
    if (detail.hidden) {
      open.delete(id);
      if (open.size === 0) draw();
    } else {
      open.add(id);
      fill();
    }
  });

  const update = (trace, longest) => {
    const changed = JSON.stringify(trace) !== JSON.stringify(current);
    current = trace;
    if (changed) button.replaceChildren(...line(trace));
    const bar = button.querySelector(".length > span");
    bar.style.setProperty("inline-size", `${Math.max(1, (100 * trace.duration) / longest)}%`);
    if (!detail.hidden) fill();
  };
  return { element: make("li", "", button, detail), update };
}

function line(trace) {
  const title = make("span", "what", make("b", "", trace.service), " ", trace.operation);
  const services = make("span", "who");
  for (const service of trace.services) {
    services.append(make("span", `chip ${hue(service)}`, service));
  }
  return [
    make("time", "when", clock(trace.start)),
    title,
    services,
    make("span", "count", word("spans", trace.spans)),
    trace.failed ? make("span", "badge", word("error")) : make("span", "badge none"),
    make("span", "length", make("span", "")),
    make("span", "took", duration(trace.duration)),
  ];
}
