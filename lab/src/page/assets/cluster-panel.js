// One node of the mesh in a cluster: its pods and endpoints, what happened, what can be broken.

import { command } from "./cluster.js";
import { button, fold, link, make, makeWith, terms } from "./dom.js";
import { ago, clock } from "./format.js";
import { hue } from "./hues.js";
import { latestLines } from "./logs.js";
import { send } from "./poll.js";
import { stateOf } from "./states.js";
import { word } from "./words.js";
import "./words-cluster.js";

/** Fills the place beside the graph; parts in which somebody works are left alone. */
export function clusterPanel(place, service, can) {
  if (place.dataset.of !== service.name) {
    place.dataset.of = service.name;
    place.replaceChildren(build(service, can));
  }
  const part = (key) => place.querySelector(`[data-part="${key}"]`);
  const status = part("state");
  status.className = `status ${service.ready ? "well" : "ill"}`;
  status.textContent = word("states")[stateOf(service)];
  fill(part("facts"), facts(service));
  fill(part("ready"), reasons(service));
  fill(part("events"), events(service));
  if (can.breaks) fill(part("pods"), podButtons(service, part("said")));
}

/** Drawn anew only where something changed: what is focused stays. */
function fill(place, children) {
  const key = children.map((child) => child.textContent).join("\n");
  if (place.dataset.key === key && place.childElementCount === children.length) return;
  place.dataset.key = key;
  place.replaceChildren(...children);
}

function part(tag, key, className = "", ...children) {
  const element = make(tag, className, ...children);
  element.dataset.part = key;
  return element;
}

function build(service, can) {
  const { relay, node } = service.cluster.capture;
  const commands = [relay?.debug, relay?.forward, node].filter(Boolean).map(command);
  return make(
    "div",
    "panel",
    make("div", "head", make("h2", `name ${hue(service.name)}`, service.name), part("p", "state")),
    part("dl", "facts", "facts"),
    part("div", "ready"),
    make("h3", "", word("clusterBreak")),
    can.breaks ? breaks(service) : make("p", "note", word("breaksOff")),
    make("h3", "", word("events")),
    part("div", "events", "lines short"),
    can.logs ? newest(service.name) : null,
    fold(word("wire"), make("p", "note", word("noBytesWhy")), commands),
    make("p", "", can.logs ? [link(word("allLines"), `/logs?service=${service.name}`), " · "] : null, link(word("tracesOf"), `/?service=${service.name}&fold=false`)),
  );
}

function newest(name) {
  const lines = make("div", "lines short");
  lines.tabIndex = 0;
  latestLines(name, 12).then((found) => lines.replaceChildren(...found), () => {});
  return make("div", "", make("h3", "", word("newest")), lines);
}

function facts({ restarts, last_exit: lastExit, since, cluster }) {
  const { ready, wanted } = cluster.replicas;
  const pairs = [
    [word("namespace"), cluster.namespace],
    [cluster.kind, `${cluster.workload} · ${word("ofPods", ready, wanted)}`],
    ["image", cluster.image],
    ...cluster.endpoints.map((one) => ["Service", `${one.service} · ${word("ofEndpoints", one.ready, one.all)}`]),
  ];
  if (since > 0) pairs.push([word("uptime"), ago(since)]);
  if (restarts > 0) pairs.push([word("restarts"), String(restarts)]);
  if (lastExit) pairs.push([word("lastEnd"), lastExit]);
  if (cluster.denied) pairs.push([word("clusterBreak"), word("denied")]);
  return [...terms("", pairs).childNodes];
}

function reasons({ trouble, cluster }) {
  const rows = cluster.pods.map((pod) =>
    make("p", pod.ready ? "check-well" : "trouble", `${pod.name}${pod.node ? ` @ ${pod.node}` : ""}: ${pod.why ?? word("states").ready}`),
  );
  return rows.length === 0 && trouble ? [make("p", "trouble", trouble)] : rows;
}

function events({ cluster }) {
  if (cluster.events.length === 0) return [make("p", "note", word("noEvents"))];
  return cluster.events.map((event) =>
    make(
      "p",
      `log ${event.warning ? "warn" : "info"}`,
      make("time", "", clock(event.time * 1000)),
      make("span", "level", event.reason),
      make("span", "text", `${event.object}: ${event.message}${event.times > 1 ? ` (×${event.times})` : ""}`),
    ),
  );
}

function breaks({ exercise, cluster }) {
  const base = `/lab/cluster/${exercise}/${cluster.workload}`;
  const said = part("p", "said", "says");
  said.setAttribute("role", "status");
  const look = make("p", "look");
  const tell = (kind) => look.replaceChildren(make("b", "", `${word("lookFor")}: `), word("clusterLook")[kind]);
  const does = (text, kind, act) =>
    button(text, async () => {
      said.textContent = await attempt(act);
      tell(kind);
    });
  const replicas = makeWith("input", { type: "number", min: "0", max: "10", value: String(cluster.replicas.wanted), "aria-label": word("replicas") });
  const scale = does(word("scale"), "scale", () => send("POST", `${base}/scale`, { replicas: replicas.valueAsNumber }));
  return make(
    "div",
    "",
    make("div", "toolbar", replicas, scale),
    make(
      "div",
      "toolbar",
      does(word("deny"), "deny", () => send("POST", `${base}/deny`)),
      does(word("allow"), "allow", () => send("DELETE", `${base}/deny`)),
      does(word("mendAll"), "mend", () => send("POST", "/lab/mend")),
    ),
    part("div", "pods", "toolbar"),
    said,
    look,
  );
}

function podButtons({ exercise, cluster }, said) {
  return cluster.pods.map(({ name }) =>
    button(word("deletePod", name), async () => {
      said.textContent = await attempt(() => send("DELETE", `/lab/cluster/${exercise}/${cluster.workload}/pods/${name}`));
    }),
  );
}

async function attempt(act) {
  try {
    await act();
    return word("saved");
  } catch (error) {
    return error.message;
  }
}
