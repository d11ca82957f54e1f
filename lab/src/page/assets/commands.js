// The commands of a guide, each with what can be done with it: run here, or copied.

import { button, link, make } from "./dom.js";
import { deedsOf } from "./deeds.js";
import { commandsOf, isCommand, isPasted, isShell } from "./shell.js";
import { word } from "./words.js";
import "./words-guide.js";

/** What was copied, for those who do not see the button change. */
const told = make("p", "unseen");
told.setAttribute("role", "status");
document.body.append(told);

/** Gives every command below an element its buttons. `can` is what the lab can do. */
export function equip(root, can) {
  for (const code of root.querySelectorAll("code")) {
    if (isCommand(code.textContent) && !code.closest("pre, a, summary, .shell, .task")) inSentence(code, can);
  }
  for (const block of root.querySelectorAll("pre")) {
    const { language } = block.dataset;
    const text = block.textContent;
    if (isShell(language)) block.replaceWith(shell(commandsOf(text, language === "console"), can));
    else if (isPasted(language)) block.replaceWith(pasted(text));
  }
}

/** A block of commands, one below the other. */
export function shell(commands, can) {
  return make(
    "div",
    "shell",
    commands.map(({ shown, pasted: text, output = [], mark }) => {
      const code = make("code", "", shown);
      const outcome = place("div");
      return make(
        "div",
        "shell-command",
        mark ? make("span", "mark", mark) : null,
        make("div", "shell-line", code, make("span", "tools", doing(text, can, outcome), copying(text, code))),
        output.length > 0 ? make("pre", "shown", output.join("\n")) : null,
        outcome,
      );
    }),
  );
}

/** Lines that are pasted as a whole. */
export function pasted(text) {
  const code = make("code", "", text);
  const block = make("pre", "", code);
  block.tabIndex = 0;
  return make("div", "pasted", block, make("span", "tools", copying(text, code)));
}

/** A command within a sentence: what comes of it stands behind the sentence, where others may stand. */
function inSentence(code, can) {
  const outcome = place("span");
  const text = code.textContent;
  const does = doing(text, can, outcome, text);
  code.after(...(does ? [" ", does] : []), " ", copying(text, code));
  code.closest("p, li, td")?.append(" ", outcome);
}

/** Where what comes of a command is shown, and spoken. */
function place(tag) {
  const element = make(tag, "outcome");
  element.setAttribute("role", "status");
  return element;
}

/** The outcomes that are shown, with what they are about: services and links. */
const outcomes = new Map();

/** Takes away what is no longer true of a service or a link once something else was done to it. */
function replace(outcome, deeds) {
  const abouts = deeds.flatMap(({ about }) => (about ? [about] : []));
  const isOf = (one) => abouts.some((other) => one.includes(other[0]) || other.includes(one[0]));
  for (const [older, all] of outcomes) {
    if (older === outcome || !all.some(isOf)) continue;
    older.replaceChildren();
    outcomes.delete(older);
  }
  outcomes.set(outcome, abouts);
}

/** The button that runs a command; its outcome is named where it does not stand below it. */
function doing(text, can, outcome, name = null) {
  const deeds = deedsOf(text, can);
  if (deeds === null) return null;
  if (deeds[0].href) return named(link("", deeds[0].href, "button tool"), "openHere", text);
  let isBusy = false;
  const does = async () => {
    // It keeps the focus meanwhile, which a disabled button would lose.
    if (isBusy) return;
    isBusy = true;
    const label = name === null ? [] : [make("code", "", name), ": "];
    outcome.replaceChildren(...label, word("running"));
    try {
      const parts = [];
      for (const deed of deeds) parts.push(make("span", "came", await deed.run()));
      replace(outcome, deeds);
      outcome.replaceChildren(...label, ...parts);
    } catch (error) {
      outcome.replaceChildren(...label, make("span", "trouble", error.message));
    } finally {
      isBusy = false;
    }
  };
  return named(button("", does, "button tool main"), "runHere", text);
}

function copying(text, code) {
  const copies = async () => {
    try {
      await navigator.clipboard.writeText(text);
      named(copy, "copied", text);
    } catch {
      // A page by another name than localhost may not: what is selected can be copied by hand.
      getSelection().selectAllChildren(code);
      named(copy, "notCopied", text);
    }
    told.textContent = copy.getAttribute("aria-label");
  };
  const copy = named(button("", copies, "button tool"), "copyHere", text);
  return copy;
}

/** What a button says: what it does, and to those who do not see where it stands also of what. */
function named(element, key, text) {
  element.textContent = word(key);
  element.setAttribute("aria-label", `${word(key)}: ${text}`);
  return element;
}
