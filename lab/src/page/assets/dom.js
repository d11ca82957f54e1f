// Building the page without ever reading text as markup.

/** An element with a class, and children that are elements or texts. */
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** A list of terms and what they are. */
export function terms(className, pairs) {
  const list = make("dl", className);
  for (const [term, value] of pairs) {
    list.append(make("div", "", make("dt", "", term), make("dd", "", value)));
  }
  return list;
}

const HUES = 8;
const hues = new Map();

/** The colour class of a service, the same wherever it is shown. */
export function hue(service) {
  if (!hues.has(service)) hues.set(service, hues.size % HUES);
  return `hue-${hues.get(service)}`;
}
