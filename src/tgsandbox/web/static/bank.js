// A provider's page where a person pays: what for, how much, and how it is to end.

import { t, named, sum } from "./bank_words.js";
import { field, h, iconButton, toast } from "./dom.js";
import { speak, spoken } from "./i18n.js";

const LANGUAGES = { ru: "Русский", uz: "O‘zbekcha", en: "English" };
const GOOD = ["paid", "authorized"];
const BAD = ["failed", "expired", "canceled"];
const place = document.getElementById("bank");
const where = location.pathname.replace(/^\/bank\//, "/bank/api/");
let payment = null;
let [told, less, busy, going] = ["", false, false, false];

async function ask(path, body) {
  const options = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error(t("offline"));
  }
  const answer = await response.json();
  if (!response.ok) throw new Error(response.status === 404 && !body ? t("nothing") : answer.detail);
  return answer;
}

/** What the payer does; after it the shop has them back. */
async function act(name, given = {}) {
  if (busy) return;
  place.setAttribute("aria-busy", (busy = true));
  try {
    const before = payment.state;
    payment = await ask(`${where}/${name}`, given);
    less = false;
    told = name === "decline" && payment.state === before ? t("declined_told") : "";
    const to = told ? "" : payment.state === "paid" || name !== "decline" ? payment.success_url : payment.cancel_url || payment.success_url;
    if (to) {
      going = true;
      setTimeout(() => location.assign(to), 700);
    }
  } catch ({ message }) {
    toast(message);
  }
  place.setAttribute("aria-busy", (busy = false));
  show();
}

const row = (name, value, props = {}) => value && h("div", {}, h("dt", {}, name), h("dd", props, value));
const copying = (value) => [
  h("span", {}, value),
  navigator.clipboard && iconButton("copy", `${t("copy")}: ${value}`, () => navigator.clipboard.writeText(value).then(() => toast(t("copied")), () => {})),
];

function lessForm() {
  const { amount, exponent, currency } = payment;
  const step = 10 ** -exponent;
  const { input, element } = field(`${t("amount")}, ${currency}`, {
    type: "number", inputmode: "decimal", min: `${step}`, step: `${step}`, required: true, value: (Math.max(1, Math.floor(amount / 2)) / 10 ** exponent).toFixed(exponent),
  });
  return h("form", { class: "less", onsubmit: (event) => {
    event.preventDefault();
    act("pay", { amount: Math.round(Number(input.value) * 10 ** exponent) });
  } }, element, h("button", { class: "text-button primary" }, t("pay")));
}

function acts() {
  const { acts: known, to_pay: amount, currency, exponent } = payment;
  const [first, ...others] = [
    known.includes("pay") && h("button", { type: "button", class: "big-button", onclick: () => act("pay") }, `${t("pay")} ${sum(amount, currency, exponent)}`),
    known.includes("start") && h("button", { type: "button", onclick: () => act("start") }, t("start")),
    known.includes("twice") && h("button", { type: "button", onclick: () => act("twice") }, t("twice")),
    known.includes("less") && h("button", { type: "button", "aria-expanded": `${less}`, onclick: () => {
      show((less = !less));
      place.querySelector(".less input")?.select();
    } }, t("less")),
    known.includes("again") && h("button", { type: "button", onclick: () => act("again") }, t("again")),
    known.includes("decline") && h("button", { type: "button", class: "danger", onclick: () => act("decline") }, t("decline")),
  ];
  const shown = others.filter(Boolean);
  return (first || shown.length > 0) && h("div", { class: "acts" },
    told && h("p", { class: "told", role: "alert" }, told),
    first,
    shown.length > 0 && h("h2", {}, t("others")),
    shown.length > 0 && h("div", { class: "more" }, shown),
    less && lessForm());
}

function back() {
  const { state, success_url: success, cancel_url: cancel } = payment;
  if (going) return h("p", { class: "told hint", role: "status" }, t("going"), h("br"), h("a", { href: success || cancel }, t("back")));
  const over = !payment.acts.includes("pay");
  const to = over ? (BAD.includes(state) && cancel) || success || cancel : cancel || success;
  return to && h("a", { class: over ? "back" : "leave hint", href: to }, over ? t("back") : t("leave"));
}

function show() {
  const at = [...place.querySelectorAll("button,select,input")].indexOf(document.activeElement);
  if (!payment) return;
  const { title, shop, to_pay: amount, currency, exponent, description, state, method, key, ref, requisites } = payment;
  document.title = `${sum(amount, currency, exponent)} · ${shop}`;
  place.replaceChildren(...[
    h("div", { class: "card" },
      h("header", { class: "top" }, h("span", { class: "mark", "aria-hidden": "true" }, title[0]), h("b", {}, title), h("span", { class: "hint" }, shop)),
      h("div", { class: "sum" },
        h("div", { class: "hint" }, t("to_pay")),
        h("h1", {}, sum(amount, currency, exponent)),
        description && h("p", {}, description),
        h("div", { class: `state ${GOOD.includes(state) ? "good" : BAD.includes(state) ? "bad" : ""}`, role: "status" }, named("state", state))),
      h("dl", {},
        row(t("method"), method && named("method", method)),
        Object.entries(requisites).map(([name, value]) => row(named("req", name), copying(value))),
        row(t("order"), key, { class: "small" }),
        row(t("payment"), ref, { class: "small" })),
      acts(),
      back()),
    foot(),
  ]);
  if (at >= 0) [...place.querySelectorAll("button,select,input")][at]?.focus();
}

function foot() {
  return h("footer", { class: "foot" },
    h("p", { class: "hint" }, t("test")),
    h("select", { "aria-label": t("language"), onchange: ({ target }) => {
      localStorage.setItem("bank-language", target.value);
      speak(target.value);
      show();
    } }, Object.entries(LANGUAGES).map(([each, text]) => h("option", { value: each, lang: each, selected: each === spoken() }, text))));
}

async function look() {
  try {
    const found = await ask(where);
    const changed = JSON.stringify(found) !== JSON.stringify(payment);
    payment = found;
    if (changed) show();
  } catch ({ message }) {
    if (payment) return;
    place.replaceChildren(h("div", { class: "card none" }, h("h1", {}, "404"), h("p", { class: "hint" }, message)));
  }
}

const dark = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
document.documentElement.dataset.theme = localStorage.getItem("theme") ?? dark;
speak(new URLSearchParams(location.search).get("lang") ?? localStorage.getItem("bank-language") ?? navigator.language.slice(0, 2));
await look();
setInterval(() => !document.hidden && !busy && !going && look(), 1000);
