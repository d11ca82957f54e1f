// One connection at a time to the service, made anew for as long as the page lives.

const PROTOCOL = "malha.chat.v1";
const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;
/** How long a connection may take to say `welcome`, and a service to answer a `ping`. */
const PATIENCE = 10_000;
/** The same when the page was just brought back, and the connection may be long dead. */
const SHORT_PATIENCE = 3_000;
const LOOK = 1_000;
/** A connection that lived shorter than this is no reason to hurry to the next. */
const SETTLED = 1_000;
const DRAINING = 1001;
/** The person left the page. */
export const LEFT = 1000;
/** Another page has this session now: the close after which there is no further try. */
export const REPLACED = 4000;

/**
 * Connects at once and again after every loss.
 *
 * `address()` gives the URL for the next try. `heard` is told: `welcome(frame)`, `frame(frame)`,
 * `state(state)` with `connecting`, `open`, `waiting` or `replaced`, and `closed(code, reason)`.
 */
export class Connection {
  /** When the next try is, in milliseconds; null where none waits. */
  next = null;
  state = "connecting";
  /** Tries in vain since the last connection. */
  failures = 0;
  #address;
  #heard;
  #socket = null;
  #lastHeard = 0;
  #openSince = 0;
  #asked = null;
  #pingInterval = PATIENCE;
  #timer = 0;

  constructor(address, heard) {
    this.#address = address;
    this.#heard = heard;
    setInterval(() => this.#look(), LOOK);
    addEventListener("online", () => this.wake());
    addEventListener("offline", () => this.wake()); // this machine itself may still be reached
    addEventListener("pagehide", () => this.#leave());
    addEventListener("pageshow", (event) => event.persisted && this.wake());
    document.addEventListener("visibilitychange", () => document.hidden || this.wake());
  }

  /** Connects, unless it is connected or about to be. */
  open() {
    clearTimeout(this.#timer);
    if (this.#socket) return;
    this.#turn("connecting");
    this.#lastHeard = Date.now();
    this.#asked = null;
    const socket = new WebSocket(this.#address(), PROTOCOL);
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = ({ code, reason }) => this.#lose(code, reason);
  }

  /** Sends a frame; false where there is no connection. */
  send(frame) {
    if (this.state !== "open" || this.#socket.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Something happened that may end a wait, or show that the connection is dead. */
  wake() {
    if (this.state === "waiting") this.open();
    else if (this.state === "open") this.#ask(SHORT_PATIENCE);
  }

  /** Gives the connection up and makes another. */
  renew() {
    if (this.#socket) this.#lose(1006, "");
  }

  #receive(data) {
    this.#lastHeard = Date.now();
    this.#asked = null;
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return; // not ours
    }
    if (this.state === "open") {
      this.#heard.frame(frame);
    } else if (frame.type === "welcome") {
      this.failures = 0;
      this.#openSince = this.#lastHeard;
      this.#pingInterval = frame.ping_interval ?? PATIENCE;
      this.#heard.welcome(frame);
      this.#turn("open");
    }
  }

  #lose(code, reason) {
    const settled = this.state === "open" && Date.now() - this.#openSince > SETTLED;
    this.#drop();
    this.#heard.closed(code, reason);
    if (code === REPLACED) {
      this.#turn("replaced");
      return;
    }
    const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.failures);
    const wait = code === DRAINING && settled ? 0 : Math.random() * longest;
    this.failures += 1;
    this.next = Date.now() + wait;
    this.#timer = setTimeout(() => this.open(), wait);
    this.#turn("waiting");
  }

  /** The page is left, perhaps to be come back to: the browser may keep it, and the connection with it. */
  #leave() {
    clearTimeout(this.#timer);
    if (!this.#socket) return;
    this.#drop();
    this.#heard.closed(LEFT, "");
    this.#turn("waiting");
  }

  #drop() {
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    this.#socket.close();
    this.#socket = null;
  }

  /** Asks whether somebody is there, once at a time. */
  #ask(patience) {
    const now = Date.now();
    if (this.#asked) this.#asked.until = Math.min(this.#asked.until, now + patience);
    else if (this.send({ type: "ping", at: now })) this.#asked = { until: now + patience };
  }

  #look() {
    const now = Date.now();
    const silent = now - this.#lastHeard;
    if (this.state === "connecting" && this.#socket && silent > PATIENCE) this.renew();
    if (this.state !== "open") return;
    if (this.#asked && now > this.#asked.until) this.renew();
    else if (silent > this.#pingInterval) this.#ask(PATIENCE);
  }

  #turn(state) {
    this.state = state;
    if (state !== "waiting") this.next = null;
    this.#heard.state(state);
  }
}
