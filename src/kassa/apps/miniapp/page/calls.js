// How the server is asked, and the ways in which it may not answer.

import { lang } from "./words.js";

const { api, first, initData } = globalThis.kassa;
const SECONDS = 20;

/** The server said no, perhaps in words. */
export class Refused extends Error {
  constructor(status, answer) {
    super(typeof answer.detail === "string" ? answer.detail : "");
    this.status = status;
    this.code = answer.code ?? "";
    this.others = answer.others;
    this.payment = answer.payment_id;
    this.answer = answer;
  }
}

/** Nobody knows whether it was heard. */
export class Lost extends Error {}

const send = (method, path, body, headers) =>
  fetch(new URL(path, api), {
    method,
    headers: { "X-Telegram-Init-Data": initData, "Accept-Language": lang, ...(body && { "Content-Type": "application/json" }), ...headers },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout?.(SECONDS * 1000),
  });

export const call = (method, path, body, headers) => heard(() => send(method, path, body, headers));

async function heard(sending) {
  let answer, found;
  try {
    answer = await sending();
    found = answer.headers.get("content-type")?.includes("svg") ? await answer.text() : await answer.json().catch(() => ({}));
  } catch (error) {
    throw new Lost(error.message);
  }
  if (answer.ok && found.success !== false) return found;
  if ([502, 504].includes(answer.status)) throw new Lost(String(answer.status));
  throw new Refused(answer.status, Object(found));
}

let early = first; // on its way since the page was opened
/** What the first view shows. */
export const begun = (path) => {
  const sent = early;
  early = null;
  return sent ? heard(() => sent) : call("GET", path);
};
