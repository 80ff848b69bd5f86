// A payment is followed to its end. What the window of payment says is only a hint; how it went,
// the server says.

import { Lost, Refused } from "./calls.js";
import * as telegram from "./telegram.js";
import { alarm, connected, show } from "./view.js";
import { paying, requisites } from "./waiting.js";
import { words } from "./words.js";

const DELAYS = [1, 1, 1.5, 2, 2, 3, 3, 5, 5, 8]; // seconds between looks; the last one stays
const BEFORE_GIVING_UP = 4; // looks at an invoice that was closed

/** `api` asks: status, check, cancel. `row(payment)` shows what is bought. `onended(payment, found)`
 * hears how it went, `onleft()` that an invoice was closed, `onlost(error)` that it is not there. */
export function follower({ api, row, onended, onleft, onlost }) {
  let following = null; // the payment that is waited for

  function follow(next) {
    clearTimeout(following?.timer);
    following = next;
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
    const acts = { row: row(payment), oncancel: () => giveUp(payment), onopen: payment.payment_url || payment.invoice_url ? again : null };
    const shown = transfer ? requisites(payment, acts) : paying(payment, acts);
    follow({ payment, shown, looks: 0, patience: Infinity, timer: 0 });
    show(shown.view);
    telegram.back(null);
    telegram.main(transfer ? words.sent : words.check, () => look({ ask: true, pressed: true }));
    telegram.closing(true);
    if (returned) look({ ask: true });
    else soon();
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
      if (error instanceof Lost) connected(false);
      else if (error.status === 404 || error.status === 401) found = { status: "lost", error };
      else ignore(error);
    }
    it.looking = false;
    if (following !== it) return;
    if (pressed) telegram.busy(false);
    if (found && found.status !== "pending") return ended(it.payment, found);
    if (it.looks >= it.patience) {
      follow(null);
      return onleft();
    }
    if (it.next) {
      const next = it.next;
      it.next = null;
      return look(next);
    }
    if (ask) it.shown.told(words.not_yet);
    soon();
  }

  function ended(payment, found) {
    follow(null);
    telegram.closing(false);
    return found.status === "lost" ? onlost(found.error) : onended(payment, found);
  }

  async function giveUp(payment) {
    if (!(await telegram.ask(words.cancel_ask)) || following?.payment !== payment) return;
    try {
      const found = await api.cancel(payment.payment_id);
      if (following?.payment !== payment) return;
      if (found.status && found.status !== "pending") return void ended(payment, found);
      ended(payment, { status: "lost", error: {} });
    } catch (error) {
      if (following?.payment !== payment) return;
      if (error instanceof Lost) return alarm(words.broken_about);
      following.shown.told(error.message || words.not_cancelled);
      look({ ask: true });
    }
  }

  // --- the connection, and coming back

  window.addEventListener("offline", () => connected(false));
  window.addEventListener("online", () => (connected(true), look()));
  let away = 0;
  document.addEventListener("visibilitychange", () => document.hidden && (away = Date.now()));
  window.addEventListener("blur", () => (away ||= Date.now()));
  function returned() {
    const long = away && Date.now() - away > 1500;
    away = 0;
    if (following) look({ ask: Boolean(long) });
  }

  return { wait, open, returned, stop: () => follow(null) };
}

/** A refusal that the next look may not meet: too often, or not now. */
function ignore(error) {
  if (error instanceof Refused && (error.status === 429 || error.status >= 500)) return null;
  throw error;
}
