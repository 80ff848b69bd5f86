// The page's course: what is chosen becomes a payment, and the payment is followed to its end.
// What the window of payment says is only a hint; how it went, the server says.

import * as api from "./api.js";
import { choosing, supportLink, takesEmail } from "./choosing.js";
import { h } from "./dom.js";
import { money } from "./format.js";
import * as telegram from "./telegram.js";
import { obstacle, paying, requisites, success, unpaid } from "./waiting.js";
import { lang, speak, words } from "./words.js";

const { initData, language, person } = globalThis.kassa;
const DELAYS = [1, 1, 1.5, 2, 2, 3, 3, 5, 5, 8]; // seconds between looks; the last one stays
const BEFORE_GIVING_UP = 4; // looks at an invoice that was closed

const root = document.getElementById("app");
const offline = document.getElementById("offline");
const choice = { credits: null, method: "", email: "" };

let me;
let following = null; // the payment that is waited for
let key = null; // of the payment that is about to be made, and what it is for

// --- what outlasts a reload

const place = (name) => `kassa.${name}.${me?.user.id ?? person.id}`;
const keep = (name, value) => {
  try {
    if (value) localStorage.setItem(place(name), JSON.stringify(value));
    else localStorage.removeItem(place(name));
  } catch {
    // Then it lasts as long as the page.
  }
};
const kept = (name) => {
  try {
    return JSON.parse(localStorage.getItem(place(name)));
  } catch {
    return null;
  }
};

// --- views

function show(view, { quietly = false } = {}) {
  root.replaceChildren(view);
  root.ariaBusy = "false";
  if (quietly) return;
  window.scrollTo(0, 0);
  view.querySelector("h1")?.focus({ preventScroll: true });
}


/** Nothing is changed while it is bought; the heading can be read all the same. */
function still(view, is) {
  view.classList.toggle("waits", is);
  for (const each of view.children) each.inert = is && each.tagName !== "H1";
}

async function start() {
  telegram.main();
  try {
    me = await api.state();
  } catch (error) {
    return broken(error, start);
  }
  await speak(me.user.language);
  Object.assign(choice, kept("choice") ?? {});
  choice.email = me.email || choice.email || "";
  const before = kept("payment");
  if (before && Date.now() - before.begun < 864e5) {
    wait(before, { returned: true });
  } else {
    choose({ first: true });
  }
  performance.mark("usable");
}

function broken(error, again) {
  telegram.vibrate("error");
  telegram.closing(false);
  if (error instanceof api.Refused && error.status === 401) {
    show(obstacle(words.stale, error.message || words.stale_about, "clock"));
    telegram.main(words.close, telegram.close);
  } else {
    show(obstacle(words.broken, (error instanceof api.Refused && error.message) || words.broken_about, "off"));
    telegram.main(words.again, again);
  }
}

function choose({ first = false, note = "" } = {}) {
  follow(null);
  telegram.back(null);
  telegram.closing(false);
  if (!me.methods.some(({ currency }) => me.packages.some(({ prices }) => prices[currency]))) {
    show(obstacle(words.nothing, words.nothing_about, "clock", supportLink(me)));
    telegram.main(words.again, start);
    return;
  }
  const shown = choosing({ me, choice, note, onchange: label, onhistory: history });
  function label() {
    const { amount, currency } = shown.chosen();
    telegram.main(words.pay(money(amount, currency, lang)), () => pay(shown));
  }
  show(shown.view, { quietly: first });
  label();
}

async function history() {
  const found = await import("./history.js").catch(() => null);
  if (!found) return alarm(words.broken_about);
  telegram.main();
  telegram.back(choose);
  show(found.history(me, { native: telegram.back(choose), onback: () => choose() }));
}

// --- paying

async function pay(shown) {
  if (!shown.agreed()) return void telegram.vibrate("error");
  const chosen = shown.chosen();
  const email = takesEmail(chosen) ? choice.email : "";
  const what = JSON.stringify([chosen, email]);
  if (key?.what !== what) key = { what, id: fresh() };
  telegram.busy(true);
  still(shown.view, true);
  keep("choice", choice);
  try {
    const made = await api.create({
      email, credits: chosen.credits, amount: Number(chosen.amount), currency: chosen.currency, payment_method: chosen.id, user_id: me.user.id,
    }, key.id);
    key = null;
    me.email = email || me.email;
    const payment = noted({ ...chosen, ...made, requisites: made.requisites ?? [] });
    wait(payment);
    open(payment);
  } catch (error) {
    still(shown.view, false);
    telegram.busy(false);
    refused(error, shown, chosen);
  }
}

function refused(error, shown, chosen) {
  if (error.code === "checking" && error.payment) {
    key = null; // it was asked for, and nobody knows yet what came of it
    return wait(noted({ ...chosen, kind: "redirect", payment_id: error.payment }));
  }
  telegram.vibrate("error");
  if (error instanceof api.Lost) return alarm(words.lost); // by the same key again
  if (!(error instanceof api.Refused)) throw error;
  if (error.status < 500) key = null;
  if (error.status === 401) return broken(error, start);
  if (error.code === "bad_email") return shown.badEmail(error.message || words.email_wrong);
  if (error.others?.length) {
    const other = me.methods.find(({ id }) => error.others.includes(id));
    if (other) choice.method = `${other.id}.${other.currency}`;
    return choose({ note: error.message });
  }
  if (error.code === "wrong_amount") return void start(); // prices have changed: show the new ones
  alarm(error.message || (error.status === 429 ? words.slow_down : words.busy));
}

