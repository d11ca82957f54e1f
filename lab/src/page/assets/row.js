// A trace in one line, which opens as a waterfall.

import { button, link, make } from "./dom.js";
import { clock, duration } from "./format.js";
import { hue } from "./hues.js";
import { send } from "./poll.js";
import { fetchLines, fetchTrace, waterfall } from "./waterfall.js";
import { word } from "./words.js";

/** The trace that is to be compared with the next one that is chosen. */
let chosen = null;

/**
 * The item of a trace. `opened` hears whether it is open; `changed` is called after it was pinned
 * or let go. `hasLogs`: what the processes said can be asked for.
 */
export function makeRow(id, { isOpen = false, hasLogs, opened, changed }) {
  const line = make("button", "line");
  line.type = "button";
  const detail = make("div", "detail");
  detail.id = `trace-${id}`;
  line.setAttribute("aria-controls", detail.id);
  const open = new Set();
  let current = null;
  let drawn = "";
  const show = (shown) => {
    detail.hidden = !shown;
    line.setAttribute("aria-expanded", String(shown));
  };
  const fill = async () => {
    const version = `${current.spans} ${current.pinned}`;
    if (drawn === version) return;
    drawn = version;
    const [trace, lines] = await Promise.all([fetchTrace(id), hasLogs ? fetchLines(id) : []]);
    const picture = trace ? waterfall(trace, { open, lines }) : make("p", "note", word("gone"));
    // What has the focus is drawn anew: the focus goes along.
    const focused = detail.contains(document.activeElement) ? document.activeElement.id : "";
    detail.replaceChildren(toolbar(current, { trace, changed }), picture);
    if (focused) document.getElementById(focused)?.focus();
  };
  line.addEventListener("click", () => {
    show(detail.hidden);
    if (!detail.hidden) fill();
    opened(!detail.hidden);
  });
  const update = (trace, longest) => {
    const differs = JSON.stringify(trace) !== JSON.stringify(current);
    current = trace;
    if (differs) line.replaceChildren(...parts(trace));
    const bar = line.querySelector(".length > span");
    bar.style.setProperty("inline-size", `${Math.max(1, (100 * trace.duration) / longest)}%`);
    if (!detail.hidden) fill();
  };
  show(isOpen);
  return { element: make("li", "trace", line, detail), update };
}

function parts(trace) {
  const services = make("span", "who");
  for (const service of trace.services) services.append(make("span", `chip ${hue(service)}`, service));
  return [
    make("time", "when", clock(trace.start)),
    make("span", "what", make("b", "", trace.service), " ", trace.operation),
    services,
    make("span", "count", word("spans", trace.spans)),
    trace.failed ? make("span", "badge", word("error")) : make("span", "badge none"),
    make("span", "length", make("span", "")),
    make("span", "took", duration(trace.duration)),
  ];
}

/** What can be done with a trace. */
export function toolbar(summary, { trace, changed, isAlone = false }) {
  const { id } = summary;
  const compare = button(word(chosen && chosen !== id ? "compareNow" : "compareWith"), () => {
    if (chosen && chosen !== id) location.href = `/compare/${chosen}/${id}`;
    else {
      chosen = id;
      keep();
      compare.setAttribute("aria-pressed", "true");
    }
  });
  compare.setAttribute("aria-pressed", String(chosen === id));
  const copy = button(word("copyJson"), async () => {
    try {
      await navigator.clipboard.writeText(JSON.stringify(trace, null, 2));
      copy.textContent = word("copied");
    } catch {
      copy.textContent = word("notCopied");
    }
  });
  copy.disabled = !trace;
  const pin = button(word(summary.pinned ? "unpin" : "pin"), async () => {
    await send(summary.pinned ? "DELETE" : "PUT", `/lab/traces/${id}/pin`);
    changed();
  });
  pin.id = `pin-${id}`;
  return make(
    "div",
    "toolbar",
    isAlone ? null : link(word("alone"), `/trace/${id}`, "button"),
    pin,
    compare,
    copy,
    link(word("inBytes"), `/wire?trace=${id}`, "button"),
    link(word("json"), `/api/traces/${id}`, "button"),
    make("code", "id", id),
  );
}

// A trace that was chosen here may be compared with one on another page.
const KEPT = "malha-compare";

function keep() {
  try {
    sessionStorage.setItem(KEPT, chosen);
  } catch {
    // It holds until the page is left.
  }
}

try {
  chosen = sessionStorage.getItem(KEPT);
} catch {
  // Nothing was kept.
}
