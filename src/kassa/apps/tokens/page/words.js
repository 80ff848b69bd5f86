// What the page says, in the language of the person.

import { number, plural } from "./format.js";

export let lang = "ru";
export let words;

export async function speak(wanted) {
  const { languageOf, wordsIn } = globalThis.kassa;
  const found = languageOf(wanted);
  ({ default: words } = await wordsIn(found));
  lang = found;
  document.documentElement.lang = lang;
  document.title = words.title;
}

/** 1 token, 2 tokens. */
export const tokens = (count) => `${number(count, lang)}\u00a0${tokenWord(count)}`;
export const tokenWord = (count) => plural(count, words.token, lang);
