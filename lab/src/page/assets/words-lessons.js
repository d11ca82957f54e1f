// The words of the lessons.

import { learn } from "./words.js";

learn({
  pt: {
    lessonsTitle: "Lições",
    lessonsAbout: "Cada lição quebra algo, passo a passo, diz o que fazer enquanto isso e o que procurar; no fim, tudo é consertado.",
    lessonBegin: "começar",
    lessonNext: "próximo passo",
    lessonStop: "encerrar e consertar",
    lessonGuide: (exercise, number) => `guia de ${exercise}, experimento ${number}`,
    lessonSymptoms: "O que procurar",
    lessonSteps: "Os passos",
    lessonStep: (number, all) => `Passo ${number} de ${all}`,
    lessonLeft: (seconds) => `o próximo passo vem em ${seconds} s`,
    lessonBegins: "começando…",
    lessonOver: "A lição terminou; tudo está consertado.",
    lessonTrouble: (why) => `A lição terminou antes da hora: ${why}`,
    lessonLacks: (what) => `não aqui: ${what}`,
    places: { readiness: "prontidão", span: "span", log: "log", client: "cliente" },
  },
  en: {
    lessonsTitle: "Lessons",
    lessonsAbout: "Each lesson breaks something, step by step, says what to do meanwhile and what to look for; at the end everything is put right.",
    lessonBegin: "begin",
    lessonNext: "next step",
    lessonStop: "end and mend",
    lessonGuide: (exercise, number) => `guide to ${exercise}, experiment ${number}`,
    lessonSymptoms: "What to look for",
    lessonSteps: "The steps",
    lessonStep: (number, all) => `Step ${number} of ${all}`,
    lessonLeft: (seconds) => `the next step comes in ${seconds} s`,
    lessonBegins: "beginning…",
    lessonOver: "The lesson is over; everything is right again.",
    lessonTrouble: (why) => `The lesson ended before its time: ${why}`,
    lessonLacks: (what) => `not here: ${what}`,
    places: { readiness: "readiness", span: "span", log: "log", client: "client" },
  },
});
