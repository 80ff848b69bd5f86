// The open chat: its messages, a window of which is in the page, and everything done with them.
import { act, get } from "./api.js";
import { albumElement, isService, messageElement, words } from "./bubble.js";
import { avatar, dialog, h, icon, iconButton, toast } from "./dom.js";
import { dayName, texts } from "./i18n.js";
import { look, messageMenu } from "./message_menu.js";
import { copy, summary } from "./rich.js";

const t = texts({
  ru: {
    bot: "бот", members: ["{n} участник", "{n} участника", "{n} участников"], readers: ["{n} подписчик", "{n} подписчика", "{n} подписчиков"], typing: "печатает…", back: "Назад", more: "Ещё",
    end: "К последнему сообщению", unread: "Новые сообщения", pinned: "Закреплённое сообщение",
    gone: "Сообщения больше нет", late: "Бот не ответил", about: "Что умеет этот бот?",
    pick: "Выберите чат, чтобы начать общение", offline: "Нет связи с песочницей. Подключаемся…",
  },
  uz: {
    bot: "bot", members: "{n} a’zo", readers: "{n} obunachi", typing: "yozmoqda…", back: "Orqaga", more: "Yana",
    end: "Oxirgi xabarga", unread: "Yangi xabarlar", pinned: "Qadalgan xabar",
    gone: "Xabar endi yo‘q", late: "Bot javob bermadi", about: "Bu bot nima qila oladi?",
    pick: "Muloqotni boshlash uchun chatni tanlang", offline: "Qum qutisi bilan aloqa yo‘q. Ulanmoqda…",
  },
  en: {
    bot: "bot", members: ["{n} member", "{n} members"], readers: ["{n} subscriber", "{n} subscribers"], typing: "typing…", back: "Back", more: "More",
    end: "To the latest message", unread: "New messages", pinned: "Pinned message",
    gone: "The message is gone", late: "The bot did not answer", about: "What can this bot do?",
    pick: "Pick a chat to begin", offline: "No connection to the sandbox. Trying again…",
  },
});

const PAGE = 60;
const MOST = 240; // messages in the page; those far away are taken out and come again

