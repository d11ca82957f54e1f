// Asks the lab while somebody looks at the page.

const lost = new EventTarget();
const running = new Set();

/** Calls back with whether the lab answers, whenever that changes. */
export function onLost(told) {
  let before = false;
  lost.addEventListener("lost", ({ detail }) => {
    if (detail !== before) told(detail);
    before = detail;
  });
}

/** A refusal of the lab: what was asked is wrong. */
export class Refused extends Error {}

/** No answer, or one that says that there is none. */
export class Unanswered extends Error {}

/** What the lab answers, as text. */
export async function ask(path, options = {}) {
  const [answer, text] = await whole(path, options);
  if (answer.ok) return text;
  if (answer.status < 500) throw new Refused(said(text));
  throw new Unanswered(said(text));
}

async function whole(path, options) {
  try {
    // The browser sends the ETag along and fills in the body where the lab answers 304.
    const answer = await fetch(path, { cache: "no-cache", ...options });
    return [answer, await answer.text()];
  } catch (error) {
    throw new Unanswered(`${path}: ${error.message}`);
  }
}

/** Why, of the body of an answer that is no success. */
function said(text) {
  try {
    return JSON.parse(text).error ?? text;
  } catch {
    return text.trim();
  }
}

/** Changes something by the lab's API; gives its answer. */
export async function send(method, path, body) {
  const options = { method };
  if (body !== undefined) {
    options.headers = { "content-type": "application/json" };
    options.body = JSON.stringify(body);
  }
  const text = await ask(path, options);
  return text ? JSON.parse(text) : null;
}

/**
 * Asks for a path again and again, and tells what it says whenever that changes, until the path is
 * null. `refused` hears why a path is refused. Gives a function that asks at once, as after a change
 * of the path.
 */
export function watch(path, told, { every = 1000, refused = () => {} } = {}) {
  let last = null;
  let timer = 0;
  let turn = 0;
  const look = async () => {
    clearTimeout(timer);
    turn += 1;
    const own = turn;
    running.add(look);
    if (document.hidden) return;
    const asked = path();
    if (asked === null) {
      running.delete(look);
      return;
    }
    try {
      const text = await ask(asked);
      if (own !== turn) return;
      lost.dispatchEvent(new CustomEvent("lost", { detail: false }));
      if (`${asked} ${text}` !== last) {
        last = `${asked} ${text}`;
        await told(JSON.parse(text));
      }
    } catch (error) {
      if (own !== turn) return;
      if (error instanceof Refused) refused(error.message);
      else if (error instanceof Unanswered) lost.dispatchEvent(new CustomEvent("lost", { detail: true }));
      else throw error;
    } finally {
      if (own === turn) timer = setTimeout(look, every);
    }
  };
  look();
  return look;
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) for (const look of running) look();
});
