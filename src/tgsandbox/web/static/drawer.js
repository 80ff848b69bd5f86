// The drawer: every call and update, what goes wrong on purpose, the clock, the bank, the bots.

import { control, follow, get } from "./api.js";
import { providers } from "./bank_tab.js";
import { h, iconButton, toast } from "./dom.js";
import { chip, copied, copy, filler, form, input, moment, pick, pretty, roving, shortly, small, span, sum, table, toggle, told } from "./drawer_parts.js";
import { texts } from "./i18n.js";

const WORDS = `
close|Закрыть|Yopish|Close
calls|Вызовы|So‘rovlar|Calls
faults|Сбои|Xatolar|Faults
clock|Часы|Soat|Clock
bank|Банк|Bank|Bank
bots|Боты|Botlar|Bots
find|Найти|Qidirish|Find
every|Все боты|Barcha botlar|All bots
updates|Обновления|Yangilanishlar|Updates
failures|Ошибки|Xatolar|Failures
pause|Пауза|Pauza|Pause
clear|Очистить|Tozalash|Clear
none|Здесь пока пусто|Hozircha bo‘sh|Nothing here yet
wait|ждёт|kutmoqda|waits
delivered|принято|olindi|taken
dropped|пропало|yo‘qoldi|dropped
refused|отказ|rad etildi|refused
lost|потерян|yo‘qoldi|lost
again|Повторить|Takrorlash|Replay
copy|Копировать|Nusxalash|Copy
method|Метод|Metod|Method
once|Один раз|Bir marta|Once
until|Пока не выключу|O‘chirgunimcha|Until switched off
lose|Вызов выполнен, ответ потерян|So‘rov bajarildi, javob yo‘qoldi|The call works, its answer is lost
slow|Все ответы на 2 с позже|Barcha javoblar 2 s kech|Every answer 2 s late
twice|Обновления дважды|Yangilanishlar ikki marta|Updates twice
late|Обновления на 5 с позже|Yangilanishlar 5 s kech|Updates 5 s late
swap|Обновления не по порядку|Yangilanishlar tartibsiz|Updates out of order
limits|Лимиты Telegram|Telegram cheklovlari|Telegram’s limits
active|Действует сейчас|Hozir amalda|Active now
remove|Убрать|Olib tashlash|Remove
minute|мин|daq|min
hour|ч|soat|h
day|дн.|kun|d
ahead|Впереди настоящего|Haqiqiydan oldinda|Ahead of the real time
move|Перевести|Surish|Move
does|Только вперёд; что должно случиться по пути, случится.|Faqat oldinga; yo‘lda bo‘ladigani bo‘ladi.|Forward only; what falls due on the way happens.
does1|Подписки продлеваются за звёзды; не хватило или отменена: кончается.|Obunalar yulduzga uzayadi; yetmasa yoki bekor qilinsa, tugaydi.|Subscriptions renew for Stars; with too few, or canceled, they end.
does2|Ответить на нажатие или перед оплатой можно 150 с, на inline-запрос 30 с.|Bosishga va to‘lov oldidan 150 s, inline so‘rovga 30 s ichida javob beriladi.|A press and a pre-checkout can be answered for 150 s, an inline query for 30 s.
does3|Обновления, не взятые за сутки, пропадают.|Bir sutkada olinmagan yangilanishlar yo‘qoladi.|Updates not taken for a day are dropped.
paid|оплачено|to‘langan|paid
refunded|возвращено|qaytarilgan|refunded
refund|возврат|qaytarish|refund
net|осталось|qoldi|left
state|состояние|holat|state
sum|сумма|summa|amount
who|кто|kim|who
name|Имя нового бота|Yangi bot nomi|Name of a new bot
make|Создать|Yaratish|Make`.trim().split("\n").map((line) => line.split("|"));
const t = texts(Object.fromEntries(["ru", "uz", "en"].map((each, i) => [each, Object.fromEntries(WORDS.map((line) => [line[0], line[i + 1]]))])));

const KEPT = 1000;
const DAY = 86_400;
let lastTab = "calls";

