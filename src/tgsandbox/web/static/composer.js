// The field and everything around it: suggestions, keyboards, files, voice.
import { act, upload } from "./api.js";
import { words } from "./bubble.js";
import { dialog, field, h, icon, iconButton, popup, toast } from "./dom.js";
import { duration, texts } from "./i18n.js";
import { summary } from "./rich.js";
import { record } from "./voice.js";

const t = texts({
  ru: {
    message: "Сообщение", send: "Отправить", attach: "Прикрепить", voice: "Записать голосовое", start: "НАЧАТЬ",
    restart: "ПЕРЕЗАПУСТИТЬ БОТА", menu: "Меню", keyboard: "Показать или скрыть клавиатуру", photo: "Фото", file: "Файл",
    audio: "Голосовое из файла", contact: "Мой контакт", location: "Геопозиция", cancel: "Отмена", editing: "Изменение",
    share: "Поделиться номером?", shareText: "Бот узнает ваш номер {phone}.", yes: "Поделиться", where: "Где вы?",
    latitude: "Широта", longitude: "Долгота", here: "Отправить", noMic: "Микрофон недоступен. Прикрепите запись файлом.",
    recording: "Запись", nothing: "Ничего не найдено", stop: "Отправить запись", caption: "Подпись", sending: "Отправляем…",
    commands: "Команды", large: "{name} больше 50 МБ: столько Telegram не берёт",
  },
  uz: {
    message: "Xabar", send: "Yuborish", attach: "Biriktirish", voice: "Ovoz yozish", start: "BOSHLASH",
    restart: "BOTNI QAYTA BOSHLASH", menu: "Menyu", keyboard: "Klaviaturani ko‘rsatish yoki yashirish", photo: "Rasm", file: "Fayl",
    audio: "Fayldan ovozli xabar", contact: "Mening kontaktim", location: "Joylashuv", cancel: "Bekor qilish", editing: "Tahrirlash",
    share: "Raqamingizni ulashasizmi?", shareText: "Bot {phone} raqamingizni bilib oladi.", yes: "Ulashish", where: "Qayerdasiz?",
    latitude: "Kenglik", longitude: "Uzunlik", here: "Yuborish", noMic: "Mikrofon ishlamayapti. Yozuvni fayl qilib biriktiring.",
    recording: "Yozilmoqda", nothing: "Hech narsa topilmadi", stop: "Yozuvni yuborish", caption: "Izoh", sending: "Yuborilmoqda…",
    commands: "Buyruqlar", large: "{name} 50 MB dan katta: Telegram buncha olmaydi",
  },
  en: {
    message: "Message", send: "Send", attach: "Attach", voice: "Record a voice message", start: "START",
    restart: "RESTART BOT", menu: "Menu", keyboard: "Show or hide the keyboard", photo: "Photo", file: "File",
    audio: "Voice from a file", contact: "My contact", location: "Location", cancel: "Cancel", editing: "Editing",
    share: "Share your number?", shareText: "The bot will know your number {phone}.", yes: "Share", where: "Where are you?",
    latitude: "Latitude", longitude: "Longitude", here: "Send", noMic: "There is no microphone. Attach a recording as a file.",
    recording: "Recording", nothing: "Nothing found", stop: "Send the recording", caption: "Caption", sending: "Sending…",
    commands: "Commands", large: "{name} is over 50 MB: Telegram does not take that much",
  },
});

const MOST_BYTES = 50 * 2 ** 20;

