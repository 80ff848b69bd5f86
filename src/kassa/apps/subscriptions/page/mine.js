// One's own: how long it lasts, the link, devices, traffic, and whether it renews itself.

import * as api from "./api.js";
import { dayWord, days, months, size } from "./counts.js";
import { drawn, h, icon } from "./dom.js";
import { day, money, number, time } from "./format.js";
import { ask, openLink, vibrate } from "./telegram.js";
import { alarm, said } from "./view.js";
import { copyButton } from "./waiting.js";
import { lang, words } from "./words.js";

const SOON = 3; // days that are few

export const until = (at) => `${day(at, lang, words)}, ${time(at)}`;

/** A ring of what is left, with the days in it. */
export function ring(me) {
  const left = me.days_left;
  const share = left ? Math.min(1, left / Math.max(me.days_in_all, left)) : 0;
  const kind = me.status === "grace" || left <= SOON ? "soon" : "";
  const drawing = drawn("0 0 120 120", `<circle class="ring-track" cx="60" cy="60" r="52"/><circle class="ring-left" cx="60" cy="60" r="52" pathLength="100" stroke-dasharray="${(share * 100).toFixed(1)} 100"/>`, `class="ring-drawing"`);
  return h("section", { class: `ring ${kind}`, "aria-label": words.title },
    drawing,
    h("p", { class: "ring-days" }, h("b", { id: "days" }, number(left, lang)), h("span", {}, me.status === "grace" ? words.grace : words.days_left(dayWord(left)))),
    h("p", { class: "ring-until" }, me.status === "grace" ? words.grace_until(until(me.grace_until)) : words.until(until(me.expires_at))),
    me.title && h("p", { class: "ring-tier" }, me.title));
}

const row = (drawing, title, about, ...more) =>
  h("div", { class: "row" }, h("span", { class: "kind" }, icon(drawing)),
    h("span", { class: "row-text" }, h("span", { class: "row-title" }, title), about && h("small", {}, about)), ...more);

function linkRows(me, { oncode }) {
  if (me.preparing && !me.link) return h("p", { class: "note", role: "status" }, words.preparing);
  if (!me.link) return null;
  return [
    h("h2", {}, words.link),
    h("div", { class: "rows" },
      h("div", { class: "row" },
        h("span", { class: "row-text" }, h("span", { class: "link-text" }, me.link)),
        copyButton(me.link, words.link),
        h("button", { type: "button", class: "copy", "aria-label": words.code, onclick: oncode }, icon("qr"))),
      me.apps_url && h("button", { type: "button", class: "row row-button", onclick: () => openLink(me.apps_url) },
        h("span", { class: "kind" }, icon("phone")), h("span", { class: "row-text" }, h("span", { class: "row-title" }, words.connect)), icon("chevron"))),
  ];
}

const how = (way) => words.renews(months(way.months), money(way.amount, way.currency, lang), words.renew_by[way.kind] + (way.card ? ` ${way.card}` : ""));

/** The switch; where several ways are there, which one. */
function renewal(me, { onchanged, onways }) {
  const { on, now, ways } = me.auto;
  const about = h("small", { id: "auto-about" }, on ? (now ? how(now) : words.renews_on) : ways.length ? words.renews_off : words.renews_never);
  if (!on && !ways.length) return row("repeat", words.auto, words.renews_never);
  const box = h("button", { type: "button", role: "switch", class: "switch", "aria-checked": String(on), "aria-labelledby": "auto", "aria-describedby": "auto-about", onclick: async () => {
    if (box.ariaBusy === "true") return;
    if (!on && ways.length > 1) return onways();
    if (!(await ask(on ? words.auto_off_ask : words.auto_on_ask(how(ways[0]))))) return;
    box.ariaBusy = "true";
    try {
      const found = await api.auto(!on, on ? "" : ways[0].code);
      vibrate("tap");
      onchanged(found);
      said(found.auto.on ? words.auto_is_on : words.auto_is_off);
    } catch (error) {
      box.ariaBusy = "false";
      alarm(error.message || words.broken_about);
    }
  } });
  return h("div", { class: "row" }, h("span", { class: "kind" }, icon("repeat")),
    h("span", { class: "row-text" }, h("span", { class: "row-title", id: "auto" }, words.auto), about), box);
}