/** Kept over a reload, since the person may leave to pay. */
function noted(payment) {
  const kept = { ...payment, begun: Date.now(), before: me.balance };
  keep("payment", kept);
  return kept;
}

async function open(payment) {
  if (payment.kind === "invoice") {
    const left = await telegram.openInvoice(payment.invoice_url ?? payment.payment_url);
    if (following?.payment !== payment) return;
    following.shown.checking();
    if (left === "cancelled" || left === "failed") following.patience = BEFORE_GIVING_UP;
    look({ ask: true });
  } else if (payment.kind !== "requisites") {
    telegram.openLink(payment.payment_url);
  }
}

function wait(payment, { returned = false } = {}) {
  const transfer = payment.kind === "requisites";
  const again = () => (transfer ? telegram.openLink(payment.payment_url) : open(payment));
  const acts = { oncancel: () => giveUp(payment), onopen: payment.payment_url || payment.invoice_url ? again : null };
  const shown = transfer ? requisites(payment, acts) : paying(payment, acts);
  follow({ payment, shown, looks: 0, patience: Infinity, timer: 0 });
  show(shown.view);
  telegram.back(null);
  telegram.main(transfer ? words.sent : words.check, () => look({ ask: true, pressed: true }));
  telegram.closing(true);
  if (returned) look({ ask: true });
  else soon();
}

function follow(next) {
  clearTimeout(following?.timer);
  following = next;
}

function soon() {
  const it = following;
  if (!it) return;
  clearTimeout(it.timer);
  it.timer = setTimeout(() => (document.hidden ? soon() : look()), DELAYS[Math.min(it.looks, DELAYS.length - 1)] * 1000);
}

/** `ask` has the server ask the payment provider, which it does not do for everybody all the time. */
async function look({ ask = false, pressed = false } = {}) {
  const it = following;
  if (!it) return;
  if (it.looking) {
    if (ask) it.next = { ask, pressed };
    return;
  }
  it.looking = true;
  it.looks += 1;
  if (ask) it.shown.checking();
  if (pressed) telegram.busy(true);
  let found = null;
  try {
    if (ask) found = await api.check(it.payment.payment_id).catch((error) => ignore(error));
    if (!found?.status) found = await api.status(it.payment.payment_id);
    connected(true);
  } catch (error) {
    if (error instanceof api.Lost) connected(false);
    else if (error.status === 404 || error.status === 401) found = { status: "lost", error };
    else ignore(error);
  }
  it.looking = false;
  if (following !== it) return;
  if (pressed) telegram.busy(false);
  if (found && found.status !== "pending") return ended(it.payment, found);
  if (it.looks >= it.patience) {
    keep("payment", null);
    return choose({ note: words.invoice_left });
  }
  if (it.next) {
    const next = it.next;
    it.next = null;
    return look(next);
  }
  if (ask) it.shown.told(words.not_yet);
  soon();
}

/** A refusal that the next look may not meet: too often, or not now. */
function ignore(error) {
  if (error instanceof api.Refused && (error.status === 429 || error.status >= 500)) return null;
  throw error;
}

async function ended(payment, { status, error, credits = payment.credits }) {
  follow(null);
  keep("payment", null);
  telegram.closing(false);
  if (status === "lost") return error.status === 401 ? broken(error, start) : choose();
  if (status !== "succeeded") return over(status);
  telegram.vibrate("success");
  try {
    me = await api.state();
  } catch {
    me = { ...me, balance: payment.before + credits };
  }
  const from = Math.min(payment.before ?? me.balance - credits, me.balance);
  show(success({ credits, from, to: me.balance }, { onmore: () => choose() }));
  telegram.main(words.to_chat, telegram.close);
}

function over(status) {
  telegram.vibrate(status === "canceled" ? "warning" : "error");
  show(unpaid(status, supportLink(me)));
  telegram.main(status === "refunded" ? words.more : words.retry, () => choose());
}

async function giveUp(payment) {
  if (!(await telegram.ask(words.cancel_ask)) || following?.payment !== payment) return;
  try {
    const found = await api.cancel(payment.payment_id);
    if (following?.payment !== payment) return;
    if (found.status && found.status !== "pending") return void ended(payment, found);
    keep("payment", null);
    choose();
  } catch (error) {
    if (following?.payment !== payment) return;
    if (error instanceof api.Lost) return alarm(words.broken_about);
    following.shown.told(error.message || words.not_cancelled);
    look({ ask: true });
  }
}

const fresh = () => crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((part) => part.toString(16).padStart(2, "0")).join("");

// --- the connection, and coming back

function connected(is) {
  offline.hidden = is;
  offline.textContent = is ? "" : words.offline;
}
window.addEventListener("offline", () => connected(false));
window.addEventListener("online", () => (connected(true), look()));

let alarmed;
function alarm(text) {
  const box = h("div", { class: "alarm", role: "alert" }, text);
  document.querySelector(".alarm")?.remove();
  document.body.append(box);
  clearTimeout(alarmed);
  alarmed = setTimeout(() => box.remove(), 6000);
}

let away = 0;
document.addEventListener("visibilitychange", () => document.hidden && (away = Date.now()));
window.addEventListener("blur", () => (away ||= Date.now()));
function returned() {
  const long = away && Date.now() - away > 1500;
  away = 0;
  if (following) look({ ask: Boolean(long) });
}

telegram.begin({ onreturn: returned });
await speak(language);
if (initData) {
  start();
} else {
  show(obstacle(words.outside, words.outside_about, "plane", h("a", { class: "main-button", href: "open" }, words.open_bot)), { quietly: true });
  performance.mark("usable");
}