export class Composer {
  constructor(app) {
    this.app = app;
    this.drafts = new Map();
    this.input = h("textarea", { rows: 1, maxLength: 4096, oninput: () => this.#typed(), onkeydown: (event) => this.#key(event), onpaste: (event) => this.#pasted(event) });
    this.suggestions = h("div", { class: "suggestions", role: "listbox", hidden: true });
    this.about = h("div", { class: "about", hidden: true });
    this.menu = h("button", { type: "button", class: "menu-button", onclick: () => this.#menuPressed() });
    this.keys = iconButton("keyboard", "", () => this.#toggleKeyboard());
    this.attach = iconButton("attach", "", (event) => this.#attachMenu(event.currentTarget));
    this.main = iconButton("mic", "", () => this.#mainPressed(), { class: "primary main" });
    this.inputs = h("div", { class: "inputs" }, this.menu, this.input, this.keys, this.attach);
    this.keyboard = h("div", { class: "reply-keyboard", hidden: true });
    this.line = h("div", { class: "field-line" }, h("div", { class: "box" }, this.about, this.inputs), this.main);
    this.big = h("button", { type: "button", class: "big-button", hidden: true, onclick: () => this.say(this.chat.started ? "/start" : `/start ${this.parameter ?? ""}`.trim()) });
    this.element = h("div", { class: "composer column" }, this.suggestions, this.line, this.big, this.keyboard);
  }

  show(chat, parameter) {
    if (this.chat) this.drafts.set(this.chat.key, this.input.value);
    this.chat = chat;
    this.parameter = parameter;
    this.#forgetAbout();
    this.input.value = this.drafts.get(chat.key) ?? "";
    this.input.placeholder = t("message");
    this.input.setAttribute("aria-label", t("message"));
    this.keys.setAttribute("aria-label", t("keyboard"));
    this.attach.setAttribute("aria-label", t("attach"));
    this.suggestions.hidden = true;
    this.around();
    if (!this.big.hidden) this.big.focus();
    else if (matchMedia("(hover: hover)").matches) this.input.focus();
  }

  /** The commands, the menu button, the keyboard, whether one can write at all. */
  around() {
    const { chat } = this;
    const begin = chat.type === "private" && (!chat.started || chat.blocked);
    this.big.hidden = !begin;
    this.line.hidden = begin || !chat.writes;
    this.big.textContent = t(chat.blocked ? "restart" : "start");
    const menu = chat.menu ?? { type: "default" };
    const shown = menu.type === "web_app" || chat.commands.length > 0;
    this.menu.hidden = !shown;
    if (shown) {
      this.menu.replaceChildren(icon(menu.type === "web_app" ? "app" : "menu"), h("span", {}, menu.type === "web_app" ? menu.text : t("menu")));
      this.menu.setAttribute("aria-label", menu.type === "web_app" ? menu.text : t("commands"));
    }
    this.setKeyboard(chat.keyboard);
    this.#shape();
  }

  setKeyboard(keyboard) {
    const before = this.chat.keyboard;
    this.chat.keyboard = keyboard;
    const rows = keyboard?.keyboard ?? [];
    this.keys.hidden = !rows.length;
    this.keyboard.hidden = !rows.length || (keyboard === before && this.keyboard.hidden && this.keyboardShut);
    this.keyboardShut = false;
    this.keyboard.replaceChildren(...rows.map((row, at) => h("div", { class: "keyrow" }, row.map((button, column) =>
      h("button", { type: "button", class: `key ${button.style ?? ""}`, onclick: () => this.#tap(button, at, column) }, button.text ?? button)))));
    if (keyboard?.force_reply) {
      const target = this.app.chat.messages?.find((each) => !each.out);
      if (target) this.replyTo(this.app.chat.messages.at(-1));
    }
    this.input.placeholder = keyboard?.input_field_placeholder ?? t("message");
  }

  #toggleKeyboard() {
    this.keyboard.hidden = !this.keyboard.hidden;
    this.keyboardShut = this.keyboard.hidden;
  }

  // --- writing

  replyTo(message) {
    this.#about(message.out ? words("you") : message.from.first_name, summary(message, words));
    this.reply = message.message_id;
    this.editing = null;
    this.input.focus();
  }

  edit(message) {
    this.#about(t("editing"), summary(message, words));
    this.editing = message;
    this.reply = null;
    this.input.value = message.text ?? message.caption ?? "";
    this.#typed();
    this.input.focus();
  }

  #about(title, text) {
    this.about.hidden = false;
    this.about.replaceChildren(
      h("span", { class: "quote" }, h("b", {}, title), h("span", {}, text)),
      iconButton("close", t("cancel"), () => {
        if (this.editing) this.input.value = "";
        this.#forgetAbout();
        this.#typed();
      }));
  }

  #forgetAbout() {
    this.about.hidden = true;
    this.reply = null;
    this.editing = null;
  }

  #typed() {
    this.#shape();
    this.#suggest();
  }

  #shape() {
    const text = this.input.value.trim();
    const name = text || this.editing ? (this.editing ? "check" : "send") : "mic";
    this.main.replaceChildren(icon(name));
    this.main.setAttribute("aria-label", t(name === "mic" ? "voice" : "send"));
    this.menu.classList.toggle("narrow", Boolean(text));
    this.input.style.height = "auto";
    if (!CSS.supports("field-sizing", "content")) this.input.style.height = `${Math.min(this.input.scrollHeight, innerHeight * 0.4)}px`;
  }

  #key(event) {
    const { key } = event;
    const options = this.suggestions.hidden ? [] : [...this.suggestions.querySelectorAll("button")];
    const chosen = options.findIndex((each) => each.getAttribute("aria-selected") === "true");
    if (options.length && (key === "ArrowDown" || key === "ArrowUp")) {
      event.preventDefault();
      this.#select(options, (chosen + (key === "ArrowDown" ? 1 : -1) + options.length) % options.length);
    } else if (options.length && key === "Tab") {
      event.preventDefault();
      options[Math.max(chosen, 0)].click();
    } else if (key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      if (chosen >= 0) options[chosen].click();
      else this.send();
    } else if (key === "Escape") {
      if (!this.suggestions.hidden || !this.about.hidden || this.input.value) event.preventDefault(); // it stays open
      this.suggestions.hidden = true;
      if (!this.about.hidden) this.about.querySelector("button").click();
    } else if (key === "ArrowUp" && !this.input.value) {
      const own = this.app.chat.messages.filter((each) => each.out && each.text).at(-1);
      if (own) {
        event.preventDefault();
        this.edit(own);
      }
    }
  }

  #mainPressed() {
    if (this.recorder) return this.recorder.stop();
    if (this.input.value.trim() || this.editing) return this.send();
    return this.#record();
  }

  send() {
    const text = this.input.value.trim();
    if (!text) return;
    const { reply, editing, chat } = this;
    this.input.value = "";
    this.#forgetAbout();
    this.#typed();
    this.app.attempt(
      () => editing ? act("edit", chat.key, { message: editing.message_id, text }) : act("send", chat.key, { text, ...(reply && { reply_to: reply }) }),
      () => {
        if (!this.input.value) this.input.value = text; // nothing that was typed is lost
        this.#shape();
      });
  }

  say(text) {
    return this.app.attempt(() => act("send", this.chat.key, { text }));
  }

  // --- suggestions: commands, and what a bot offers inline

  #suggest() {
    clearTimeout(this.asking);
    const text = this.input.value;
    if (/^\/\w*$/.test(text)) {
      const found = this.chat.commands.filter((each) => each.command.startsWith(text.slice(1).toLowerCase()));
      return this.#offer(found.map(({ command, description }) => ({
        title: `/${command}`, text: description, run: () => {
          this.input.value = "";
          this.#typed();
          this.say(`/${command}`);
        } })));
    }
    const inline = text.match(/^@(\w{5,32})\s([\s\S]*)$/);
    if (inline) {
      this.asking = setTimeout(() => this.#askInline(inline[1], inline[2]), 250);
      return undefined;
    }
    return this.#offer([]);
  }

  async #askInline(bot, text) {
    try {
      const { query } = await act("ask_inline", this.chat.key, { bot, text });
      this.inline = { query, bot, text };
      if (this.early?.query === query) this.answered(query, this.early.answer);
    } catch {
      this.#offer([]);
    }
  }

  answered(query, answer) {
    if (this.inline?.query !== query) {
      this.early = { query, answer };
      return;
    }
    const { bot, text } = this.inline;
    const found = answer.results.map((result) => ({ title: result.title || result.body.text || result.type, text: result.description, run: () => {
      this.input.value = "";
      this.#typed();
      this.app.attempt(() => act("choose", this.chat.key, { bot, text, result }));
    } }));
    this.#offer(found.length ? found : [{ title: t("nothing"), text: "", run: () => {} }]);
  }

  #offer(options) {
    this.suggestions.hidden = !options.length;
    this.suggestions.replaceChildren(...options.map(({ title, text, run }) =>
      h("button", { type: "button", role: "option", onclick: () => {
        this.suggestions.hidden = true;
        run();
        this.input.focus();
      } }, h("b", {}, title), h("span", {}, text))));
    if (options.length) this.#select([...this.suggestions.children], 0);
  }

