// Paying: the sheet of an invoice, receipts, Stars.

import { Refused, act, checkout } from "./api.js";
import { avatar, field, h, icon, iconButton, toast } from "./dom.js";
import { money, spoken, texts } from "./i18n.js";

const words = { ru: {}, uz: {}, en: {} };
const t = texts(words);
for (const row of `title|Оплата|To‘lov|Checkout
pay|Оплатить {sum}|{sum} to‘lash|Pay {sum}
total|Итого|Jami|Total
close|Закрыть|Yopish|Close
back|Назад|Orqaga|Back
next|Продолжить|Davom etish|Continue
tip|Чаевые|Choychaqa|Tip
most|Не больше {sum}|Ko‘pi bilan {sum}|{sum} at most
card|Способ оплаты|To‘lov usuli|Payment method
other|Другая карта|Boshqa karta|Another card
ok|Оплата пройдёт|To‘lov o‘tadi|Pays
declined|Банк откажет|Bank rad etadi|Declined
insufficient|Не хватит денег|Pul yetmaydi|Not enough money
3ds|3-D Secure: банк переспросит|3-D Secure: bank so‘raydi|3-D Secure: the bank asks
hang|Никто не ответит|Javob bo‘lmaydi|Never answers
details|Ваши данные|Ma’lumotlaringiz|Your details
name|Имя|Ism|Name
phone_number|Телефон|Telefon|Phone
email|Эл. почта|E-pochta|E-mail
shipping_address|Адрес доставки|Yetkazish manzili|Shipping address
shipping|Способ доставки|Yetkazish usuli|Shipping method
country_code|Страна|Davlat|Country
city|Город|Shahar|City
street_line1|Улица и дом|Ko‘cha va uy|Street and house
street_line2|Квартира|Xonadon|Apartment
state|Область|Viloyat|State
post_code|Индекс|Indeks|Postcode
maybe|если есть|bo‘lsa|if any
need|Заполните это поле|Shu yerni to‘ldiring|Please fill this in
bad|Похоже, здесь ошибка|Bu yerda xato bor|This looks wrong
wait|Ждём ответа…|Javob kutyapmiz…|Waiting for an answer…
offline|Нет связи. Попробуйте ещё раз: дважды не спишем.|Aloqa yo‘q. Yana urinib ko‘ring: ikki marta yechilmaydi.|No connection. Try again: you won’t be charged twice.
bank|Ваш банк|Bankingiz|Your bank
bankAsk|Оплатить {sum} картой {card}?|{card} kartadan {sum} to‘laysizmi?|Pay {sum} with card {card}?
confirm|Подтвердить|Tasdiqlash|Confirm
refuse|Отказаться|Rad etish|Refuse
done|Оплачено: {title}, {sum}|To‘landi: {title}, {sum}|Paid: {title}, {sum}
receipt|Чек|Chek|Receipt
charge|Номер платежа|To‘lov raqami|Charge id
copied|Скопировано|Nusxalandi|Copied
extra|Доставка и чаевые|Yetkazish va choychaqa|Shipping and tip
refunded|Возвращено|Qaytarilgan|Refunded
balance|Баланс|Balans|Balance
stars|Звёзды|Yulduzlar|Stars
ask|Заплатить {count} боту {bot}?|{bot} botiga {count} to‘laysizmi?|Pay {count} to {bot}?
count|{n} звезду/{n} звезды/{n} звёзд|{n} yulduz|{n} Star/{n} Stars
starsPay|Подтвердить и заплатить {count}|Tasdiqlash va {count} to‘lash|Confirm and pay {count}
subscribe|Подписаться: {sum}|Obuna: {sum}|Subscribe: {sum}
month|{sum} в месяц|oyiga {sum}|{sum} a month
anytime|Отменить можно когда угодно.|Istalgan payt bekor qilish mumkin.|Cancel whenever you like.
low|Не хватает: {sum}|Yetmaydi: {sum}|You need {sum} more
buy|Купить звёзды|Yulduz olish|Get Stars
free|бесплатно|bepul|free
subs|Подписки|Obunalar|Subscriptions
renews|продлится {date}|{date} yangilanadi|renews on {date}
until|до {date}|{date} gacha|until {date}
cancel|Отменить|Bekor qilish|Cancel
resume|Вернуть|Qaytarish|Resume
BOT_PRECHECKOUT_TIMEOUT|Бот не ответил за 10 секунд.|Bot 10 soniyada javob bermadi.
SHIPPING_BOT_TIMEOUT|Бот не ответил за 10 секунд.|Bot 10 soniyada javob bermadi.
INVOICE_ALREADY_PAID|Этот счёт уже оплачен.|Bu hisob to‘langan.|This invoice has been paid already.
CHECKOUT_CLOSED|Оплата закрыта. Откройте счёт снова.|To‘lov yopilgan. Hisobni qayta oching.
PAYMENT_DECLINED|Банк отклонил карту.|Bank kartani rad etdi.
PAYMENT_INSUFFICIENT_FUNDS|На карте не хватает денег.|Kartada pul yetmaydi.
PAYMENT_VERIFICATION_FAILED|Платёж не подтверждён.|To‘lov tasdiqlanmadi.
PROVIDER_ACCOUNT_TIMEOUT|Платёжная система не ответила.|To‘lov tizimi javob bermadi.
SUBSCRIPTION_ALREADY_ACTIVE|Вы уже подписаны.|Siz obunasiz.`.split("\n")) {
  const [key, ...said] = row.split("|");
  said.forEach((text, at) => {
    words[["ru", "uz", "en"][at]][key] = text.includes("/") ? text.split("/") : text;
  });
}

