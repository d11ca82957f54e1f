// The page's words, in Portuguese and English.

const WORDS = {
  pt: {
    skip: "Ir para os rastros",
    tagline: "Exercícios de sistemas distribuídos, vistos por dentro",
    services: "Serviços",
    traces: "Rastros",
    of: "de",
    all: "todos os serviços",
    empty: "Nenhum rastro ainda. O primeiro chega em instantes.",
    notHere: "Este rastro não está aqui: ou ainda não chegou, ou já saiu da memória.",
    every: "Todos os rastros",
    api: "A API de consulta do Jaeger está nesta porta:",
    lost: "O laboratório não responde. Esta página continua tentando.",
    elsewhere: (where) => `Os rastros vão para ${where} (OTEL_EXPORTER_OTLP_ENDPOINT), não para esta página.`,
    allReady: (n) => (n === 1 ? "1 serviço pronto" : `${n} serviços prontos`),
    someReady: (n, all) => `${n} de ${all} prontos`,
    ready: "pronto",
    not_ready: "não pronto",
    planned: "a iniciar",
    running: "iniciando",
    waiting: "reinicia em instantes",
    failed: "falhou",
    stopping: "parando",
    stopped: "parado",
    port: "porta",
    probes: "sondas",
    uptime: "no ar há",
    restarts: "reinícios",
    last: "último fim",
    asks: "pergunta a",
    spans: (n) => (n === 1 ? "1 span" : `${n} spans`),
    error: "erro",
    held: (n) => (n === 1 ? "1 rastro novo" : `${n} rastros novos`),
    attributes: "Atributos",
    process: "Processo",
    events: "Eventos",
    links: "Ligações",
    json: "JSON do Jaeger",
    gone: "Este rastro já saiu da memória.",
    span: "span",
    parent: "pai",
    seconds: (n) => `${n} s`,
    minutes: (n) => `${n} min`,
    hours: (n) => `${n} h`,
  },
  en: {
    skip: "Skip to the traces",
    tagline: "Distributed-systems exercises, seen from inside",
    services: "Services",
    traces: "Traces",
    of: "of",
    all: "all services",
    empty: "No trace yet. The first one comes in a moment.",
    notHere: "This trace is not here: it has not come yet, or has left the memory.",
    every: "All traces",
    api: "Jaeger's query API is on this port:",
    lost: "The lab does not answer. This page keeps trying.",
    elsewhere: (where) => `Traces go to ${where} (OTEL_EXPORTER_OTLP_ENDPOINT), not to this page.`,
    allReady: (n) => (n === 1 ? "1 service ready" : `${n} services ready`),
    someReady: (n, all) => `${n} of ${all} ready`,
    ready: "ready",
    not_ready: "not ready",
    planned: "to be started",
    running: "starting",
    waiting: "restarts in a moment",
    failed: "failed",
    stopping: "stopping",
    stopped: "stopped",
    port: "port",
    probes: "probes",
    uptime: "up for",
    restarts: "restarts",
    last: "last end",
    asks: "asks",
    spans: (n) => (n === 1 ? "1 span" : `${n} spans`),
    error: "error",
    held: (n) => (n === 1 ? "1 new trace" : `${n} new traces`),
    attributes: "Attributes",
    process: "Process",
    events: "Events",
    links: "Links",
    json: "Jaeger's JSON",
    gone: "This trace has left the memory.",
    span: "span",
    parent: "parent",
    seconds: (n) => `${n} s`,
    minutes: (n) => `${n} min`,
    hours: (n) => `${n} h`,
  },
};

const KEPT = "malha-language";

function first() {
  try {
    const kept = localStorage.getItem(KEPT);
    if (kept in WORDS) return kept;
  } catch {
    // Without storage the browser's language decides each time.
  }
  return navigator.language.toLowerCase().startsWith("pt") ? "pt" : "en";
}

let language = first();

/** The word for a key; some need values. */
export function word(key, ...values) {
  const found = WORDS[language][key];
  return typeof found === "function" ? found(...values) : found;
}

export function locale() {
  return language === "pt" ? "pt-BR" : "en";
}

/** Turns to another language and keeps the choice. */
export function speak(next) {
  language = next;
  try {
    localStorage.setItem(KEPT, next);
  } catch {
    // The choice holds until the page is left.
  }
}

/** Writes the words of the page's fixed parts. */
export function label() {
  document.documentElement.lang = locale();
  for (const element of document.querySelectorAll("[data-word]")) {
    element.textContent = word(element.dataset.word);
  }
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === language));
  }
}

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
