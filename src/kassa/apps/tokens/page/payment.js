// The page's course: what is chosen becomes a payment, and the payment is followed to its end.

import * as api from "./api.js";
import { choosing, supportLink, takesEmail } from "./choosing.js";
import { h } from "./dom.js";
import { order, success } from "./done.js";
import { follower } from "./following.js";
import { money } from "./format.js";
import * as telegram from "./telegram.js";
import { alarm, fresh, keeping, show, still } from "./view.js";
import { obstacle, unpaid } from "./waiting.js";
import { lang, speak, words } from "./words.js";

const { initData, language, person } = globalThis.kassa;
const CHANGED = ["wrong_amount", "wrong_currency", "wrong_credits"]; // prices are others now

const choice = { credits: null, method: "", email: "" };

let me;
let key = null; // of the payment that is about to be made, and what it is for

const { keep, kept } = keeping(() => me?.user.id ?? person.id);
const follow = follower({ api, row: order, onended: ended, onleft: left, onlost: lost });

async function start({ note = "" } = {}) {
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
    follow.wait(before, { returned: true });
  } else {
    choose({ first: !note, note });
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
  follow.stop();
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
    follow.wait(payment);
    follow.open(payment);
  } catch (error) {
    still(shown.view, false);
    telegram.busy(false);
    refused(error, shown, chosen);
  }
}

function refused(error, shown, chosen) {
  if (error.code === "checking" && error.payment) {
    key = null; // it was asked for, and nobody knows yet what came of it
    return follow.wait(noted({ ...chosen, kind: "redirect", payment_id: error.payment }));
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
  if (CHANGED.includes(error.code)) return void start({ note: words.changed }); // with the new ones
  alarm(error.message || (error.status === 429 ? words.slow_down : words.busy));
}

/** Kept over a reload, since the person may leave to pay. */
function noted(payment) {
  const kept = { ...payment, begun: Date.now(), before: me.balance };
  keep("payment", kept);
  return kept;
}

// --- how it went

function left() {
  keep("payment", null);
  choose({ note: words.invoice_left });
}

function lost(error) {
  keep("payment", null);
  return error.status === 401 ? broken(error, start) : choose();
}

async function ended(payment, { status, credits = payment.credits }) {
  keep("payment", null);
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

telegram.begin({ onreturn: follow.returned });
await speak(language);
if (initData) {
  start();
} else {
  show(obstacle(words.outside, words.outside_about, "plane", h("a", { class: "main-button", href: "open" }, words.open_bot)), { quietly: true });
  performance.mark("usable");
}
