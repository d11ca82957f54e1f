// Who is connected, at which service, and which services answer.

import { get, hue, letter, make, tint } from "./dom.js";
import { number, word } from "./words.js";

/** The services name at most this many of their clients. */
const MOST_NAMED = 100;

export class People {
  /** By service: how many are there, who, as far as they are named, and whether it has said so itself. */
  #present = new Map();
  #self;
  #conversation;

  constructor(self) {
    this.#self = self;
  }

  /** What a connection begins with. */
  welcome(conversation, { presence = [] }) {
    this.#conversation = conversation;
    this.#present.clear();
    this.replace(presence);
  }

  /** What is known of some services as a whole. */
  replace(presence) {
    for (const { service, count, clients } of presence) {
      this.#present.set(service, { count, clients: [...clients], told: true });
    }
    this.#includeSelf();
    this.draw();
  }

  joined({ service, client }) {
    if (client === this.#self && service === this.#conversation.service) return; // counted by the welcome
    const there = this.#at(service);
    there.count += 1;
    if (there.clients.length < MOST_NAMED) there.clients.push(client);
    this.draw();
  }

  left({ service, client }) {
    const there = this.#at(service);
    const at = there.clients.indexOf(client);
    there.count = Math.max(0, there.count - 1);
    if (at >= 0) there.clients.splice(at, 1);
    this.draw();
  }

  #at(service) {
    if (!this.#present.has(service)) this.#present.set(service, { count: 0, clients: [], told: false });
    return this.#present.get(service);
  }

  #includeSelf() {
    const here = this.#at(this.#conversation.service);
    if (here.clients.includes(this.#self)) return;
    here.clients.unshift(this.#self);
    here.count = Math.max(here.count, here.clients.length);
  }

  draw() {
    if (!this.#conversation) return;
    const { service: own, peers } = this.#conversation;
    const others = new Set([...this.#present.keys(), ...peers.map((peer) => peer.service)]);
    others.delete(own);
    const cards = [own, ...[...others].sort()].map((service) => this.#card(service));
    get("services").replaceChildren(...cards);
    const all = [...this.#present.values()].reduce((sum, { count }) => sum + count, 0);
    get("people-count").textContent = word("here", all);
  }

  #card(service) {
    const { service: own, peers, atMostOnce } = this.#conversation;
    const { count, clients, told } = this.#present.get(service) ?? { count: 0, clients: [], told: false };
    const badge = make("span", `letter ${tint(service)}`, letter(service));
    badge.setAttribute("aria-hidden", "true");
    const peer = peers.find((known) => known.service === service);
    const name = make("h3", "", service ?? word("elsewhere"));
    const none = told || service === own ? "nobody" : "unheard";
    const facts = [count === 0 ? word(none) : word("count", count)];
    if (service === own) facts.push(word("yours"));
    else if (peer) facts.push(word(peer.reachable ? "near" : "away"));
    const head = make("div", "head", badge, make("div", "", name, make("p", "fact", facts.join(" · "))));
    const card = make("section", `card${peer && !peer.reachable ? " ill" : ""}`, head);
    const waits = this.#conversation.waiting(service);
    if (peer && !peer.reachable && atMostOnce) card.append(make("p", "waits", word("loses")));
    else if (peer && !peer.reachable && waits > 0) card.append(make("p", "waits", word("wait", waits)));
    if (count > 0) card.append(this.#names(service === own, clients, count));
    return card;
  }

  #names(here, clients, count) {
    const list = make("ul", "clients");
    let self = here;
    for (const client of clients) {
      const you = self && client === this.#self;
      if (you) self = false; // another client may have the same number
      const item = make("li", `client ${hue(client)}${you ? " self" : ""}`, `#${client}`);
      if (you) item.append(` (${word("you")})`);
      list.append(item);
    }
    if (count > clients.length) list.append(make("li", "client", word("more", number(count - clients.length))));
    return list;
  }
}
