// Numbers and times, as people read them.

import { locale, word } from "./words.js";

/** A duration given in microseconds. */
export function duration(micros) {
  const [value, unit] =
    micros < 1000 ? [micros, "µs"] : micros < 1e6 ? [micros / 1000, "ms"] : [micros / 1e6, "s"];
  const digits = unit === "µs" || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  const shown = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return `${value.toLocaleString(locale(), shown)} ${unit}`;
}

/** The time of day of a moment given in microseconds. */
export function clock(micros) {
  return new Date(micros / 1000).toLocaleTimeString(locale(), { hour12: false });
}

/** How long ago a moment given in milliseconds was. */
export function ago(millis) {
  const seconds = Math.max(0, Math.round((Date.now() - millis) / 1000));
  if (seconds < 60) return word("seconds", seconds);
  if (seconds < 3600) return word("minutes", Math.floor(seconds / 60));
  return word("hours", Math.floor(seconds / 3600));
}

/** The port of an address. */
export function portOf(address) {
  return address.slice(address.lastIndexOf(":") + 1);
}
