// Where a person reads: at the end, which is followed, or further up, which is left alone.

import { word } from "./words.js";

/** This near to the end is the end. */
const NEAR = 48;

export class Scroll {
  /** Messages that came while nobody saw the end of the log. */
  unread = 0;
  #log;
  #jump;
  #onunread;
  #follows = true;
  #planned = false;

  constructor(log, jump, onunread) {
    this.#log = log;
    this.#jump = jump;
    this.#onunread = onunread;
    log.addEventListener("scroll", () => this.#look(), { passive: true });
    jump.addEventListener("click", () => this.#toEnd(true));
    document.addEventListener("visibilitychange", () => this.#look());
    addEventListener("focus", () => this.#look());
    new ResizeObserver(() => this.grown(false)).observe(log);
  }

  /** The log grew; an own message leads to the end in any case. */
  grown(own) {
    if (own) this.#follows = true;
    if (!this.#follows || this.#planned) return;
    this.#planned = true;
    requestAnimationFrame(() => {
      this.#planned = false;
      if (this.#follows) this.#toEnd(false);
    });
  }

  /** Others said something just now. */
  arrived() {
    if (this.#follows && !document.hidden) return;
    this.unread += 1;
    this.draw();
  }

  draw() {
    this.#jump.hidden = this.#follows;
    this.#jump.textContent = this.unread > 0 ? word("fresh", this.unread) : word("latest");
    this.#jump.classList.toggle("fresh", this.unread > 0);
    this.#onunread();
  }

  #look() {
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    if (!this.#planned) this.#follows = scrollHeight - scrollTop - clientHeight < NEAR;
    if (this.#follows && !document.hidden) this.unread = 0;
    this.draw();
  }

  #toEnd(asked) {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#follows = true;
    this.#log.scrollTo({ top: this.#log.scrollHeight, behavior: asked && !calm ? "smooth" : "instant" });
    if (asked) this.#log.focus({ preventScroll: true });
  }
}
