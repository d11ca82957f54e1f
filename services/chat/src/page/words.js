// The page's words, in Portuguese and English. What the protocol says in words (`You`, `Client #1`)
// is the same in both.

const WORDS = {
  pt: {
    skip: "Ir para a mensagem",
    messages: "Mensagens",
    message: "Mensagem",
    placeholder: "Escreva uma mensagem…",
    send: "Enviar",
    hint: "Enter envia, Shift+Enter quebra a linha",
    left: (n) => (n === "1" ? "resta 1 byte" : `restam ${n} bytes`),
    over: (n) => `${n} bytes a mais: encurte a mensagem`,
    full: (n) => `${n} mensagens já esperam pela conexão; mais não cabem aqui.`,
    people: "Quem está aqui",
    here: (n) => (n === 1 ? "1 pessoa aqui" : `${n} pessoas aqui`),
    self: (client) => `você é ${client}`,
    you: "você",
    yours: "você está aqui",
    count: (n) => (n === 1 ? "1 pessoa" : `${n} pessoas`),
    more: (n) => `e mais ${n}`,
    nobody: "ninguém no momento",
    away: "não responde",
    near: "responde",
    unheard: "ainda não disse quem está lá",
    loses: "o que for enviado agora se perde",
    wait: (n) => (n === 1 ? "1 mensagem sua espera por ele" : `${n} mensagens suas esperam por ele`),
    elsewhere: "outro serviço",
    connecting: "conectando…",
    open: "conectado",
    waiting: "sem conexão",
    replaced: "aberto em outra aba",
    lost: "Sem conexão.",
    keeps: "O que você escrever fica guardado e segue depois.",
    moved: "Esta conversa continua em outra aba.",
    countdown: (n) => `Nova tentativa em ${n} s.`,
    again: "Tentar agora",
    resume: "Continuar aqui",
    empty: "Nada foi dito ainda. Abra também a página do outro serviço e converse de lá.",
    trimmed: "O que veio antes já não está nesta página.",
    before: (n) => (n === 1 ? "1 entrada de antes de você chegar" : `${n} entradas de antes de você chegar`),
    recovered: (away, n) =>
      `De volta${away}: nada se perdeu` + (n === 0 ? "." : n === 1 ? "; segue 1 entrada." : `; seguem ${n} entradas.`),
    missed: (away, n) =>
      `De volta${away}: algo se perdeu, o serviço já não tem tudo desde então` +
      (n === 0 ? "." : n === 1 ? "; segue 1 entrada." : `; seguem ${n} entradas.`),
    after: (time) => ` após ${time}`,
    dropped: "A conexão caiu.",
    unreachable: (service) => `${service} não responde: as mensagens esperam por ele.`,
    losing: (service) => `${service} não responde: o que for enviado agora não chega a ele, e se perde.`,
    reachable: (service) => `${service} responde.`,
    fresh: (n) => (n === 1 ? "1 mensagem nova" : `${n} mensagens novas`),
    latest: "Ir para o fim",
    queued: "espera pela conexão",
    sending: "enviando…",
    accepted: (service) => `aceita por ${service}`,
    seen: (service) => `vista por ${service}`,
    expects: (service) => `espera por ${service}`,
    unknown: (service) => `aceita, mas ${service} a esqueceu antes de entregá-la: talvez não tenha chegado`,
    barred: (service) => `não entregue a ${service}`,
    refused: (why) => `recusada: ${why}`,
    resend: "Enviar de novo",
    trace: "trace",
    traceOpens: (id) => `trace ${id}, abre em outra aba`,
    traceCopies: (id) => `copiar o trace ${id}`,
    copied: "copiado",
    reasons: {
      rate: "mensagens demais",
      outbox_full: "já esperam mensagens demais pelo outro serviço",
      unavailable: "o serviço não consegue guardá-la agora",
      empty: "não há texto",
      id: "o serviço não aceita o número dela",
      type: "o serviço não conhece este pedido",
      frame: "o serviço não conseguiu lê-la",
    },
  },
  en: {
    skip: "Skip to the message",
    messages: "Messages",
    message: "Message",
    placeholder: "Write a message…",
    send: "Send",
    hint: "Enter sends, Shift+Enter makes a new line",
    left: (n) => (n === "1" ? "1 byte left" : `${n} bytes left`),
    over: (n) => `${n} bytes too many: shorten the message`,
    full: (n) => `${n} messages wait for the connection already; no more can be kept here.`,
    people: "Who is here",
    here: (n) => (n === 1 ? "1 person here" : `${n} people here`),
    self: (client) => `you are ${client}`,
    you: "you",
    yours: "you are here",
    count: (n) => (n === 1 ? "1 person" : `${n} people`),
    more: (n) => `and ${n} more`,
    nobody: "nobody at the moment",
    away: "does not answer",
    near: "answers",
    unheard: "has not said yet who is there",
    loses: "what is sent now is lost",
    wait: (n) => (n === 1 ? "1 message of yours waits for it" : `${n} messages of yours wait for it`),
    elsewhere: "another service",
    connecting: "connecting…",
    open: "connected",
    waiting: "no connection",
    replaced: "open in another tab",
    lost: "No connection.",
    keeps: "What you write is kept and goes out later.",
    moved: "This conversation goes on in another tab.",
    countdown: (n) => `Next try in ${n} s.`,
    again: "Try now",
    resume: "Continue here",
    empty: "Nothing has been said yet. Open the other service's page, too, and talk from there.",
    trimmed: "What came before is no longer on this page.",
    before: (n) => (n === 1 ? "1 entry from before you came" : `${n} entries from before you came`),
    recovered: (away, n) =>
      `Back${away}: nothing was missed` + (n === 0 ? "." : n === 1 ? "; 1 entry follows." : `; ${n} entries follow.`),
    missed: (away, n) =>
      `Back${away}: something was missed, the service no longer has everything since then` +
      (n === 0 ? "." : n === 1 ? "; 1 entry follows." : `; ${n} entries follow.`),
    after: (time) => ` after ${time}`,
    dropped: "The connection was lost.",
    unreachable: (service) => `${service} does not answer: messages wait for it.`,
    losing: (service) => `${service} does not answer: what is sent now does not reach it, and is lost.`,
    reachable: (service) => `${service} answers.`,
    fresh: (n) => (n === 1 ? "1 new message" : `${n} new messages`),
    latest: "Go to the end",
    queued: "waits for the connection",
    sending: "sending…",
    accepted: (service) => `accepted by ${service}`,
    seen: (service) => `seen by ${service}`,
    expects: (service) => `waits for ${service}`,
    unknown: (service) => `accepted, but ${service} forgot it before delivering it: it may not have arrived`,
    barred: (service) => `not delivered to ${service}`,
    refused: (why) => `refused: ${why}`,
    resend: "Send again",
    trace: "trace",
    traceOpens: (id) => `trace ${id}, opens in another tab`,
    traceCopies: (id) => `copy trace ${id}`,
    copied: "copied",
    reasons: {
      rate: "too many messages",
      outbox_full: "too many messages wait for the other service already",
      unavailable: "the service cannot keep it now",
      empty: "there is no text",
      id: "the service does not take its id",
      type: "the service does not know this request",
      frame: "the service could not read it",
    },
  },
};

const KEPT = "malha-language";

function first() {
  try {
    const kept = localStorage.getItem(KEPT);
    if (Object.hasOwn(WORDS, kept)) return kept;
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

/** Why a message was refused: in this language, or else in the service's own words. */
export function reason(code, said) {
  const { reasons } = WORDS[language];
  return Object.hasOwn(reasons, code) ? reasons[code] : said || code;
}

const locale = () => (language === "pt" ? "pt-BR" : "en-GB");

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
  for (const element of document.querySelectorAll("[data-placeholder]")) {
    element.placeholder = word(element.dataset.placeholder);
  }
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === language));
  }
}

export const number = (value) => value.toLocaleString(locale());

/** The time of day, to the second; with the date where it is another day. */
export function clock(at) {
  const day = new Date(at).toDateString() === new Date().toDateString() ? {} : { day: "2-digit", month: "2-digit" };
  const time = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  return new Date(at).toLocaleString(locale(), { ...day, ...time });
}

/** A length of time, in the largest unit that says something. */
export function span(millis) {
  const seconds = Math.round(millis / 1000);
  if (seconds < 60) return `${Math.max(1, seconds)} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}
