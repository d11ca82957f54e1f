// A plain request of `curl` to the lab, done in its place by the way of the play page.

import { link, make } from "./dom.js";
import { duration } from "./format.js";
import { word } from "./words.js";
import "./words-traces.js";

/** Which service a guide's port is; the tests hold these to the catalogue. */
const PORTS = {
  8000: "serviceA",
  8001: "serviceB",
  8080: "desafio1-servidor",
  8100: "grpc-cliente",
};

/** The port of this page, as the guides have it. */
const PAGE = "8888";

/** The headers that the lab hands on. */
const HEADERS = ["accept", "content-type", "idempotency-key", "if-match", "if-none-match", "traceparent"];

/** A context that services take; of another the lab would begin a trace of its own. */
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The headers that the lab hands back. */
const ANSWERED = ["content-type", "etag", "location", "retry-after"];

/** What is shown of a long answer. */
const SHOWN = 2000;

/** By the arguments of `curl`; null where more than a plain request is asked for. */
export function request(args) {
  const options = { method: null, headers: {}, body: null, isWhole: false };
  let address = null;
  for (let at = 0; at < args.length; at += 1) {
    const option = args[at];
    // Status and body are shown in any case.
    if (/^-[isS]+$/.test(option)) {
      options.isWhole ||= option.includes("i");
      continue;
    }
    if (!option.startsWith("-")) {
      if (address !== null) return null;
      address = option;
      continue;
    }
    at += 1;
    const value = args[at];
    if (value === undefined || !takes(option, value, options)) return null;
  }
  const [, port, path = "/"] = address?.match(/^(?:http:\/\/)?(?:localhost|127\.0\.0\.1):(\d+)(\/.*)?$/) ?? [];
  return port === undefined ? null : to(port, path, options);
}

function takes(option, value, options) {
  const [, name, content] = value.match(/^([^:]+):\s*(.*)$/) ?? [];
  const header = HEADERS.find((known) => known === name?.toLowerCase());
  const isTaken = header !== undefined && (header !== "traceparent" || TRACEPARENT.test(content));
  if (option === "-X") options.method = value;
  else if (option === "-d") options.body = value;
  else if (option === "-H" && isTaken) options.headers[header] = content;
  // What else curl writes of an answer is shown anyhow.
  else return (option === "-o" && value === "/dev/null") || option === "-w";
  return true;
}

function to(port, path, { method, headers, body, isWhole }) {
  const verb = method ?? (body === null ? "GET" : "POST");
  const begin = port === PAGE ? "" : `/lab/play/${PORTS[port]}/http`;
  const isPages = port === PAGE && verb === "GET";
  if (!isPages && !(port in PORTS)) return null;
  const whole = new URL(begin + path, location.origin);
  // `..` and `//` in a path would lead elsewhere.
  if (whole.origin !== location.origin || !whole.pathname.startsWith(`${begin}/`)) return null;
  const typed = body === null ? headers : { "content-type": "application/x-www-form-urlencoded", ...headers };
  return { needs: isPages ? null : "play", run: () => ask(whole, { method: verb, headers: typed, body, cache: "no-store" }, isWhole) };
}

async function ask(address, options, isWhole) {
  const begun = performance.now();
  const answer = await fetch(address, options);
  const text = (await answer.text()).trim();
  const took = duration((performance.now() - begun) * 1000);
  const trace = answer.headers.get("x-malha-trace");
  const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  const headers = ANSWERED.filter((name) => isWhole && answer.headers.has(name)).map((name) => `${name}: ${answer.headers.get(name)}`);
  return [make("b", "", `${answer.status} · ${took}`), headers.length > 0 ? make("span", "answered", headers.join("\n")) : "", shown ? make("span", "answered", shown) : "", trace ? link(`${word("trace")} ${trace.slice(0, 8)}`, `/trace/${trace}`) : ""];
}