document.head.append(h("link", { rel: "stylesheet", href: new URL("drawer.css", import.meta.url).href }));

// --- calls

function calls({ names }) {
  const show = { calls: true, updates: true, failures: false };
  let [entries, fresh, find, bot, paused, chosen, frame, atEnd] = [[], [], "", "", false, null, 0, true];
  const later = () => (frame ||= requestAnimationFrame(draw));
  const list = h("div", { class: "log", role: "listbox", "aria-label": t("calls"), onscroll: () => measure() });
  const measure = () => (atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40);
  const hold = roving(list, ".line:not([hidden])");
  const detail = h("section", { class: "detail", hidden: true, onkeydown: ({ key }) => key === "Escape" && shut() });
  const bots = pick(t("bots"), [["", t("every")]], "", () => later((bot = bots.value)));

  function hear(kind, { bot: by, at, update, method, args, answer, status, lost, took, error }) {
    if (!bots.querySelector(`[value="${by.id}"]`)) bots.append(h("option", { value: `${by.id}` }, by.username));
    if (kind === "call") {
      const about = answer.ok ? Object.entries(args).map(([name, value]) => (name === "chat_id" && names.get(+value)) || shortly(value)) : [answer.description];
      return add({ by, at, args, took: took * 1000, what: method, about, kind: lost || status !== 200 ? "bad" : "good", result: lost ? t("lost") : status, json: { args, answer } });
    }
    const key = `${by.id}:${update.update_id}`;
    if (kind === "update") {
      const [[what, body]] = Object.entries(update).filter(([name]) => name !== "update_id");
      const from = body.from ?? body.user ?? {};
      names.set(from.id, from.first_name);
      const about = [from.first_name, body.text ?? body.caption ?? body.data ?? body.query ?? (body.total_amount ? sum(body.total_amount, body.currency) : Object.keys(body).at(-1))];
      return add({ by, at, what, about, kind: "wait", result: t("wait"), key, json: update });
    }
    const entry = [...entries, ...fresh].findLast((each) => each.key === key);
    if (!entry) return;
    Object.assign(entry, { kind: kind === "delivered" ? "good" : "bad", result: t(kind), took: (at - entry.at) * 1000, json: { ...(error && { error }), ...update }, hay: null });
    if (entry.node) paint(entry);
    if (entry === chosen) look(entry);
    later();
  }

  function add(entry) {
    fresh.push(entry);
    if (fresh.length > KEPT) fresh.shift();
    later();
  }

  const wanted = (each) =>
    (each.args ? show.calls : show.updates) && (!show.failures || each.kind === "bad") && (!bot || bot === `${each.by.id}`) &&
    (!find || (each.hay ??= `${each.what} ${each.by.username} ${each.result} ${JSON.stringify(each.json)}`.toLowerCase()).includes(find));

  function paint({ node, by, at, took, what, about, kind, result, args }) {
    node.className = `line ${kind}`;
    node.replaceChildren(h("time", {}, moment(at).slice(11)), h("span", { class: args && "up" }, args ? "↑" : "↓"),
      h("span", { class: "about" }, bots.length > 2 && `${by.username} `, h("b", {}, what), ` ${about.join(" ").slice(0, 160)}`),
      h("span", { class: "result" }, `${result}`), h("span", { class: "ms" }, span(took)));
  }

  function draw() {
    frame = 0;
    stop.textContent = t("pause") + (paused ? ` ${fresh.length}` : "");
    for (const each of paused ? [] : fresh.splice(0)) {
      each.node = h("button", { type: "button", role: "option", tabindex: "-1", "aria-selected": "false", onclick: () => look(each === chosen ? null : each) });
      paint(each);
      list.append(each.node);
      entries.push(each);
    }
    entries.splice(0, entries.length - KEPT).forEach((each) => each.node.remove());
    for (const each of entries) each.node.hidden = !wanted(each);
    if (!list.querySelector('[tabindex="0"]:not([hidden])')) hold();
    if (atEnd) list.scrollTop = list.scrollHeight;
  }

  /** Once more: from here, or in a terminal. */
  async function repeat({ by, what, args, json: { error, ...update } }, inTerminal) {
    const { token } = (await get("people")).bots.find((each) => each.id === by.id);
    const url = `${location.origin}${args ? `/bot${token}/${encodeURIComponent(what)}` : "/page/api/replay"}`;
    const body = JSON.stringify(args ?? { bot: by.id, update });
    const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
    if (inTerminal) return copy(`curl ${quoted(url)} -H 'Content-Type: application/json' -d ${quoted(body)}`);
    const answer = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    const { description, detail: wrong = "" } = await answer.json();
    toast(`${answer.status} ${description ?? wrong}`);
  }

  function look(entry) {
    chosen?.node?.setAttribute("aria-selected", "false");
    chosen = entry;
    detail.hidden = !entry;
    if (!entry) return measure();
    atEnd = false; // what was chosen stays in sight
    entry.node.setAttribute("aria-selected", "true");
    detail.replaceChildren(
      h("header", {}, h("b", {}, entry.what), h("span", { class: entry.kind }, `${entry.result}`), iconButton("close", t("close"), shut)),
      small(`${entry.by.username} · ${moment(entry.at)} · ${span(entry.took)}`),
      h("div", { class: "chips" },
        chip("JSON", () => copy(JSON.stringify(entry.json, null, 2)), { title: t("copy") }),
        chip("curl", () => repeat(entry, true).catch(told), { title: t("copy") }),
        chip(t("again"), () => repeat(entry).catch(told))),
      pretty(entry.json));
    entry.node.scrollIntoView({ block: "nearest" });
  }

  function shut() {
    chosen?.node.focus();
    look(null);
  }

  function clear() {
    [entries, fresh] = [[], []];
    list.replaceChildren();
    later(look(null));
  }
  const flip = (text, on, set) => toggle(text, on, ({ target }) => later(target.setAttribute("aria-pressed", set())));
  const stop = flip(t("pause"), false, () => (paused = !paused));
  const chips = h("div", { class: "chips" }, Object.keys(show).map((each) => flip(t(each), show[each], () => (show[each] = !show[each]))), stop);
  roving(chips, "button")();
  const search = input(t("find"), { type: "search", oninput: () => later((find = search.value.trim().toLowerCase())) });
  return { hear, clear, refresh: async () => later(), element: [h("div", { class: "tools" }, search, bots, iconButton("trash", t("clear"), clear)), chips, list, detail] };
}

