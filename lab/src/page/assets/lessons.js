// Lessons: scripted breaks, one given at a time.

import { button, fold, link, make, terms } from "./dom.js";
import { ask, send, watch } from "./poll.js";
import { spoken, word } from "./words.js";
import "./words-lessons.js";

const PATH = "/lab/lessons";

export function show(place) {
  const now = make("section", "lesson-now");
  const said = make("p", "says");
  said.setAttribute("role", "status");
  const list = make("div", "lessons");
  place.append(make("h1", "", word("lessonsTitle")), make("p", "note", word("lessonsAbout")), now, said, list);
  let lessons = [];
  let running = null;
  let busy = false;
  let drawn = "";

  const does = async (method, path) => {
    busy = true;
    said.textContent = word("lessonBegins");
    draw();
    try {
      await send(method, path);
      said.textContent = "";
    } catch (error) {
      said.textContent = error.message;
    }
    busy = false;
    await look();
  };

  function draw() {
    const key = JSON.stringify([running, busy, lessons.map(({ lacks }) => lacks)]);
    if (key === drawn) return;
    drawn = key;
    // The buttons are drawn anew: whoever works here keeps the place.
    const focused = document.activeElement?.dataset?.does;
    now.hidden = running === null;
    now.replaceChildren(...(running ? current(lessons.find(({ id }) => id === running.id), running, busy, does) : []));
    for (const one of list.querySelectorAll("[data-does='begin']")) one.disabled = busy || running !== null || one.dataset.lacks !== "";
    if (focused) now.querySelector(`[data-does="${focused}"]`)?.focus();
  }

  function fill() {
    list.replaceChildren(...lessons.map((lesson) => card(lesson, () => does("POST", `${PATH}/${lesson.id}`))));
    const chosen = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    chosen?.scrollIntoView();
  }

  async function look() {
    told(JSON.parse(await ask(PATH)));
  }

  function told(answer) {
    const isFirst = lessons.length === 0;
    const wasRunning = running !== null;
    ({ lessons, running } = answer);
    if (isFirst) fill();
    if (wasRunning && running === null && !busy) said.textContent = answer.trouble ? word("lessonTrouble", answer.trouble) : word("lessonOver");
    draw();
  }

  const left = setInterval(() => {
    const rest = now.querySelector("[data-until]");
    if (rest) rest.textContent = word("lessonLeft", Math.max(0, Math.round((Number(rest.dataset.until) - Date.now()) / 1000)));
  }, 500);
  watch(() => PATH, told);
  return { end: () => clearInterval(left) };
}

/** The lesson that is given: its step, what to do, what to look for. */
function current(lesson, { step, until }, busy, does) {
  const at = lesson.steps[step];
  const rest = make("span", "note", word("lessonLeft", Math.max(0, Math.round((until - Date.now()) / 1000))));
  rest.dataset.until = until;
  const doing = (text, key, ...what) => {
    const element = button(text, () => does(...what), key === "next" ? "button main" : "button warn");
    element.dataset.does = key;
    element.disabled = busy;
    return element;
  };
  return [
    make("div", "head", make("h2", "", lesson.title[spoken()]), make("b", "step", word("lessonStep", step + 1, lesson.steps.length))),
    make("p", "lesson-say", at.say[spoken()]),
    make("p", "actions", at.actions.map((action) => make("code", "", action))),
    make("div", "toolbar", doing(word("lessonNext"), "next", "POST", `${PATH}/next`), doing(word("lessonStop"), "stop", "DELETE", PATH), rest),
    make("h3", "", word("lessonSymptoms")),
    symptoms(lesson),
  ];
}

function symptoms(lesson) {
  return terms("symptoms", lesson.lookFor.map((symptom) => [word("places")[symptom.where], symptom[spoken()]]));
}

/** One lesson that can be given. */
function card(lesson, begins) {
  const begin = button(word("lessonBegin"), begins);
  begin.dataset.does = "begin";
  begin.dataset.lacks = lesson.lacks ?? "";
  begin.setAttribute("aria-label", `${word("lessonBegin")}: ${lesson.title[spoken()]}`);
  const steps = lesson.steps.map((step) => make("li", "", make("span", "actions", step.actions.map((action) => make("code", "", action))), ` ${step.say[spoken()]}`));
  const element = make(
    "section",
    "lesson",
    make("div", "head", make("h2", "", lesson.title[spoken()]), begin),
    make("p", "note", make("code", "", `malha lesson ${lesson.id}`), " · ", link(word("lessonGuide", lesson.exercise, lesson.experiment), lesson.guide)),
    lesson.lacks ? make("p", "trouble", word("lessonLacks", lesson.lacks)) : null,
    fold(word("lessonSteps"), make("ol", "", steps)),
    fold(word("lessonSymptoms"), symptoms(lesson)),
  );
  element.id = lesson.id;
  return element;
}
