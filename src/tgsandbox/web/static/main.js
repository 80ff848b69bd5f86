// The page: who is in front of it, which chat is open, and what comes in.
import { act, actAs, follow, get, Refused } from "./api.js";
import { Chat } from "./chat.js";
import { ChatList } from "./chats.js";
import { Composer } from "./composer.js";
import { dialog, h, toast } from "./dom.js";
import { speak, texts } from "./i18n.js";
import { chatMenu, choosePerson, mainMenu, newPerson, showProfile } from "./people.js";

const t = texts({
  ru: { offline: "Нет связи с песочницей", ask: "Открыть эту ссылку?", open: "Открыть", cancel: "Отмена", noBot: "Здесь нет @{name}", nobody: "Здесь никого нет" },
  uz: { offline: "Qum qutisi bilan aloqa yo‘q", ask: "Havola ochilsinmi?", open: "Ochish", cancel: "Bekor qilish", noBot: "Bu yerda @{name} yo‘q", nobody: "Bu yerda hech kim yo‘q" },
  en: { offline: "No connection to the sandbox", ask: "Open this link?", open: "Open", cancel: "Cancel", noBot: "There is no @{name} here", nobody: "Nobody is here" },
});

const app = {
  me: null,
  theme: "light",
  ahead: 0, // of our clock, in seconds: the sandbox's can be moved
  now: () => Date.now() / 1000 + app.ahead,

  // --- what fails is told

  async attempt(run, onfail = () => {}) {
    try {
      return await run();
    } catch (error) {
      onfail();
      toast(error instanceof Refused && error.message !== "offline" ? error.message : t("offline"));
      if (!(error instanceof Refused)) console.error(error);
      return undefined;
    }
  },

  // --- who and where

  async become(id) {
    app.source?.close();
    actAs(id);
    localStorage.setItem("person", id);
    const { me, chats, boot, last } = await get("chats");
    app.me = me;
    app.boot = boot;
    speak(me.language);
    document.title = me.name;
    app.chats.show(chats, me, app.now);
    app.chat.none();
    app.openKey = null;
    listen(last);
    setHash();
  },

  async reload() {
    const open = app.openKey;
    await app.become(app.me.id);
    if (open && app.chats.chats.has(open)) await app.openChat(open);
  },

  async openChat(key, parameter) {
    let chat;
    app.opening = key;
    for (let tries = 0; tries < 10; tries += 1) {
      app.stale = false;
      chat = await app.attempt(() => get("chat", { chat: key }));
      if (!app.stale) break; // else something has happened in it meanwhile
    }
    if (!chat || app.opening !== key) return;
    app.opening = null;
    app.openKey = key;
    frame.dataset.open = "true";
    app.chats.change(key, { unread: 0 });
    app.chats.select(key);
    app.chat.show(chat, app.composer.element);
    app.composer.show(chat, parameter);
    setHash();
  },

  close() {
    const key = app.openKey;
    app.opening = null;
    delete frame.dataset.open;
    app.openKey = null;
    app.chats.select(null);
    app.chat.none();
    app.chats.focus(key);
    setHash();
  },

  /** @name, or t.me/name: a bot's chat. */
  async openName(name, parameter) {
    const found = [...app.chats.chats.values()].find((each) => each.username?.toLowerCase() === name.toLowerCase());
    if (!found) return toast(t("noBot", { name }));
    await app.openChat(found.key, parameter);
    if (parameter !== undefined && app.chat.chat?.started) app.composer.say(`/start ${parameter}`.trim());
    return undefined;
  },

  /** True when the address is of Telegram, and was followed here. */
  follow(url) {
    const address = telegram(new URL(url));
    if (!address) return false;
    const path = address.pathname.slice(1);
    if (/^(?:\+|joinchat\/)/.test(path)) app.join(address.href);
    else if (path === "share/url" || path === "share") app.share(address.searchParams);
    else if (path.startsWith("$")) app.pay({ link: address.href });
    else if (path.startsWith("invoice/")) app.pay({ link: address.href });
    else if (address.searchParams.has("startapp")) app.openByLink(path.split("/")[0], address.searchParams.get("startapp"));
    else app.openName(path.split("/")[0], address.searchParams.get("start") ?? undefined);
    return true;
  },

  async openByLink(name, start) {
    await app.openName(name);
    if (app.chat.chat?.username?.toLowerCase() === name.toLowerCase()) app.openApp(app.openKey, { start });
  },

  ask(url) {
    if (app.follow(url)) return;
    dialog({ title: t("ask"), content: h("p", { class: "text" }, url), actions: [
      { text: t("cancel") },
      { text: t("open"), kind: "primary", run: () => void window.open(url, "_blank", "noopener,noreferrer") },
    ] });
  },

  async inline(bot, text, here, allowed) {
    if (!here) {
      const { chooseChat } = await import("./join.js");
      const key = await chooseChat(app, allowed);
      if (!key) return;
      await app.openChat(key);
    }
    app.composer.input.value = `@${bot} ${text}`;
    app.composer.input.dispatchEvent(new Event("input"));
    app.composer.input.focus();
  },

  // --- rooms that are opened when they are wanted

  async join(link) {
    const { openLink } = await import("./join.js");
    return openLink(app, link);
  },

  async share(about) {
    const { share } = await import("./join.js");
    return share(app, about);
  },

  async pay(what) {
    const { openSheet } = await import("./sheet.js");
    return openSheet(what);
  },

  async receipt(message) {
    const { openReceipt } = await import("./sheet.js");
    const paid = message.successful_payment ? message : [...app.chat.messages].reverse().find(
      (each) => each.successful_payment && each.reply_to_message?.message_id === message.message_id);
    if (paid) openReceipt(paid);
  },

  async stars() {
    const { openStars } = await import("./sheet.js");
    return openStars(app.me);
  },

  unlock: (chat, message) => app.attempt(() => act("unlock", chat.key, { message: message.message_id })),

  async openApp(key, where) {
    const opened = await app.attempt(() => act("open_app", key, where));
    if (!opened) return;
    const { openApp } = await import("./miniapp.js");
    openApp(opened, { chat: key, me: app.me, theme: app.theme, app });
  },

  async toggleDrawer() {
    if (app.drawer) {
      app.drawer.remove();
      app.drawer = null;
      return;
    }
    const { drawer } = await import("./drawer.js");
    app.drawer = drawer({ onclose: () => app.toggleDrawer() });
    frame.append(app.drawer);
  },

  setTheme(name) {
    app.theme = name;
    document.documentElement.dataset.theme = name;
    localStorage.setItem("theme", name);
    import("./miniapp.js").then(({ setTheme }) => setTheme(name)).catch(() => {});
  },

  showProfile: (chat) => chat && showProfile(app, chat),
  chatMenu: (chat, anchor) => chatMenu(app, chat, anchor),
};

