// Which plan, and how to pay for it.

import { months, monthWord } from "./counts.js";
import { h, icon } from "./dom.js";
import { money, number } from "./format.js";
import { vibrate } from "./telegram.js";
import { lang, words } from "./words.js";

// Named where nothing else tells two ways apart.
const BRANDS = { cryptopay: "CryptoBot", oneplat: "1Plat", stripe: "Stripe", yookassa: "YooKassa" };
const DRAWINGS = { sberpay: "phone", tpay: "phone", yoomoney: "wallet" };

export const keyOf = (way) => `${way.provider}.${way.method}.${way.currency}`;

const nameOf = ({ provider, method }) => (provider === "balance" ? words.way.balance : words.way[method] ?? method);

/** `choice` {plan, way, auto} is changed as the person chooses; `onchange` hears of it. */
export function choosing({ me, sold, choice, note = "", head, onchange, onpromo, ontrial }) {
  const plans = sold.plans.filter(({ ways }) => ways.length);
  const planOf = () => plans.find(({ name }) => name === choice.plan);
  const wayOf = () => planOf().ways.find((way) => keyOf(way) === choice.way);
  const settle = () => {
    if (!planOf()) choice.plan = plans[Math.min(1, plans.length - 1)].name;
    if (!wayOf()) choice.way = keyOf(planOf().ways.find(({ method }) => method && choice.way?.includes(`.${method}.`)) ?? planOf().ways[0]);
  };
  settle();

  const grid = h("div", { class: "packages" });
  const fill = () => {
    const { currency } = wayOf();
    const rates = plans.filter(({ prices }) => prices[currency]).map((one) => one.prices[currency] / one.months);
    const least = Math.min(...rates);
    grid.replaceChildren(...plans.map((one) => {
      const price = one.prices[currency];
      const usual = one.usual[currency];
      const saving = one.saving[currency];
      const best = saving && price / one.months === least;
      return h("label", { class: `package${price ? "" : " missing"}${best ? " best" : ""}` },
        h("input", { type: "radio", name: "plan", value: one.name, checked: one.name === choice.plan, disabled: !price, onchange: () => {
          choice.plan = one.name;
          vibrate("tap");
          again();
        } }),
        h("span", { class: "tick" }, icon("check")),
        saving > 0 && h("span", { class: "badge" }, words.less(saving)),
        h("span", { class: "amount" }, h("b", {}, number(one.months, lang)), " ", h("span", {}, monthWord(one.months)), one.title && h("span", { class: "tier" }, ` · ${one.title}`)),
        price
          ? [h("span", { class: "price" }, money(price, currency, lang), usual > price && [" ", h("s", { class: "rate" }, money(usual, currency, lang))]),
            one.months > 1 && h("span", { class: "rate" }, words.a_month(money(round(price / one.months, currency), currency, lang)))]
          : h("span", { class: "rate" }, words.not_offered));
    }));
  };

  const ways = h("div", { class: "rows" });
  const list = () => {
    const there = planOf().ways;
    const single = there.length === 1;
    ways.setAttribute("role", single ? "group" : "radiogroup");
    ways.setAttribute("aria-labelledby", "how");
    ways.replaceChildren(...there.map((way) =>
      h(single ? "div" : "label", { class: "row way" },
        !single && h("input", { type: "radio", name: "way", value: keyOf(way), checked: keyOf(way) === choice.way, onchange: () => {
          choice.way = keyOf(way);
          vibrate("tap");
          fill();
          changed();
        } }),
        h("span", { class: `way-icon way-${way.method || "balance"}` }, icon(DRAWINGS[way.method] ?? (way.method || "wallet"))),
        h("span", { class: "row-text" }, h("span", { class: "row-title" }, nameOf(way)), h("small", {}, about(way, there))),
        !single && h("span", { class: "tick" }, icon("check")))));
  };
  const about = (way, there) => {
    if (way.provider === "balance") return words.on_balance(money(sold.balance[way.currency] ?? 0, way.currency, lang));
    const told = words.about_way[`${way.provider}.${way.method}`] ?? words.about_way[way.method];
    const twice = !told || there.some(({ method, currency }) => method === way.method && currency !== way.currency);
    const alike = there.filter((other) => other.method === way.method && other.currency === way.currency && words.about_way[`${other.provider}.${other.method}`] === words.about_way[`${way.provider}.${way.method}`]).length > 1;
    return [told, twice && words.currency[way.currency], alike && (BRANDS[way.provider] ?? way.provider)].filter(Boolean).join(" · ");
  };

  const box = h("input", { type: "checkbox", role: "switch", class: "switch", id: "auto", onchange: () => {
    choice.auto = box.checked;
    vibrate("tap");
  } });
  const auto = h("label", { class: "row way auto", for: "auto" }, h("span", { class: "kind" }, icon("repeat")),
    h("span", { class: "row-text" }, h("span", { class: "row-title" }, words.auto), h("small", {}, words.auto_about)), box);

  const code = promoField(onpromo, () => choice.plan);
  const [before, link, after] = words.terms;
  const view = h("div", { class: "view" },
    head,
    note && h("p", { class: "note", role: "status" }, note),
    ontrial && h("button", { type: "button", class: "quiet tinted trial", onclick: ontrial }, words.trial(me.trial_days)),
    h("h2", { id: "many" }, words.how_long),
    h("div", { role: "radiogroup", "aria-labelledby": "many" }, grid),
    h("h2", { id: "how" }, words.how),
    ways,
    h("div", { class: "rows auto-rows" }, auto),
    code,
    h("p", { class: "small" },
      me.terms_url && [before, h("a", { href: me.terms_url, target: "_blank", rel: "noopener" }, link), after, " "],
      supportLink(me)));

  function again() {
    settle();
    fill();
    list();
    changed();
    grid.querySelector(":checked")?.focus({ preventScroll: true });
  }
  function changed() {
    auto.parentElement.hidden = !wayOf().auto;
    if (!wayOf().auto) box.checked = choice.auto = false;
    onchange();
  }
  fill();
  list();
  auto.parentElement.hidden = !wayOf().auto;
  box.checked = Boolean(choice.auto && wayOf().auto);
  return {
    view,
    chosen() {
      const plan = planOf();
      const { provider, method, currency } = wayOf();
      return { plan: plan.name, months: plan.months, provider, method, currency, amount: plan.prices[currency], auto: Boolean(choice.auto && wayOf().auto) };
    },
  };
}

