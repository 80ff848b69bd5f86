// The page's course: what one has, what one chooses, and how a payment went.

import * as api from "./api.js";
import { choosing, order, supportLink } from "./choosing.js";
import { h, icon } from "./dom.js";
import { follower } from "./following.js";
import { money } from "./format.js";
import { mine, until, waysToRenew } from "./mine.js";
import * as telegram from "./telegram.js";
import { alarm, fresh, keeping, show, still } from "./view.js";
import { copyButton, headed, obstacle, unpaid } from "./waiting.js";
import { lang, speak, words } from "./words.js";

const { initData, language, person } = globalThis.kassa;
const CHANGED = ["wrong_price", "wrong_currency", "wrong_plan"]; // prices are others now
const READY = [1, 1, 2, 3, 5, 8, 10]; // seconds between looks whether the link is there

const choice = { plan: "", way: "", auto: false };

let me;
let sold = null;
let key = null; // of the purchase that is about to be made, and what it is for
let shownAt = 0; // which view is shown, so that what comes late changes no other

const { keep, kept } = keeping(() => me?.user.id ?? person.id);
const follow = follower({ api, row: order, onended: ended, onleft: left, onlost: lost });

const has = () => me.status === "active" || me.status === "grace";

async function start({ note = "" } = {}) {
  telegram.main();
  try {
    me = await api.me();
  } catch (error) {
    return broken(error, start);
  }
  await speak(me.user.language);
  tellZone();
  Object.assign(choice, kept("plan") ?? {});
  const before = kept("purchase");
  if (before && Date.now() - before.begun < 864e5) follow.wait(before, { returned: true });
  else if (has()) home({ first: !note, note });
  else await choose({ first: !note, note });
  performance.mark("usable");
}

/** Times are shown in theirs, unless they have chosen another. */
function tellZone() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !me.zone_chosen && zone !== me.zone) api.zone(zone).catch(() => {});
}

function broken(error, again) {
  telegram.vibrate("error");
  telegram.closing(false);
  if (error instanceof api.Refused && error.status === 401) {
    show(obstacle(words.stale, error.message || words.stale_about, "clock"));
    telegram.main(words.close, telegram.close);
  } else {
    show(obstacle(words.broken, (error instanceof api.Refused && error.message) || words.broken_about, "off"));
    telegram.main(words.again, () => again());
  }
}

// --- one's own

function home({ first = false, note = "" } = {}) {
  shownAt += 1;
  follow.stop();
  telegram.back(null);
  telegram.closing(false);
  const changed = (found) => {
    me = found;
    home({ first: true });
  };
  show(mine(me, { note, oncode: () => later("./code.js", "code", changed), onhistory: () => later("./history.js", "history"), onchanged: changed, onways: renewing }), { quietly: first });
  telegram.main(words.renew, () => choose());
  if (me.preparing) ready(shownAt, home);
}

/** The panel is at it still: what is shown is shown anew when the link is there. */
async function ready(view, then) {
  for (const seconds of READY) {
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    if (shownAt !== view) return;
    const found = await api.me().catch(() => null);
    if (shownAt !== view) return;
    if (found && !found.preparing) {
      me = found;
      return then({ first: true });
    }
  }
}

/** A view of a module that few need. */
async function later(file, name, changed) {
  const found = await (file === "./code.js" ? import("./code.js") : import("./history.js")).catch(() => null);
  if (!found) return alarm(words.broken_about);
  shownAt += 1;
  const back = () => (has() ? home() : choose());
  telegram.main();
  show(found[name](me, { native: telegram.back(back), onback: back, onchanged: changed }));
}

function renewing() {
  shownAt += 1;
  telegram.main();
  const chosen = async (way) => {
    try {
      me = await api.auto(true, way.code);
      telegram.vibrate("success");
      home({ note: words.auto_is_on });
    } catch (error) {
      alarm(error.message || words.broken_about);
    }
  };
  show(waysToRenew(me, { native: telegram.back(() => home()), onback: () => home(), onchosen: chosen }));
}

// --- choosing

function header() {
  const back = has() && (telegram.back(() => home()) || h("button", { type: "button", class: "round", "aria-label": words.back, onclick: () => home() }, icon("back")));
  const title = has() ? words.renew_title : me.status === "expired" ? words.expired_title : words.new_title;
  return h("header", { class: "head plans-head" }, back && back !== true && back,
    h("div", {}, h("h1", { tabindex: "-1" }, title), h("p", { class: "head-about" }, has() ? words.adds(until(me.expires_at)) : me.status === "expired" ? words.ended_at(until(me.expires_at)) : words.new_about)),
    !has() && me.history.items.length > 0 && h("button", { type: "button", class: "round", "aria-label": words.history, onclick: () => later("./history.js", "history") }, icon("clock")));
}