export class Chat {
  /** `app` is main.js: me, now(), chats, openChat, composer, payments, apps. */
  constructor(app) {
    this.app = app;
    this.title = h("span", { class: "title" });
    this.subtitle = h("span", { class: "subtitle" });
    this.face = h("span");
    this.head = h("header", { class: "bar" },
      (this.backButton = iconButton("back", "", () => app.close(), { class: "only-narrow" })),
      this.face,
      h("button", { type: "button", class: "titles", onclick: () => app.showProfile(this.chat) }, this.title, this.subtitle),
      (this.moreButton = iconButton("more", "", (event) => app.chatMenu(this.chat, event.currentTarget))));
    this.pinned = h("button", { type: "button", class: "bar pinned-bar", hidden: true });
    this.list = h("div", { class: "inner", role: "log" });
    this.scroller = h("div", { class: "messages", tabindex: "-1", onscroll: () => this.#scrolled() }, this.list);
    const sizes = new ResizeObserver(() => this.stick && this.#toBottom()); // pictures and keyboards take their room later
    sizes.observe(this.list);
    sizes.observe(this.scroller);
    this.toEnd = iconButton("down", "", () => this.#showEnd(), { class: "to-end" });
    this.toEnd.hidden = true;
    this.shown = 0; // how often the page was drawn from another place of the talk
    this.offline = h("div", { class: "offline", role: "status", hidden: true });
    this.element = h("main", { class: "middle empty" });
    this.pending = new Map(); // presses that wait for the bot
    this.early = new Map(); // answers that nobody waits for yet
  }

  setOnline(online) {
    this.offline.hidden = online;
    this.offline.textContent = t("offline");
  }

  none() {
    this.chat = null;
    this.element.className = "middle empty";
    this.element.replaceChildren(this.offline, h("div", { class: "service" }, t("pick")));
  }

  show(chat, composer) {
    this.chat = chat;
    this.backButton.setAttribute("aria-label", t("back"));
    this.moreButton.setAttribute("aria-label", t("more"));
    this.toEnd.setAttribute("aria-label", t("end"));
    this.element.className = "middle";
    this.element.replaceChildren(this.head, this.offline, this.pinned, this.scroller, composer);
    composer.prepend(this.toEnd);
    this.unreadFrom = chat.unread ? chat.messages.filter((each) => !each.out).at(-chat.unread)?.message_id : null;
    this.messages = chat.messages;
    this.atStart = chat.messages.length < PAGE;
    this.atEnd = true;
    this.around(chat);
    this.#drawAll();
    this.#showEnd();
    this.#read();
  }

  /** What is around the messages has changed. */
  around(chat) {
    Object.assign(this.chat, { ...chat, messages: this.chat.messages });
    this.title.textContent = chat.title;
    this.face.replaceChildren(avatar(chat.title, chat.bot || chat.key.split(":")[1], "small"));
    this.#subtitle();
    const [pin] = chat.pinned ?? [];
    this.pinned.hidden = !pin;
    if (pin) {
      this.pinned.replaceChildren(icon("pin"), h("span", { class: "titles" }, h("span", { class: "title" }, t("pinned")),
        h("span", { class: "subtitle" }, summary(pin, words))));
      this.pinned.onclick = () => this.jump(pin.message_id);
    }
  }

  #subtitle(typing) {
    const { chat } = this;
    this.subtitle.classList.toggle("busy", Boolean(typing));
    this.subtitle.textContent = typing ?? (chat.type === "private" ? t("bot") : t(chat.type === "channel" ? "readers" : "members", { n: chat.members.length }));
  }

  typing(name) {
    this.#subtitle(this.chat.type === "private" ? t("typing") : `${name} ${t("typing")}`);
    clearTimeout(this.typingEnds);
    this.typingEnds = setTimeout(() => this.chat && this.#subtitle(), 5000);
  }

  // --- messages that come, change and go

  add(message) {
    clearTimeout(this.typingEnds);
    this.#subtitle();
    if (!this.atEnd) {
      this.missed = true; // by whoever is asking for messages now
      this.toEnd.hidden = false;
      if (message.out) this.#showEnd().catch(() => {});
      return this.#read();
    }
    const near = this.#nearEnd();
    this.messages.push(message);
    this.#drawTail();
    if (near || message.out) this.#showEnd();
    else this.toEnd.hidden = false;
    if (this.messages.length > MOST && near) {
      this.messages = this.messages.slice(-MOST / 2);
      this.atStart = false;
      this.#drawAll();
      this.#showEnd();
    }
    this.#read();
  }

  change(message) {
    const at = this.messages.findIndex((each) => each.message_id === message.message_id);
    if (at < 0) return;
    const near = this.#nearEnd();
    this.messages[at] = message;
    this.#redraw(message.message_id);
    if (near) this.#showEnd();
  }

  remove(id) {
    this.messages = this.messages.filter((each) => each.message_id !== id);
    this.#drawAll();
  }

  taken(id) {
    const message = this.messages.find((each) => each.message_id === id);
    if (message?.out && !message.taken) {
      message.taken = true;
      this.#redraw(id);
    }
  }

  // --- drawing

  get #context() {
    return { group: !["private", "channel"].includes(this.chat.type), me: this.app.me, on: this.on };
  }

  /** The messages in groups: albums are one. */
  #groups() {
    const groups = [];
    for (const message of this.messages) {
      const album = message.media_group_id;
      if (album && groups.at(-1)?.[0].media_group_id === album) groups.at(-1).push(message);
      else groups.push([message]);
    }
    return groups;
  }

  #element(group) {
    return group.length > 1 ? albumElement(group, this.#context) : messageElement(this.#named(group[0]), this.#context);
  }

  #named(message) {
    return isService(message) ? { ...message, bot_name: this.chat.title } : message;
  }

  #drawAll() {
    const groups = this.#groups();
    const parts = [];
    if (!groups.length && this.chat.description) {
      parts.push(h("div", { class: "service" }, h("b", {}, t("about")), h("div", { class: "text" }, this.chat.description)));
    }
    groups.forEach((group, at) => parts.push(...this.#placed(group, groups[at - 1]?.at(-1), groups[at + 1]?.[0])));
    this.list.replaceChildren(...parts);
  }

  /** The last of them, and the one before, whose corners may change. */
  #drawTail() {
    const groups = this.#groups();
    const [before, last] = [groups.at(-2), groups.at(-1)];
    if (!before) return this.#drawAll();
    this.#find(last[0].message_id)?.remove();
    this.list.append(...this.#placed(last, before.at(-1)));
    this.#join(this.#find(before[0].message_id), before, groups.at(-3)?.at(-1), last[0]);
  }

  #redraw(id) {
    const groups = this.#groups();
    const at = groups.findIndex((group) => group.some((each) => each.message_id === id));
    const old = this.#find(groups[at][0].message_id);
    if (!old) return;
    const focused = old.contains(document.activeElement) && document.activeElement.textContent;
    const element = this.#element(groups[at]);
    this.#join(element, groups[at], groups[at - 1]?.at(-1), groups[at + 1]?.[0]);
    old.replaceWith(element);
    if (focused) [...element.querySelectorAll("button")].find((each) => each.textContent === focused)?.focus();
  }

  #placed(group, before, after) {
    const parts = [];
    const [message] = group;
    const day = (each) => new Date(each.date * 1000).toDateString();
    if (!before || day(before) !== day(message)) {
      parts.push(h("div", { class: "service day" }, dayName(message.date, this.app.now())));
    }
    if (message.message_id === this.unreadFrom) parts.push(h("div", { class: "unread-line" }, t("unread")));
    const element = this.#element(group);
    this.#join(element, group, before, after);
    return [...parts, element];
  }