const FIELDS = ["name", "phone_number", "email", "shipping_address"];
const ADDRESS = ["street_line1", "street_line2", "city", "state", "post_code", "country_code"];
const MAYBE = /line2|state/;
const CARDS = {
  ok: "4242 4242 4242 4242", declined: "4000 0000 0000 0002", insufficient: "4000 0000 0000 9995",
  "3ds": "4000 0000 0000 3220", hang: "4000 0000 0000 6975",
};
const SHAPES = {
  card: "M3 6h18v12H3zM3 10h18M6 15h4",
  phone_number: "M7 3h10v18H7zM11 18h2",
  email: "M3 6h18v12H3zM3 7l9 7 9-7",
  shipping: "M2 6h12v10H2zM14 9h4l4 4v3h-8M5 19h3M16 19h3",
};

document.head.append(h("link", { rel: "stylesheet", href: "/page/sheet.css" }));

export const div = (kind, ...children) => h("div", { class: kind }, children);
const p = (text, kind) => h("p", { class: kind }, text);
const button = (kind, text, onclick, more) => h("button", { type: "button", class: kind, onclick, ...more }, text);
export const big = (text, onclick, more) => button("big-button", text, onclick, more);
const line = (label, value, kind = "") => div(`sheet-line ${kind}`, h("span", {}, label), h("span", {}, value));
const lines = (prices, shown) => prices.map((each) => line(each.label, shown(each.amount)));
const about = (text, sub) => h("span", {}, text, sub && h("span", { class: "sub" }, sub));
const row = (mark, text, sub, onclick, more) => button("choice", [glyph(mark), about(text, sub)], onclick, more);
const picture = (photo) => photo && h("img", { src: photo.url, alt: "", onerror: (event) => event.target.remove() });
const head = (of, text, bot) =>
  div("sheet-head", picture(of.photo), div("", h("h3", {}, of.title), p(text), h("small", {}, bot)));
const stars = (amount) => money(amount, "XTR");
const count = (n) => t("count", { n });
const added = (prices = []) => prices.reduce((sum, each) => sum + each.amount, 0);
const date = (at) => new Date(at * 1000).toLocaleDateString(spoken(), { day: "2-digit", month: "2-digit", year: "numeric" });
const complain = ({ message }) => toast(message === "offline" ? t("offline") : message.replace(/^[A-Z_]+: /, ""));

function glyph(name) {
  const found = icon({ name: "user", shipping_address: "place", star: "star" }[name] ?? "copy");
  if (SHAPES[name]) found.firstChild.setAttribute("d", SHAPES[name]);
  return found;
}

const regions = () => new Intl.DisplayNames(spoken(), { type: "region", fallback: "none" });

function countries() {
  const names = regions();
  const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  return letters.flatMap((one) => letters.map((two) => one + two))
    .filter((code) => !/EU|EZ|UN|X[AB]|ZZ|QO/.test(code) && new Intl.Locale(`und-${code}`).region === code && names.of(code))
    .map((code) => [code, names.of(code)])
    .sort((one, two) => one[1].localeCompare(two[1], spoken()));
}

const told = (info, name) => name !== "shipping_address" ? info[name]
  : ADDRESS.map((each) => info[each] && (each === "country_code" ? regions().of(info[each]) : info[each]))
    .filter(Boolean).join(", ");

