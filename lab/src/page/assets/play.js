// Doing something, and seeing its trace as it happens.

import { chats } from "./chat.js";
import { field, make, makeWith } from "./dom.js";
import { hexOf } from "./hex.js";
import { liveTrace } from "./live.js";
import { users } from "./users.js";
import { word } from "./words.js";
import "./words-play.js";
import "./words-traces.js";

export function show(place, _path, { services }) {
  const has = (name) => services.some((service) => service.name === name);
  place.append(make("h1", "", word("playTitle")));
  if (has("hello-server")) place.append(greeting());
  if (has("sockets-server")) place.append(number());
  if (has("desafio1-servidor")) place.append(request());
  if (has("grpc-cliente")) place.append(users());
  if (has("serviceA") && has("serviceB")) place.append(chats(services));
  return {};
}

/** A form of one field; what comes of it stands below. */
function errand({ title, about, label, value, ask }) {
  const input = label ? makeWith("input", { value, required: "", autocomplete: "off" }) : null;
  const go = make("button", "button main", word("send"));
  const result = make("div", "result");
  result.setAttribute("aria-live", "polite");
  const form = make("form", "errand", input ? field(label, input) : null, go);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    go.disabled = true;
    try {
      const { said, trace } = await ask(input?.value);
      result.replaceChildren(make("p", "answer", said), trace ? liveTrace(trace) : "");
    } catch (error) {
      result.replaceChildren(make("p", "trouble", error.message));
    } finally {
      go.disabled = false;
    }
  });
  return make("section", "play", make("h2", "", title), make("p", "note", about), form, result);
}

function greeting() {
  return errand({
    title: word("greet"),
    about: word("greetAbout"),
    label: word("name"),
    value: "João",
    ask: (name) => exchange("hello-server", new TextEncoder().encode(name)),
  });
}

function number() {
  return errand({
    title: word("number"),
    about: word("numberAbout"),
    label: word("wholeNumber"),
    value: "17",
    ask: (text) => exchange("sockets-server", bytesOf(text.trim())),
  });
}

function request() {
  return errand({
    title: word("request"),
    about: word("requestAbout"),
    ask: async () => {
      const answer = await fetch("/lab/play/desafio1-servidor/http/");
      return { said: `${answer.status} · ${await answer.text()}`, trace: answer.headers.get("x-malha-trace") };
    },
  });
}

/** Sends bytes over a connection of their own. */
async function exchange(service, bytes) {
  const answer = await fetch(`/lab/play/${service}/bytes`, { method: "POST", body: bytes });
  const text = new TextDecoder().decode(await answer.arrayBuffer());
  const trace = answer.headers.get("x-malha-trace");
  return { said: answer.ok ? `${hexOf(bytes)} → ${text.trim()}` : text, trace };
}

/** A number as big-endian bytes, two at least. */
function bytesOf(text) {
  if (!/^\d{1,154}$/.test(text)) throw new Error(word("notANumber", text));
  let hex = BigInt(text).toString(16);
  hex = hex.padStart(Math.max(4, hex.length + (hex.length % 2)), "0");
  if (hex.length > 128) throw new Error(word("notANumber", text));
  return Uint8Array.from(hex.match(/../g), (pair) => Number.parseInt(pair, 16));
}