/** The address as t.me has it, also of the kind tg://; nothing when it is not of Telegram. */
function telegram(address) {
  if (address.protocol !== "tg:") return /^(?:www\.)?(?:t|telegram)\.me$/.test(address.hostname) ? address : null;
  const given = address.searchParams;
  const what = address.hostname || address.pathname.replaceAll("/", "");
  const path = { join: `+${given.get("invite")}`, resolve: given.get("domain"), msg_url: "share/url" }[what];
  return path ? new URL(`https://t.me/${path}?${given}`) : null;
}

// --- what comes in

const live = {
  hello({ boot, now }) {
    if (now) app.ahead = now - Date.now() / 1000;
    if (boot !== app.boot) app.reload();
  },
  message({ chat, message }) {
    const open = chat === app.openKey;
    const known = app.chats.chats.get(chat);
    if (!known) return void app.attempt(reloadList);
    app.ahead = Math.max(app.ahead, message.date - Date.now() / 1000);
    app.chats.stopTyping(chat);
    app.chats.change(chat, { last: message, unread: message.out || open ? 0 : known.unread + 1 });
    if (!open) return undefined;
    if ((app.chat.chat.type === "private" && message.out && !app.chat.chat.started) || "pinned_message" in message) around(chat);
    return app.chat.add(message);
  },
  edited({ chat, message }) {
    const known = app.chats.chats.get(chat);
    if (known?.last?.message_id === message.message_id) app.chats.change(chat, { last: message });
    if (chat === app.openKey) app.chat.change(message);
  },
  deleted({ chat, id }) {
    if (chat === app.openKey) app.chat.remove(id);
    if (app.chats.chats.get(chat)?.last?.message_id === id) app.attempt(reloadList);
  },
  delivered({ chat, id }) {
    const last = app.chats.chats.get(chat)?.last;
    if (last?.message_id === id && last.out) app.chats.change(chat, { last: { ...last, taken: true } });
    if (chat === app.openKey) app.chat.taken(id);
  },
  typing({ chat, bot }) {
    app.chats.markTyping(chat);
    if (chat === app.openKey) app.chat.typing(bot);
  },
  keyboard({ chat, keyboard }) {
    if (chat === app.openKey) app.composer.setKeyboard(keyboard);
  },
  answered({ query, type, answer }) {
    if (type === "callback") app.chat.answered(query, answer);
    if (type === "inline") app.composer.answered(query, answer);
  },
  around({ chat, bot }) {
    if (chat) {
      return void app.attempt(async () => {
        await reloadList();
        if (chat !== app.openKey) return;
        if (app.chats.chats.has(chat)) await around(chat);
        else app.close(); // one has left it
      });
    }
    if (app.openKey && bot && app.openKey.startsWith(`${bot}:`)) around(app.openKey);
    return undefined;
  },
  people({ me }) {
    app.me = me;
    app.attempt(reloadList);
  },
};