/** A window from the bottom or in the middle, whose content changes from step to step. */
export function frame(leave) {
  let back, body, ended;
  const status = h("p", { class: "sheet-note", role: "status" });
  const element = h("dialog", {
    class: "dialog sheet",
    onkeydown: (event) => {
      if (event.key === "Escape") event.stopPropagation();
      else if (event.key !== "Enter" || !event.repeat) return;
      event.preventDefault();
      if (event.key === "Escape") back();
    },
    oncancel: (event) => {
      event.preventDefault();
      back();
    },
    onpointerdown: (event) => event.target === element && back === leave && leave(),
  });
  return {
    show(title, content, foot, { aside, onback, focus = ".big-button" } = {}) {
      if (ended) return;
      back = onback ?? leave;
      const way = onback ? "back" : "close";
      body = div("sheet-body", content);
      element.replaceChildren(
        h("header", { class: "bar" }, iconButton(way, t(way), () => back()), h("h2", {}, title), aside),
        body, h("footer", {}, foot, status),
      );
      element.setAttribute("aria-label", element.querySelector("h2:not(:empty), h3").textContent);
      if (!element.isConnected) {
        document.body.append(element);
        element.showModal();
      }
      element.querySelector(focus)?.focus();
    },
    busy(on, text = "") {
      element.setAttribute("aria-busy", on);
      body.inert = on;
      status.textContent = text;
    },
    end() {
      ended = true;
      element.close();
      element.remove();
    },
  };
}

const star = () => div("sheet-star");
const balance = (amount) => div("sheet-balance", h("small", {}, t("balance")), stars(amount));
const packages = (bought) => div("sheet-part", [50, 250, 1000, 2500].map((amount) =>
  row("star", count(amount), t("free"), () =>
    act("buy_stars", undefined, { amount }).then(({ me }) => bought(me.stars), complain))));

const opened = new Map();

/** Of an invoice, {chat, message} or {link}: "paid", "cancelled", "failed" or "pending" in the end. */
export async function openSheet(what, { onclose } = {}) {
  const key = JSON.stringify(what);
  if (!opened.has(key)) opened.set(key, new Promise((end) => sheet(what, end)).finally(() => opened.delete(key)));
  const status = await opened.get(key);
  onclose?.(status);
  return status;
}

