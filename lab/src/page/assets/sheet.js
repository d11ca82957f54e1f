// What is made of a guide for a class: a sheet for students, and one for those who teach.

import { pasted, shell } from "./commands.js";
import { button, column, field, link, make } from "./dom.js";
import { kept } from "./kept.js";
import { commandsOf, isCommand, isPasted, isShell } from "./shell.js";
import { word } from "./words.js";
import "./words-guide.js";

/** A table of predictions, and the questions: to print, or to fill in. */
export function student({ title, sections, experiments, questions }, { name, can }) {
  const notes = kept(`malha-sheet-${name}`);
  const who = ["sheetName", "sheetDate"].map((key) => field(word(key), notes.line(key)));
  const rows = experiments.map((experiment) => row(experiment, { name, can, notes }));
  const heads = ["experiment", "predicted", "saw"].map((key) => column(word(key)));
  return [
    make("h1", "", word("sheetTitle", title)),
    make("p", "note", word("sheetAbout")),
    make("div", "fields", who),
    make("div", "toolbar", printing(), button(word("sheetClear"), () => confirm(word("sheetSure")) && notes.clear(), "button warn")),
    make("h2", "", experiments[0].section.heading.textContent),
    make("table", "table sheet", make("thead", "", make("tr", "", heads)), make("tbody", "", rows)),
    make("h2", "", sections.at(-1).heading.textContent),
    make("ol", "questions", asked(questions, notes)),
  ];
}

/** The minutes, what each experiment shows, the answers. */
export function teacher({ title, sections, minutes, experiments, questions }, { name }) {
  const rows = sections.map(({ heading, minutes: own }) => make("tr", "", make("td", "", link(heading.textContent, `/guide/${name}#${heading.id}`)), make("td", "", String(own))));
  const sum = make("tr", "", make("td", "", make("b", "", word("inAll"))), make("td", "", make("b", "", String(minutes))));
  const shown = experiments.flatMap(({ elements }) => elements);
  for (const answer of [...shown.filter(isFolded), ...questions.querySelectorAll("details")]) answer.open = true;
  return [
    make("h1", "", word("teacherTitle", title)),
    make("p", "note", word("teacherAbout")),
    make("div", "toolbar", printing()),
    make("table", "table", make("thead", "", make("tr", "", column(word("section")), column(word("minutesHead")))), make("tbody", "", rows, sum)),
    make("h2", "", experiments[0].section.heading.textContent),
    shown,
    make("h2", "", sections.at(-1).heading.textContent),
    questions,
  ].flat();
}

function row({ number, title, elements }, { name, can, notes }) {
  const label = `${number}. ${title}`;
  const cell = (key) => {
    const element = make("td", "", notes.field(`${key}-${number}`, `${word(key)}: ${label}`));
    // Said where the columns are not beside each other.
    element.dataset.head = word(key);
    return element;
  };
  const what = make("th", "", link(label, `/guide/${name}#experiment-${number}`), taskOf(elements[0]), doing(elements, can));
  what.scope = "row";
  return make("tr", "", what, cell("predicted"), cell("saw"));
}

/** What a lesson would do instead is said beside its command. */
const STEPS = /(or )?step by step|(ou )?passo a passo/gi;

/**
 * What an experiment's first sentence says, behind its title and before a colon: what stands behind
 * one comes of it, unless it is a command. Null where it says no more than the commands.
 */
function taskOf(paragraph) {
  const [, ...rest] = paragraph.childNodes;
  const parts = [];
  for (const [at, part] of rest.entries()) {
    if (part.nodeType !== Node.TEXT_NODE) {
      parts.push(part.cloneNode(true));
      continue;
    }
    const text = part.data;
    const ends = [...text.matchAll(/[.?!:](?=\s|$)/g)].find((end) => {
      const isCommands = /^:\s*$/.test(text.slice(end.index)) && rest[at + 1] && isCommand(rest[at + 1].textContent);
      return !isCommands;
    });
    if (ends === undefined) parts.push(text);
    else {
      parts.push(text.slice(0, ends.index) + (ends[0] === ":" ? "." : ends[0]));
      break;
    }
  }
  const isTold = (part) => typeof part === "string" || !isCommand(part.textContent);
  const told = parts.filter(isTold).map((part) => part.textContent ?? part).join(" ").replace(STEPS, "");
  return (told.match(/\p{L}+/gu) ?? []).length < 3 ? null : make("p", "task", parts);
}

/** What is said beside a command that is not all that there is to do, or not for the lab. */
function markOf(text) {
  if (/^(kubectl|helm) /.test(text)) return word("inCluster");
  return /^(cargo run --|malha) lesson /.test(text) ? word("byLesson") : null;
}

/** What is to be typed, without what comes of it. */
function doing(elements, can) {
  const open = elements.filter((element) => !isFolded(element));
  const parts = open.flatMap((element) => (element.tagName === "PRE" ? [element] : [...element.querySelectorAll("pre, :not(pre) > code")]));
  const seen = new Set();
  const lines = (commands) => {
    const fresh = commands.filter((text) => !seen.has(text));
    for (const text of fresh) seen.add(text);
    return fresh.length > 0 ? [shell(fresh.map((text) => ({ shown: text, pasted: text, mark: markOf(text) })), can)] : [];
  };
  return parts.flatMap((part) => {
    const text = part.textContent;
    if (part.tagName === "CODE") return isCommand(text) ? lines([text]) : [];
    const { language } = part.dataset;
    if (isShell(language)) return lines(commandsOf(text, language === "console").map((command) => command.pasted));
    return isPasted(language) ? [pasted(text.split("\n").filter((line) => !line.startsWith("# ")).join("\n"))] : [];
  });
}

/** Whether this is an answer, which a student does not see. */
const isFolded = ({ tagName }) => tagName === "DETAILS";

/** Each question with a place for what somebody thinks, and without its answer. */
function asked(questions, notes) {
  return [...questions.children].map((question, at) => {
    const text = question.cloneNode(true);
    for (const answer of text.querySelectorAll("details")) answer.remove();
    text.append(notes.field(`question-${at + 1}`, word("myAnswer", at + 1)));
    return text;
  });
}

function printing() {
  return button(word("print"), () => print());
}
