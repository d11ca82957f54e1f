// The bytes that passed each link, layer by layer.

import { noBytes } from "./cluster.js";
import { button, field, link, make, makeWith } from "./dom.js";
import { clock } from "./format.js";
import { hexDump } from "./hex.js";
import { hue } from "./hues.js";
import { maskSteps } from "./mask.js";
import { ask, watch } from "./poll.js";
import { learn, word } from "./words.js";

learn({
  pt: {
    wireTitle: "Bytes",
    wireAbout: "O que passou em cada ligação, decodificado. Passe o mouse ou o foco sobre um campo para ver seus bytes, ou o mouse sobre um byte para ver o que ele é.",
    linkName: "ligação",
    ofTrace: (id) => `do trace ${id}`,
    wireFollow: "seguir",
    capture: "captura para o Wireshark (pcapng)",
    noLinks: "Este laboratório não tem ligações (LAB_LINKS=off): os bytes não passam por ele.",
    noMessages: "Nada passou ainda.",
    forgotten: (n) => `${n} mensagens mais antigas já saíram da memória.`,
    cutShort: "Só o começo está aqui; veja tudo:",
    allOf: "a mensagem inteira",
    bytes: (n) => (n === 1 ? "1 byte" : `${n.toLocaleString("pt-BR")} bytes`),
    tiedBy: { traceparent: "pelo cabeçalho traceparent", tlv: "pelo TLV do PROXY v2", connection: "pela conexão", time: "pela hora e pelas portas: não traz contexto" },
    reflection: {
      asking: (one) => `Perguntando a ${one.server} o que é ${one.service} (reflexão)…`,
      learnt: (one) => `Decodificado como ${one.server} descreve ${one.service} (reflexão).`,
      failed: (one) => `${one.service} não é conhecido aqui, e o servidor não o descreve: ${one.why}`,
    },
    upstream: "ao servidor",
    downstream: "de volta",
  },
  en: {
    wireTitle: "Wire",
    wireAbout: "What passed each link, decoded. Hover or focus a field to see its bytes, or hover a byte to see what it is.",
    linkName: "link",
    ofTrace: (id) => `of trace ${id}`,
    wireFollow: "follow",
    capture: "capture for Wireshark (pcapng)",
    noLinks: "This lab has no links (LAB_LINKS=off): the bytes do not pass through it.",
    noMessages: "Nothing has passed yet.",
    forgotten: (n) => `${n} older messages have left the memory.`,
    cutShort: "Only the beginning is here; see all of it:",
    allOf: "the whole message",
    bytes: (n) => (n === 1 ? "1 byte" : `${n.toLocaleString("en")} bytes`),
    tiedBy: { traceparent: "by the header traceparent", tlv: "by the TLV of PROXY v2", connection: "by the connection", time: "by time and ports: it carries no context" },
    reflection: {
      asking: (one) => `Asking ${one.server} what ${one.service} is (reflection)…`,
      learnt: (one) => `Decoded as ${one.server} describes ${one.service} (reflection).`,
      failed: (one) => `${one.service} is not known here, and the server does not describe it: ${one.why}`,
    },
    upstream: "to the server",
    downstream: "back",
  },
});

/** More messages than that are not drawn. */
const MOST = 100;

