// What came and went: a chart of thirty days, and every entry below it.

import * as api from "./api.js";
import { h, drawn, icon } from "./dom.js";
import { day, number, time } from "./format.js";
import { tokens } from "./counts.js";
import { lang, words } from "./words.js";

const DRAWINGS = { topup: "up", spend: "down", refund: "undo", gift: "gift", debt: "clock" };
const WIDTH = 300;
const HEIGHT = 96;

export function history(me, { native, onback }) {
  const list = h("div", { class: "days" });
  const more = h("button", { type: "button", class: "quiet", hidden: true, onclick: () => load(more.dataset.next) }, words.earlier);
  const top = h("div", {});
  const told = h("p", { class: "about", role: "status" });
  const view = h("div", { class: "view history" },
    h("header", { class: "head" },
      !native && h("button", { type: "button", class: "round", "aria-label": words.back, onclick: onback }, icon("back")),
      h("h1", { tabindex: "-1" }, words.history)),
    top, list, told, more);
  let last = "";
  let rows = null;

  for (let at = 0; at < 4; at += 1) list.append(h("div", { class: "bone bone-row" }));

  async function load(before) {
    more.disabled = true;
    told.textContent = "";
    let found;
    try {
      found = await api.history(before);
    } catch (error) {
      more.disabled = more.hidden = false;
      more.textContent = words.again;
      if (!before) list.replaceChildren();
      told.textContent = (error instanceof api.Refused && error.message) || words.broken_about;
      return;
    }
    if (!before) {
      list.replaceChildren();
      if (found.chart?.some((one) => one.in || one.out)) top.append(chart(found.chart));
      if (!found.items.length) top.append(h("div", { class: "ended" }, h("div", { class: "obstacle" }, icon("clock")), h("h2", {}, words.empty), h("p", { class: "about" }, words.empty_about)));
    }
    for (const item of found.items) {
      const name = day(item.at, lang, words);
      if (name !== last) list.append(h("h2", {}, (last = name)), (rows = h("ul", { class: "rows" })));
      rows.append(entry(item));
    }
    more.textContent = words.earlier;
    more.dataset.next = found.next ?? "";
    more.hidden = !found.next;
    more.disabled = false;
  }

  load();
  return view;
}

const entry = ({ at, kind, credits, title }) =>
  h("li", { class: "row" },
    h("span", { class: `kind kind-${credits < 0 ? "out" : "in"}` }, icon(DRAWINGS[kind] ?? (credits < 0 ? "down" : "up"))),
    h("span", { class: "row-text" }, h("span", { class: "row-title" }, title || words.kind[kind] || kind), h("small", {}, h("time", { datetime: at }, time(at)))),
    h("b", { class: `row-sum ${credits < 0 ? "" : "good"}` }, `${credits > 0 ? "+" : ""}${number(credits, lang)}`));

function chart(days) {
  const most = Math.max(1, ...days.flatMap((one) => [one.in, one.out]));
  const step = WIDTH / days.length;
  const wide = Math.max(2, step * 0.62);
  const middle = HEIGHT / 2;
  const tall = (value) => (value ? Math.max(3, Math.sqrt(value / most) * (middle - 4)) : 0);
  const bar = (at, value, kind) => {
    const height = tall(value);
    const y = kind === "in" ? middle - 1 - height : middle + 1;
    return value ? `<rect class="bar-${kind}" x="${(at * step + (step - wide) / 2).toFixed(1)}" y="${y.toFixed(1)}" width="${wide.toFixed(1)}" height="${height.toFixed(1)}" rx="${Math.min(2.5, wide / 2)}"/>` : "";
  };
  const bars = days.map((one, at) => bar(at, Number(one.in) || 0, "in") + bar(at, Number(one.out) || 0, "out")).join("");
  const [added, spent] = ["in", "out"].map((side) => days.reduce((sum, one) => sum + (Number(one[side]) || 0), 0));
  const svg = drawn(`0 0 ${WIDTH} ${HEIGHT}`, `<path class="axis" d="M0 ${middle}H${WIDTH}"/>${bars}`, `class="chart"`);
  return h("figure", { class: "card" },
    h("figcaption", {}, words.chart, h("span", { class: "unseen" }, ` ${words.chart_about(tokens(added), tokens(spent))}`)),
    svg,
    h("p", { class: "span", "aria-hidden": "true" }, h("span", {}, day(days[0].day, lang, words)), h("span", {}, words.today)),
    h("div", { class: "legend", "aria-hidden": "true" },
      h("span", { class: "good" }, h("i", {}), words.income, h("b", {}, number(added, lang))),
      h("span", {}, h("i", {}), words.spent, h("b", {}, number(spent, lang)))));
}
