// Two people chat, each at a service of their own, and each message's trace beside it.

import { field, link, make, makeWith } from "./dom.js";
import { portOf } from "./format.js";
import { hue } from "./hues.js";
import { liveTrace } from "./live.js";
import { word } from "./words.js";

/** How long to wait before a lost connection is made anew. */
const AGAIN = 1000;
/** More messages than that are not kept on the page. */
const MOST = 100;

export function chats(services) {
  const trace = make("div", "result");
  const people = ["serviceA", "serviceB"].map((name) => person(services.find((service) => service.name === name), trace));
  return make(
    "section",
    "play",
    make("h2", "", word("chatTitle")),
    make("p", "note", word("chatAbout")),
    make("div", "sides", people),
    trace,
  );
}

function person(service, place) {
  const session = crypto.randomUUID();
  const client = 1 + Math.floor(Math.random() * 900);
  const status = make("p", "status ill", word("chatState").connecting);
  const waits = make("p", "note");
  const list = makeWith("ol", { class: "said", tabindex: "0", "aria-label": word("personAt", service.name) });
  const text = makeWith("input", { required: "", autocomplete: "off", maxlength: "4000" });
  const form = make("form", "errand", field(word("message"), text), make("button", "button main", word("send")));
  const element = make("div", "person", make("div", "head", make("h3", `name ${hue(service.name)}`, word("personAt", service.name)), status), waits, list, form);
  /** What was said here and is not accepted yet, by id: said again on a new connection. */
  const pending = new Map();
  const rows = new Map();
  /** What the service has taken and the other one has not, by id. */
  const undelivered = new Set();
  let other = null;
  let socket = null;
  let resume = null;

  function connect() {
    if (resume !== null && !element.isConnected) return;
    const params = new URLSearchParams({ session });
    if (resume) {
      params.set("epoch", resume.epoch);
      params.set("cursor", resume.cursor);
    }
    socket = new WebSocket(`ws://${location.hostname}:${portOf(service.listen)}/ws/${client}?${params}`, ["malha.chat.v1"]);
    socket.addEventListener("message", ({ data }) => take(JSON.parse(data)));
    socket.addEventListener("close", () => {
      say("closed");
      setTimeout(connect, AGAIN);
    });
  }

  function say(state) {
    status.className = `status ${state === "open" ? "well" : "ill"}`;
    status.textContent = word("chatState")[state];
  }

  function take(frame) {
    if (frame.cursor !== undefined && resume) resume.cursor = frame.cursor;
    const { type, id } = frame;
    if (type === "welcome") {
      say("open");
      resume = { epoch: frame.epoch, cursor: frame.cursor };
      frame.peers.forEach(peer);
      for (const waiting of pending.values()) socket.send(waiting);
    } else if (type === "message") add(id, `${word("client", frame.client)}: ${frame.text}`, "", frame.trace);
    else if (type === "joined" || type === "left") add(id, word(type, frame.client), "event", frame.trace);
    else if (type === "accepted") mark(id, "accepted", frame.trace);
    else if (type === "delivered") mark(id, "delivered");
    else if (type === "refused") mark(id, "refused", frame.trace);
    else if (type === "peer") peer(frame);
  }

  function peer({ service: name, reachable }) {
    other = { name, reachable, wasAway: !reachable || other?.wasAway === true };
    tellWaiting();
  }

  /** The service says how many wait only as the other one comes and goes; meanwhile what is said here is counted. */
  function tellWaiting() {
    if (other === null) return;
    if (other.reachable && undelivered.size === 0) other.wasAway = false;
    const away = other.reachable ? "" : `${word("away", other.name)}. `;
    const waiting = undelivered.size > 0 ? word("waitingFor", other.name, undelivered.size) : "";
    waits.textContent = other.wasAway ? away + waiting : "";
  }

  function mark(id, state, traced) {
    if (state !== "delivered") pending.delete(id);
    if (state === "accepted") undelivered.add(id);
    else undelivered.delete(id);
    tellWaiting();
    const row = rows.get(id);
    if (!row) return;
    row.state.textContent = word("states_")[state];
    if (traced) {
      row.link.replaceChildren(opener(traced));
      // The newest message's trace is shown as it grows, through the other service to the other person.
      place.replaceChildren(liveTrace(traced));
    }
  }

  const opener = (traced) => link(word("trace"), `/trace/${traced}`);

  function add(id, says, className, traced) {
    if (rows.has(id)) return;
    const state = make("span", "kind");
    const linked = make("span", "", traced ? opener(traced) : "");
    rows.set(id, { state, link: linked });
    list.append(make("li", className, says, " ", state, " ", linked));
    while (list.childElementCount > MOST) list.firstChild.remove();
    list.scrollTop = list.scrollHeight;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const id = crypto.randomUUID();
    const frame = JSON.stringify({ type: "send", id, text: text.value });
    pending.set(id, frame);
    add(id, `${word("you")}: ${text.value}`, "own");
    rows.get(id).state.textContent = word("states_").sent;
    if (socket.readyState === WebSocket.OPEN) socket.send(frame);
    text.value = "";
  });
  connect();
  return element;
}