function sheet(what, end) {
  let id, form, info, options, option, submitted, closed, busy, asked, lost;
  let card = "ok", tip = 0, outcome = "cancelled";
  const view = frame(leave);
  const shown = (amount) => money(amount, form.currency, form.exponent);
  const sum = () => shown(form.total_amount + (tip || 0) + added(option?.prices));
  const needed = () => FIELDS.filter((each) => form.needs[each]);
  const asks = () => needed().flatMap((each) => (each === "shipping_address" ? ADDRESS : each));
  const empty = () => asks().filter((each) => !MAYBE.test(each) && !info[each]?.trim());

  view.show(t("title"), [], [], { focus: "header button" });
  guarded(async () => {
    const answer = await checkout("open", what);
    if (closed) return checkout("close", { id: answer.id });
    ({ id, form } = answer);
    info = { ...form.saved_info, ...form.saved_info.shipping_address };
    if (form.paid) throw new Refused("INVOICE_ALREADY_PAID: ");
    overview();
  });

  async function leave() {
    if (closed) return;
    closed = true;
    view.end();
    const last = id && (await checkout("close", { id }).catch(() => {}));
    end(last?.state === "paid" ? "paid" : outcome);
  }

  /** One thing at a time, whatever is tapped meanwhile. */
  async function guarded(work) {
    if (busy || closed) return;
    busy = true;
    view.busy(true);
    try {
      await work();
    } catch (error) {
      if (!closed) failed(error);
    }
    busy = asked = false;
    view.busy(false);
  }

  function failed(error) {
    const heard = error instanceof Refused && error.message !== "offline";
    const [, code = "", said = error.message] = /^([A-Z\d_]+): (.*)/s.exec(error.message) ?? [];
    const wrong = /(?:INFO|ADDRESS)_(?:STREET_)?(\w+)_INVALID/.exec(code)?.[1].toLowerCase();
    if (wrong) return details(asks().find((each) => each.replace("_", "").includes(wrong)), t("bad"));
    lost = asked && !heard;
    if (asked || !id || form.paid) outcome = lost ? "pending" : "failed";
    let text = heard ? t(code) : t("offline");
    if (text === code) text = /^(BOT|SHIPPING)_/.test(code) ? `${form.bot.first_name}: ${said}` : said;
    const alarm = div("sheet-alarm", h("span", { role: "alert" }, text), /^P/.test(code) && button("text-button", t("other"), cards));
    if (!id || /CLOSED|ALREADY|SLUG/.test(code)) view.show(form?.title ?? t("title"), alarm, big(t("close"), leave));
    else overview(alarm);
  }

  function done() {
    outcome = "paid";
    toast(`✅ ${t("done", { title: form.title, sum: sum() })}`);
    leave();
  }

  const pay = (event) => event.detail < 2 && guarded(async () => {
    if (!(tip <= form.max_tip_amount)) return overview();
    if (asks().length && !submitted && empty().length) return details();
    if (!submitted) await submit();
    if (form.flexible && !option) return shipping();
    if (lost) {
      const { state } = (await checkout("look", { id })).form;
      if (state === "paid") return done();
      if (state === "confirming") return bank();
    }
    view.busy(asked = true, t("wait"));
    outcome = card === "hang" ? "pending" : "cancelled";
    const answer = await checkout("pay", { id, card, tip, shipping_option: option?.id });
    if (answer.paid) done();
    else bank();
  });

  async function submit() {
    if (!asks().length) return;
    view.busy(true, t("wait"));
    ({ options } = await checkout("submit", { id, info: { ...info, shipping_address: info } }));
    option = options.find((each) => each.id === option?.id);
    submitted = true;
  }

  function overview(problem) {
    if (form.currency === "XTR") return inStars(problem);
    const { exponent, suggested_tip_amounts: suggested, max_tip_amount: most } = form;
    const total = h("span");
    const pays = big("", pay);
    const wrong = h("p", { class: "wrong-text", id: "tip-wrong", role: "alert" });
    const input = h("input", {
      inputMode: "decimal", autocomplete: "off", "aria-label": t("tip"), "aria-describedby": "tip-wrong", placeholder: shown(0),
      oninput: () => {
        const [, whole, cents = ""] = /^(\d{0,12})(?:[.,](\d*))?$/.exec(input.value.replace(/\s/g, "")) ?? [0, "-"];
        update(cents.length > exponent ? NaN : Number(whole + cents.padEnd(exponent, 0)));
      },
      onkeydown: (event) => event.key === "Enter" && pays.click(),
    });
    const choose = (amount) => {
      input.value = amount ? (amount / 10 ** exponent).toFixed(exponent) : "";
      update(amount);
    };
    const tips = suggested.map((amount) => button("", shown(amount), () => choose(tip === amount ? 0 : amount)));
    function update(given) {
      tip = given;
      total.textContent = sum();
      pays.textContent = t("pay", { sum: sum() });
      wrong.textContent = tip <= most ? "" : t("most", { sum: shown(most) });
      input.setAttribute("aria-invalid", !(tip <= most));
      tips.forEach((each, at) => each.setAttribute("aria-pressed", suggested[at] === tip));
    }
    if (tip <= most) choose(tip);
    else update(tip);
    view.show(t("title"), [
      head(form, form.description, form.bot.first_name),
      div("sheet-part", lines([...form.prices, ...(option?.prices ?? [])], shown),
        most > 0 && [line(t("tip"), input), div("sheet-tips", tips), wrong],
        line(t("total"), total, "total")),
      div("sheet-part", row("card", `•••• ${CARDS[card].slice(-4)}`, t("card"), cards),
        needed().map((each) => row(each, told(info, each) || t(each), told(info, each) && t(each), () => details(each))),
        form.flexible && row("shipping", option?.title ?? t("shipping"), option && t("shipping"), () => guarded(shipping))),
    ], [problem, pays], {
      aside: form.test && h("small", {}, "TEST"), focus: tip <= most ? undefined : ".sheet-line input",
    });
  }

  /** A step that offers some of something; `choose` is told which. */
  const choice = (title, kind, every, now, choose) => view.show(title, div("sheet-part", every.map(([key, text, sub]) =>
    row(kind, text, sub, () => {
      choose(key);
      overview();
    }, { "aria-current": String(key === now) }))), [], { onback: overview, focus: ".choice" });

  function cards() {
    choice(t("card"), "card", Object.entries(CARDS).map(([key, number]) => [key, number, t(key)]), card,
      (key) => (card = key));
  }

  async function shipping() {
    if (empty().length) return details();
    if (!submitted) await submit();
    choice(t("shipping"), "shipping", options.map((each) => [each, each.title, shown(added(each.prices))]), option,
      (each) => (option = each));
  }

  /** What the payer tells of himself; a complaint about one field, or about all that are empty. */
  function details(at = empty()[0], complaint, missing = []) {
    const next = (event) => {
      event.preventDefault();
      const left = empty();
      if (left.length) return details(left[0], t("need"), left);
      submitted = false;
      guarded(async () => {
        await submit();
        if (form.flexible) await shipping();
        else overview();
      });
    };
    const fields = asks().map((name) => {
      const wrong = complaint && (name === at || missing.includes(name));
      const label = MAYBE.test(name) ? `${t(name)} (${t("maybe")})` : t(name);
      const { input, element } = field(label, {
        name, value: info[name] ?? "", type: { email: "email", phone_number: "tel" }[name] ?? "text",
        options: name === "country_code" && [["", ""], ...countries()],
        "aria-invalid": wrong && "true", "aria-describedby": wrong && `wrong-${name}`,
        oninput: () => (info[name] = input.value),
      });
      element.classList.toggle("wrong", Boolean(wrong));
      return [element, wrong && h("p", { class: "wrong-text", id: `wrong-${name}` }, complaint)];
    });
    view.show(t("details"), h("form", { id: "sheet-form", noValidate: true, onsubmit: next }, fields),
      big(t("next"), undefined, { type: "submit", form: "sheet-form" }),
      { onback: overview, focus: `[name=${at === "shipping_address" ? ADDRESS[0] : at}]` });
  }

  function bank() {
    const answer = (agreed) => () => guarded(async () => {
      asked = true;
      await checkout("confirm", { id, agreed });
      done();
    });
    view.show(t("bank"),
      div("sheet-ask", icon("lock"), h("h3", {}, sum()), p(t("bankAsk", { sum: sum(), card: CARDS[card] })), h("small", {}, form.bot.first_name)),
      [big(t("confirm"), answer(true)), button("text-button danger", t("refuse"), answer(false))],
      { onback: () => (busy ? leave : answer(false))() });
  }

  function inStars(problem) {
    const price = form.total_amount;
    const low = price > form.stars && t("low", { sum: stars(price - form.stars) });
    const each = t("month", { sum: stars(price) });
    const buy = () => view.show(t("buy"), [div("sheet-ask", star(), p(low)), packages((now) => {
      form.stars = now;
      overview();
    })], [], { aside: balance(form.stars), onback: overview, focus: ".choice" });
    view.show("", div("sheet-ask", picture(form.photo) ?? star(), h("h3", {}, form.title), p(form.description),
      p(form.recurring ? `${each}. ${t("anytime")}` : t("ask", { bot: form.bot.first_name, count: count(price) }))), [
      problem, low && p(low, "sheet-note"),
      low ? big(t("buy"), buy) : big(form.recurring ? t("subscribe", { sum: each }) : t("starsPay", { count: count(price) }), pay),
    ], { aside: balance(form.stars) });
  }
}

