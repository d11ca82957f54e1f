// One trace as a waterfall: spans by their start, children under their parents.

import { hue, make, terms } from "./dom.js";
import { duration, word } from "./words.js";

/** Asks for a trace and draws it. */
export async function waterfall(id) {
  const path = `/api/traces/${id}`;
  let trace;
  try {
    const answer = await fetch(path);
    trace = (await answer.json()).data?.[0];
  } catch {
    return make("p", "note", word("lost"));
  }
  if (!trace) return make("p", "note", word("gone"));
  const start = Math.min(...trace.spans.map((span) => span.startTime));
  const end = Math.max(...trace.spans.map((span) => span.startTime + span.duration));
  const frame = { start, length: Math.max(1, end - start) };
  const rows = tree(trace.spans).map(([span, depth]) => row(span, depth, trace.processes, frame));
  const json = make("a", "", word("json"));
  json.href = path;
  const foot = make("p", "foot", make("code", "", id), " · ", json);
  const warnings = (trace.warnings ?? []).map((text) => make("p", "trouble", text));
  return make("div", "waterfall", axis(frame), make("ol", "spans", ...rows), ...warnings, foot);
}

/** Every span with its depth, parents before their children. */
function tree(spans) {
  const known = new Set(spans.map((span) => span.spanID));
  const children = new Map();
  for (const span of spans) {
    const parent = span.references.find((ref) => ref.refType === "CHILD_OF" && known.has(ref.spanID));
    const key = parent && parent.spanID !== span.spanID ? parent.spanID : "";
    if (!children.has(key)) children.set(key, []);
    children.get(key).push(span);
  }
  const result = [];
  const seen = new Set();
  const visit = (key, depth) => {
    for (const span of children.get(key) ?? []) {
      if (seen.has(span)) continue;
      seen.add(span);
      result.push([span, depth]);
      visit(span.spanID, depth + 1);
    }
  };
  visit("", 0);
  // Spans that are each other's ancestors hang from no root.
  for (const span of spans) {
    if (!seen.has(span)) result.push([span, 0]);
  }
  return result;
}

function axis(frame) {
  const parts = [0, 0.25, 0.5, 0.75, 1];
  const ticks = parts.map((part) => make("span", "", duration(Math.round(part * frame.length))));
  const element = make("div", "axis", make("span", ""), make("div", "ticks", ...ticks));
  element.setAttribute("aria-hidden", "true");
  return element;
}

function row(span, depth, processes, frame) {
  const process = processes[span.processID];
  const tags = new Map(span.tags.map((tag) => [tag.key, tag.value]));
  const failed = tags.get("otel.status_code") === "ERROR";
  const kind = tags.get("span.kind");
  const label = make(
    "span",
    "label",
    make("b", "", span.operationName),
    make("span", `chip ${hue(process.serviceName)}`, process.serviceName),
    kind ? make("span", "kind", kind) : null,
    failed ? make("span", "badge", word("error")) : null,
  );
  label.style.setProperty("--depth", String(Math.min(depth, 12)));
  const bar = make("span", `bar ${hue(process.serviceName)}${failed ? " failed" : ""}`);
  const left = (100 * (span.startTime - frame.start)) / frame.length;
  const width = (100 * span.duration) / frame.length;
  bar.style.setProperty("inset-inline-start", `${left}%`);
  bar.style.setProperty("inline-size", `${width}%`);
  // After the bar; before it where there is no room; within it where it fills the track.
  const [side, at] =
    left + width < 85 ? ["after", left + width] : left > 15 ? ["before", 100 - left] : ["within", 100 - left - width];
  const took = make("span", `took ${side}`, duration(span.duration));
  took.style.setProperty("--at", `${at}%`);
  const button = make("button", "span", label, make("span", "track", bar, took));
  button.type = "button";
  button.setAttribute("aria-expanded", "false");
  const more = details(span, process);
  more.hidden = true;
  button.addEventListener("click", () => {
    more.hidden = !more.hidden;
    button.setAttribute("aria-expanded", String(!more.hidden));
  });
  return make("li", "", button, more);
}

function details(span, process) {
  const box = make("div", "details");
  const section = (title, tags) => {
    if (tags.length === 0) return;
    box.append(make("h5", "", title));
    box.append(terms("tags", tags.map((tag) => [tag.key, String(tag.value)])));
  };
  const ids = [{ key: word("span"), value: span.spanID }];
  const parents = span.references.filter((ref) => ref.refType === "CHILD_OF");
  ids.push(...parents.map((ref) => ({ key: word("parent"), value: ref.spanID })));
  section(word("attributes"), [...ids, ...span.tags]);
  for (const log of span.logs) {
    const after = duration(Math.max(0, log.timestamp - span.startTime));
    section(`${word("events")} +${after}`, log.fields);
  }
  const links = span.references.filter((ref) => ref.refType !== "CHILD_OF");
  section(word("links"), links.map((ref) => ({ key: ref.traceID, value: ref.spanID })));
  section(word("process"), process.tags);
  for (const warning of span.warnings ?? []) box.append(make("p", "trouble", warning));
  return box;
}
