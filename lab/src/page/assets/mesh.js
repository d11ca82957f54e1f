// The mesh: who asks whom, how often, how fast and how well; what each of them is.

import { clusterPanel } from "./cluster-panel.js";
import { inCluster, makeTroubles } from "./cluster.js";
import { draw, make } from "./dom.js";
import { duration } from "./format.js";
import { SIZE, layout, route } from "./graph.js";
import { hue } from "./hues.js";
import { faults } from "./faults.js";
import { panel } from "./panel.js";
import { watch } from "./poll.js";
import { stateOf } from "./states.js";
import { word } from "./words.js";
import "./words-mesh.js";

/** Who asks from outside of the mesh: somebody without a span, and this page. */
const OUTSIDE = ["?", "malha"];

export function show(place, _path, first) {
  let state = first;
  let mesh = { seconds: 60, edges: [] };
  let links = [];
  let chosen = decodeURIComponent(location.hash.slice(1));
  let drawn = "";
  /** When the last request of each edge began, as far as was drawn. */
  const lastSeen = new Map();
  const canvas = make("div", "canvas");
  const side = make("div", "side");
  const about = make("p", "note", word("meshAbout"));
  const table = make("details", "fold", make("summary", "", word("meshTable")));
  const broken = faults();
  const can = (what) => first.can.includes(what);
  const troubles = makeTroubles();
  if (first.cluster) about.textContent = word("clusterMeshAbout");
  place.append(make("h1", "", word("meshTitle")), about, troubles.element, broken.element, make("div", "meshed", canvas, side), table);
  const narrow = matchMedia("(max-width: 44rem)");

  const nodesOf = () => {
    const nodes = state.services.map((service) => ({ ...service, group: service.exercise, isService: true }));
    const known = new Set(nodes.map(({ name }) => name));
    const groupOf = new Map(nodes.map(({ name, group }) => [name, group]));
    const edges = edgesOf();
    for (const { from, to } of edges) {
      for (const [name, other] of [[from, to], [to, from]]) {
        if (known.has(name)) continue;
        known.add(name);
        nodes.push({ name, group: groupOf.get(other) ?? word("others"), isService: false });
      }
    }
    return nodes;
  };

  /** Edges that were seen, and those that are only planned or linked. */
  function edgesOf() {
    const edges = mesh.edges.map((edge) => named(edge));
    const known = new Set(edges.map(({ from, to }) => `${from} ${to}`));
    const add = (from, to) => {
      if (known.has(`${from} ${to}`)) return;
      known.add(`${from} ${to}`);
      edges.push({ from, to, requests: 0, errors: 0 });
    };
    for (const service of state.services) for (const asked of service.asks) add(service.name, asked);
    const ends = ({ from, to }) => [from === "browser" ? outside(to) : from, to];
    for (const link of links) add(...ends(link));
    for (const edge of edges) edge.link = links.find((link) => ends(link).join(" ") === `${edge.from} ${edge.to}`);
    return edges;
  }

  /** The node of those who ask a service from outside. */
  function outside(to) {
    return `? ${state.services.find(({ name }) => name === to)?.exercise ?? to}`;
  }

  /** Strangers are drawn beside the exercise that they ask; who did not answer goes by its service. */
  function named(edge) {
    if (state.cluster) return { ...edge, from: OUTSIDE.includes(edge.from) ? outside(edge.to) : edge.from, to: inCluster(edge, state.services) };
    const port = edge.to.match(/:(\d+)$/)?.[1];
    const isThere = ({ listen }) => port && listen?.endsWith(`:${port}`);
    const to = state.services.find(isThere)?.name ?? links.find(isThere)?.to ?? edge.to;
    return { ...edge, from: OUTSIDE.includes(edge.from) ? outside(to) : edge.from, to };
  }

  function redraw() {
    const nodes = nodesOf();
    const edges = merged(edgesOf());
    const shape = layout(nodes, edges, narrow.matches);
    const key = JSON.stringify([nodes.map(({ name }) => name), edges.map(({ from, to }) => [from, to]), narrow.matches, chosen]);
    const focused = canvas.contains(document.activeElement) ? document.activeElement.dataset.name : null;
    if (key !== drawn || !canvas.firstChild) {
      drawn = key;
      canvas.replaceChildren(picture(nodes, edges, shape));
    }
    update(nodes, edges);
    if (focused) canvas.querySelector(`[data-name="${CSS.escape(focused)}"]`)?.focus();
    fillTable(edges);
  }

  function picture(nodes, edges, { places, bands, width, height }) {
    const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, width, height, class: "mesh", role: "group", "aria-label": word("meshTitle") });
    const arrow = draw("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 6, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" }, draw("path", { d: "M0 0 L8 4 L0 8 z" }));
    svg.append(draw("defs", {}, arrow));
    for (const { group, y } of bands) {
      const text = draw("text", { x: 14, y: y + 12, class: "band" });
      text.textContent = group;
      svg.append(text);
    }
    edges.forEach((edge, index) => {
      const [from, to] = [places.get(edge.from), places.get(edge.to)];
      if (!from || !to || edge.from === edge.to) return;
      const isMutual = edges.some((other) => other.from === edge.to && other.to === edge.from);
      const path = draw("path", { d: route(from, to, isMutual), class: "edge", id: `edge-${index}`, "marker-end": "url(#arrow)" });
      const middle = { x: (from.x + to.x + SIZE.width) / 2, y: (from.y + to.y + SIZE.height) / 2 };
      const above = isMutual && from.x > to.x ? 22 : -10;
      const isBelow = Math.abs(from.x - to.x) < SIZE.width;
      const label = draw("text", {
        x: isBelow ? middle.x + 12 : middle.x,
        y: isBelow ? middle.y + 4 : middle.y + above,
        class: isBelow ? "rate start" : "rate",
      });
      svg.append(draw("g", { class: "edges", "data-edge": `${edge.from} ${edge.to}` }, path, label));
    });
    for (const node of nodes) {
      const { x, y } = places.get(node.name);
      const box = draw("g", { class: "node", transform: `translate(${x} ${y})`, "data-name": node.name, tabindex: "0", role: "button" });
      const text = draw("text", { x: 30, y: 20, class: "node-name" });
      text.textContent = shown(node.name);
      const status = draw("text", { x: 30, y: 36, class: "node-state" });
      box.append(
        draw("rect", { width: SIZE.width, height: SIZE.height, rx: 11, class: "box" }),
        draw("rect", { x: 11, y: 10, width: 10, height: 26, rx: 3, class: `mark ${hue(node.name)}` }),
        text,
        status,
      );
      box.addEventListener("click", () => choose(node.name));
      box.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        choose(node.name);
      });
      svg.append(box);
    }
    return svg;
  }

  function update(nodes, edges) {
    for (const node of nodes) {
      const box = canvas.querySelector(`[data-name="${CSS.escape(node.name)}"]`);
      const kind = node.isService ? stateOf(node) : "seen";
      box.setAttribute("class", `node is-${kind}${chosen === node.name ? " chosen" : ""}`);
      box.setAttribute("aria-pressed", String(chosen === node.name));
      const said = node.isService ? word("states")[kind] : word(node.name.startsWith("?") ? "outside" : "store");
      box.setAttribute("aria-label", `${shown(node.name)} ${said}`);
      // The space is between the words of what a screen reader says.
      box.querySelector(".node-state").textContent = ` ${said}`;
    }
    for (const edge of edges) {
      const group = canvas.querySelector(`[data-edge="${CSS.escape(`${edge.from} ${edge.to}`)}"]`);
      if (!group) continue;
      const isBroken = (edge.link?.faults.length ?? 0) > 0;
      const kind = isBroken ? "broken" : edge.errors > 0 ? "failing" : edge.requests > 0 ? "busy" : "idle";
      group.setAttribute("class", `edges ${kind}`);
      group.querySelector("text").textContent = rate(edge, isBroken);
      const key = `${edge.from} ${edge.to}`;
      const before = lastSeen.get(key);
      if (edge.last && before !== undefined && edge.last > before) move(group, edge.errors > 0);
      lastSeen.set(key, edge.last ?? 0);
    }
  }

  function rate(edge, isBroken) {
    const parts = isBroken ? [`⚡ ${edge.link.faults.map(({ kind }) => kind).join(", ")}`] : [];
    if (edge.requests > 0) {
      if (!isBroken) parts.push(word("perMinute", Math.round((edge.requests * 60) / mesh.seconds)));
      parts.push(duration(edge.p50));
    }
    if (edge.errors > 0) parts.push(word("errors", edge.errors));
    return parts.join(" · ");
  }

  /** A request on its way, where motion is welcome. */
  function move(group, isFailed) {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const path = group.querySelector("path");
    const dot = draw("circle", { r: 5, class: isFailed ? "moving failed" : "moving" });
    dot.style.offsetPath = `path("${path.getAttribute("d")}")`;
    group.append(dot);
    const gone = () => dot.remove();
    dot.animate([{ offsetDistance: "0%" }, { offsetDistance: "100%" }], { duration: 800, easing: "ease-in-out" }).finished.then(gone, gone);
  }

  function choose(name) {
    chosen = chosen === name ? "" : name;
    history.replaceState(null, "", chosen ? `#${encodeURIComponent(chosen)}` : location.pathname);
    redraw();
    fillSide();
  }

  function fillSide() {
    const service = state.services.find(({ name }) => name === chosen);
    const edges = edgesOf().filter(({ from, to }) => from === chosen || to === chosen);
    if (!chosen) side.replaceChildren(make("p", "note", word("choose")));
    else if (service?.cluster) clusterPanel(side, service, { logs: can("logs"), breaks: can("breaks") });
    else panel(side, { name: chosen, service, edges, isOther: !service, changed: () => look() });
  }

  function fillTable(edges) {
    const heads = ["from", "to", "requests", "errorsHead", "p50", "p99"].map((key) => {
      const head = make("th", "", word(key));
      head.scope = "col";
      return head;
    });
    const rows = edges.map((edge) =>
      make(
        "tr",
        "",
        [shown(edge.from), shown(edge.to), edge.requests, edge.errors].map((value) => make("td", "", String(value))),
        [edge.p50, edge.p99].map((value) => make("td", "", edge.requests > 0 ? duration(value) : "–")),
      ),
    );
    const wrap = make("div", "scroll", make("table", "table", make("thead", "", make("tr", "", heads)), make("tbody", "", rows)));
    wrap.tabIndex = 0;
    table.replaceChildren(table.firstChild, wrap);
  }

  const isHere = () => place.contains(canvas);
  broken.services(first.services);
  troubles.update(first.cluster);
  redraw();
  fillSide();
  narrow.addEventListener("change", redraw);
  const look = watch(
    () => (isHere() ? "/lab/mesh" : null),
    (answer) => {
      mesh = answer;
      redraw();
    },
  );
  watch(
    () => (isHere() && can("links") ? "/lab/links" : null),
    (answer) => {
      links = answer.links;
      broken.links(answer);
      redraw();
      fillSide();
    },
  );
  return {
    services(next) {
      state = next;
      broken.services(next.services);
      troubles.update(next.cluster);
      redraw();
      fillSide();
    },
  };
}

function shown(name) {
  return name.startsWith("? ") ? word("stranger") : name;
}

/** Several edges between two nodes as one. */
function merged(edges) {
  const byEnds = new Map();
  for (const edge of edges) {
    const key = `${edge.from} ${edge.to}`;
    const before = byEnds.get(key);
    if (!before) byEnds.set(key, { ...edge });
    else {
      before.requests += edge.requests;
      before.errors += edge.errors;
      before.p50 = Math.max(before.p50 ?? 0, edge.p50 ?? 0);
      before.p99 = Math.max(before.p99 ?? 0, edge.p99 ?? 0);
      before.last = Math.max(before.last ?? 0, edge.last ?? 0);
      before.link ??= edge.link;
    }
  }
  return [...byEnds.values()];
}