  #join(element, group, before, after) {
    if (!element) return;
    const together = (one, other) => Boolean(one && other && !isService(one) && !isService(other)
      && one.from.id === other.from.id && Math.abs(one.date - other.date) < 600);
    element.classList.toggle("first", !together(before, group[0]));
    element.classList.toggle("last", !together(group.at(-1), after));
    element.querySelector(".avatar.tiny")?.classList.toggle("gone", together(group.at(-1), after));
  }

  #find(id) {
    return this.list.querySelector(`[data-id="${id}"]`);
  }

  // --- scrolling

  #nearEnd() {
    return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight < 160;
  }

  async #showEnd() {
    if (!this.atEnd) {
      const { chat } = this;
      let messages;
      do {
        this.missed = false;
        ({ messages } = await get("messages", { chat: chat.key }));
        if (chat !== this.chat || this.atEnd) return;
      } while (this.missed);
      this.messages = messages;
      this.shown += 1;
      this.atEnd = true;
      this.atStart = messages.length < PAGE;
      this.#drawAll();
    }
    this.#toBottom();
  }

  #toBottom() {
    this.stick = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.toEnd.hidden = true;
  }

  #scrolled() {
    const top = this.scroller.scrollTop;
    if (this.#nearEnd()) this.stick = this.atEnd;
    else if (top < this.lastTop - 1) this.stick = false; // the reader went up; room that grows is no reader
    this.lastTop = top;
    this.toEnd.hidden = this.stick;
    if (this.loading || !this.chat) return;
    if (!this.atStart && this.scroller.scrollTop < 1200) this.#load({ before: this.messages[0]?.message_id });
    else if (!this.atEnd && this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight < 1200) {
      this.#load({ after: this.messages.at(-1)?.message_id });
    }
  }

  /** One more page on a side; on the other side as many leave. What is on screen stays where it is. */
  async #load(side) {
    this.loading = true;
    this.missed = false;
    const { chat, shown } = this;
    try {
      const { messages } = await get("messages", { chat: chat.key, ...side });
      if (chat !== this.chat || shown !== this.shown) return; // a page of what is shown no more
      const anchor = this.#anchor();
      if (side.before) {
        this.atStart = messages.length < PAGE;
        this.messages = [...messages, ...this.messages];
        if (this.messages.length > MOST) {
          this.messages = this.messages.slice(0, MOST);
          this.atEnd = false;
        }
        this.#grow(messages.length, true);
      } else {
        this.atEnd = messages.length < PAGE && !this.missed;
        this.messages = [...this.messages, ...messages];
        if (this.messages.length > MOST) {
          this.messages = this.messages.slice(-MOST);
          this.atStart = false;
        }
        this.#grow(messages.length, false);
      }
      if (anchor?.element.isConnected) this.scroller.scrollTop += anchor.element.getBoundingClientRect().top - anchor.top;
    } catch {
      // the next scroll tries again
    } finally {
      this.loading = false;
    }
  }

  #anchor() {
    const top = this.scroller.getBoundingClientRect().top;
    for (const element of this.list.querySelectorAll("[data-id]")) {
      const box = element.getBoundingClientRect();
      if (box.bottom > top) return { element, top: box.top };
    }
    return null;
  }

  /** Draws what came on one side, and takes away what left on the other. */
  #grow(count, before) {
    const groups = this.#groups();
    const ids = new Set(groups.map((group) => String(group[0].message_id)));
    const drawn = new Set([...this.list.querySelectorAll("[data-id]")].map((each) => each.dataset.id));
    const parts = [];
    groups.forEach((group, at) => {
      if (!drawn.has(String(group[0].message_id))) {
        parts.push(...this.#placed(group, groups[at - 1]?.at(-1), groups[at + 1]?.[0]));
      }
    });
    if (before) {
      const first = this.list.firstElementChild;
      if (first?.classList.contains("day")) first.remove();
      this.list.prepend(...parts);
    } else this.list.append(...parts);
    for (const element of [...this.list.querySelectorAll("[data-id]")]) {
      if (!ids.has(element.dataset.id)) element.remove();
    }
    return count;
  }

  jump(id) {
    const element = this.#find(id);
    if (!element) return toast(t("gone"));
    element.scrollIntoView({ block: "center", behavior: "smooth" });
    const bubble = element.querySelector(".bubble") ?? element;
    bubble.classList.remove("flash");
    void bubble.offsetWidth; // so that it flashes again
    return bubble.classList.add("flash");
  }

  #read() {
    const last = this.messages.at(-1)?.message_id;
    if (!last || document.hidden) return;
    this.app.chats.change(this.chat.key, { unread: 0 });
    if (last > (this.lastRead?.[this.chat.key] ?? 0)) {
      this.lastRead = { ...this.lastRead, [this.chat.key]: last };
      act("read", this.chat.key, { message: last }).catch(() => {});
    }
  }

  // --- what a reader does

  on = {
    jump: (id) => this.jump(id),
    look: (address) => look(address),
    reply: (message) => this.app.composer.replyTo(message),
    react: (message, emoji) => this.app.attempt(() => act("react", this.chat.key, { message: message.message_id, emoji })),
    unlock: (message) => this.app.unlock(this.chat, message),
    receipt: (message) => this.app.receipt(message),
    command: (text) => this.app.composer.say(text),
    mention: (name) => this.app.openName(name),
    link: (url) => this.app.follow(url),
    press: (message, button, row, column, element) => this.#press(message, button, row, column, element),
    menu: (message, at) => messageMenu(this.app, this.chat, message, { at, react: this.on.react }),
  };

  async #press(message, button, row, column, element) {
    const key = this.chat.key;
    if (button.pay) return message.invoice?.paid ? this.app.receipt(message) : this.app.pay({ chat: key, message: message.message_id });
    if (button.copy_text) return copy(button.copy_text.text);
    if (button.url) return this.app.ask(button.url);
    if (button.web_app) return this.app.openApp(key, { message: message.message_id, row, column });
    if (button.switch_inline_query_chosen_chat) {
      const { query, ...allowed } = button.switch_inline_query_chosen_chat;
      return this.app.inline(message.via_bot?.username ?? this.#botName(message), query, false, allowed);
    }
    for (const [name, here] of [["switch_inline_query_current_chat", true], ["switch_inline_query", false]]) {
      if (name in button) return this.app.inline(message.via_bot?.username ?? this.#botName(message), button[name], here);
    }
    if (!button.callback_data) return undefined;
    element.classList.add("busy");
    return this.app.attempt(async () => {
      const { query } = await act("press", key, { message: message.message_id, row, column });
      const ends = setTimeout(() => this.answered(query, null), 15_000);
      this.pending.set(query, { element, ends });
      if (this.early.has(query)) this.answered(query, this.early.get(query)); // it was quicker than our own reply
    }, () => element.classList.remove("busy"));
  }

  #botName(message) {
    return message.from.username ?? this.chat.username;
  }

  /** The bot's answer to a press. */
  answered(query, answer) {
    const found = this.pending.get(query);
    if (!found) {
      this.early.set(query, answer);
      return;
    }
    this.early.clear();
    this.pending.delete(query);
    clearTimeout(found.ends);
    found.element.classList.remove("busy");
    if (!answer) toast(t("late"));
    else if (answer.url) this.app.ask(answer.url);
    else if (answer.show_alert && answer.text) {
      dialog({ title: this.chat.title, content: h("p", { class: "text" }, answer.text), actions: [{ text: "OK", kind: "primary" }] });
    } else if (answer.text) toast(answer.text);
  }
}
