// What was said, as far as this page knows: entries in the order of the service's log, then those
// of its own that the service has not answered yet. No DOM, no network.

import { uuid } from "./memory.js";

/** Entries kept, and characters in them; what is not answered yet is kept in any case. */
export const MOST_ENTRIES = 300;
const MOST_CHARACTERS = 1_000_000;
/** Own messages that may wait for a connection. */
export const MOST_PENDING = 100;
/** Ids by which a message that comes twice is known. */
const MOST_IDS = 2_000;

/**
 * An entry has a `kind`: `own`, `message`, `joined`, `left`, `notice` (texts of others), or `note`
 * (this page's own words: `word`, `values`, `tone`).
 *
 * An `own` one has a `state`: `pending`, then `accepted` or `refused` (with `reason` and `said`), or
 * `unknown` where the service forgot it before its peers had it. `seen` names the services that have it,
 * `barred` the one that would not take it.
 *
 * `view` is told: `added(entry, before)`, `changed(entry)`, `removed(entry)`, `arrived(entry)` for what
 * others said just now.
 */
export class Conversation {
  entries = [];
  epoch = null;
  cursor = null;
  service = null;
  traceUrl = null;
  trimmed = false;
  maxBytes = 16_384;
  /** Whether what another service does not take at once is lost, instead of waiting for it. */
  atMostOnce = false;
  peers = [];
  /** Entries of the past that are still to come. */
  behind = 0;
  #view;
  #characters = 0;
  #ids = new Set();

  constructor(client, view) {
    this.client = client;
    this.#view = view;
  }

  /** Takes up what an earlier life of this page kept. */
  restore(saved) {
    const { entries, epoch, cursor, service, traceUrl, trimmed } = saved;
    Object.assign(this, { epoch, cursor, service, traceUrl, trimmed });
    for (const entry of entries) {
      if (entry.id) this.#isNew(entry);
      this.#add(entry, null);
    }
  }

  /** What a later life of this page needs. */
  saved() {
    const { entries, epoch, cursor, service, traceUrl, trimmed } = this;
    return { entries, epoch, cursor, service, traceUrl, trimmed };
  }

  /** How many own messages wait for a service. */
  waiting(service) {
    const waits = ({ state, seen, barred }) => state === "accepted" && !seen.includes(service) && barred !== service;
    return this.atMostOnce ? 0 : this.entries.filter(waits).length;
  }

  /** Own messages without an answer, in the order in which they were written. */
  pending() {
    return this.entries.filter((entry) => entry.state === "pending");
  }

  /** Writes a message; false where too many wait already. */
  say(text) {
    if (this.pending().length >= MOST_PENDING) return false;
    const { client, service } = this;
    const own = { kind: "own", id: uuid(), client, service, text, at: Date.now(), state: "pending", seen: [] };
    this.#isNew(own);
    this.#add(own, null);
    return true;
  }

  /** Puts a refused message in the queue again, as the last. */
  retry(entry) {
    this.#remove(entry);
    entry.state = "pending";
    entry.at = Date.now();
    this.#add(entry, null);
  }

  /** Marks a message that the service would not even read. */
  refuse(entry, said) {
    Object.assign(entry, { state: "refused", reason: "frame", said });
    this.#view.changed(entry);
  }

  /** A word of the page itself. */
  note(word, tone, ...values) {
    this.#insert({ kind: "note", word, tone, values, at: Date.now() });
  }

  /** The first frame of a connection. `away` is for how long there was none. */
  welcome(frame, away) {
    const resumed = this.epoch !== null;
    this.service = frame.service;
    this.traceUrl = frame.trace_url ?? null;
    this.maxBytes = frame.max_message_bytes ?? this.maxBytes;
    this.atMostOnce = frame.at_most_once === true;
    this.peers = frame.peers ?? [];
    this.behind = frame.behind ?? 0;
    if (resumed && frame.recovered === true) this.note("recovered", "well", away, this.behind);
    else if (resumed) this.note("missed", "ill", away, this.behind);
    else if (this.behind > 0) this.note("before", "plain", this.behind);
    if (frame.epoch !== this.epoch) this.#forgotten();
    this.epoch = frame.epoch;
    this.cursor = frame.cursor;
    for (const [service, through] of Object.entries(frame.delivered ?? {})) this.#seen(service, through);
    for (const entry of this.entries) if (entry.kind === "own") this.#view.changed(entry);
  }

