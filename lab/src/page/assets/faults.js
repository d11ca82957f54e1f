// What is broken, and how to break and mend it.

import { button, field, make, makeWith } from "./dom.js";
import { clock } from "./format.js";
import { ask, send } from "./poll.js";
import { spoken, word } from "./words.js";

/** What is broken now, on every page that shows the mesh. */
export function faults() {
  const list = make("ul", "broken");
  const mendAll = button(word("mendAll"), () => send("POST", "/lab/mend"), "button warn");
  const element = make("section", "faults", make("div", "heading", make("h2", "", word("brokenNow")), mendAll), list);
  element.hidden = true;
  let ofLinks = [];
  let ofProcesses = [];
  let drawn = "";
  const redraw = () => {
    const all = [...ofLinks, ...ofProcesses].filter(({ ended }) => !ended);
    const key = JSON.stringify(all);
    if (key === drawn) return;
    drawn = key;
    list.replaceChildren(...all.map(item));
    element.hidden = all.length === 0;
  };
  return {
    element,
    links(answer) {
      ofLinks = answer.links.flatMap((link) => link.faults);
      redraw();
    },
    services(services) {
      ofProcesses = services.map(({ fault }) => fault).filter(Boolean);
      redraw();
    },
  };
}

function item(fault) {
  const where = fault.target.link ?? fault.target.process;
  const time = fault.until ? ` · ${word("until", clock(fault.until * 1000))}` : "";
  const said = fault.lookFor?.[spoken()] ?? "";
  return make("li", "", make("b", "", where), ` ${fault.text}${time}`, said ? make("p", "look", make("b", "", `${word("lookFor")}: `), said) : null);
}

/** The kinds of faults, asked for once. */
let kinds = null;

async function kindsOfLinks() {
  kinds ??= ask("/lab/faults/kinds").then((text) => JSON.parse(text).kinds.filter((kind) => kind.of === "link"));
  return kinds;
}

/** The form that breaks one link of a node. */
export function makeBreak(edge, changed) {
  const { name } = edge.link;
  const input = makeWith("input", { list: "faults", value: "latency=300ms jitter=50ms", "aria-label": word("fault"), size: "24" });
  const time = makeWith("input", { placeholder: word("forHint"), size: "8", value: "30s" });
  const said = make("p", "says");
  said.setAttribute("role", "status");
  const look = make("p", "look");
  const tell = (error) => {
    said.textContent = error.message;
  };
  const form = make(
    "form",
    "break",
    make("h4", "", name),
    field(word("fault"), input),
    field(word("forTime"), time),
    make("button", "button warn", word("breakLink")),
    button(word("mend"), () => send("DELETE", `/lab/links/${name}/faults`).then(changed, tell)),
    said,
    look,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    said.textContent = "";
    const body = { fault: input.value };
    if (time.value.trim()) body.for = time.value.trim();
    try {
      const { faults: made } = await send("POST", `/lab/links/${name}/faults`, body);
      const hint = made.at(-1)?.lookFor?.[spoken()];
      look.replaceChildren(...(hint ? [make("b", "", `${word("lookFor")}: `), hint] : []));
      changed();
    } catch (error) {
      tell(error);
    }
  });
  offer(form);
  return form;
}

/** The faults that there are, to choose from. */
async function offer(form) {
  try {
    const found = await kindsOfLinks();
    if (document.getElementById("faults")) return;
    const list = makeWith("datalist", { id: "faults" }, found.map(({ example }) => new Option(example, example)));
    form.append(list);
  } catch {
    // Without links there is nothing to choose.
  }
}
