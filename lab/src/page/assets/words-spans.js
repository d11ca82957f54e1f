// One sentence on each kind of span, and where the guide tells more.

import { spoken } from "./words.js";

/**
 * Exercise of the guide and its section, what the span is, in both languages. The first that
 * matches `service operation kind` counts.
 */
const KINDS = [
  [/^desafio1-client poll /, "desafio1", "the-spans", {
    pt: "Uma rodada inteira do cliente: da pergunta à linha impressa.",
    en: "A whole round of the client: from the question to the printed line.",
  }],
  [/^desafio1-servidor GET /, "desafio1", "the-spans", {
    pt: "O servidor responde; o que o GET do cliente dura a mais é rede, fila e cliente.",
    en: "The server answers; what the client's GET takes beyond this is network, queue and client.",
  }],
  [/^hello-client say hello /, "hello", "the-spans", {
    pt: "A chamada inteira, com todas as tentativas.",
    en: "The whole call, with all its tries.",
  }],
  [/ hello client$/, "hello", "the-spans", {
    pt: "Uma tentativa: conectar, mandar o nome, ler até o fim.",
    en: "One try: connect, send the name, read to the end.",
  }],
  [/ hello server$/, "hello", "the-spans", {
    pt: "O procedimento remoto: do primeiro byte recebido à resposta enviada.",
    en: "The remote procedure: from the first byte received to the answer sent.",
  }],
  [/ send number /, "sockets", "the-spans", {
    pt: "Um número, com todas as tentativas.",
    en: "One number, with all its tries.",
  }],
  [/ classify client$/, "sockets", "the-spans", {
    pt: "Uma tentativa: conectar, mandar os bytes do número, ler até o fim.",
    en: "One try: connect, send the number's bytes, read to the end.",
  }],
  [/ classify server$/, "sockets", "the-spans", {
    pt: "Do primeiro byte do número à resposta enviada.",
    en: "From the number's first byte to the answer sent.",
  }],
  [/ usuarios\.v1\.\S+ client$/, "grpc", "the-spans", {
    pt: "Uma tentativa da chamada gRPC; pode haver duas, se repetir não fizer mal.",
    en: "One try of the gRPC call; there may be two where repeating does no harm.",
  }],
  [/ usuarios\.v1\.\S+ server$/, "grpc", "the-spans", {
    pt: "O que o servidor gRPC fez; rpc.status_code diz como acabou.",
    en: "What the gRPC server did; rpc.status_code says how it ended.",
  }],
  [/^grpc-servidor \S+.* client$/, "grpc", "the-spans", {
    pt: "Um comando do Redis.",
    en: "One command of Redis.",
  }],
  [/^grpc-cliente \S+ \S+ server$/, "grpc", "the-spans", {
    pt: "O pedido REST, como o gateway o vê.",
    en: "The REST request, as the gateway sees it.",
  }],
  [/ receive consumer$/, "chat", "the-spans", {
    pt: "Um quadro chegou pelo WebSocket; a ligação leva à conexão de quem o mandou.",
    en: "A frame arrived on the WebSocket; the link leads to its sender's connection.",
  }],
  [/ broadcast internal$/, "chat", "the-spans", {
    pt: "A mensagem vai a todos que estão neste serviço.",
    en: "The message goes to everyone at this service.",
  }],
  [/ relay producer$/, "chat", "the-spans", {
    pt: "Uma tentativa de entregar a mensagem ao outro serviço; enquanto ele falta, ela espera na fila de saída.",
    en: "One try to hand the message to the other service; while that is away, it waits in the outbox.",
  }],
  [/ POST \/relay server$/, "chat", "the-spans", {
    pt: "O outro serviço aceita a mensagem, ou a descarta se já a tem.",
    en: "The other service takes the message, or drops it if it already has it.",
  }],
  [/ POST client$/, "chat", "the-spans", {
    pt: "Uma tentativa de entrega por HTTP.",
    en: "One try of the delivery, over HTTP.",
  }],
  [/ (join|leave) internal$/, "chat", "the-spans", {
    pt: "Alguém entrou ou saiu; todos ficam sabendo, como de uma mensagem.",
    en: "Somebody came or left; everyone hears of it, as of a message.",
  }],
  [/ connection internal$/, "chat", "the-spans", {
    pt: "Um WebSocket, do início ao fim; as mensagens dele têm seus próprios traces, ligados a este.",
    en: "A WebSocket from its beginning to its end; its messages have traces of their own, linked to this.",
  }],
  [/ GET \/ws\/\S+ server$/, "chat", "the-browser", {
    pt: "O pedido HTTP que se torna um WebSocket: a resposta é 101.",
    en: "The HTTP request that becomes a WebSocket: its answer is 101.",
  }],
  [/ ask presence /, "chat", "the-concept", {
    pt: "Um serviço pergunta ao outro quem está lá, de tempos em tempos.",
    en: "One service asks the other who is there, from time to time.",
  }],
  [/ GET \/relay\/presence server$/, "chat", "the-concept", {
    pt: "A resposta: quem está neste serviço.",
    en: "The answer: who is at this service.",
  }],
  [/^malha .* client$/, null, null, {
    pt: "Esta página perguntou, no lugar de um cliente.",
    en: "This page asked, in the place of a client.",
  }],
  [/ client$/, null, null, {
    pt: "Um pedido, como quem pergunta o vê: com a ida e a volta.",
    en: "A request as the caller sees it: with the way there and back.",
  }],
  [/ server$/, null, null, {
    pt: "Um pedido, como quem responde o vê.",
    en: "A request as the one who answers sees it.",
  }],
  [/ consumer$/, null, null, {
    pt: "Uma mensagem que chegou.",
    en: "A message that arrived.",
  }],
  [/ producer$/, null, null, {
    pt: "Uma mensagem a entregar.",
    en: "A message to be delivered.",
  }],
  [/./, null, null, {
    pt: "Trabalho dentro de um processo.",
    en: "Work inside a process.",
  }],
];

/** What a span is, and the place in the guides that tells more, or null. */
export function explain(service, operation, kind) {
  const [, guide, section, says] = KINDS.find(([pattern]) => pattern.test(`${service} ${operation} ${kind}`));
  return { says: says[spoken()], place: guide === null ? null : `/guide/${guide}#${section}` };
}
