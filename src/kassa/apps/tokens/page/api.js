// What the server is asked, and the ways in which it may not answer.

import { initData } from "./telegram.js";
import { lang } from "./words.js";

const API = new URL(`${document.documentElement.dataset.root}../api/miniapp/`, location.href);
const SECONDS = 20;

/** The server said no, perhaps in words. */
export class Refused extends Error {
  constructor(status, answer) {
    super(typeof answer.detail === "string" ? answer.detail : "");
    this.status = status;
    this.code = answer.code ?? "";
    this.others = answer.others;
    this.payment = answer.payment_id;
  }
}

/** Nobody knows whether it was heard. */
export class Lost extends Error {}

async function call(method, path, body, headers = {}) {
  let answer, found;
  try {
    answer = await fetch(new URL(path, API), {
      method,
      headers: { "X-Telegram-Init-Data": initData, "Accept-Language": lang, ...(body && { "Content-Type": "application/json" }), ...headers },
      body: body && JSON.stringify({ ...body, init_data: initData }),
      signal: AbortSignal.timeout?.(SECONDS * 1000),
    });
    found = await answer.json().catch(() => ({}));
  } catch (error) {
    throw new Lost(error.message);
  }
  if (answer.ok && found.success !== false) return found;
  if ([502, 504].includes(answer.status)) throw new Lost(String(answer.status));
  throw new Refused(answer.status, Object(found));
}

export const state = () => call("GET", "state");
export const history = (before) => call("GET", `history${before ? `?before=${encodeURIComponent(before)}` : ""}`);
export const create = (body, key) => call("POST", "create-payment", body, { "Idempotency-Key": key });
export const status = (id) => call("GET", `payment-status/${encodeURIComponent(id)}`);
export const check = (id) => call("POST", `payment-check/${encodeURIComponent(id)}`, {});
export const cancel = (id) => call("POST", `payment-cancel/${encodeURIComponent(id)}`, {});
