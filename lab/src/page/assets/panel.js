// One node of the mesh: what it is, whether it is ready and why, its logs, what can be done with it.

import { button, fold, link, make, terms } from "./dom.js";
import { makeBreak } from "./faults.js";
import { ago, portOf } from "./format.js";
import { hue } from "./hues.js";
import { lineOf } from "./lines.js";
import { send, watch } from "./poll.js";
import { settings } from "./settings.js";
import { sparks } from "./sparks.js";
import { stateOf } from "./states.js";
import { word } from "./words.js";

/** What makes sense in which state. */
const ACTIONS = {
  stop: ["running", "waiting"],
  start: ["stopped", "failed"],
  kill: ["running", "frozen"],
  freeze: ["running"],
  resume: ["frozen"],
};

/** Fills the place beside the graph; parts in which somebody works are left alone. */
export function panel(place, { name, service, edges, isOther, changed }) {
  const of = [name, ...edges.map((edge) => edge.link?.name ?? "")].join(" ");
  if (place.dataset.of !== of) {
    place.dataset.of = of;
    place.replaceChildren(build(name, service, edges, changed));
  }
  const part = (key) => place.querySelector(`[data-part="${key}"]`);
  if (isOther) return;
  const state = stateOf(service);
  const status = part("state");
  status.className = `status ${service.ready ? "well" : "ill"}`;
  status.textContent = word("states")[state];
  part("facts").replaceChildren(...facts(service).childNodes);
  part("ready").replaceChildren(...reasons(service));
  for (const action of part("actions").children) {
    action.disabled = !ACTIONS[action.dataset.action].includes(service.state);
  }
}

function build(name, service, edges, changed) {
  const title = make("h2", `name ${hue(name)}`, name.startsWith("? ") ? word("stranger") : name);
  if (!service) return make("div", "panel", title, make("p", "note", word(name.startsWith("?") ? "strangerAbout" : "storeAbout")));
  const said = make("p", "says");
  said.setAttribute("role", "status");
  const lines = make("div", "lines short");
  lines.tabIndex = 0;
  let isNew = true;
  watch(
    () => (isNew || lines.isConnected ? `/lab/logs?service=${encodeURIComponent(name)}&limit=12` : null),
    (answer) => {
      isNew = false;
      lines.replaceChildren(...answer.lines.map(lineOf));
    },
  );
  const actions = Object.keys(ACTIONS).map((action) => {
    const does = button(word("actions")[action], async () => {
      said.textContent = await act(name, action);
      changed();
    });
    does.dataset.action = action;
    return does;
  });
  const linked = edges.filter(({ link: one }) => one);
  return make(
    "div",
    "panel",
    make("div", "head", title, part("p", "state")),
    part("dl", "facts", "facts"),
    make("h3", "", word("readiness")),
    part("div", "ready"),
    sparks(name),
    make("h3", "", word("process")),
    part("div", "actions", "toolbar", ...actions),
    said,
    linked.length > 0 ? make("h3", "", word("edgesOf")) : null,
    linked.map((edge) => makeBreak(edge, changed)),
    settings(name),
    make("h3", "", word("newest")),
    lines,
    make("p", "", link(word("allLines"), `/logs?service=${name}`), " · ", link(word("tracesOf"), `/?service=${name}&fold=false`), " · ", adminLink(service, "/metrics", word("metrics"))),
  );
}

function part(tag, key, className = "", ...children) {
  const element = make(tag, className, ...children);
  element.dataset.part = key;
  return element;
}

async function act(name, action) {
  try {
    await send("POST", `/lab/processes/${name}/${action}`);
    return word("saved");
  } catch (error) {
    return error.message;
  }
}

function facts(service) {
  const pairs = [];
  if (service.listen) {
    const port = portOf(service.listen);
    const shown = service.http ? link(port, `http://${location.hostname}:${port}/`) : port;
    pairs.push([word("port"), shown]);
  }
  if (service.asks.length > 0) pairs.push([word("asks"), service.asks.join(", ")]);
  pairs.push([word("probes"), adminLink(service, "/readyz", portOf(service.admin))]);
  if (service.pid !== null) pairs.push(["pid", String(service.pid)], [word("uptime"), ago(service.since)]);
  if (service.restarts > 0) pairs.push([word("restarts"), String(service.restarts)]);
  if (service.last_exit) pairs.push([word("lastEnd"), service.last_exit]);
  return terms("facts", pairs);
}

function adminLink(service, path, text) {
  return link(text, `http://${location.hostname}:${portOf(service.admin)}${path}`);
}

/** Whether it is ready, and each thing that it depends on. */
function reasons(service) {
  const checks = service.health?.checks ?? [];
  const rows = checks.map((check) =>
    make("p", check.ready ? "check-well" : "trouble", `${check.name}: ${check.ready ? word("states").ready : check.reason ?? word("states").not_ready}`),
  );
  const trouble = service.trouble && rows.length === 0 ? [make("p", "trouble", service.trouble)] : [];
  if (service.ready && rows.length === 0) rows.push(make("p", "check-well", word("needsNothing")));
  const fault = service.fault?.lookFor ? [lookFor(service.fault.lookFor)] : [];
  return [...trouble, ...rows, ...fault];
}

function lookFor(said) {
  const language = document.documentElement.lang.startsWith("pt") ? "pt" : "en";
  return make("p", "look", make("b", "", `${word("lookFor")}: `), said[language] ?? said.en);
}
