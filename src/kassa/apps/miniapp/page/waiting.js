// A payment under way, and how it ended.

import { h, icon, sign } from "./dom.js";
import { left, money } from "./format.js";
import { said } from "./view.js";
import { lang, words } from "./words.js";

export const headed = (kind, title, ...more) =>
  h("div", { class: `view ended ended-${kind}` }, sign(kind), h("h1", { tabindex: "-1" }, title), ...more);

export const quiet = (text, run, kind = "") => h("button", { type: "button", class: `quiet ${kind}`, onclick: run }, text);

/** While the person pays elsewhere. `told(text)` says how it stands. */
export function paying(payment, { row, onopen, oncancel }) {
  const title = h("h1", { tabindex: "-1" }, words.paying);
  const about = h("p", { class: "about", role: "status" }, payment.kind === "redirect" ? words.paying_about(money(payment.amount, payment.currency, lang)) : words.checking_about);
  const view = h("div", { class: "view ended ended-wait" }, sign("wait"), title, about, row,
    onopen && quiet(payment.kind === "invoice" ? words.again_invoice : words.again_page, onopen),
    quiet(words.cancel, oncancel, "bad"));
  return {
    view,
    checking() {
      title.textContent = words.checking;
      about.textContent = words.checking_about;
    },
    told(text) {
      title.textContent = words.paying;
      about.textContent = text;
    },
  };
}

/** What to transfer, and to where, with the time that is left. */
export function requisites(payment, { onopen, oncancel }) {
  const about = h("p", { class: "about", role: "status" }, words.transfer_about);
  const clock = h("b", { class: "clock-left" });
  const ring = h("div", { class: "clock", role: "timer" }, icon("clock"), h("span", {}, words.time_left), clock);
  ring.hidden = !payment.expires_at;
  const begun = Date.now();
  const ends = Date.parse(payment.expires_at ?? "");
  const tick = () => {
    const seconds = Math.max(0, (ends - Date.now()) / 1000);
    clock.textContent = seconds ? left(seconds) : words.time_over;
    ring.classList.toggle("soon", seconds < 120);
    ring.style.setProperty("--gone", String(Math.min(1, (Date.now() - begun) / Math.max(1, ends - begun))));
    if (!seconds) clearInterval(timer);
  };
  const timer = setInterval(() => (view.isConnected ? tick() : clearInterval(timer)), 1000);
  const view = h("div", { class: "view transfer" },
    h("h1", { tabindex: "-1" }, words.transfer, " ", money(payment.amount, payment.currency, lang)),
    about,
    ring,
    h("div", { class: "rows" },
      [{ name: words.sum, value: String(payment.amount), shown: money(payment.amount, payment.currency, lang) }, ...payment.requisites].map(({ name, value, shown }) =>
        h("div", { class: "row requisite" },
          h("span", { class: "row-text" }, h("small", {}, name), h("b", { class: "value" }, shown ?? value)),
          copyButton(value, name)))),
    onopen && quiet(words.or_page, onopen, "tinted"),
    quiet(words.cancel, oncancel, "bad"));
  if (payment.expires_at) tick();
  return { view, checking: () => (about.textContent = words.checking_about), told: (text) => (about.textContent = text) };
}

export function copyButton(value, name) {
  const button = h("button", { type: "button", class: "copy", "aria-label": `${words.copy}: ${name}`, onclick: async () => {
    await copy(value);
    button.replaceChildren(icon("check"));
    button.classList.add("copied");
    said(words.copied);
    setTimeout(() => {
      button.replaceChildren(icon("copy"));
      button.classList.remove("copied");
    }, 1600);
  } }, icon("copy"));
  return button;
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = h("textarea", { value: text, class: "unseen" }); // a frame may be forbidden the other way
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
}

/** failed, canceled, expired, refunded. */
export const unpaid = (status, support) =>
  headed(status === "expired" ? "late" : "bad", words[status], h("p", { class: "about" }, words[`${status}_about`]), support && h("p", { class: "small" }, support));

/** Something that stands in the way, and what to do about it. */
export const obstacle = (title, about, drawing, action) =>
  h("div", { class: "view ended" }, h("div", { class: "obstacle" }, icon(drawing)), h("h1", { tabindex: "-1" }, title), h("p", { class: "about" }, about), action);
