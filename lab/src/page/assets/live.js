// A trace that is still growing, drawn as it comes, with what the processes say meanwhile.

import { link, make } from "./dom.js";
import { watch } from "./poll.js";
import { fetchTrace, waterfall } from "./waterfall.js";
import { word } from "./words.js";

/** The last spans of an answer come within this; later ones are on the trace's own page. */
const PATIENCE = 10_000;

/** The waterfall of a trace that has just begun. */
export function liveTrace(id) {
  const picture = make("div", "", make("p", "note", "…"));
  const end = Date.now() + PATIENCE;
  const open = new Set();
  let isNew = true;
  let trace = null;
  let lines = [];
  const draw = () => {
    if (trace) picture.replaceChildren(waterfall(trace, { open, lines }));
  };
  const asLongAsItGrows = (path) => () => (isNew || (picture.isConnected && Date.now() < end) ? path : null);
  watch(
    asLongAsItGrows(`/lab/traces?trace=${id}`),
    async ({ traces }) => {
      if (traces.length === 0) return;
      isNew = false;
      trace = (await fetchTrace(id)) ?? trace;
      draw();
    },
    { every: 300 },
  );
  watch(
    asLongAsItGrows(`/lab/logs?trace=${id}`),
    (answer) => {
      lines = answer.lines;
      draw();
    },
    { every: 300 },
  );
  setTimeout(() => {
    isNew = false;
  }, PATIENCE);
  const more = make("p", "foot", link(`${word("trace")} ${id.slice(0, 8)}`, `/trace/${id}`), " · ", link(word("inBytes"), `/wire?trace=${id}`));
  return make("div", "live", picture, more);
}