const round = (sum, currency) => (currency === "XTR" || sum >= 100 ? Math.round(sum) : sum.toFixed(2));

/** Folded until somebody has one. */
function promoField(onpromo, plan) {
  const told = h("p", { class: "field-told", id: "promo-told", role: "status" });
  const input = h("input", {
    type: "text", id: "promo", name: "promo", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: "64", enterkeyhint: "done", "aria-describedby": "promo-told",
    oninput: () => ((input.ariaInvalid = "false"), (told.textContent = ""), told.classList.remove("bad")),
    onkeydown: (event) => event.key === "Enter" && take(),
  });
  const button = h("button", { type: "button", class: "apply", onclick: () => take() }, words.apply);
  const field = h("div", { class: "field promo", hidden: true }, h("label", { for: "promo" }, words.promo), h("div", { class: "promo-row" }, input, button), told);
  const opener = h("button", { type: "button", class: "quiet", onclick: () => {
    opener.hidden = true;
    field.hidden = false;
    input.focus();
  } }, words.have_promo);
  async function take() {
    const code = input.value.trim();
    if (!code || button.disabled) return void input.focus();
    button.disabled = true;
    const wrong = await onpromo(code, plan());
    button.disabled = false;
    if (!wrong) return;
    input.ariaInvalid = "true";
    told.classList.add("bad");
    told.textContent = wrong;
    input.focus();
  }
  return [opener, field];
}

/** What is bought, as a row. */
export const order = ({ months: count, amount, currency }) =>
  h("div", { class: "rows order" }, h("div", { class: "row" },
    h("span", { class: "kind" }, icon("clock")),
    h("span", { class: "row-text" }, h("span", { class: "row-title" }, words.what(months(count)))),
    h("b", { class: "row-sum" }, money(amount, currency, lang))));

export function supportLink(me) {
  const support = me?.support ?? "";
  if (!support) return null;
  const href = support.startsWith("@") ? `https://t.me/${support.slice(1)}` : /^https?:/.test(support) ? support : support.includes("@") ? `mailto:${support}` : null;
  return href && h("a", { href, target: "_blank", rel: "noopener" }, words.support);
}
