// How a service has fared lately: small curves of the last five minutes.

import { draw, make } from "./dom.js";
import { duration } from "./format.js";
import { watch } from "./poll.js";
import { learn, locale, word } from "./words.js";

learn({
  pt: {
    lately: "Últimos cinco minutos",
    curves: { requests: "pedidos por minuto", errors: "erros por minuto", p99: "p99", memory: "memória", cpu: "processador", connections: "conexões abertas" },
    curve: (name, now, most) => `${name}: ${now} agora, no máximo ${most}`,
    noCurve: "ainda sem medidas",
  },
  en: {
    lately: "The last five minutes",
    curves: { requests: "requests a minute", errors: "errors a minute", p99: "p99", memory: "memory", cpu: "processor", connections: "open connections" },
    curve: (name, now, most) => `${name}: ${now} now, at most ${most}`,
    noCurve: "nothing measured yet",
  },
});

const WIDTH = 120;
const HEIGHT = 28;

const number = (value) => value.toLocaleString(locale(), { maximumFractionDigits: 1 });
const percent = (value) => value.toLocaleString(locale(), { style: "percent", maximumFractionDigits: 1 });
const mebibytes = (value) => `${number(value / 1048576)} MiB`;

/** The curves of a service, kept up while they are on the page. */
export function sparks(name) {
  const list = make("ul", "sparks");
  let isNew = true;
  watch(
    () => (isNew || list.isConnected ? `/lab/services/${encodeURIComponent(name)}/metrics` : null),
    (answer) => {
      isNew = false;
      list.replaceChildren(...curves(answer).map(curve));
    },
    { every: 5000, refused: () => list.remove() },
  );
  return make("div", "", make("h3", "", word("lately")), list);
}

function curves({ step, requests, samples }) {
  const perMinute = 60 / step;
  const of = (key) => samples.map((sample) => sample[key]);
  // What a process has used of the processor since the sample before.
  const cpu = samples.slice(1).map((sample, index) => {
    const before = samples[index];
    const spent = sample.cpu === null || before.cpu === null ? null : sample.cpu - before.cpu;
    return spent === null || spent < 0 ? null : spent / ((sample.at - before.at) / 1000);
  });
  return [
    { key: "requests", values: requests.map(({ count }) => count * perMinute), shown: number },
    { key: "errors", values: requests.map(({ errors }) => errors * perMinute), shown: number, isIll: true },
    { key: "p99", values: requests.map(({ count, p99 }) => (count > 0 ? p99 : null)), shown: duration },
    { key: "memory", values: of("memory"), shown: mebibytes },
    { key: "cpu", values: cpu, shown: percent },
    { key: "connections", values: of("connections"), shown: number },
  ].filter(({ key, values }) => key !== "connections" || values.some((value) => value !== null));
}

function curve({ key, values, shown, isIll = false }) {
  const name = word("curves")[key];
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return make("li", "spark", make("span", "", name), make("span", "note", word("noCurve")));
  const [most, now] = [Math.max(...known), known.at(-1)];
  const svg = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, role: "img", "aria-label": word("curve", name, shown(now), shown(most)) });
  for (const points of pieces(values, most)) svg.append(draw("polyline", { points }));
  return make("li", isIll && most > 0 ? "spark ill" : "spark", make("span", "", name), svg, make("b", "", shown(now)));
}

/** The points of a curve, which has gaps where nothing is known. */
function pieces(values, most) {
  const across = WIDTH / Math.max(1, values.length - 1);
  const found = [[]];
  values.forEach((value, at) => {
    if (value === null) found.push([]);
    else found.at(-1).push(`${(at * across).toFixed(1)},${(HEIGHT - 2 - (most > 0 ? (value / most) * (HEIGHT - 4) : 0)).toFixed(1)}`);
  });
  return found.filter((points) => points.length > 0).map((points) => (points.length === 1 ? [points[0], points[0]] : points).join(" "));
}