/** Of a message with a successful_payment. */
export async function openReceipt({ successful_payment: paid }) {
  const { currency, telegram_payment_charge_id: charge, order_info: info = {} } = paid;
  const of = await checkout("receipt", { charge }).catch(() => ({}));
  const view = frame(() => view.end());
  const shown = (amount) => money(amount, currency, of.exponent);
  view.show(t("receipt"), [
    of.title && head(of, date(of.at), of.bot),
    div("sheet-part", lines(of.prices ?? [], shown),
      of.extra > 0 && line(t(paid.shipping_option_id ? "extra" : "tip"), shown(of.extra)),
      line(t("total"), shown(paid.total_amount), "total"), of.refunded && line(t("refunded"), date(of.refunded))),
    div("sheet-part", FIELDS.filter((each) => info[each]).map((each) =>
      div("choice", glyph(each), about(told({ ...info, ...info.shipping_address }, each), t(each)))),
    row("copy", charge, t("charge"), () => navigator.clipboard.writeText(charge).then(() => toast(t("copied")), complain))),
  ], big(t("close"), () => view.end()));
}

/** The person's Stars: how many, more of them, what they are subscribed to. */
export async function openStars(me) {
  const view = frame(() => view.end());
  await show(me.stars);

  async function show(now) {
    const { subscriptions } = await act("subscriptions").catch(() => ({ subscriptions: [] }));
    view.show(t("stars"), [
      div("sheet-ask", star(), h("h3", {}, stars(now)), h("small", {}, t("balance"))), packages(show),
      subscriptions.length > 0 && div("sheet-part", h("h4", {}, t("subs")), subscriptions.map(({ id, bot, title, amount, expires, state, stopped_by_bot: stopped }) => {
        const goes = state === "active";
        const change = () => act("subscription", undefined, { id, go_on: !goes }).then(() => show(now), complain);
        return div("choice", avatar(bot.name, bot.id, "small"),
          about(title, `${t("month", { sum: stars(amount) })}, ${t(goes ? "renews" : "until", { date: date(expires) })}`),
          (goes || !stopped) && button(`text-button ${goes && "danger"}`, t(goes ? "cancel" : "resume"), change));
      })),
    ], [], { focus: "header button" });
  }
}
