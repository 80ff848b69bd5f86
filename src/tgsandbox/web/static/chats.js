// The list of chats.
import { avatar, h, iconButton } from "./dom.js";
import { clock, dayName, texts } from "./i18n.js";
import { isService, serviceText, ticks, words } from "./bubble.js";
import { summary } from "./rich.js";

const t = texts({
  ru: { search: "Поиск", menu: "Меню", none: "Ничего не нашлось", empty: "Пока нет ни одного бота. Подключите своего: меню → Для разработчика.", start: "Нажмите, чтобы начать", typing: "печатает…", draft: "Новый чат" },
  uz: { search: "Qidirish", menu: "Menyu", none: "Hech narsa topilmadi", empty: "Hozircha birorta bot yo‘q. O‘zingiznikini ulang: menyu → Dasturchi uchun.", start: "Boshlash uchun bosing", typing: "yozmoqda…", draft: "Yangi chat" },
  en: { search: "Search", menu: "Menu", none: "Nothing found", empty: "There is no bot yet. Connect yours: menu → For developers.", start: "Tap to begin", typing: "typing…", draft: "New chat" },
});

export class ChatList {
  constructor({ onopen, onmenu }) {
    this.onopen = onopen;
    this.chats = new Map();
    this.typing = new Map();
    this.rows = h("div", { class: "rows", role: "list" });
    this.search = h("input", { class: "search", type: "search", oninput: () => this.draw() });
    this.menu = iconButton("menu", "", (event) => onmenu(event.currentTarget));
    this.element = h("aside", { class: "list" }, h("div", { class: "bar" }, this.menu, this.search), this.rows);
    this.rows.addEventListener("keydown", (event) => this.#move(event));
  }

  show(chats, me, now) {
    this.me = me;
    this.now = now;
    this.chats = new Map(chats.map((each) => [each.key, each]));
    this.draw();
  }

  /** Something in a chat has changed; a message makes it the first. */
  change(key, fields) {
    const known = this.chats.get(key);
    if (!known) return false;
    Object.assign(known, fields);
    this.#later();
    return true;
  }

  markTyping(key) {
    clearTimeout(this.typing.get(key));
    this.typing.set(key, setTimeout(() => this.stopTyping(key), 5000));
    this.#later();
  }

  stopTyping(key) {
    clearTimeout(this.typing.get(key));
    if (this.typing.delete(key)) this.#later();
  }

  select(key) {
    this.open = key;
    this.draw();
  }

  draw() {
    this.search.placeholder = t("search");
    this.search.setAttribute("aria-label", t("search"));
    this.menu.setAttribute("aria-label", t("menu"));
    const wanted = this.search.value.trim().toLowerCase();
    const every = [...this.chats.values()]
      .filter((each) => !wanted || `${each.title} @${each.username ?? ""} ${each.last?.text ?? ""}`.toLowerCase().includes(wanted))
      .sort((a, b) => (b.last?.date ?? 0) - (a.last?.date ?? 0));
    const focused = document.activeElement?.closest(".row")?.dataset.key;
    this.rows.replaceChildren(...every.map((each) => this.#row(each)));
    if (!every.length) this.rows.append(h("p", { class: "nothing" }, wanted ? t("none") : t("empty")));
    if (focused) this.focus(focused);
  }

  focus(key) {
    [...this.rows.querySelectorAll(".row")].find((each) => each.dataset.key === key)?.focus();
  }

  /** Many changes at once are drawn once. */
  #later() {
    this.drawing ??= requestAnimationFrame(() => {
      this.drawing = null;
      this.draw();
    });
  }

  #row(chat) {
    const { last } = chat;
    const happened = last && isService(last);
    let preview = last ? summary(last, words) : t("start");
    if (!last && chat.type !== "private") preview = words(chat.type === "channel" ? "channel_created" : "group_chat_created");
    if (happened) preview = serviceText({ ...last, bot_name: chat.title });
    if (this.typing.has(chat.key)) preview = t("typing");
    const who = last && !happened && !["private", "channel"].includes(chat.type) && !this.typing.has(chat.key)
      ? h("span", { class: "who" }, `${last.out ? words("you") : last.from.first_name}: `) : null;
    return h("div", { role: "listitem" }, h(
      "button",
      { type: "button", class: "row", data: { key: chat.key },
        "aria-current": chat.key === this.open ? "true" : null, onclick: () => this.onopen(chat.key) },
      avatar(chat.title, chat.bot || chat.key.split(":")[1]),
      h("span", { class: "body" },
        h("span", { class: "line" },
          h("span", { class: "name" }, chat.title),
          last?.out && ticks(last.taken),
          last && h("span", { class: "time" }, this.#when(last.date))),
        h("span", { class: "line" },
          h("span", { class: "preview" }, who, preview),
          chat.unread > 0 && h("span", { class: "badge" }, chat.unread > 99 ? "99+" : String(chat.unread)))),
    ));
  }

  #when(date) {
    const today = new Date(this.now() * 1000).toDateString() === new Date(date * 1000).toDateString();
    return today ? clock(date) : dayName(date, this.now());
  }

  #move(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const every = [...this.rows.querySelectorAll(".row")];
    every[every.indexOf(document.activeElement) + step]?.focus();
  }
}
