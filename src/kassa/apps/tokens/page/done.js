// What was bought, and that it is there.

import { h, pile } from "./dom.js";
import { money, number } from "./format.js";
import { tokens, tokenWord } from "./counts.js";
import { headed, quiet } from "./waiting.js";
import { lang, words } from "./words.js";

export const order = ({ credits, amount, currency }) =>
  h("div", { class: "rows order" }, h("div", { class: "row" },
    pile(3),
    h("span", { class: "row-text" }, h("span", { class: "row-title" }, tokens(credits))),
    h("b", { class: "row-sum" }, money(amount, currency, lang))));

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** The balance grows before one's eyes. */
export function success({ credits, from, to }, { onmore }) {
  const count = h("b", {}, number(calm() ? to : from, lang));
  const word = h("span", {}, tokenWord(to));
  const view = headed("good", words.done,
    h("p", { class: "about" }, words.done_about(tokens(credits))),
    h("p", { class: "counted", "aria-label": `${words.balance}: ${tokens(to)}` }, h("small", {}, words.balance), count, " ", word),
    h("p", { class: "about" }, words.thanks),
    quiet(words.more, onmore));
  if (calm()) return view;
  view.prepend(h("div", { class: "rain", "aria-hidden": "true" }, Array.from({ length: 14 }, (_, at) =>
    h("i", { style: { "--x": `${(at * 37) % 100}%`, "--delay": `${(at * 97) % 700}ms`, "--turn": `${(at * 53) % 360}deg` } }))));
  const begun = performance.now() + 350;
  const step = (now) => {
    const share = Math.min(1, Math.max(0, (now - begun) / 1100));
    const eased = 1 - (1 - share) ** 3;
    count.textContent = number(Math.round(from + (to - from) * eased), lang);
    if (share < 1) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
  return view;
}
