// Two traces side by side, on one scale.

import { column, link, make } from "./dom.js";
import { clock, duration } from "./format.js";
import { fetchTrace, frameOf, waterfall } from "./waterfall.js";
import { word } from "./words.js";
import "./words-traces.js";

export function show(place, [first = "", second = ""]) {
  const sides = make("div", "sides");
  const table = make("div", "scroll");
  table.tabIndex = 0;
  place.append(make("div", "heading", make("h1", "", word("compareTitle")), link(word("every"), "/", "end")), sides, table);
  draw([first, second], sides, table);
  return {};
}

async function draw(ids, sides, table) {
  const traces = await Promise.all(ids.map(fetchTrace));
  const frames = traces.map((trace) => trace && frameOf(trace));
  const length = Math.max(1, ...frames.filter(Boolean).map((frame) => frame.length));
  sides.replaceChildren(
    ...traces.map((trace, index) => {
      const name = link(word(index === 0 ? "first" : "second"), `/trace/${ids[index]}`);
      const title = make("h2", "", name, trace ? ` · ${clock(frames[index].start)} · ${duration(frames[index].length)}` : "");
      const picture = trace
        ? waterfall(trace, { frame: { start: frames[index].start, length } })
        : make("p", "note", word("gone"));
      return make("section", "side", title, picture);
    }),
  );
  if (traces.every(Boolean)) table.replaceChildren(differences(traces));
}

/** How long each operation took in either. */
function differences(traces) {
  const sums = traces.map((trace) => {
    const sum = new Map();
    for (const span of trace.spans) {
      const kind = span.tags.find(({ key }) => key === "span.kind")?.value ?? "";
      const name = `${trace.processes[span.processID].serviceName} ${span.operationName} ${kind}`.trim();
      const before = sum.get(name) ?? { count: 0, micros: 0 };
      sum.set(name, { count: before.count + 1, micros: before.micros + span.duration });
    }
    return sum;
  });
  const names = [...new Set(sums.flatMap((sum) => [...sum.keys()]))];
  const cell = (found) =>
    make("td", "", found ? `${duration(found.micros)}${found.count > 1 ? ` (${found.count}×)` : ""}` : "–");
  const rows = names.map((name) => {
    const [one, other] = sums.map((sum) => sum.get(name));
    const less = (one?.micros ?? 0) - (other?.micros ?? 0);
    const sign = less > 0 ? "−" : "+";
    const row = make("tr", "", make("th", "", name), cell(one), cell(other), make("td", "", `${sign}${duration(Math.abs(less))}`));
    row.firstChild.scope = "row";
    return row;
  });
  const head = ["operation", "first", "second", "difference"].map((key) => column(word(key)));
  return make("table", "table", make("thead", "", make("tr", "", head)), make("tbody", "", rows));
}