async function choose({ first = false, note = "" } = {}) {
  shownAt += 1;
  const view = shownAt;
  follow.stop();
  telegram.back(has() ? () => home() : null);
  telegram.closing(false);
  telegram.busy(true);
  try {
    sold = await api.plans();
  } catch (error) {
    return shownAt === view && broken(error, choose);
  }
  if (shownAt !== view) return;
  if (!sold.plans.some(({ ways }) => ways.length)) {
    show(obstacle(words.nothing, words.nothing_about, "clock", supportLink(me)));
    return telegram.main(words.again, () => choose());
  }
  plans({ first, note });
}

function plans({ first = false, note = "" } = {}) {
  const shown = choosing({ me, sold, choice, note, head: header(), onchange: label, onpromo: promo, ontrial: me.trial_days > 0 && trial });
  function label() {
    const { amount, currency } = shown.chosen();
    telegram.main(words.pay(money(amount, currency, lang)), () => pay(shown));
  }
  show(shown.view, { quietly: first });
  label();
}

/** What is wrong with a code; nothing, and it has had its effect. */
async function promo(code, plan) {
  let found;
  try {
    found = await api.promo(code, plan);
  } catch (error) {
    telegram.vibrate("error");
    return error.message || words.broken_about;
  }
  telegram.vibrate("success");
  if (found.days) {
    me = await api.me().catch(() => me);
    home({ note: words.promo_days(found.days) });
  } else {
    sold = found;
    plans({ first: true, note: words.promo_taken });
  }
  return "";
}

let trying = false;
async function trial() {
  if (trying) return;
  trying = true;
  telegram.busy(true);
  try {
    me = await api.trial();
    telegram.vibrate("success");
    home({ note: words.trial_begun });
  } catch (error) {
    telegram.busy(false);
    telegram.vibrate("error");
    alarm(error.message || words.broken_about);
  }
  trying = false;
}

// --- paying

async function pay(shown) {
  const chosen = shown.chosen();
  const what = JSON.stringify(chosen);
  if (key?.what !== what) key = { what, id: fresh() };
  telegram.busy(true);
  still(shown.view, true);
  keep("plan", choice);
  try {
    const { plan, provider, method, currency, amount, auto } = chosen;
    const made = await api.order({ plan, provider, method, currency, price: Number(amount), auto, terms: true }, key.id);
    key = null;
    const payment = noted({ ...chosen, ...made, payment_id: made.id, requisites: made.requisites ?? [] });
    if (made.status !== "pending") return void ended(payment, made);
    follow.wait(payment);
    follow.open(payment);
  } catch (error) {
    still(shown.view, false);
    telegram.busy(false);
    refused(error, chosen);
  }
}

function refused(error, chosen) {
  if (error.code === "checking" && error.answer?.id) {
    key = null; // it was asked for, and nobody knows yet what came of it
    return follow.wait(noted({ ...chosen, kind: "redirect", payment_id: error.answer.id }));
  }
  telegram.vibrate("error");
  if (error instanceof api.Lost) return alarm(words.lost); // by the same key again
  if (!(error instanceof api.Refused)) throw error;
  if (error.status < 500) key = null;
  if (error.status === 401) return broken(error, start);
  if (CHANGED.includes(error.code)) return void choose({ note: words.changed }); // with the new ones
  const other = error.others?.length && sold.plans.find(({ name }) => name === choice.plan)?.ways.find((way) => error.others.includes(`${way.provider}.${way.method}`));
  if (!other) return alarm(error.message || (error.status === 429 ? words.slow_down : words.busy));
  choice.way = `${other.provider}.${other.method}.${other.currency}`;
  plans({ note: error.message });
}

/** Kept over a reload, since the person may leave to pay. */
function noted(payment) {
  const kept = { ...payment, begun: Date.now() };
  keep("purchase", kept);
  return kept;
}

// --- how it went

function left() {
  keep("purchase", null);
  choose({ note: words.invoice_left });
}

function lost(error) {
  keep("purchase", null);
  return error.status === 401 ? broken(error, start) : choose();
}

async function ended(payment, { status }) {
  keep("purchase", null);
  if (status !== "succeeded") return over(status);
  telegram.vibrate("success");
  try {
    me = await api.me();
  } catch {
    return void start();
  }
  thanks();
}

function thanks({ first = false } = {}) {
  shownAt += 1;
  show(headed("good", words.done,
    h("p", { class: "about" }, words.done_about(until(me.expires_at))),
    me.link
      ? h("div", { class: "rows order" }, h("div", { class: "row" }, h("span", { class: "row-text" }, h("small", {}, words.link), h("span", { class: "link-text" }, me.link)), copyButton(me.link, words.link)))
      : me.preparing && h("p", { class: "note", role: "status" }, words.preparing)), { quietly: first });
  telegram.main(words.ready, () => home());
  if (me.preparing) ready(shownAt, thanks);
}

function over(status) {
  telegram.vibrate(status === "canceled" ? "warning" : "error");
  show(unpaid(status, supportLink(me)));
  telegram.main(words.retry, () => choose());
}

telegram.begin({ onreturn: follow.returned });
await speak(language);
if (initData) {
  start();
} else {
  show(obstacle(words.outside, words.outside_about, "plane", h("a", { class: "main-button", href: "open" }, words.open_bot)), { quietly: true });
  performance.mark("usable");
}
