// What happened to one's time, newest first.

import * as api from "./api.js";
import { days, months } from "./counts.js";
import { h, icon } from "./dom.js";
import { day, time } from "./format.js";
import { lang, words } from "./words.js";

const DRAWINGS = { paid: "card", gift: "gift", trial: "clock", referral: "gift", welcome: "gift", promo: "gift", change: "repeat", refund: "undo", reversal: "undo" };

export function history(me, { native, onback }) {
  const list = h("div", { class: "days" });
  const told = h("p", { class: "about", role: "status" });
  const more = h("button", { type: "button", class: "quiet", hidden: true, onclick: () => load() }, words.earlier);
  let last = "";
  let rows = null;
  let next = null;

  function fill(found) {
    for (const item of found.items) {
      const name = day(item.at, lang, words);
      if (name !== last) list.append(h("h2", {}, (last = name)), (rows = h("ul", { class: "rows" })));
      rows.append(entry(item));
    }
    next = found.next;
    more.hidden = !next;
    more.disabled = false;
    more.textContent = words.earlier;
  }

  async function load() {
    more.disabled = true;
    told.textContent = "";
    try {
      fill((await api.earlier(next)).history);
    } catch (error) {
      more.disabled = false;
      more.textContent = words.again;
      told.textContent = (error instanceof api.Refused && error.message) || words.broken_about;
    }
  }

  fill(me.history);
  if (!me.history.items.length) told.textContent = words.empty;
  return h("div", { class: "view history" },
    h("header", { class: "head" },
      !native && h("button", { type: "button", class: "round", "aria-label": words.back, onclick: onback }, icon("back")),
      h("h1", { tabindex: "-1" }, words.history)),
    list, told, more);
}

function entry({ at, kind, title, months: count, days: came, until }) {
  const sum = count ? months(count) : days(Math.abs(came));
  const less = came < 0;
  return h("li", { class: "row" },
    h("span", { class: `kind kind-${less ? "out" : "in"}` }, icon(DRAWINGS[kind] ?? "clock")),
    h("span", { class: "row-text" }, h("span", { class: "row-title" }, title), h("small", {}, h("time", { datetime: at }, time(at)), " · ", words.until_short(day(until, lang, words)))),
    h("b", { class: `row-sum ${less ? "" : "good"}` }, `${less ? "−" : "+"}${sum}`));
}
