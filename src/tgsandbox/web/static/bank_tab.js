// The drawer's Bank tab: shops with payment providers, what becomes of their payments, what fails.

import { control } from "./api.js";
import { named, sum, t } from "./bank_words.js";
import { h, toast } from "./dom.js";
import { chip, copied, filler, moment, pick, small, table, toggle, told } from "./drawer_parts.js";

const GOOD = ["paid", "authorized"];
const BAD = ["failed", "expired", "canceled"];
const MANY = 3; // payments that are shown until one asks for more
const WITH_AMOUNT = ["less", "refund", "dispute"];

/** Shops and all that belongs to them; `refresh` asks how things are. */
export function providers() {
  const place = h("div", { class: "providers" });
  const fill = filler(place);
  const opened = new Set(); // what was folded out stays so
  const calls = {}; // by shop: which calls a fault is to hit
  const amounts = {}; // by payment: what was typed in
  let now = { shops: [] };
  let [asked, answered] = [0, 0]; // an earlier answer that comes later is out of date

  const change = (...asked) => control(...asked).then(refresh, told);
  const fold = (key, title, content, count) =>
    h("details", { open: opened.has(key), ontoggle: ({ target }) => (target.open ? opened.add(key) : opened.delete(key)) },
      h("summary", {}, title, count !== undefined && h("span", { class: "count" }, `${count}`)), content());

  function payment(path, shop, { ref, key, state, amount, currency, exponent, description, paid, paid_currency: came, refunded, acts, page }) {
    const run = (act) => {
      const given = {};
      const typed = WITH_AMOUNT.includes(act) && amounts[ref];
      if (typed) given.amount = Math.round(Number(typed.replace(",", ".")) * 10 ** exponent);
      else if (act === "less") given.amount = Math.max(1, Math.floor(amount / 2));
      if (typed && !(given.amount > 0)) return toast(`${t("amount")}: ${typed}?`); // not all of it instead
      delete amounts[ref];
      return change("POST", `${path}/payments/${encodeURIComponent(ref)}/${act}`, given);
    };
    const kind = GOOD.includes(state) ? "good" : BAD.includes(state) ? "bad" : "";
    const asks = acts.some((act) => WITH_AMOUNT.includes(act));
    return h("li", { class: "payment", "aria-label": `${sum(amount, currency, exponent)} ${description || key || ref}` },
      h("div", { class: "line-1" },
        h("b", {}, sum(amount, currency, exponent)),
        h("span", { class: kind }, named("state", state)),
        h("a", { href: page, target: "_blank", rel: "noopener" }, t("open"))),
      h("div", { class: "line-2" }, description && h("span", {}, description), key && h("span", {}, key), h("time", {}, moment(shop.moments[ref]))),
      (paid !== amount && paid > 0) && small(`${named("state", "paid")}: ${sum(paid, came, exponent)}`),
      refunded > 0 && small(`${t("refunded")}: ${sum(refunded, came, exponent)}`),
      acts.length > 0 && h("div", { class: "chips" },
        acts.map((act) => chip(act === "lost" ? t("lost_dispute") : t(act), () => run(act), { class: `chip ${act === "pay" ? "first" : ""}` })),
        asks && h("input", { class: "much", inputmode: "decimal", "aria-label": `${t("amount")}: ${ref}`, placeholder: t("amount"), autocomplete: "off", value: amounts[ref] ?? "", oninput: ({ target }) => (amounts[ref] = target.value.trim()) })),
      copied("id", ref));
  }

  function faults(path, id, { calls: active, callbacks, known }) {
    const call = calls[id] ?? "*";
    const inCalls = (what) => {
      const on = active.some((each) => each.call === call && each.what === what);
      return toggle(named("fault", what), on, () => change("POST", `${path}/faults`, { call, what, times: null, off: on }));
    };
    const inCallbacks = (what) => {
      const on = callbacks.some((each) => each.what === what);
      return toggle(named("fault", what), on, () => change("POST", `${path}/faults`, { callbacks: what, times: null, off: on }));
    };
    return [
      h("div", { class: "tools" }, h("span", { class: "hint" }, t("faults_calls")),
        pick(t("call"), known.calls.map((each) => [each, each === "*" ? t("every_call") : named("call", each)]), call, ({ target }) => draw((calls[id] = target.value)))),
      h("div", { class: "chips", role: "group", "aria-label": t("faults_calls") }, known.in_calls.map(inCalls)),
      small(t("faults_callbacks")),
      h("div", { class: "chips", role: "group", "aria-label": t("faults_callbacks") }, known.in_callbacks.map(inCallbacks)),
      h("div", { class: "chips" }, active.length + callbacks.length > 0 && chip(t("mend"), () => change("DELETE", `${path}/faults`)),
        chip(t("rotate"), () => change("POST", `${path}/rotate`).then(() => toast(t("done"))))),
    ];
  }

  const verdict = ({ status, error, lost }) =>
    h("span", { class: status >= 200 && status < 300 ? "good" : "bad", title: error }, lost ? t("fault_lost") : status ? `${status}` : error ? t("no_answer") : t("waiting"));

  function callbacks(path, key, sent) {
    if (!sent.length) return small(t("no_callbacks"));
    return h("ul", { class: "sent" }, sent.map((each) =>
      h("li", {},
        h("div", { class: "line-1" }, h("b", {}, each.event), verdict(each),
          chip(t("send_again"), () => change("POST", `${path}/send_again`, { index: each.index }))),
        fold(`${key} ${each.index}`, [h("time", {}, moment(each.at)), each.number > 1 && ` №${each.number}`], () => [
          h("pre", { tabindex: "0" }, [`${each.method} ${each.url}`, ...Object.entries(each.headers).map(([name, value]) => `${name}: ${value}`), "", pretty(each.body)].join("\n")),
          each.error && h("p", { class: "bad" }, each.error),
        ]))));
  }

  function shop(each) {
    const { provider, name, title, held, payments, sent, books } = each;
    const id = `${provider} ${name}`;
    const path = `bank/${encodeURIComponent(provider)}/${encodeURIComponent(name)}`;
    const wrong = each.faults.calls.length + each.faults.callbacks.length;
    each.moments = Object.fromEntries(payments.map(({ ref, created }) => [ref, created]));
    const shown = opened.has(`${id} all`) ? payments : payments.slice(0, MANY);
    return h("article", { class: "shop", "aria-label": `${title} ${name}` },
      h("h3", {}, title, small(name)),
      h("div", { class: "held" }, small(t("held")), held.length ? held.map((one) => h("b", {}, sum(one.amount, one.currency, one.exponent))) : h("b", {}, "0")),
      payments.length ? h("ul", { class: "payments", "aria-label": t("payments") }, shown.map((one) => payment(path, each, one))) : small(t("no_payments")),
      payments.length > shown.length && chip(`${t("payments")}: ${payments.length + each.more_payments}`, () => draw(opened.add(`${id} all`))),
      fold(`${id} faults`, t("faults"), () => faults(path, id, each.faults), wrong || undefined),
      fold(`${id} sent`, t("callbacks"), () => callbacks(path, id, sent), sent.length),
      fold(`${id} books`, t("books"), () => books.length
        ? table([], books.map((one) => [[named("kind", one.kind), small(moment(one.at))], sum(one.amount, one.currency, one.exponent), copied("id", one.ref)]))
        : small(t("no_payments")), books.length),
      fold(`${id} keys`, t("address"), () => table([], [
        [t("address"), copied(t("address"), each.base_url)],
        [t("callback"), each.callback_url ? copied(t("callback"), each.callback_url) : "—"],
        ...Object.entries(each.credentials).map(([key, value]) => [key, copied(key, value)]),
      ])));
  }

  function draw() {
    fill([now, [...opened].filter((each) => each.endsWith(" all")), calls], () => [
      h("h3", { class: "title" }, t("shops")),
      now.shops.length ? now.shops.map(shop) : small(t("no_shops")),
    ]);
  }

  async function refresh() {
    const turn = (asked += 1);
    const found = await control("GET", "bank");
    if (turn < answered) return;
    [now, answered] = [found, turn];
    draw();
  }
  return { element: place, refresh };
}

function pretty(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
