// The page: a connection, the conversation over it, and what a person sees and does.

import { Connection, LEFT, REPLACED } from "./connection.js";
import { Conversation, MOST_PENDING } from "./conversation.js";
import { get, letter, tint, write } from "./dom.js";
import { Log } from "./log.js";
import { preserve, remember } from "./memory.js";
import { Outbox } from "./outbox.js";
import { People } from "./people.js";
import { Scroll } from "./scroll.js";
import { label, number, speak, word } from "./words.js";

/** How much of the past a newcomer sees. */
const HISTORY = 50;
const SAVE_WAIT = 500;
/** From this many bytes on, the room that is left stands out. */
const NEAR = 2_000;
/** A frame around a text: type, id, quotes. */
const FRAME = JSON.stringify({ type: "send", id: "0".repeat(36), text: "" }).length;
const UTF8 = new TextEncoder();

const { identity, conversation: saved } = await remember();
const text = get("text");
const log = new Log(get("entries"));
const people = new People(identity.client);
const scroll = new Scroll(get("log"), get("jump"), () => drawTitle());
/** Since when there is no connection, where there was one. */
let lostAt = saved?.savedAt ?? null;
let saving = 0;
let drawing = 0;

const conversation = new Conversation(identity.client, {
  added(entry, before) {
    log.added(entry, before);
    scroll.grown(entry.kind === "own" && entry.state === "pending");
    changed();
  },
  changed(entry) {
    log.changed(entry);
    scroll.grown(false);
    changed();
  },
  removed: (entry) => log.removed(entry),
  arrived(entry) {
    if (entry.kind === "message" || entry.kind === "notice") scroll.arrived();
  },
});
log.show(conversation);

const connection = new Connection(address, {
  welcome(frame) {
    const away = lostAt === null ? 0 : Date.now() - lostAt;
    lostAt = null;
    get("log").setAttribute("aria-busy", String((frame.behind ?? 0) > 0));
    conversation.welcome(frame, away);
    people.welcome(conversation, frame);
    drawHead();
  },
  frame(frame) {
    const past = conversation.behind > 0;
    conversation.take(frame);
    if (frame.type === "presence") people.replace(frame.presence);
    else if (!past && (frame.type === "joined" || frame.type === "left")) people[frame.type](frame);
    if (frame.type === "refused") announce(frame);
    if (conversation.behind === 0) get("log").removeAttribute("aria-busy");
    outbox.take(frame);
    changed();
  },
  state(state) {
    log.connected(state === "open");
    drawConnection();
    if (state === "open") outbox.begin();
  },
  closed(code, reason) {
    if (lostAt === null && connection.state === "open") {
      lostAt = Date.now();
      if (code !== REPLACED && code !== LEFT) conversation.note("dropped", "ill");
    }
    outbox.end(code, reason);
  },
});
const outbox = new Outbox(conversation, connection);

/** Where to connect: as before, or as a newcomer. */
function address() {
  const query = new URLSearchParams({ session: identity.session });
  if (conversation.epoch === null) {
    query.set("history", HISTORY);
  } else {
    query.set("epoch", conversation.epoch);
    query.set("cursor", conversation.cursor);
  }
  // Relative, for a proxy may serve the page below a path.
  const url = new URL(`ws/${identity.client}?${query}`, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url;
}

/** Something is to be drawn and to be kept: soon, and once for many changes. */
function changed() {
  drawing ||= requestAnimationFrame(() => {
    drawing = 0;
    people.draw();
    get("trimmed").hidden = !conversation.trimmed;
    get("empty").hidden = conversation.entries.length > 0;
  });
  saving ||= setTimeout(save, SAVE_WAIT);
}

function save() {
  clearTimeout(saving);
  saving = 0;
  preserve({ ...conversation.saved(), savedAt: lostAt ?? Date.now() });
}

// --- Writing

/** Half a surrogate pair cannot be sent as UTF-8; the service would end the connection. */
const wellFormed = (written) => written.replace(/\p{Surrogate}/gu, "\u{fffd}");

function room() {
  const quoted = JSON.stringify(wellFormed(text.value));
  return conversation.maxBytes - FRAME - (UTF8.encode(quoted).length - 2);
}

function drawRoom() {
  const left = room();
  const over = left < 0;
  get("left").textContent = over ? word("over", number(-left)) : word("left", number(left));
  get("left").className = over ? "over" : left < NEAR ? "near" : "";
  if (over !== (text.getAttribute("aria-invalid") === "true")) {
    text.setAttribute("aria-invalid", String(over));
    get("spoken").textContent = over ? get("left").textContent : "";
  }
  get("send").disabled = over || text.value.trim() === "";
}

function send() {
  const written = wellFormed(text.value);
  if (written.trim() === "" || room() < 0) return;
  if (!conversation.say(written)) {
    get("spoken").textContent = get("left").textContent = word("full", MOST_PENDING);
    return;
  }
  text.value = "";
  drawRoom();
  save(); // before anything can happen to the page
  outbox.flush();
}

text.addEventListener("input", drawRoom);
text.addEventListener("keydown", (event) => {
  // While a character is being composed, Enter belongs to the input method.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  send();
});
get("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
  text.focus();
});
log.onretry = (entry) => {
  conversation.retry(entry);
  outbox.flush();
  text.focus();
};

/** Says aloud that a message was refused: its mark in the log is only seen. */
function announce({ id, reason }) {
  const own = conversation.entries.find((entry) => entry.id === id && entry.kind === "own");
  if (own && reason !== "rate") get("spoken").textContent = log.progress(own);
}

// --- Showing

function drawHead() {
  const { service } = conversation;
  get("service").textContent = service ?? "Chat";
  get("letter").textContent = service ? letter(service) : "…";
  get("letter").className = `letter ${service ? tint(service) : ""}`;
  get("self").textContent = word("self", `Client #${identity.client}`);
  drawTitle();
}

function drawTitle() {
  const { unread } = scroll;
  document.title = `${unread > 0 ? `(${unread}) ` : ""}${conversation.service ?? "Chat"} · Malha`;
}

function drawConnection() {
  const { state, next, failures } = connection;
  get("connection").dataset.state = state;
  write(get("connection"), word(state));
  const replaced = state === "replaced";
  get("lost").hidden = !replaced && (state === "open" || failures === 0);
  write(get("lost-what"), word(replaced ? "moved" : "lost"));
  get("lost-keeps").hidden = replaced;
  write(get("again"), word(replaced ? "resume" : "again"));
  const seconds = next === null ? 0 : Math.ceil((next - Date.now()) / 1000);
  write(get("countdown"), seconds > 0 ? word("countdown", seconds) : "");
}

function drawWords() {
  label();
  drawHead();
  drawConnection();
  drawRoom();
  log.redraw();
  people.draw();
  scroll.draw();
}

for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => {
    speak(button.dataset.language);
    drawWords();
  });
}
get("again").addEventListener("click", () => {
  connection.open();
  text.focus();
});
get("log").addEventListener("keydown", (event) => event.key === "Escape" && text.focus());

const toggle = get("people-toggle");
function showPeople(shown) {
  toggle.setAttribute("aria-expanded", String(shown));
  get("people").classList.toggle("shown", shown);
}
toggle.addEventListener("click", () => showPeople(toggle.getAttribute("aria-expanded") !== "true"));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || toggle.getAttribute("aria-expanded") !== "true") return;
  showPeople(false);
  toggle.focus();
});

setInterval(drawConnection, 1000);
addEventListener("pagehide", save);
document.addEventListener("visibilitychange", () => document.hidden && save());

if (saved) conversation.restore(saved);
drawWords();
connection.open();