  /** Any further frame that is about what was said. */
  take(frame) {
    const past = this.#follow(frame);
    const { id, client, service, text, at, trace } = frame;
    switch (frame.type) {
      case "message":
      case "joined":
      case "left":
      case "notice": {
        const entry = { kind: frame.type, id, client, service, text, at, trace };
        if (!this.#isNew(entry)) return;
        this.#insert(entry);
        if (!past) this.#view.arrived(entry);
        return;
      }
      case "accepted":
        this.#accepted(frame);
        return;
      case "delivered":
        this.#seen(service, frame.through, id);
        return;
      case "refused":
        this.#refused(frame);
        return;
      case "peer":
        this.#peer(frame);
    }
  }

  /** Moves on in the flow; whether the frame is of the past. */
  #follow(frame) {
    if (!Number.isInteger(frame.cursor) || frame.duplicate) return false;
    this.cursor = Math.max(this.cursor, frame.cursor);
    const past = this.behind > 0;
    if (past) this.behind -= 1;
    return past;
  }

  #own(id) {
    return this.entries.find((entry) => entry.kind === "own" && entry.id === id);
  }

  #accepted({ id, cursor, at, trace }) {
    const own = this.#own(id);
    if (!own || own.state === "accepted") return;
    Object.assign(own, { state: "accepted", cursor, trace });
    if (at) own.at = at;
    this.#view.changed(own);
  }

  #refused({ id, reason, text, service, trace }) {
    const own = id ? this.#own(id) : this.pending()[0];
    if (!own) return;
    if (reason === "undeliverable") {
      own.barred = service;
    } else if (own.state === "pending" && reason !== "rate") {
      Object.assign(own, { state: "refused", reason, said: text, trace });
    }
    this.#view.changed(own);
  }

  /** A service has what was accepted up to a cursor; the id names the last of it. */
  #seen(service, through, id) {
    for (const entry of this.entries) {
      if (entry.kind !== "own" || entry.seen.includes(service) || entry.barred === service) continue;
      const upTo = entry.state === "accepted" && entry.cursor <= through;
      if (!upTo && (id === undefined || entry.id !== id)) continue;
      entry.seen.push(service);
      this.#view.changed(entry);
    }
  }

  /** The service begins a new log: cursors of the old one mean nothing, and what waited may be gone. */
  #forgotten() {
    for (const entry of this.entries) {
      if (entry.state !== "accepted") continue;
      entry.cursor = undefined;
      const without = this.peers.some(({ service }) => !entry.seen.includes(service));
      if (without) entry.state = "unknown";
    }
  }

  #peer({ service, reachable, waiting, was }) {
    if (was) this.#rename(was, service);
    const peer = this.peers.find((known) => known.service === service);
    const changed = peer?.reachable !== reachable;
    if (peer) Object.assign(peer, { reachable, waiting });
    else this.peers.push({ service, reachable, waiting });
    const away = this.atMostOnce ? "losing" : "unreachable";
    if (changed) this.note(reachable ? "reachable" : away, reachable ? "well" : "ill", service);
    for (const entry of this.entries) if (entry.state === "accepted") this.#view.changed(entry);
  }

  /** A service was called by its host, until it said its name. */
  #rename(was, service) {
    for (const peer of this.peers) if (peer.service === was) peer.service = service;
    for (const entry of this.entries) {
      if (entry.kind !== "own") continue;
      entry.seen = entry.seen.map((name) => (name === was ? service : name));
      if (entry.barred === was) entry.barred = service;
    }
  }

  #isNew({ kind, client, id }) {
    const name = `${kind}:${client}:${id}`;
    if (this.#ids.has(name)) return false;
    this.#ids.add(name);
    if (this.#ids.size > MOST_IDS) this.#ids.delete(this.#ids.values().next().value);
    return true;
  }

  /** Adds what is in the log: before what is not yet. */
  #insert(entry) {
    this.#add(entry, this.entries.find((other) => other.state === "pending") ?? null);
  }

  #add(entry, before) {
    const at = before ? this.entries.indexOf(before) : this.entries.length;
    this.entries.splice(at, 0, entry);
    this.#characters += entry.text?.length ?? 0;
    this.#view.added(entry, before);
    this.#trim();
  }

  #remove(entry) {
    this.entries.splice(this.entries.indexOf(entry), 1);
    this.#characters -= entry.text?.length ?? 0;
    this.#view.removed(entry);
  }

  #trim() {
    while (this.entries.length > MOST_ENTRIES || this.#characters > MOST_CHARACTERS) {
      const oldest = this.entries.find((entry) => entry.state !== "pending");
      if (!oldest) return;
      this.trimmed = true;
      this.#remove(oldest);
    }
  }
}
