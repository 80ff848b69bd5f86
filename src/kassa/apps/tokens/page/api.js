// What the server is asked.

import { begun, call } from "./calls.js";

const { initData } = globalThis.kassa;

export const state = () => begun("state");
export const history = (before) => call("GET", `history${before ? `?before=${encodeURIComponent(before)}` : ""}`);
export const create = (body, key) => call("POST", "create-payment", { ...body, init_data: initData }, { "Idempotency-Key": key });
export const status = (id) => call("GET", `payment-status/${encodeURIComponent(id)}`);
export const check = (id) => call("POST", `payment-check/${encodeURIComponent(id)}`, {});
export const cancel = (id) => call("POST", `payment-cancel/${encodeURIComponent(id)}`, {});
export { Lost, Refused } from "./calls.js";
