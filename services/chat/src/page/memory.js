// What a page remembers through a reload, where the browser allows it: who it is and what it shows.

const IDENTITY = "malha-chat-identity";
/** The number changes with the shape of what is kept, so that no release reads what it does not know. */
const CONVERSATION = "malha-chat-conversation-1";
/** A page that is reloaded gives its lock back within this time; one that was duplicated never does. */
const LOCK_WAIT = 2000;
const CLIENTS = 99_999;

function recall(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key));
  } catch {
    return null; // no storage, or not ours: the page begins anew
  }
}

function keep(key, value) {
  try {
    sessionStorage.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** A random UUID; `crypto.randomUUID` exists over HTTPS and on localhost only. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function stranger() {
  const [number] = crypto.getRandomValues(new Uint32Array(1));
  return { client: 1 + (number % CLIENTS), session: uuid() };
}

/** Takes a session's lock for as long as the page lives, or tells `whether` that it could not. */
function lock(session, options, whether) {
  const taken = (lock) => {
    whether(lock !== null);
    return lock && new Promise(() => {});
  };
  navigator.locks.request(`malha-chat-${session}`, options, taken).catch(() => whether(false));
}

/** Whether this page alone has this session: a duplicated tab comes with a copy of the storage. */
async function alone(session) {
  if (!navigator.locks) return true;
  // The wait begins when another page is known to have the lock: a slow answer is none.
  const free = await new Promise((known) => lock(session, { ifAvailable: true }, known));
  if (free) return true;
  const signal = AbortSignal.timeout(LOCK_WAIT);
  return new Promise((known) => lock(session, { signal }, known));
}

/** Who this page is, and the conversation that it had; that is null for a new page. */
export async function remember() {
  const identity = recall(IDENTITY);
  if (identity?.session && (await alone(identity.session))) {
    return { identity, conversation: recall(CONVERSATION) };
  }
  const fresh = stranger();
  await alone(fresh.session);
  keep(IDENTITY, fresh);
  return { identity: fresh, conversation: null };
}

/** Keeps the conversation; without room for all of it, at least what was not sent yet. */
export function preserve(conversation) {
  if (keep(CONVERSATION, conversation)) return;
  const entries = conversation.entries.filter((entry) => entry.state === "pending");
  keep(CONVERSATION, { ...conversation, entries });
}
