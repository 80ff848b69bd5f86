// What the drawer is made of.

import { h, toast } from "./dom.js";
import { money } from "./i18n.js";

export const told = ({ message }) => toast(message);
export const copy = (text) => (navigator.clipboard ? navigator.clipboard.writeText(text).then(() => toast(`✓ ${text.slice(0, 40)}`), told) : prompt("", text));
export const chip = (text, onclick, more) => h("button", { type: "button", class: "chip", onclick, ...more }, text);
export const toggle = (text, on, onclick) => chip(text, onclick, { "aria-pressed": `${!!on}` });
export const copied = (title, text) => chip(text, () => copy(text), { class: "copied", title });
export const pick = (label, options, value, onchange) =>
  h("select", { "aria-label": label, onchange }, options.map(([each, text]) => h("option", { value: each, selected: each === value }, text)));
export const input = (label, more) => h("input", { "aria-label": label, placeholder: label, autocomplete: "off", spellcheck: "false", ...more });
export const form = (field, action, run) =>
  h("form", { class: "tools", onsubmit: (event) => (event.preventDefault(), run().catch(told)) }, field, h("button", { class: "text-button primary" }, action));
export const table = (head, rows) =>
  h("table", {}, h("tr", {}, head.map((each) => h("th", { scope: "col" }, each))), rows.map((row) => h("tr", {}, row.map((each) => h("td", {}, each)))));
export const small = (text) => h("small", {}, `${text}`);
export const shortly = (value) => (typeof value === "object" ? JSON.stringify(value) : value);
export const span = (ms) => (ms === undefined ? "" : ms < 1000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(1)} s`);
export const moment = (at) => new Date(at * 1000).toLocaleString("sv");
export const sum = (value, currency) => money(value, currency, /XTR|CLP|ISK|JPY|KRW|PYG|UGX|VND/.test(currency) ? 0 : 2);

/** The arrows go from one to the next; the tabulator passes over all of them at once. */
export function roving(place, selector) {
  const every = () => [...place.querySelectorAll(selector)];
  const hold = (held) => every().forEach((each, i) => (each.tabIndex = (held ? each === held : !i) ? 0 : -1));
  place.addEventListener("focusin", ({ target }) => target.matches(selector) && hold(target));
  place.addEventListener("keydown", (event) => {
    const all = every();
    const now = all.indexOf(event.target);
    const to = { ArrowRight: now + 1, ArrowDown: now + 1, ArrowLeft: now - 1, ArrowUp: now - 1, Home: 0, End: -1 }[event.key];
    if (now < 0 || to === undefined) return;
    event.preventDefault();
    all.at(to % all.length).focus();
  });
  return hold;
}

/** New content only where something has changed; whoever had the focus has it again. Where there
 * is a selector, the arrows go through what it finds. */
export function filler(place, selector) {
  const hold = selector ? roving(place, selector) : () => {};
  const every = () => [...place.querySelectorAll("button,input,select,a,summary,pre")];
  let before;
  return (state, content) => {
    if (before === (before = JSON.stringify(state))) return;
    const at = every().indexOf(document.activeElement);
    place.replaceChildren(...[content()].flat(2));
    hold();
    every()[at]?.focus();
  };
}

/** What a form's field brought as JSON, as what it is. */
function unpacked(name, value) {
  try {
    return /markup|entities|media|prices|results|parameters|options|commands|button|updates/.test(name) && /^[[{]/.test(value) ? JSON.parse(value) : value;
  } catch {
    return value;
  }
}

/** JSON with its colours. */
export function pretty(value) {
  const text = JSON.stringify(value, unpacked, 2);
  const shown = h("pre", { tabindex: "0" });
  let end = 0;
  for (const { 0: found, 1: key, index } of text.slice(0, 50_000).matchAll(/"(?:\\.|[^"\\])*"(:)?|-?\d[\d.eE+-]*|true|false|null/g)) {
    shown.append(text.slice(end, index), h(key ? "b" : found[0] === '"' ? "i" : "u", {}, found));
    end = index + found.length;
  }
  shown.append(text.slice(end));
  return shown;
}