// --- faults

const ERRORS = { 400: "Bad Request: chat not found", 403: "Forbidden: bot was blocked by the user", 429: "Too Many Requests: retry after 5", 500: "Internal Server Error" };
const MISCHIEF = { lose: { lose_answer: true }, slow: { method: "*", delay: 2 }, twice: { type: "*", twice: true }, late: { type: "*", late: 5 }, swap: { type: "*", swap: true } };

function faults({ names }) {
  let [bot, method, times] = ["", "sendMessage", ""];
  const [who, place] = [h("span"), h("div")];
  const [fillWho, fill] = [filler(who), filler(place, "td button")];
  const change = (...asked) => control(...asked).then(refresh, told);

  async function refresh() {
    const { faults: { calls: spoilt, updates }, limits, bots: every } = await control("GET");
    const active = [...spoilt, ...updates];
    const known = (about) => {
      const wish = { ...(about.type ? {} : { method }), bot: +bot || null, ...about };
      const there = active.find((each) => Object.entries(wish).every(([name, value]) => `${each[name]}` === `${value}`));
      return [there, () => (there ? change("DELETE", `faults/${there.id}`) : change("POST", "faults", { ...wish, times: +times || null }))];
    };
    const flip = (text, on, onchange) => h("label", { class: "flip" }, h("input", { type: "checkbox", role: "switch", checked: !!on, onchange }), text);
    fillWho(every.map((each) => each.username), () =>
      pick(t("bots"), [["", t("every")], ...every.map((each) => [`${each.id}`, each.username])], bot, ({ target }) => refresh((bot = target.value))));
    fill([active, limits.on, bot, method, times], () => [
      h("div", { class: "chips" }, Object.entries(ERRORS).map(([code, text]) => toggle(code, ...known({ error: [+code, text], ...(code === "429" && { retry_after: 5 }) })))),
      Object.keys(MISCHIEF).map((each) => flip(t(each), ...known(MISCHIEF[each]))),
      flip(t("limits"), limits.on, () => change("POST", "limits", { on: !limits.on })),
      h("h3", {}, t("active")),
      active.length ? [table([], active.map(row)), chip(t("clear"), () => change("DELETE", "faults"))] : small(t("none")),
    ]);
  }

  const row = ({ id, method: called, type = called, bot: by, chat, ...about }) => [
    [type, small(`${by ? names.get(by) : t("every")} ${chat ?? ""}`)],
    Object.entries(about).filter(([, value]) => value).map(([name, value]) => `${name}: ${[value].flat().join(" ")}`).join(", "),
    iconButton("close", `${t("remove")} ${type}`, () => change("DELETE", `faults/${id}`)),
  ];
  const head = h("div", { class: "tools" }, who,
    pick(t("until"), [["", t("until")], ["1", t("once")]], times, ({ target }) => refresh((times = target.value))),
    input(t("method"), { value: method, oninput: ({ target }) => refresh((method = target.value.trim() || "*")) }));
  return { element: [head, place], refresh };
}

