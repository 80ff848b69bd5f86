// A payment under way, and how it ended.

import { h, icon, pile, sign } from "./dom.js";
import { left, money, number } from "./format.js";
import { lang, tokens, tokenWord, words } from "./words.js";

const headed = (kind, title, ...more) =>
  h("div", { class: `view ended ended-${kind}` }, sign(kind), h("h1", { tabindex: "-1" }, title), ...more);

const order = ({ credits, amount, currency }) =>
  h("div", { class: "rows order" }, h("div", { class: "row" },
    pile(3),
    h("span", { class: "row-text" }, h("span", { class: "row-title" }, tokens(credits))),
    h("b", { class: "row-sum" }, money(amount, currency, lang))));

const quiet = (text, run, kind = "") => h("button", { type: "button", class: `quiet ${kind}`, onclick: run }, text);

/** While the person pays elsewhere. `told(text)` says how it stands. */
export function paying(payment, { onopen, oncancel }) {
  const title = h("h1", { tabindex: "-1" }, words.paying);
  const about = h("p", { class: "about", role: "status" }, payment.kind === "redirect" ? words.paying_about(money(payment.amount, payment.currency, lang)) : words.checking_about);
  const view = h("div", { class: "view ended ended-wait" }, sign("wait"), title, about, order(payment),
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
    onopen && quiet(words.or_page, onopen),
    quiet(words.cancel, oncancel, "bad"));
  if (payment.expires_at) tick();
  return { view, checking: () => (about.textContent = words.checking_about), told: (text) => (about.textContent = text) };
}

function copyButton(value, name) {
  const button = h("button", { type: "button", class: "copy", "aria-label": `${words.copy}: ${name}`, onclick: async () => {
    await copy(value);
    button.replaceChildren(icon("check"));
    button.classList.add("copied");
    document.getElementById("said").textContent = words.copied;
    setTimeout(() => {
      button.replaceChildren(icon("copy"));
      button.classList.remove("copied");
    }, 1600);
  } }, icon("copy"));
  return button;
}

async function copy(text) {
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

/** failed, canceled, expired, refunded. */
export const unpaid = (status, support) =>
  headed(status === "expired" ? "late" : "bad", words[status], h("p", { class: "about" }, words[`${status}_about`]), support && h("p", { class: "small" }, support));

/** Something that stands in the way, and what to do about it. */
export const obstacle = (title, about, drawing, action) =>
  h("div", { class: "view ended" }, h("div", { class: "obstacle" }, icon(drawing)), h("h1", { tabindex: "-1" }, title), h("p", { class: "about" }, about), action);
