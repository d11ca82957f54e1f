// What the lab itself does of a guide's commands, by its HTTP API. No shell is ever run.

import { link } from "./dom.js";
import { clock } from "./format.js";
import { send } from "./poll.js";
import { request } from "./request.js";
import { wordsOf } from "./shell.js";
import { word } from "./words.js";
import "./words-guide.js";
import "./words-lessons.js";
import "./words-mesh.js";

/**
 * What the lab does for a command: one deed after the other, each of which gives what came of it as
 * texts and elements; or one page that shows what was asked for (`href`). `about` is what a deed is
 * done to: the first of it is no longer as an earlier deed left it. Null where that is not the lab's
 * to do, or cannot be done here.
 */
export function deedsOf(text, can) {
  const deeds = (wordsOf(text) ?? []).map(deedOf);
  const isPossible = (deed) => deed !== null && (!deed.needs || can.includes(deed.needs)) && (deeds.length === 1 || deed.run);
  return deeds.length > 0 && deeds.every(isPossible) ? deeds : null;
}

function deedOf(words) {
  const [program, ...rest] = words[0] === "time" ? words.slice(1) : words;
  if (program === "curl") return request(rest);
  if (program === "malha") return ofTheLab(rest);
  return program === "cargo" && rest[0] === "run" && rest[1] === "--" ? ofTheLab(rest.slice(2)) : null;
}

/** All links, and all lessons, of which one is given at a time. */
const LINKS = "*links";
const LESSONS = "*lessons";

const PROCESS = { stop: true, kill: true, freeze: true, start: false, resume: false };

/** By the arguments of `malha`. Its flags are for terminals. */
function ofTheLab([verb, ...all]) {
  if (all.some((argument) => argument.startsWith("-"))) return null;
  const lasts = all.find((argument) => argument.startsWith("for="))?.slice(4);
  const [target, ...rest] = all.filter((argument) => !argument.startsWith("for="));
  if (verb === "break" && rest.length > 0) return breaks(target, rest.join(" "), lasts);
  if (Object.hasOwn(PROCESS, verb) && target && rest.length === 0 && (lasts === undefined || PROCESS[verb])) return acts(verb, target, lasts);
  if (lasts !== undefined || rest.length > 0) return null;
  if (verb === "mend") return mends(target);
  if (verb === "lesson") return target ? teaches(target) : opens("processes", "/lessons");
  if (verb === "trace" && target) return opens(null, `/trace/${encodeURIComponent(target)}`);
  if (verb === "wire" && target) return opens("links", wire(target));
  return !target && ["links", "faults", "top"].includes(verb) ? opens("links", "/mesh") : null;
}

function breaks(name, fault, lasts) {
  return {
    needs: "links",
    about: [name, LINKS],
    async run() {
      const { faults } = await send("POST", `/lab/links/${encodeURIComponent(name)}/faults`, { fault, for: lasts });
      const { text, until } = faults.at(-1);
      return [`${name}: ${text}${until ? `, ${word("until", clock(until * 1000))}` : ""}. `, link(word("mesh"), "/mesh")];
    },
  };
}

function mends(name) {
  return {
    needs: "links",
    about: name ? [name, LINKS] : [LINKS],
    async run() {
      const { mended = [name] } = name ? await send("DELETE", `/lab/links/${encodeURIComponent(name)}/faults`) : await send("POST", "/lab/mend");
      return [mended.length > 0 ? word("mended", mended.join(", ")) : word("nothingBroken")];
    },
  };
}

function acts(action, name, lasts) {
  return {
    needs: "processes",
    about: [name],
    async run() {
      await send("POST", `/lab/processes/${encodeURIComponent(name)}/${action}`, lasts === undefined ? undefined : { for: lasts });
      const time = lasts === undefined ? "" : ` (${lasts})`;
      return [`${word("didActions")[action](name)}${time}. `, link(word("mesh"), `/mesh#${encodeURIComponent(name)}`)];
    },
  };
}

function teaches(name) {
  const going = { next: ["POST", "/next"], stop: ["DELETE", ""] };
  const [method, path] = going[name] ?? ["POST", `/${encodeURIComponent(name)}`];
  return {
    needs: "processes",
    about: [LESSONS],
    async run() {
      const { running } = await send(method, `/lab/lessons${path}`);
      return [`${word(running ? "lessonOn" : "lessonOver")} `, link(word("lessons"), "/lessons")];
    },
  };
}

function wire(target) {
  const [, trace] = target.match(/^trace=(.*)$/) ?? [];
  return trace === undefined ? `/wire?link=${encodeURIComponent(target)}` : `/wire?trace=${encodeURIComponent(trace)}`;
}

function opens(needs, href) {
  return { needs, href };
}