// --- the clock

function clock() {
  const [time, sub] = [h("output"), small("")];
  const units = { minute: 60, hour: 3600, day: DAY };
  const know = ({ now }) => {
    const ahead = Math.round(now - Date.now() / 1000 + 0.5);
    time.textContent = moment(now);
    sub.textContent = `${t("ahead")}: ${(ahead / DAY).toFixed(2)} ${t("day")}`;
  };
  const move = (by) => control("POST", "clock", { move: by }).then(know, told);
  const steps = h("div", { class: "chips" }, [[1, "minute"], [1, "hour"], [1, "day"], [30, "day"]].map(([n, each]) => chip(`+${n} ${t(each)}`, () => move(n * units[each]))));
  roving(steps, "button")();
  const many = input(t("move"), { type: "number", min: "0", step: "any", value: "1", required: true });
  const unit = pick(t("move"), Object.keys(units).map((each) => [each, t(each)]));
  return {
    refresh: async () => know(await control("GET")),
    element: [time, sub, steps, form([many, unit], t("move"), () => move(many.value * units[unit.value])),
      h("p", {}, t("does")), h("ul", {}, [1, 2, 3].map((each) => h("li", {}, t(`does${each}`))))],
  };
}

// --- the bank

function bank({ names }) {
  const place = h("div");
  const fill = filler(place, ".copied");
  const shops = providers();
  const id = (each, name) => copied(name, each[name]);
  const row = (each, state) => [
    [h("span", { class: { paid: "good", refund: "bad" }[state] }, t(state)), small(moment(each.at))],
    [sum(each.amount, each.currency), small(each.payload)],
    [names.get(each.user), small(names.get(each.bot))],
    [id(each, "telegram_payment_charge_id"), id(each, "provider_payment_charge_id")],
  ];

  async function refresh() {
    const [{ books }] = await Promise.all([control("GET", "books"), shops.refresh()]);
    const totals = {};
    for (const { currency, kind, amount } of books) (totals[currency] ??= { charge: 0, refund: 0 })[kind] += amount;
    fill(books, () => books.length ? [
      table(["", t("paid"), t("refunded"), t("net")], Object.entries(totals).map(([currency, { charge, refund }]) => [currency, ...[charge, refund, charge - refund].map((each) => sum(each, currency))])),
      table([t("state"), t("sum"), t("who"), "id"], books.reverse().map((each) => row(each, each.kind === "refund" ? "refund" : each.state))),
    ] : small(t("none")));
  }
  return { element: [shops.element, h("h3", {}, "Telegram"), place], refresh };
}

// --- the bots

