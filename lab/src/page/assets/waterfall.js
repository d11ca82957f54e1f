// One trace as a waterfall: spans by their start, children under their parents.

import { details } from "./details.js";
import { make } from "./dom.js";
import { duration } from "./format.js";
import { hue } from "./hues.js";
import { ask } from "./poll.js";
import { between, criticalPath, end, placeLines, tagsOf, tree } from "./spans.js";
import { word } from "./words.js";

/** The trace of this id in Jaeger's form; null where it is not there. */
export async function fetchTrace(id) {
  try {
    return JSON.parse(await ask(`/api/traces/${id}`)).data?.[0] ?? null;
  } catch {
    return null;
  }
}

/** Start and length of a trace, in microseconds. */
export function frameOf(trace) {
  const start = Math.min(...trace.spans.map((span) => span.startTime));
  return { start, length: Math.max(1, Math.max(...trace.spans.map(end)) - start) };
}

/** What the processes said within a trace. */
export async function fetchLines(id) {
  try {
    return JSON.parse(await ask(`/lab/logs?trace=${id}`)).lines;
  } catch {
    return [];
  }
}

/**
 * Draws a trace. `open` holds the keys of the spans whose details are shown, and is kept up; `lines`
 * are lines of logs, which stand below their spans.
 */
export function waterfall(trace, { open = new Set(), frame = frameOf(trace), lines = [] } = {}) {
  const nodes = tree(trace.spans);
  const { placed, rest } = placeLines(nodes, trace.processes, lines);
  const critical = criticalPath(nodes);
  const seen = new Map();
  const rows = nodes.map((node) => {
    // Two spans may have one id.
    const times = seen.get(node.span.spanID) ?? 0;
    seen.set(node.span.spanID, times + 1);
    const key = times === 0 ? node.span.spanID : `${node.span.spanID}-${times + 1}`;
    return row(node, key, { processes: trace.processes, frame, pieces: critical.get(node) ?? [], open, said: placed.get(node) ?? [] });
  });
  const warnings = (trace.warnings ?? []).map((text) => make("p", "trouble", text));
  const legend = make("p", "legend", make("span", "swatch"), word("critical"));
  const elsewhere = rest.length > 0 ? make("ol", "said-here", rest.map((line) => saidLine(line, null))) : null;
  return make("div", "waterfall", axis(frame), make("ol", "spans", rows), elsewhere, warnings, legend);
}

function axis(frame) {
  const parts = [0, 0.25, 0.5, 0.75, 1];
  const ticks = parts.map((part) => make("span", "", duration(Math.round(part * frame.length))));
  const element = make("div", "axis", make("span", ""), make("div", "ticks", ticks));
  element.setAttribute("aria-hidden", "true");
  return element;
}

function row(node, key, { processes, frame, pieces, open, said }) {
  const { span, depth } = node;
  const { serviceName } = processes[span.processID];
  const tags = tagsOf(span);
  const failed = tags.get("otel.status_code") === "ERROR";
  const kind = tags.get("span.kind");
  const label = make(
    "span",
    "label",
    make("b", "", breakable(span.operationName)),
    make("span", `chip ${hue(serviceName)}`, serviceName),
    kind && kind !== "internal" ? make("span", "kind", kind) : null,
    failed ? make("span", "badge", word("error")) : null,
  );
  label.style.setProperty("--depth", String(Math.min(depth, 12)));
  const gap = between(node, processes);
  const toggle = make("button", "span", label, track(span, { serviceName, failed, frame, pieces, gap, said }));
  toggle.type = "button";
  toggle.id = `span-${key}`;
  const item = make("li", "", toggle);
  if (said.length > 0) {
    const lines = make("ol", "said-here", said.map(([line, moment]) => saidLine(line, moment - frame.start)));
    lines.style.setProperty("--depth", String(Math.min(depth, 12)));
    item.append(lines);
  }
  let more = null;
  const show = (shown) => {
    toggle.setAttribute("aria-expanded", String(shown));
    if (shown && more === null) {
      more = details(node, { processes, gap });
      toggle.after(more);
    }
    if (more) more.hidden = !shown;
    if (shown) open.add(key);
    else open.delete(key);
  };
  toggle.addEventListener("click", () => show(toggle.getAttribute("aria-expanded") !== "true"));
  show(open.has(key));
  return item;
}

/** A line of a log below its span; `after` is the time since the trace began, if it is known. */
function saidLine(line, after) {
  const text = line.text.replace(/^\S+Z\s+(?:ERROR|WARN|INFO|DEBUG|TRACE)\s+/, "");
  const when = after === null ? line.service : `+${duration(Math.max(0, after))}`;
  return make("li", `log ${line.level}`, make("span", "when", when), make("span", "level", line.level), make("span", "text", text));
}

/** A long name, with the places where its line may end. */
function breakable(name) {
  return name.split(/(?<=[/.])/).flatMap((part, index) => (index === 0 ? [part] : [make("wbr", ""), part]));
}

function track(span, { serviceName, failed, frame, pieces, gap, said }) {
  const part = (micros) => (100 * micros) / frame.length;
  const left = part(span.startTime - frame.start);
  const width = part(span.duration);
  const bar = place(make("span", `bar ${hue(serviceName)}${failed ? " failed" : ""}`), left, width);
  const marks = [];
  if (gap && span.duration > 0) {
    // Light at both ends: the way there and back.
    bar.style.setProperty("--there", `${(100 * gap.there) / span.duration}%`);
    bar.style.setProperty("--back", `${(100 * gap.back) / span.duration}%`);
    bar.classList.add("gapped");
  }
  for (const [from, to] of pieces) {
    marks.push(place(make("span", "critical"), part(from - frame.start), part(to - from)));
  }
  for (const event of span.logs) {
    const mark = place(make("span", "tick"), part(event.timestamp - frame.start), 0);
    mark.title = String(event.fields.find(({ key }) => key === "event")?.value ?? "");
    marks.push(mark);
  }
  for (const [line, moment] of said) {
    const at = Math.min(100, Math.max(0, part(moment - frame.start)));
    marks.push(place(make("span", `tick noted ${line.level}`), at, 0));
  }
  // After the bar; before it where there is no room; within it where it fills the track.
  const [side, at] =
    left + width < 85 ? ["after", left + width] : left > 15 ? ["before", 100 - left] : ["within", 100 - left - width];
  const took = make("span", `took ${side}`, duration(span.duration));
  took.style.setProperty("--at", `${at}%`);
  return make("span", "track", bar, marks, took);
}

function place(element, left, width) {
  element.style.setProperty("inset-inline-start", `${left}%`);
  element.style.setProperty("inline-size", `${width}%`);
  return element;
}
