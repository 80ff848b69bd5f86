// Days, months and amounts of data as the language counts them.

import { number, plural } from "./format.js";
import { lang, words } from "./words.js";

const NBSP = "\u00a0";
const GIGABYTE = 1024 ** 3;

export const days = (count) => `${number(count, lang)}${NBSP}${dayWord(count)}`;
export const dayWord = (count) => plural(count, words.day_word, lang);
export const months = (count) => `${number(count, lang)}${NBSP}${monthWord(count)}`;
export const monthWord = (count) => plural(count, words.month_word, lang);

/** 12.3 GB, 740 MB. */
export function size(bytes) {
  if (bytes < GIGABYTE) return `${number(Math.round(bytes / 1024 ** 2), lang)}${NBSP}${words.megabytes}`;
  const tenths = Math.round((bytes / GIGABYTE) * 10) / 10;
  return `${number(tenths, lang)}${NBSP}${words.gigabytes}`;
}
