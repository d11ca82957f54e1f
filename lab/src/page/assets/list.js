// The list of traces: what a person did and what failed; automatic rounds are folded away.

import { makeTroubles } from "./cluster.js";
import { button, link, make } from "./dom.js";
import { firstSteps } from "./first.js";
import { ask, watch } from "./poll.js";
import { makeRow } from "./row.js";
import { makeSearch } from "./search.js";
import { hue } from "./hues.js";
import { word } from "./words.js";
import "./words-traces.js";

/** How many rows a part of the list has. */
const PART = 50;

export function show(place, _path, state) {
  let newest = { traces: [], pinned: [], folded: 0, earlier: null };
  /** Every row that is known, by id. */
  let rows = new Map();
  /** The items of the list, by the trace's id; those of the pinned ones. */
  const items = new Map();
  const pins = new Map();
  const open = new Set();
  const hasLogs = state.can.includes("logs");
  let wanted = PART;
  let earlier = null;

  const list = make("ol", "traces");
  const pinned = make("ol", "traces");
  const pinnedPart = make("section", "pinned", make("h2", "", word("pinned")), pinned);
  const empty = make("p", "note");
  const wrong = make("p", "trouble");
  wrong.hidden = true;
  const elsewhere = make("p", "note");
  const troubles = makeTroubles();
  const held = button("", () => release(), "held");
  held.hidden = true;
  const older = button(word("earlier"), () => goOn(), "button");
  older.id = "earlier";
  const strip = make("p", "strip");
  const search = makeSearch(() => {
    wanted = PART;
    rows = new Map();
    open.clear();
    look();
  });
  place.append(
    state.cluster ? make("p", "note", word("clusterAbout", state.cluster.namespaces.join(", "))) : firstSteps(),
    make("div", "heading", make("h1", "", word("tracesTitle")), held, strip),
    search.element,
    wrong,
    troubles.element,
    elsewhere,
    pinnedPart,
    make("section", "all", empty, list, older),
  );

  function took(answer) {
    wrong.hidden = true;
    newest = answer;
    search.offer(answer.services);
    merge(answer);
    if (open.size > 0) {
      countHeld();
      for (const row of rows.values()) items.get(row.id)?.update(row, longest());
    } else draw();
    drawPinned();
  }

  /** Rows that are older than the newest part are kept as they were. */
  function merge(answer) {
    const last = answer.traces.at(-1)?.place ?? Infinity;
    const isFirst = rows.size === 0;
    const kept = [...rows.values()].filter((row) => row.place < last && answer.earlier !== null);
    rows = new Map([...answer.traces, ...kept].map((row) => [row.id, row]));
    if (isFirst || kept.length === 0) earlier = answer.earlier;
  }

  async function goOn() {
    const part = JSON.parse(await ask(search.path({ limit: PART, before: earlier })));
    wanted += PART;
    const first = part.traces[0]?.id;
    for (const row of part.traces) rows.set(row.id, row);
    earlier = part.earlier;
    draw();
    items.get(first)?.element.querySelector("button").focus();
  }

  function release() {
    open.clear();
    for (const { element } of items.values()) element.remove();
    items.clear();
    draw();
    list.querySelector("button")?.focus();
  }

  const longest = () => Math.max(1, ...[...rows.values()].map((row) => row.duration));

  function draw() {
    const shown = [...rows.values()].sort((a, b) => b.place - a.place).slice(0, wanted);
    const pinnedIds = new Set(newest.pinned.map(({ id }) => id));
    const top = longest();
    const elements = [];
    const here = new Set();
    for (const row of shown) {
      if (row.folded > 0) elements.push(rounds(row.id, row.folded));
      here.add(row.id).add(`rounds ${row.id}`);
      if (!items.has(row.id)) items.set(row.id, makeRow(row.id, rowOptions(row.id)));
      const item = items.get(row.id);
      item.update({ ...row, pinned: pinnedIds.has(row.id) }, top);
      elements.push(item.element);
    }
    if (earlier === null && newest.folded > 0 && newest.earlier === null) {
      here.add("rounds last");
      elements.push(rounds("last", newest.folded));
    }
    // What leaves goes first: then nothing that stays has to be moved, and the focus stays too.
    for (const [key, item] of items) {
      if (here.has(key)) continue;
      item.element.remove();
      items.delete(key);
      open.delete(key);
    }
    elements.forEach((element, index) => {
      if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
    });
    while (list.children.length > elements.length) list.lastChild.remove();
    older.hidden = earlier === null;
    held.hidden = true;
    empty.hidden = shown.length > 0;
    empty.replaceChildren(
      search.isEmpty() ? word("empty") : word("noneFound"),
      " ",
      search.isEmpty() ? link(word("use"), "/play") : "",
    );
  }

  /** The line that stands for rounds. */
  function rounds(key, count) {
    const id = `rounds ${key}`;
    if (!items.has(id)) {
      const line = button("", () => search.withRounds(), "rounds");
      items.set(id, { element: make("li", "", line), update() {}, line });
    }
    const { element, line } = items.get(id);
    const text = word("rounds", count);
    if (line.textContent !== text) line.textContent = text;
    return element;
  }

  const rowOptions = (id) => ({
    isOpen: open.has(id),
    hasLogs,
    opened(isOpen) {
      if (isOpen) open.add(id);
      else open.delete(id);
      if (open.size === 0) draw();
    },
    changed: () => look(),
  });

  function countHeld() {
    const more = [...rows.keys()].filter((id) => !items.has(id)).length;
    held.hidden = more === 0;
    held.textContent = word("held", more);
  }

  function drawPinned() {
    const ids = new Set(newest.pinned.map(({ id }) => id));
    for (const [id, item] of pins) {
      if (ids.has(id)) continue;
      item.element.remove();
      pins.delete(id);
    }
    for (const row of newest.pinned) {
      if (!pins.has(row.id)) {
        const item = makeRow(row.id, { hasLogs, opened() {}, changed: () => look() });
        pins.set(row.id, item);
        pinned.append(item.element);
      }
      pins.get(row.id).update({ ...row, pinned: true }, longest());
    }
    pinnedPart.hidden = newest.pinned.length === 0;
    for (const [id, item] of items) {
      const row = rows.get(id);
      if (row) item.update({ ...row, pinned: ids.has(id) }, longest());
    }
  }

  /** Every service as a dot with its name: whether it is well is seen beside the traces. */
  function drawStrip({ services, tracesGoTo, cluster }) {
    strip.replaceChildren(
      ...services
        .filter((service) => !service.ready && service.state !== "absent")
        .map((service) => link(service.name, `/mesh#${service.name}`, `chip ${hue(service.name)} ill`)),
    );
    troubles.update(cluster);
    elsewhere.hidden = tracesGoTo === null;
    elsewhere.textContent = word("elsewhere", tracesGoTo);
  }

  drawStrip(state);
  pinnedPart.hidden = true;
  const look = watch(() => (place.contains(list) ? search.path({ limit: PART }) : null), took, {
    refused(why) {
      wrong.textContent = why;
      wrong.hidden = false;
    },
  });
  return { services: drawStrip };
}
