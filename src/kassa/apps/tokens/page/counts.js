// Tokens as the language counts them.

import { number, plural } from "./format.js";
import { lang, words } from "./words.js";

/** 1 token, 2 tokens. */
export const tokens = (count) => `${number(count, lang)}\u00a0${tokenWord(count)}`;
export const tokenWord = (count) => plural(count, words.token, lang);
