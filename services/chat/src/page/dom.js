// Building the page without ever reading text as markup.

/** The element with this id. */
export const get = (id) => document.getElementById(id);

/** An element with a class, and children that are elements or texts. */
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Writes a text where it is another one: what is written anew may be read aloud again. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const HUES = 8;

/** The colour class of a client, the same on every page. */
export const hue = (client) => `hue-${((client % HUES) + HUES) % HUES}`;

/** The colour class of a service: its letter's, the same on every page. */
export const tint = (service) => `tint-${letter(service).charCodeAt(0) % 2}`;

/** The letter by which people call a service: `A` of `serviceA`. */
export const letter = (service) => (service ? [...service].at(-1).toUpperCase() : "?");
