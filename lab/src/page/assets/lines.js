// A line of a log.

import { link, make } from "./dom.js";
import { clock } from "./format.js";
import { hue } from "./hues.js";

/** The line as an element. */
export function lineOf(line) {
  const element = make(
    "p",
    `log ${line.level}`,
    make("time", "", clock(line.time * 1000)),
    make("span", `who-name ${hue(line.service)}`, line.service),
    make("span", "level", line.level),
    make("span", "text", line.text),
    line.trace ? link(line.trace.slice(0, 8), `/trace/${line.trace}`) : null,
  );
  return element;
}
