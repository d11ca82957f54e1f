// One colour a service, the same on every page.

const HUES = 12;
const known = new Map();

/** Gives each service of the lab the colour of its place among them. */
export function nameServices(names) {
  names.forEach((name, place) => known.set(name, place % HUES));
}

/** The colour class of a service. One that is not of the lab always has the same, too. */
export function hue(service) {
  if (!known.has(service)) {
    let sum = 7;
    for (const letter of service) sum = (sum * 31 + letter.codePointAt(0)) % 9973;
    known.set(service, sum % HUES);
  }
  return `hue-${known.get(service)}`;
}
