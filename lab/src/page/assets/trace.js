// One trace alone: the waterfall with its logs, then what can be done with it.

import { link, make } from "./dom.js";
import { clock, duration } from "./format.js";
import { watch } from "./poll.js";
import { toolbar } from "./row.js";
import { fetchLines, fetchTrace, waterfall } from "./waterfall.js";
import { word } from "./words.js";
import "./words-traces.js";

export function show(place, [given = ""], { can }) {
  const id = given.toLowerCase().padStart(32, "0");
  const title = make("h1", "", word("trace"));
  const about = make("p", "note");
  const tools = make("div", "");
  const picture = make("div", "alone");
  place.append(make("div", "heading", title, about, link(word("every"), "/", "end")), picture, tools);
  const open = new Set(location.hash.length > 1 ? [location.hash.slice(1)] : []);
  let isFirst = true;

  async function drawn(answer) {
    const [summary] = answer.traces;
    if (!summary) {
      about.textContent = word("notHere");
      return;
    }
    const [trace, lines] = await Promise.all([fetchTrace(id), can.includes("logs") ? fetchLines(id) : []]);
    title.textContent = `${summary.service} ${summary.operation}`;
    about.textContent = `${clock(summary.start)} · ${duration(summary.duration)} · ${word("spans", summary.spans)}`;
    document.title = `${summary.operation} · Malha`;
    const focused = document.activeElement?.id ?? "";
    const isPinned = answer.pinned.some((row) => row.id === id);
    tools.replaceChildren(toolbar({ ...summary, pinned: isPinned }, { trace, changed: look, isAlone: true }));
    picture.replaceChildren(waterfall(trace, { open, lines }));
    if (focused) document.getElementById(focused)?.focus();
    if (isFirst && open.size > 0) document.getElementById(`span-${[...open][0]}`)?.scrollIntoView({ block: "center" });
    isFirst = false;
  }

  const look = watch(() => (place.contains(picture) ? `/lab/traces?trace=${id}` : null), drawn, {
    refused(why) {
      about.textContent = why;
    },
  });
  return {};
}
