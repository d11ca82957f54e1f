// All that one span says: what it is, its attributes, events and links, its process.

import { fold, link, make, terms } from "./dom.js";
import { duration } from "./format.js";
import { explain } from "./words-spans.js";
import { word } from "./words.js";

/** What only the SDK and the lab say of themselves: folded away. */
const OF_SDK = /^(telemetry\.|otel\.(scope|library)\.|malha\.launcher$|service\.(instance|namespace|version))/;

export function details({ span, parent }, { processes, gap }) {
  const { serviceName, tags: ofProcess } = processes[span.processID];
  const box = make("div", "details");
  const kind = String(span.tags.find(({ key }) => key === "span.kind")?.value ?? "internal");
  const { says, place } = explain(serviceName, span.operationName, kind);
  const more = place ? [" ", link(word("inGuide"), place)] : [];
  box.append(make("p", "says", says, more));
  const number = span.tags.find(({ key }) => key === "chat.cursor");
  if (number) box.append(make("p", "says", word("numberOf", number.value)));
  if (gap) box.append(make("p", "says", word("between", gap.service, duration(gap.there), duration(gap.back))));
  const asked = span.references.find(({ refType }) => refType === "CHILD_OF");
  if (asked && parent === null) box.append(make("p", "says", word("missedParent")));
  for (const warning of span.warnings ?? []) box.append(make("p", "trouble", warning));

  const own = span.tags.filter(({ key }) => !OF_SDK.test(key));
  const folded = [...span.tags.filter(({ key }) => OF_SDK.test(key)), ...ofProcess];
  section(box, word("attributes"), [
    [word("span"), span.spanID],
    ...span.references.filter(({ refType }) => refType === "CHILD_OF").map(({ spanID }) => [word("parent"), spanID]),
    ...own.map(({ key, value }) => [key, String(value)]),
  ]);
  for (const log of span.logs) {
    const after = duration(Math.max(0, log.timestamp - span.startTime));
    section(box, `${word("event")} +${after}`, log.fields.map(({ key, value }) => [key, String(value)]));
  }
  const links = span.references.filter(({ refType }) => refType !== "CHILD_OF");
  section(box, word("links"), links.map(({ traceID, spanID }) => [word("span"), spanLink(traceID, spanID)]));
  if (folded.length > 0) {
    box.append(fold(word("process"), terms("tags", folded.map(({ key, value }) => [key, String(value)]))));
  }
  return box;
}

function section(box, title, pairs) {
  if (pairs.length > 0) box.append(make("p", "title", title), terms("tags", pairs));
}

/** A link to one span of a trace. */
function spanLink(trace, span) {
  const element = link(`${trace.slice(0, 8)}… / ${span}`, `/trace/${trace}#${span}`);
  return make("code", "", element);
}