/** Which of the ways it renews itself by. */
export const waysToRenew = (me, { native, onback, onchosen }) =>
  h("div", { class: "view" },
    h("header", { class: "head" },
      !native && h("button", { type: "button", class: "round", "aria-label": words.back, onclick: onback }, icon("back")),
      h("h1", { tabindex: "-1" }, words.auto)),
    h("p", { class: "about" }, words.auto_which),
    h("div", { class: "rows" }, me.auto.ways.map((way) =>
      h("button", { type: "button", class: "row row-button", onclick: () => onchosen(way) },
        h("span", { class: "kind" }, icon(way.kind === "saved" ? "card" : "wallet")),
        h("span", { class: "row-text" }, h("span", { class: "row-title" }, words.renew_by[way.kind], way.card && ` ${way.card}`), h("small", {}, how(way))),
        icon("chevron")))));

/** Filled in when the panel has answered. */
function use(me) {
  const box = h("div", { class: "rows", "aria-busy": "true" }, h("div", { class: "bone bone-row" }));
  const place = h("section", { class: "use" }, h("h2", {}, words.use), box);
  async function load(work = api.devices()) {
    let found;
    try {
      found = await work;
    } catch (error) {
      box.replaceChildren(row("off", words.no_panel, "", h("button", { type: "button", class: "link", onclick: () => load() }, words.again)));
      box.ariaBusy = "false";
      return;
    }
    const limit = found.traffic ? words.of_traffic(size(found.used), size(found.traffic)) : words.no_limit(size(found.used));
    const count = found.most ? words.of_devices(found.devices.length, found.most) : String(found.devices.length);
    box.ariaBusy = "false";
    box.replaceChildren(
      h("div", { class: "row" }, h("span", { class: "kind" }, icon("traffic")),
        h("span", { class: "row-text" }, h("span", { class: "row-title" }, words.traffic), h("small", {}, limit),
          found.traffic > 0 && h("span", { class: "meter", role: "meter", "aria-label": words.traffic, "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": String(Math.min(100, Math.round((found.used / found.traffic) * 100))) },
            h("i", { style: { "--share": String(Math.min(1, found.used / found.traffic)) } })))),
      row("phone", words.devices, found.devices.length ? count : words.no_devices(found.most)),
      ...found.devices.map((name) =>
        h("div", { class: "row device" }, h("span", { class: "row-text" }, h("span", { class: "row-title" }, name)),
          h("button", { type: "button", class: "copy forget", "aria-label": words.forget(name), onclick: (event) => forget(event.currentTarget, name) }, icon("cross")))));
  }
  async function forget(button, name) {
    if (!(await ask(words.forget_ask(name)))) return;
    button.disabled = true;
    try {
      const found = await api.forget(name);
      vibrate("success");
      said(words.forgotten);
      load(Promise.resolve(found));
    } catch (error) {
      button.disabled = false;
      alarm(error.message || words.broken_about);
    }
  }
  load();
  return place;
}

export function mine(me, { oncode, onhistory, onchanged, onways, note }) {
  return h("div", { class: "view mine" },
    h("h1", { class: "unseen", tabindex: "-1" }, words.title_left(days(me.days_left))),
    ring(me),
    note && h("p", { class: "note", role: "status" }, note),
    linkRows(me, { oncode }),
    use(me),
    h("h2", {}, words.paying_for),
    h("div", { class: "rows" },
      renewal(me, { onchanged, onways }),
      h("button", { type: "button", class: "row row-button", onclick: onhistory },
        h("span", { class: "kind" }, icon("clock")), h("span", { class: "row-text" }, h("span", { class: "row-title" }, words.history)), icon("chevron"))));
}