  #select(options, at) {
    options.forEach((each, index) => each.setAttribute("aria-selected", String(index === at)));
    options[at].scrollIntoView({ block: "nearest" });
  }

  #menuPressed() {
    const { menu } = this.chat;
    if (menu.type === "web_app") return this.app.openApp(this.chat.key, {});
    if (!this.suggestions.hidden) {
      this.suggestions.hidden = true;
      return undefined;
    }
    return this.#offer(this.chat.commands.map(({ command, description }) => ({ title: `/${command}`, text: description, run: () => this.say(`/${command}`) })));
  }

  // --- the reply keyboard

  async #tap(button, row, column) {
    if (button.web_app) return this.app.openApp(this.chat.key, { message: 0, row, column });
    if (button.request_location) return this.#location();
    if (button.request_contact && !(await this.#agreed())) return undefined;
    return this.app.attempt(() => act("tap", this.chat.key, { row, column }));
  }

  #agreed() {
    return new Promise((resolve) => dialog({
      title: t("share"),
      content: h("p", {}, t("shareText", { phone: this.app.me.phone })),
      actions: [{ text: t("cancel"), run: () => resolve(false) }, { text: t("yes"), kind: "primary", run: () => resolve(true) }],
      onclose: () => resolve(false),
    }));
  }

  // --- files, places, voice

  #attachMenu(anchor) {
    const box = anchor.getBoundingClientRect();
    popup({ x: box.left, y: box.top - 230 }, [
      { text: t("photo"), icon: "emoji", run: () => this.#choose("image/*", "photo") },
      { text: t("file"), icon: "file", run: () => this.#choose("", "document") },
      { text: t("audio"), icon: "mic", run: () => this.#choose("audio/*", "voice") },
      { text: t("location"), icon: "place", run: () => this.#location() },
      { text: t("contact"), icon: "user", run: async () => (await this.#agreed()) && this.app.attempt(() => act("contact", this.chat.key)) },
    ]);
  }

  #choose(accept, kind) {
    const input = h("input", { type: "file", accept, multiple: kind !== "voice" });
    input.onchange = () => this.#files([...input.files], kind);
    input.click();
  }

  #pasted(event) {
    const files = [...event.clipboardData.files];
    if (!files.length) return;
    event.preventDefault();
    this.#files(files, files.every((each) => each.type.startsWith("image/")) ? "photo" : "document");
  }

  async #files(files, kind) {
    const large = files.find((each) => each.size > MOST_BYTES);
    if (large) return toast(t("large", { name: large.name }));
    if (kind === "voice") return this.#send(files[0], "voice", { duration: await seconds(files[0]) });
    for (const each of files) await this.#send(each, kind, { name: each.name });
    return undefined;
  }

  async #send(blob, kind, about) {
    const told = toast(t("sending"));
    await this.app.attempt(() => upload(this.chat.key, kind, blob, about));
    told.remove();
  }

  #location() {
    const latitude = field(t("latitude"), { type: "number", step: "any", value: "41.2995" });
    const longitude = field(t("longitude"), { type: "number", step: "any", value: "69.2401" });
    dialog({
      title: t("where"),
      content: [latitude.element, longitude.element],
      actions: [{ text: t("cancel") }, { text: t("here"), kind: "primary", run: () => this.app.attempt(() =>
        act("location", this.chat.key, { latitude: Number(latitude.input.value), longitude: Number(longitude.input.value) })) }],
    });
  }

  async #record() {
    try {
      this.recorder = await record((now) => {
        line.textContent = `● ${t("recording")} ${duration(now)}`;
      });
    } catch {
      toast(t("noMic"));
      return;
    }
    const line = h("span", { class: "recording", role: "timer" }, `● ${t("recording")} 0:00`);
    const off = iconButton("trash", t("cancel"), () => this.recorder.cancel());
    this.inputs.replaceChildren(off, line);
    this.main.replaceChildren(icon("send"));
    this.main.setAttribute("aria-label", t("stop"));
    const made = await this.recorder.done;
    this.recorder = null;
    this.inputs.replaceChildren(this.menu, this.input, this.keys, this.attach);
    this.#shape();
    if (made) await this.#send(made.blob, "voice", { duration: made.seconds });
  }
}

function seconds(file) {
  return new Promise((resolve) => {
    const audio = new Audio(URL.createObjectURL(file));
    const done = () => {
      URL.revokeObjectURL(audio.src);
      resolve(Number.isFinite(audio.duration) ? Math.round(audio.duration) : undefined);
    };
    audio.onloadedmetadata = done;
    audio.onerror = done;
  });
}
