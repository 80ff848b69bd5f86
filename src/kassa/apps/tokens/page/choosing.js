// What to buy, how to pay, and where the receipt goes.

import { coin, h, icon, pile } from "./dom.js";
import { each, money, number } from "./format.js";
import { tokens, tokenWord } from "./counts.js";
import { lang, words } from "./words.js";
import { vibrate } from "./telegram.js";

const TYPOS = {
  "gmial.com": "gmail.com", "gamil.com": "gmail.com", "gmai.com": "gmail.com", "gmail.con": "gmail.com", "gmail.ru": "gmail.com", "gmail.co": "gmail.com",
  "yandex.ry": "yandex.ru", "yandeks.ru": "yandex.ru", "ya.ry": "ya.ru", "mail.ri": "mail.ru", "maill.ru": "mail.ru", "mail.ry": "mail.ru",
  "hotmial.com": "hotmail.com", "outlok.com": "outlook.com", "iclod.com": "icloud.com", "icloud.con": "icloud.com",
};

export const keyOf = (method) => `${method.id}.${method.currency}`;

/** What is wrong with an address: words, and what may have been meant. */
export function wrongEmail(address) {
  if (!address) return { text: words.email_none };
  const at = address.lastIndexOf("@");
  if (at < 1 || at === address.length - 1) return { text: words.email_at };
  const [name, domain] = [address.slice(0, at), address.slice(at + 1).toLowerCase()];
  if (TYPOS[domain]) return { text: words.email_wrong, maybe: `${name}@${TYPOS[domain]}` };
  if (!/^[\w.!#$%&'*+/=?^`{|}~-]{1,64}$/.test(name) || !/^([a-z\d]([a-z\d-]*[a-z\d])?\.)+[a-z]{2,63}$/.test(domain) || address.includes("..")) {
    return { text: words.email_wrong };
  }
  return null;
}

/** Stars are paid inside Telegram, which gives the receipt; a card's page asks for it anyway. */
export const takesEmail = (method) => method.currency !== "XTR";
const needsEmail = (method) => method.id === "card" && takesEmail(method);
const wrongFor = (method, address) => (takesEmail(method) && (address || needsEmail(method)) ? wrongEmail(address) : null);

export const hero = (me, onhistory) =>
  h("section", { class: "hero", "aria-label": words.balance },
    coin("hero-coin"),
    h("p", { class: "hero-label" }, words.balance),
    h("p", { class: "hero-sum" }, h("b", { id: "balance" }, number(me.balance, lang)), " ", h("span", {}, tokenWord(me.balance))),
    me.total_deposited ? h("p", { class: "hero-more" }, words.deposited(tokens(me.total_deposited))) : null,
    h("button", { type: "button", class: "hero-history", onclick: onhistory }, icon("clock"), words.history, icon("chevron")));

/** `choice` {credits, method, email} is changed as the person chooses; `onchange` hears of it. */
export function choosing({ me, choice, onchange, onhistory, note = "" }) {
  const offered = (method) => me.packages.filter((one) => one.prices[method.currency]);
  const methods = me.methods.filter((method) => offered(method).length);
  const methodOf = () => methods.find((method) => keyOf(method) === choice.method);
  if (!methodOf()) choice.method = keyOf(methods.find((method) => method.recommended) ?? methods[0]);
  const settle = () => {
    const there = offered(methodOf());
    if (!there.some((one) => one.credits === choice.credits)) choice.credits = there[Math.min(1, there.length - 1)].credits;
  };
  settle();

  const grid = h("div", { class: "packages" });
  const fill = () => {
    const { currency } = methodOf();
    const rates = offered(methodOf()).map((one) => Number(one.prices[currency]) / one.credits);
    const [least, most] = [Math.min(...rates), Math.max(...rates)];
    grid.replaceChildren(...me.packages.map((one, at) => {
      const price = one.prices[currency];
      const best = price && most - least > most * 0.005 && Number(price) / one.credits === least;
      const less = best ? Math.round((1 - least / most) * 100) : 0;
      return h("label", { class: `package${price ? "" : " missing"}${best ? " best" : ""}` },
        h("input", { type: "radio", name: "package", value: String(one.credits), checked: one.credits === choice.credits, disabled: !price, onchange: () => {
          choice.credits = one.credits;
          vibrate("tap");
          changed();
        } }),
        h("span", { class: "tick" }, icon("check")),
        best && h("span", { class: "badge" }, `${words.best}${less ? ` ${words.less(less)}` : ""}`),
        pile(Math.min(5, at + 1)),
        h("span", { class: "amount" }, h("b", {}, number(one.credits, lang)), " ", h("span", {}, tokenWord(one.credits))),
        price
          ? [h("span", { class: "price" }, money(price, currency, lang)), h("span", { class: "rate" }, words.a_token(each(price, one.credits, currency, lang)))]
          : h("span", { class: "rate" }, words.not_offered));
    }));
  };

  const about = (method) => {
    const found = words.about_way[method.id];
    const told = typeof found === "string" ? found : found?.[method.currency];
    const twice = methods.filter(({ id }) => id === method.id).length > 1 || (!told && method.currency);
    return [told, twice && words.currency[method.currency]].filter(Boolean).join(" · ");
  };
  const single = methods.length === 1;
  const ways = h("div", { class: "rows", role: single ? undefined : "radiogroup", "aria-labelledby": single ? undefined : "how" },
    methods.map((method) =>
      h(single ? "div" : "label", { class: "row way" },
        !single && h("input", { type: "radio", name: "method", value: keyOf(method), checked: keyOf(method) === choice.method, onchange: () => {
          choice.method = keyOf(method);
          vibrate("tap");
          settle();
          fill();
          changed();
        } }),
        h("span", { class: `way-icon way-${method.id}` }, icon({ sberpay: "phone", tpay: "phone", yoomoney: "wallet" }[method.id] ?? method.id)),
        h("span", { class: "row-text" },
          h("span", { class: "row-title" }, words.way[method.id] ?? method.id,
            method.recommended && !single && h("span", { class: "advice" }, words.recommended)),
          h("small", {}, about(method))),
        !single && h("span", { class: "tick" }, icon("check")))));

  const input = h("input", {
    type: "email", id: "email", name: "email", autocomplete: "email", inputmode: "email", enterkeyhint: "done",
    autocapitalize: "off", spellcheck: "false", maxlength: "254", placeholder: "name@example.com", "aria-describedby": "email-told", value: choice.email,
    oninput: () => {
      choice.email = input.value.trim();
      if (input.ariaInvalid === "true") tell(wrongFor(methodOf(), choice.email));
      changed();
    },
    onblur: () => tell(choice.email ? wrongFor(methodOf(), choice.email) : null),
    onkeydown: (event) => event.key === "Enter" && input.blur(),
  });
  const told = h("p", { class: "field-told", id: "email-told" });
  let said;
  function tell(wrong) {
    const hint = needsEmail(methodOf()) ? words.email_hint : words.email_free;
    const anew = said !== (said = JSON.stringify([wrong, hint]));
    if (!anew) return; // what is being clicked stays there
    input.ariaInvalid = String(Boolean(wrong));
    told.classList.toggle("bad", Boolean(wrong));
    told.replaceChildren(wrong?.maybe
      ? h("button", { type: "button", class: "link", onclick: () => {
          input.value = choice.email = wrong.maybe;
          tell(null);
          changed();
          input.focus();
        } }, words.email_maybe(wrong.maybe))
      : wrong?.text ?? hint);
  }
  tell(null);
  const field = h("div", { class: "field" }, h("label", { for: "email" }, words.email), input, told);

  const [before, link, after] = words.terms;
  const view = h("div", { class: "view" },
    h("h1", { class: "unseen", tabindex: "-1" }, words.title),
    hero(me, onhistory),
    me.debt > 0 && h("p", { class: "debt" }, words.debt(tokens(me.debt))),
    note && h("p", { class: "note", role: "status" }, note),
    h("h2", { id: "many" }, words.how_many),
    h("div", { role: "radiogroup", "aria-labelledby": "many" }, grid),
    h("h2", { id: "how" }, words.how),
    ways,
    field,
    h("p", { class: "small" },
      me.terms_url && [before, h("a", { href: me.terms_url, target: "_blank", rel: "noopener" }, link), after, " "],
      supportLink(me)));

  function changed() {
    field.hidden = !takesEmail(methodOf());
    if (input.ariaInvalid !== "true") tell(null); // its hint may be another now
    onchange();
  }
  fill();
  field.hidden = !takesEmail(methodOf());
  return {
    view,
    /** What is being bought: {id, credits, amount, currency}. */
    chosen() {
      const { id, currency } = methodOf();
      return { id, credits: choice.credits, amount: me.packages.find(({ credits }) => credits === choice.credits).prices[currency], currency };
    },
    /** Whether there is an address to send to; where there is none, the person is told. */
    agreed() {
      const wrong = wrongFor(methodOf(), choice.email);
      if (wrong) {
        tell(wrong);
        input.focus();
        input.scrollIntoView({ block: "center", behavior: "smooth" });
      }
      return !wrong;
    },
    badEmail(text) {
      tell({ text });
      input.focus();
    },
  };
}

export function supportLink(me) {
  const support = me?.support ?? "";
  if (!support) return null;
  const href = support.startsWith("@") ? `https://t.me/${support.slice(1)}` : /^https?:/.test(support) ? support : support.includes("@") ? `mailto:${support}` : null;
  return href && h("a", { href, target: "_blank", rel: "noopener" }, words.support);
}
