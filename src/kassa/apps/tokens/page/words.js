// What the page says, in the language of the person.

import en from "./en.js";
import ru from "./ru.js";
import uz from "./uz.js";
import { number, plural } from "./format.js";

const ALL = { ru, uz, en };

export let lang = "ru";
export let words = ru;

export function speak(wanted) {
  const found = String(wanted ?? "").slice(0, 2).toLowerCase();
  lang = ALL[found] ? found : "ru";
  words = ALL[lang];
  document.documentElement.lang = lang;
  document.title = words.title;
}

/** 1 token, 2 tokens. */
export const tokens = (count) => `${number(count, lang)}\u00a0${tokenWord(count)}`;
export const tokenWord = (count) => plural(count, words.token, lang);
