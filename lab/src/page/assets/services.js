// The services: one card each, those that ask to the left of those that are asked.

import { hue, make, terms } from "./dom.js";
import { ago, word } from "./words.js";

const place = document.getElementById("services");
const overall = document.getElementById("overall");

/** Draws every service anew. */
export function showServices(services) {
  const exercises = new Map();
  for (const service of services) {
    if (!exercises.has(service.exercise)) exercises.set(service.exercise, []);
    exercises.get(service.exercise).push(service);
  }
  place.replaceChildren(...[...exercises].map(([name, members]) => exercise(name, members)));
  const ready = services.filter((service) => service.ready).length;
  const well = ready === services.length;
  overall.className = well ? "pill well" : "pill ill";
  const said = well ? word("allReady", ready) : word("someReady", ready, services.length);
  // Written only when it changes: a screen reader speaks each change.
  if (overall.textContent !== said) overall.textContent = said;
}

/** Makes the arrows of the exercises in which these services are glow once. */
export function pulse(services) {
  for (const element of place.querySelectorAll(".exercise")) {
    if (!services.some((name) => element.dataset.services.split(" ").includes(name))) continue;
    for (const arrow of element.querySelectorAll(".arrow")) {
      arrow.classList.remove("pulse");
      void arrow.offsetWidth; // restarts the animation
      arrow.classList.add("pulse");
    }
  }
}

/** Lets the times on the cards go on. */
export function tick() {
  for (const element of place.querySelectorAll("[data-since]")) {
    element.textContent = ago(Number(element.dataset.since));
  }
}

function exercise(name, members) {
  const row = make("div", "mesh");
  let before = [];
  for (const column of columns(members)) {
    if (before.length > 0) row.append(arrow(column.some((service) => asksOneOf(service, before))));
    row.append(make("div", "column", ...column.map(card)));
    before = column;
  }
  const element = make("div", "exercise", make("h3", "", name), row);
  element.dataset.services = members.map((service) => service.name).join(" ");
  return element;
}

/** First those whom nobody asks, then those whom they ask, and so on. */
function columns(members) {
  const result = [];
  let left = members;
  while (left.length > 0) {
    const asked = new Set(left.flatMap((service) => service.asks));
    const now = left.filter((service) => !asked.has(service.name));
    const column = now.length > 0 ? now : left.slice(0, 1); // a ring has no first
    result.push(column);
    left = left.filter((service) => !column.includes(service));
  }
  return result;
}

function asksOneOf(service, others) {
  return others.some((other) => service.asks.includes(other.name));
}

/** From one column to the next, and back where those there ask, too. */
function arrow(mutual) {
  const element = make("span", mutual ? "arrow mutual" : "arrow", make("span", "dot"));
  element.setAttribute("aria-hidden", "true");
  return element;
}

function card(service) {
  const state = service.ready
    ? "ready"
    : service.state === "running" && service.health
      ? "not_ready"
      : service.state;
  const name = make("h4", `name ${hue(service.name)}`, service.name);
  const status = make("p", `status ${service.ready ? "well" : "ill"}`, word(state));
  const since = make("span", "", ago(service.since));
  since.dataset.since = service.since;
  const pairs = [];
  if (service.listen) {
    const port = service.http ? link(service.listen, "/") : portOf(service.listen);
    pairs.push([word("port"), port]);
  }
  if (service.asks.length > 0) pairs.push([word("asks"), service.asks.join(", ")]);
  pairs.push([word("probes"), link(service.admin, "/readyz")]);
  if (service.pid !== null) {
    pairs.push(["pid", String(service.pid)], [word("uptime"), since]);
  }
  if (service.restarts > 0) pairs.push([word("restarts"), String(service.restarts)]);
  const element = make("article", "card", make("div", "head", name, status), terms("facts", pairs));
  if (service.trouble && state !== "running") {
    element.append(make("p", "trouble", service.trouble));
  } else if (service.last_exit) {
    element.append(make("p", "last", `${word("last")}: ${service.last_exit}`));
  }
  return element;
}

function portOf(address) {
  return address.slice(address.lastIndexOf(":") + 1);
}

function link(address, path) {
  const port = portOf(address);
  const element = make("a", "", port);
  element.href = `http://${location.hostname}:${port}${path}`;
  return element;
}