async function around(key) {
  const chat = await app.attempt(() => get("chat", { chat: key }));
  if (!chat || key !== app.openKey) return;
  app.chat.around(chat);
  app.composer.chat = app.chat.chat;
  app.composer.around();
}

async function reloadList() {
  const { chats, me } = await get("chats");
  app.me = me;
  app.chats.show(chats, me, app.now);
}

function listen(after) {
  const heard = Object.entries(live).map(([kind, handle]) => [kind, (data) => {
    if (data.chat && data.chat === app.opening) app.stale = true;
    return handle(data);
  }]);
  app.source = follow("live", after, Object.fromEntries(heard), (online) => app.chat.setOnline(online));
}

function setHash() {
  const wanted = `#${app.me.id}${app.openKey ? `/${app.openKey}` : ""}`;
  if (location.hash !== wanted) history.replaceState(null, "", wanted);
}

// --- begin

const frame = document.getElementById("app");
app.chats = new ChatList({ onopen: (key) => app.openChat(key), onmenu: (anchor) => mainMenu(app, anchor) });
app.chat = new Chat(app);
app.composer = new Composer(app);
frame.append(app.chats.element, app.chat.element);
document.addEventListener("visibilitychange", () => !document.hidden && app.openKey && app.chat.messages && around(app.openKey));
window.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented && app.openKey && !document.querySelector("dialog[open], .popup")) app.close();
});

const dark = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
app.theme = localStorage.getItem("theme") ?? dark;
document.documentElement.dataset.theme = app.theme;

async function begin() {
  const [wanted, chat] = decodeURIComponent(location.hash.slice(1)).split("/");
  const { people } = await get("people");
  const known = new Set(people.map((each) => String(each.id)));
  const id = [wanted, localStorage.getItem("person")].find((each) => known.has(each));
  speak(navigator.language.slice(0, 2));
  if (!id) {
    app.chat.none();
    app.chats.show([], null, app.now);
    return people.length ? choosePerson(app.become) : newPerson([], (made) => (made ? app.become(made) : begin()));
  }
  await app.become(Number(id));
  if (chat) await app.openChat(chat);
  performance.mark("usable");
  return undefined;
}

begin().catch(() => setTimeout(begin, 2000));
window.addEventListener("hashchange", () => begin());
