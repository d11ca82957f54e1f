// The page's words, in Portuguese and English. Each part of the page brings its own.

const WORDS = { pt: {}, en: {} };
const KEPT = "malha-language";

/** Adds words of both languages. */
export function learn(words) {
  for (const language of Object.keys(WORDS)) Object.assign(WORDS[language], words[language]);
}

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

/** The words that one language lacks of the other's: none, as a test makes sure. */
export function missing() {
  const { pt, en } = WORDS;
  return [...Object.keys(pt), ...Object.keys(en)].filter((key) => !(key in pt && key in en));
}

/** `pt` or `en`. */
export function spoken() {
  return language;
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
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", word(element.dataset.label));
  }
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === language));
  }
}