export function show(place, _path, { can, services }) {
  if (!can.includes("links")) return noBytes(place, services);
  const params = new URLSearchParams(location.search);
  const trace = params.get("trace");
  const select = make("select", "");
  const follow = makeWith("input", { type: "checkbox", id: "wire-follow" });
  follow.checked = true;
  const list = make("ol", "messages");
  const note = make("p", "note");
  const capture = link(word("capture"), "/lab/wire.pcapng", "button");
  const form = make("form", "search", field(word("linkName"), select), make("label", "check", follow, word("wireFollow")), capture);
  form.addEventListener("submit", (event) => event.preventDefault());
  place.append(make("h1", "", word("wireTitle")), make("p", "note", trace ? word("ofTrace", trace) : word("wireAbout")), trace ? capture : form, note, list);
  let last = null;
  let chosen = params.get("link") ?? "";
  /** A link that is none is not asked for again. */
  let isRefused = false;

  const path = () => {
    if (!place.contains(list) || isRefused) return null;
    if (trace) return `/lab/wire?trace=${encodeURIComponent(trace)}`;
    if (!chosen) return "/lab/links";
    return `/lab/wire/${encodeURIComponent(chosen)}?limit=50${last === null ? "" : `&after=${after()}`}`;
  };
  /** The last message seen, or the one before the first whose server is still being asked. */
  const after = () => Math.min(last, ...[...list.querySelectorAll("[data-asking]")].map(({ dataset }) => Number(dataset.id) - 1));
  const capturePath = () => {
    capture.href = trace ? `/lab/wire.pcapng?trace=${trace}` : `/lab/wire.pcapng?link=${encodeURIComponent(chosen)}`;
  };

  function took(answer) {
    if (answer.links) {
      offer(answer.links);
      return;
    }
    const messages = answer.messages.filter((message) => {
      const drawn = list.querySelector(`[data-id="${message.id}"]`);
      if (drawn?.dataset.asking && message.reflection?.state !== "asking") drawn.replaceWith(messageItem(message));
      return !drawn;
    });
    last = answer.messages.at(-1)?.id ?? last;
    if (!follow.checked && list.firstChild) return;
    for (const message of messages) {
      const item = messageItem(message);
      if (trace) list.append(item);
      else list.prepend(item);
    }
    while (list.childElementCount > MOST) list.lastChild.remove();
    note.textContent = list.firstChild ? (answer.forgotten > 0 ? word("forgotten", answer.forgotten) : "") : word("noMessages");
  }

  function offer(links) {
    note.textContent = links.length === 0 ? word("noLinks") : "";
    if (links.length === 0) return;
    const busiest = links.reduce((best, one) => (one.bytes.upstream > best.bytes.upstream ? one : best));
    chosen = busiest.name;
    choices(links);
    capturePath();
    look();
  }

  select.addEventListener("change", () => {
    chosen = select.value;
    isRefused = false;
    last = null;
    list.replaceChildren();
    history.replaceState(null, "", `/wire?link=${encodeURIComponent(chosen)}`);
    capturePath();
    look();
  });
  capturePath();
  if (!trace) fillLinks();
  const look = watch(path, took, {
    refused(why) {
      note.textContent = why || word("noLinks");
      isRefused = true;
    },
  });

  /** The links to choose from, where one was chosen by the address. */
  async function fillLinks() {
    if (!chosen) return;
    choices(JSON.parse(await ask("/lab/links")).links);
  }

  function choices(links) {
    select.replaceChildren(...links.map(({ name }) => new Option(name, name)));
    select.value = chosen;
  }
  return {};
}

function messageItem(message) {
  const toggle = button("", () => {
    body.hidden = !body.hidden;
    toggle.setAttribute("aria-expanded", String(!body.hidden));
    if (!body.hidden && !body.firstChild) body.append(...inside(message));
  }, "line wire");
  toggle.append(
    make("time", "when", clock(message.at / 1000 > 1e12 ? message.at : message.at * 1000)),
    way(message.direction),
    make("span", "chip plain", message.protocol),
    make("span", "what", message.summary),
    make("span", "count", word("bytes", message.size)),
  );
  toggle.setAttribute("aria-expanded", "false");
  const body = make("div", "detail");
  body.hidden = true;
  const item = make("li", "", toggle, body);
  item.dataset.id = message.id;
  if (message.reflection?.state === "asking") item.dataset.asking = "yes";
  return item;
}

function way(direction) {
  const arrow = make("span", `way ${direction}`, direction === "upstream" ? "→" : "←");
  arrow.title = word(direction);
  return arrow;
}

function inside(message) {
  const dump = hexDump(message.hex, message.layers);
  const layers = message.layers.map((layer, index) => {
    const fields = layer.fields.map((one) => {
      const row = button(make("span", "", make("b", "", one.name), ` ${one.value}`, one.section ? make("span", "where", ` · ${one.section}`) : null), () => dump.mark(one.start, one.end), `meaning layer-${index % 6}`);
      for (const event of ["mouseenter", "focus"]) row.addEventListener(event, () => dump.mark(one.start, one.end));
      return make("li", "", row);
    });
    const title = button(layer.section ? `${layer.name} · ${layer.section}` : layer.name, () => dump.mark(layer.start, layer.end), `meaning title layer-${index % 6}`);
    for (const event of ["mouseenter", "focus"]) title.addEventListener(event, () => dump.mark(layer.start, layer.end));
    return make("li", "", title, make("ul", "", fields));
  });
  const tied = message.trace
    ? make("p", "", link(message.trace.id.slice(0, 8), `/trace/${message.trace.id}#${message.trace.span}`), ` ${word("tiedBy")[message.trace.by] ?? ""}`)
    : null;
  const told = message.reflection ? make("p", "note", word("reflection")[message.reflection.state](message.reflection)) : null;
  const whole = message.truncated
    ? make("p", "note", `${word("cutShort")} `, link(word("allOf"), `/lab/wire/${message.link}/${message.id}`))
    : null;
  return [make("p", `chip ${hue(message.link)}`, message.link), tied, told, make("div", "opened", make("ul", "layers", layers), dump.element), maskSteps(message, dump.mark), whole].filter(Boolean);
}
