// Asks the lab for its state once a second and shows what changed.

import { pulse, showServices, tick } from "./services.js";
import { asked, redrawTraces, showTraces } from "./traces.js";
import { label, speak, word } from "./words.js";

const INTERVAL = 1000;
const TRACES = asked ? `/lab/traces?trace=${asked}` : "/lab/traces";
const lost = document.getElementById("lost");
const elsewhere = document.getElementById("elsewhere");
const example = document.getElementById("api-example");

/** The last answers as text: what has not changed is not drawn again. */
const seen = { services: "", traces: "" };
let services = null;

async function ask(path) {
  // The browser sends the ETag along and fills in the body where the lab answers 304.
  const answer = await fetch(path, { cache: "no-cache" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.text();
}

async function poll() {
  if (document.hidden) return;
  try {
    const [serviceText, traceText] = await Promise.all([ask("/lab/services"), ask(TRACES)]);
    if (serviceText !== seen.services) {
      seen.services = serviceText;
      services = JSON.parse(serviceText);
      drawServices();
    }
    if (traceText !== seen.traces) {
      const first = seen.traces === "";
      seen.traces = traceText;
      const fresh = showTraces(JSON.parse(traceText).traces);
      if (!first) pulse(fresh.flatMap((trace) => trace.services));
    }
    tick();
    lost.hidden = true;
  } catch {
    lost.textContent = word("lost");
    lost.hidden = false;
  }
}

function drawServices() {
  showServices(services.services);
  document.getElementById("version").textContent = `Malha ${services.version}`;
  elsewhere.hidden = services.tracesGoTo === null;
  elsewhere.textContent = word("elsewhere", services.tracesGoTo);
  const client = services.services.find((service) => service.asks.length > 0);
  if (client && services.tracesGoTo === null) {
    example.href = `/api/traces?service=${encodeURIComponent(client.name)}&limit=1`;
    example.firstElementChild.textContent = `/api/traces?service=${client.name}&limit=1`;
    example.hidden = false;
  }
}

for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => {
    speak(button.dataset.language);
    label();
    if (services) drawServices();
    redrawTraces();
  });
}

async function forever() {
  await poll();
  setTimeout(forever, INTERVAL);
}

document.addEventListener("visibilitychange", poll);
label();
forever();
