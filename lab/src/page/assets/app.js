// The frame of every page: which view, which language, whether the lab is well.

import { make } from "./dom.js";
import { nameServices } from "./hues.js";
import { ask, onLost, watch } from "./poll.js";
import { label, speak, word } from "./words.js";
import "./words-frame.js";

/** The views by the first part of their paths; each brings what it needs. */
const VIEWS = {
  "": () => import("./list.js"),
  trace: () => import("./trace.js"),
  compare: () => import("./compare.js"),
  mesh: () => import("./mesh.js"),
  play: () => import("./play.js"),
  lessons: () => import("./lessons.js"),
  wire: () => import("./wire.js"),
  logs: () => import("./logs.js"),
  guide: () => import("./guide.js"),
};

const [name, ...rest] = location.pathname.slice(1).split("/").map(decodeURIComponent);
const place = document.getElementById("view");
const overall = document.getElementById("overall");
const progress = document.getElementById("progress");
const said = document.getElementById("said");
const lost = document.getElementById("lost");
let state = null;
let view = null;

function drawState() {
  const { services } = state;
  const wanted = services.filter((service) => service.state !== "absent");
  const ready = wanted.filter((service) => service.ready).length;
  const well = ready === wanted.length;
  overall.className = well ? "pill well" : "pill ill";
  const text = well ? word("allReady", ready) : word("someReady", ready, wanted.length);
  overall.textContent = text;
  // Written only when it changes: a screen reader speaks each change.
  if (said.textContent !== text) said.textContent = text;
  progress.hidden = well;
  progress.max = wanted.length;
  progress.value = ready;
  progress.setAttribute("aria-label", text);
  document.getElementById("version").textContent = `Malha ${state.version}`;
}

function drawView() {
  place.replaceChildren();
  view = views.show(place, rest, state);
}

/** Shows the page in a language from now on. */
function turn(language) {
  speak(language);
  label();
  drawState();
  view?.end?.();
  drawView();
}

for (const chosen of document.querySelectorAll("[data-language]")) {
  chosen.addEventListener("click", () => turn(chosen.dataset.language));
}

// A link to what is here in another language turns the page; one to elsewhere is followed in it.
place.addEventListener("click", (event) => {
  const other = event.target.closest("a[data-speaks]");
  if (other === null) return;
  if (other.pathname !== location.pathname) {
    speak(other.dataset.speaks);
    return;
  }
  event.preventDefault();
  turn(other.dataset.speaks);
  // What had it is no longer there.
  place.focus();
});

onLost((isLost) => {
  lost.textContent = word("lost");
  lost.hidden = !isLost;
});

label();
for (const here of document.querySelectorAll("#nav a")) {
  const isHere = here.pathname === `/${name}` || (here.pathname === "/" && ["trace", "compare"].includes(name));
  if (isHere) here.setAttribute("aria-current", "page");
}

/** What cannot be done here is not offered; `wire` stays, and says why there are no bytes. */
function offerViews() {
  const needs = { play: "play", logs: "logs", lessons: "processes" };
  for (const here of document.querySelectorAll("#nav a")) {
    const need = needs[here.dataset.view];
    here.hidden = need !== undefined && !state.can.includes(need);
  }
}

/** The services as they are first, however long the lab takes to answer. */
async function firstState() {
  for (;;) {
    try {
      return JSON.parse(await ask("/lab/services"));
    } catch {
      lost.textContent = word("lost");
      lost.hidden = false;
      await new Promise((soon) => setTimeout(soon, 1000));
    }
  }
}

const views = await (VIEWS[name] ?? VIEWS[""])();
state = await firstState();
lost.hidden = true;
offerViews();
nameServices(state.services.map((service) => service.name));
drawState();
drawView();
if (location.hash === "" && place.querySelector("h1") === null) place.prepend(make("h1", "unseen", "Malha"));
watch(
  () => "/lab/services",
  (services) => {
    state = services;
    drawState();
    view?.services?.(state);
  },
);
