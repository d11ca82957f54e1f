// A trace as a tree: who caused whom, and what the whole waited for.

/** The attributes of a span by name. */
export function tagsOf(span) {
  return new Map(span.tags.map((tag) => [tag.key, tag.value]));
}

export function end(span) {
  return span.startTime + span.duration;
}

/**
 * The spans as a tree, in the order in which they are drawn: each with its depth, its parent, its
 * children. Two spans with one id both stand there.
 */
export function tree(spans) {
  const nodes = spans.map((span) => ({ span, depth: 0, parent: null, children: [] }));
  const known = new Map();
  for (const node of nodes) {
    if (!known.has(node.span.spanID)) known.set(node.span.spanID, node);
  }
  const roots = [];
  for (const node of nodes) {
    const ref = node.span.references.find(({ refType, spanID }) => refType === "CHILD_OF" && known.has(spanID));
    const parent = ref && known.get(ref.spanID);
    if (parent && parent !== node) {
      node.parent = parent;
      parent.children.push(node);
    } else roots.push(node);
  }
  const drawn = new Set();
  const result = [];
  const visit = (node, depth) => {
    if (drawn.has(node)) return;
    drawn.add(node);
    node.depth = depth;
    result.push(node);
    for (const child of node.children) visit(child, depth + 1);
  };
  for (const root of roots) visit(root, 0);
  // Spans that are each other's ancestors hang from no root.
  for (const node of nodes) visit(node, 0);
  return result;
}

/** When the last of what a span caused ended. */
function lastEnd(node, seen = new Set()) {
  if (seen.has(node)) return 0;
  seen.add(node);
  return Math.max(end(node.span), ...node.children.map((child) => lastEnd(child, seen)));
}

/**
 * What the whole waited for: for each node the pieces of time, as [from, to], in which nothing that
 * it had caused was still to be waited for.
 */
export function criticalPath(nodes) {
  const pieces = new Map();
  const add = (node, from, to) => {
    const [start, stop] = [Math.max(from, node.span.startTime), Math.min(to, end(node.span))];
    if (stop <= start) return;
    if (!pieces.has(node)) pieces.set(node, []);
    pieces.get(node).push([start, stop]);
  };
  const walked = new Set();
  const walk = (node, until) => {
    if (walked.has(node)) return;
    walked.add(node);
    let at = until;
    const children = node.children.map((child) => [child, lastEnd(child)]).sort((a, b) => b[1] - a[1]);
    for (const [child, childEnd] of children) {
      if (child.span.startTime >= at) continue;
      const stop = Math.min(childEnd, at);
      add(node, stop, at);
      walk(child, stop);
      at = child.span.startTime;
    }
    add(node, node.span.startTime, at);
  };
  const roots = nodes.filter((node) => node.parent === null);
  const ends = roots.map((root) => [root, lastEnd(root)]).sort((a, b) => b[1] - a[1]);
  if (ends.length > 0) walk(ends[0][0], ends[0][1]);
  return pieces;
}

/**
 * Lines of logs in their places: for each node those that its service said while it was the
 * innermost, as [line, moment]; and those that have no place. Moments are in microseconds.
 */
export function placeLines(nodes, processes, lines) {
  const placed = new Map();
  const rest = [];
  for (const line of lines) {
    const moment = momentOf(line);
    const own = nodes.filter(({ span }) => processes[span.processID].serviceName === line.service);
    const during = own.filter(({ span }) => span.startTime <= moment && moment <= end(span));
    const before = own.filter(({ span }) => span.startTime <= moment);
    const latest = (some) => some.reduce((best, one) => (one.span.startTime >= best.span.startTime ? one : best));
    const node = during.length > 0 ? latest(during) : before.length > 0 ? latest(before) : own[0];
    if (!node) rest.push(line);
    else placed.set(node, [...(placed.get(node) ?? []), [line, moment]]);
  }
  return { placed, rest };
}

/** When a line was said: as it says itself, to the microsecond; else when it came. */
function momentOf({ text, time }) {
  const [, seconds, fraction] = text.match(/(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?Z/) ?? [];
  if (!seconds) return time * 1000;
  return Date.parse(`${seconds}Z`) * 1000 + Number((fraction ?? "").padEnd(6, "0"));
}

/**
 * The time between a caller and the server that answers it: on the way there and back. Null where
 * their clocks do not fit, and for what is no such pair.
 */
export function between(client, processes) {
  if (tagsOf(client.span).get("span.kind") !== "client") return null;
  const other = ({ span }) =>
    tagsOf(span).get("span.kind") === "server" &&
    processes[span.processID].serviceName !== processes[client.span.processID].serviceName;
  const server = client.children.find(other);
  if (!server) return null;
  const there = server.span.startTime - client.span.startTime;
  const back = end(client.span) - end(server.span);
  if (there < 0 || back < 0) return null;
  return { there, back, service: processes[server.span.processID].serviceName };
}