const SNIPPETS = {
  aiogram: (api, token) => `from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

api = TelegramAPIServer.from_base("${api}")
bot = Bot("${token}", AiohttpSession(api=api))`,
  "python-telegram-bot": (api, token) => `from telegram.ext import Application

application = (
    Application.builder()
    .token("${token}")
    .base_url("${api}/bot")
    .base_file_url("${api}/file/bot")
    .build()
)`,
  grammY: (api, token) => `import { Bot } from "grammy";

const bot = new Bot("${token}", { client: { apiRoot: "${api}" } });`,
};

function bots() {
  let shown = "";
  const place = h("div");
  const fill = filler(place, ".copied");
  const name = input(t("name"), { required: true });

  function card(bot) {
    const library = Object.keys(SNIPPETS).find((each) => shown === bot.id + each);
    const text = library && SNIPPETS[library](location.origin, bot.token);
    return h("article", {},
      h("h3", {}, bot.name, small(`@${bot.username}`)),
      table([], [
        ["token", copied("token", bot.token)],
        ["API", copied("API", location.origin)],
        ["webhook", [bot.webhook || "—", bot.last_error_message && h("div", { class: "bad" }, bot.last_error_message, small(moment(bot.last_error_date)))]],
        [t("updates"), `${t("wait")}: ${bot.pending}`],
      ]),
      h("div", { class: "chips" }, Object.keys(SNIPPETS).map((each) => toggle(each, each === library, () => refresh((shown = each === library ? "" : bot.id + each))))),
      text && [h("pre", { tabindex: "0" }, text), chip(t("copy"), () => copy(text))]);
  }

  async function refresh() {
    const { bots: every } = await get("bots");
    fill([every, shown], () => (every.length ? every.map(card) : small(t("none"))));
  }

  async function make() {
    const { id } = await control("POST", "bots", { username: name.value.trim().replace("@", "") });
    name.value = "";
    await refresh((shown = `${id}aiogram`));
  }
  return { element: [form(name, t("make"), make), place], refresh };
}

// --- all of it

const TABS = { calls, faults, clock, bank, bots };

/** An aside with everything that a bot's author wants to see; `onclose` takes it out of the page. */
export function drawer({ onclose = () => {} } = {}) {
  const world = { names: new Map() };
  const made = {};
  let [boot, source] = ["", null];
  const tabs = h("div", { class: "tabs", role: "tablist" });
  const element = h("aside", { class: "drawer", "aria-label": "tgsandbox" },
    h("div", { class: "bar" }, tabs, iconButton("close", t("close"), () => onclose(stop()))));
  const refresh = () => made[lastTab].refresh().catch(() => {});

  function choose(name) {
    lastTab = name;
    for (const { tab, panel } of Object.values(made)) {
      panel.hidden = !panel.classList.contains(name);
      tab.setAttribute("aria-selected", !panel.hidden);
    }
    refresh();
  }
  for (const each in TABS) {
    const tab = chip(t(each), () => choose(each), { class: "", role: "tab", id: `drawer-tab-${each}`, "aria-controls": `drawer-${each}`, onfocus: () => choose(each) });
    const part = TABS[each](world);
    const panel = h("div", { class: `panel ${each}`, role: "tabpanel", id: `drawer-${each}`, "aria-labelledby": tab.id }, part.element);
    made[each] = { ...part, tab, panel };
    tabs.append(tab);
    element.append(panel);
  }
  choose(lastTab);
  roving(tabs, "button")(made[lastTab].tab);

  async function listen() {
    const { people, bots: every, last } = await get("people");
    for (const each of [...people, ...every]) world.names.set(each.id, each.token ? each.username : each.name);
    const hear = (kind) => [kind, (data) => made.calls.hear(kind, data)];
    if (timer) source = follow("log", Math.max(0, last - KEPT * 4), {
      ...Object.fromEntries(["call", "update", "delivered", "dropped", "refused"].map(hear)),
      hello: (data) => {
        if (boot && boot !== data.boot) made.calls.clear(); // the sandbox was started anew
        boot = data.boot;
      },
    });
  }
  let timer = setInterval(() => {
    if (!element.isConnected) stop(); // taken out by somebody else
    else if (!document.hidden) refresh();
  }, 1000);
  function stop() {
    timer = clearInterval(timer);
    source?.close();
  }
  listen().catch(told);
  return element;
}
