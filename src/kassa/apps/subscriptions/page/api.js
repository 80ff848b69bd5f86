// What the server is asked.

import { begun, call } from "./calls.js";

const at = (id) => encodeURIComponent(id);

export const me = () => begun("me");
export const earlier = (before) => call("GET", `me?before=${at(before)}`);
export const plans = () => call("GET", "plans");
export const order = (body, key) => call("POST", "", body, { "Idempotency-Key": key });
export const status = (id) => call("GET", at(id));
export const check = (id) => call("POST", `${at(id)}/check`, {});
export const cancel = (id) => call("POST", `${at(id)}/cancel`, {});
export const trial = () => call("POST", "me/trial", { terms: true });
export const promo = (code, plan) => call("POST", "me/promo", { code, plan, terms: true });
export const auto = (on, by = "") => call("POST", "me/auto", { on, by });
export const zone = (name) => call("POST", "me/zone", { zone: name });
export const devices = () => call("GET", "me/devices");
export const forget = (name) => call("DELETE", `me/devices/${at(name)}`);
export const link = () => call("POST", "me/link", {});
export const qr = () => call("GET", "me/qr.svg");
export { Lost, Refused } from "./calls.js";
