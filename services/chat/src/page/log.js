// The entries of a conversation as elements.

import { hue, make, tint } from "./dom.js";
import { clock, reason, span, word } from "./words.js";

/** What stands for an entry in the words of the original, the same in every language. */
const JOINED = " joined the chat";
const LEFT = " left the chat";

const TRACE = /^[0-9a-f]{1,64}$/i;
const SHORT = 8;

export class Log {
  #list;
  #conversation;
  #elements = new Map();
  #connected = false;
  /** What to do where a person asks to send a refused message again. */
  onretry = () => {};

  constructor(list) {
    this.#list = list;
  }

  show(conversation) {
    this.#conversation = conversation;
  }

  added(entry, before) {
    const element = this.#draw(entry);
    this.#elements.set(entry, element);
    this.#list.insertBefore(element, this.#elements.get(before) ?? null);
  }

  removed(entry) {
    this.#elements.get(entry)?.remove();
    this.#elements.delete(entry);
  }

  /** An own message came further. */
  changed(entry) {
    const element = this.#elements.get(entry);
    if (element) this.#drawState(entry, element);
  }

  /** How far an own message came, in words. */
  progress(entry) {
    return this.#state(entry)[1];
  }

  /** What waits, waits for the service's answer or for a connection. */
  connected(connected) {
    this.#connected = connected;
    for (const entry of this.#conversation.pending()) this.changed(entry);
  }

  /** Draws everything again, in another language. */
  redraw() {
    for (const [entry, element] of this.#elements) {
      const drawn = this.#draw(entry);
      element.replaceWith(drawn);
      this.#elements.set(entry, drawn);
    }
  }

  #draw(entry) {
    switch (entry.kind) {
      case "own":
        return this.#drawOwn(entry);
      case "message": {
        const said = [this.#name(entry.client, ":"), " ", make("span", "text", entry.text)];
        const service = make("span", `at ${tint(entry.service)}`, entry.service ?? word("elsewhere"));
        return make("li", `message ${hue(entry.client)}`, make("p", "said", ...said), this.#meta(entry, service));
      }
      case "joined":
      case "left": {
        const words = entry.kind === "joined" ? JOINED : LEFT;
        const line = make("p", "", this.#name(entry.client, ""), words);
        line.lang = "en";
        const service = entry.service ? make("span", "where", entry.service) : null;
        return make("li", `event ${entry.kind} ${hue(entry.client)}`, line, service, this.#time(entry.at));
      }
      case "notice":
        return make("li", "message", make("p", "said", make("span", "text", entry.text)), this.#meta(entry, null));
      default:
        return this.#drawNote(entry);
    }
  }

  #drawOwn(entry) {
    const name = make("b", "name", "You:");
    name.lang = "en";
    const said = make("p", "said", name, " ", make("span", "text", entry.text));
    const element = make("li", "message own", said, make("div", "meta"));
    this.#drawState(entry, element);
    return element;
  }

  /** The time away is kept as a number, so that it can be said in either language. */
  #drawNote({ word: key, tone, values, at }) {
    const [first, ...others] = values;
    const away = key === "recovered" || key === "missed" ? (first ? word("after", span(first)) : "") : first;
    const note = make("li", `note ${tone}`, make("p", "", word(key, away, ...others)), this.#time(at));
    note.dataset.note = key;
    return note;
  }

  #drawState(entry, element) {
    const meta = element.querySelector(".meta");
    const [state, words] = this.#state(entry);
    const accepted = `${entry.at} ${entry.trace ?? ""}`;
    if (meta.dataset.accepted !== accepted) {
      meta.replaceChildren(this.#time(entry.at), ...this.#trace(entry), make("span", "state"));
      meta.dataset.accepted = accepted;
      delete meta.dataset.words;
    }
    if (element.dataset.state !== state || meta.dataset.words !== words) {
      // In its place: what stands beside it may have the focus.
      meta.querySelector(".state").textContent = words;
      meta.querySelector(".retry")?.remove();
      if (state === "refused") meta.append(this.#retry(entry));
      meta.dataset.words = words;
      element.dataset.state = state;
    }
  }

  /** How far an own message came, for the eye (a name for its look) and in words. */
  #state(entry) {
    const { service, peers, atMostOnce } = this.#conversation;
    const here = entry.service ?? service ?? "";
    if (entry.state === "pending") {
      return this.#connected ? ["sending", word("sending")] : ["queued", word("queued")];
    }
    if (entry.state === "refused") return ["refused", word("refused", reason(entry.reason, entry.said))];
    const seen = entry.seen.map((name) => word("seen", name));
    if (entry.barred) return ["barred", [word("accepted", here), ...seen, word("barred", entry.barred)].join(" · ")];
    if (entry.state === "unknown") return ["unknown", word("unknown", here)];
    const missing = peers.filter((peer) => !entry.seen.includes(peer.service));
    if (seen.length > 0 && missing.length === 0) return ["seen", seen.join(" · ")];
    const away = atMostOnce ? [] : missing.filter((peer) => !peer.reachable);
    const waits = away.map((peer) => word("expects", peer.service));
    return ["accepted", [word("accepted", here), ...seen, ...waits].join(" · ")];
  }

  #retry(entry) {
    const button = make("button", "retry", word("resend"));
    button.type = "button";
    button.addEventListener("click", () => this.onretry(entry));
    return button;
  }

  #name(client, after) {
    const name = make("b", "name", `Client #${client}${after}`);
    name.lang = "en";
    return name;
  }

  #meta(entry, service) {
    return make("div", "meta", service, this.#time(entry.at), ...this.#trace(entry));
  }

  #time(at) {
    const time = make("time", "", clock(at));
    time.dateTime = new Date(at).toISOString();
    return time;
  }

  /** A link to where the service says that traces can be seen; else the id, to be copied. */
  #trace({ trace }) {
    if (typeof trace !== "string" || !TRACE.test(trace)) return [];
    const short = trace.slice(0, SHORT);
    const { traceUrl } = this.#conversation;
    if (traceUrl && /^https?:\/\//.test(traceUrl)) {
      const link = make("a", "trace", word("trace"), " ", make("code", "", short));
      link.href = traceUrl.replaceAll("{trace}", trace);
      link.target = "_blank";
      link.rel = "noopener noreferrer";
      link.setAttribute("aria-label", word("traceOpens", short));
      link.title = trace;
      return [link];
    }
    const id = make("code", "", short);
    const button = make("button", "trace", word("trace"), " ", id);
    button.type = "button";
    button.title = trace;
    button.setAttribute("aria-label", word("traceCopies", short));
    button.addEventListener("click", () => copy(trace, id));
    return [button];
  }
}

/** Copies a text; where the browser forbids it, shows it whole and selected. */
async function copy(text, element) {
  try {
    await navigator.clipboard.writeText(text);
    const before = element.textContent;
    element.textContent = word("copied");
    setTimeout(() => (element.textContent = before), 1500);
  } catch {
    element.textContent = text;
    getSelection().selectAllChildren(element);
  }
}
