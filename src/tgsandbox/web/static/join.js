// Links that lead somewhere: into a private chat, or to be shared with one.
import { act } from "./api.js";
import { avatar, h, toast } from "./dom.js";
import { texts } from "./i18n.js";
import { pickChat } from "./message_menu.js";
import { big, div, frame } from "./sheet.js";

const t = texts({
  ru: {
    channel: "Закрытый канал", group: "Закрытая группа",
    readers: ["{n} подписчик", "{n} подписчика", "{n} подписчиков"], members: ["{n} участник", "{n} участника", "{n} участников"],
    ask: "Подать заявку", join: "Вступить", asksNote: "Вступить можно с согласия администратора.", pending: "Заявка отправлена",
    pendingNote: "Когда её одобрят, чат появится в списке.", close: "Закрыть", gone: "Ссылка больше не действует",
    pick: "Выберите чат", shareTo: "Поделиться с…",
  },
  uz: {
    channel: "Yopiq kanal", group: "Yopiq guruh", readers: "{n} obunachi", members: "{n} a’zo",
    ask: "So‘rov yuborish", join: "Qo‘shilish", asksNote: "Administrator roziligi bilan qo‘shilasiz.", pending: "So‘rov yuborildi",
    pendingNote: "U qabul qilinsa, chat ro‘yxatda paydo bo‘ladi.", close: "Yopish", gone: "Havola endi ishlamaydi",
    pick: "Chatni tanlang", shareTo: "Kimga ulashamiz?",
  },
  en: {
    channel: "Private channel", group: "Private group",
    readers: ["{n} subscriber", "{n} subscribers"], members: ["{n} member", "{n} members"],
    ask: "Request to join", join: "Join", asksNote: "An administrator has to let you in.", pending: "Request sent",
    pendingNote: "When it is approved, the chat will be in your list.", close: "Close", gone: "This link leads nowhere any more",
    pick: "Pick a chat", shareTo: "Share with…",
  },
});

/** An invite link: the chat itself for whoever is in it, else a sheet to ask. */
export async function openLink(app, link) {
  let found;
  try {
    found = await act("look_at_link", undefined, { link });
  } catch ({ message }) {
    return toast(message === "offline" ? message : t("gone"));
  }
  if (found.standing === "in") return app.openChat(found.key);
  const view = frame(() => view.end());
  const close = () => big(t("close"), () => view.end());
  const channel = found.type === "channel";
  const count = t(channel ? "readers" : "members", { n: found.members });

  const face = (note) => div("sheet-ask", avatar(found.title, found.key.split(":")[1]), h("h3", {}, found.title),
    h("small", {}, `${t(channel ? "channel" : "group")} · ${count}`), found.about && h("p", {}, found.about), note && h("p", {}, note));
  const pending = () => view.show("", [face(), div("sheet-ask", h("b", {}, t("pending")), h("p", {}, t("pendingNote")))], close());

  async function join() {
    view.busy(true);
    const joined = await app.attempt(() => act("join", undefined, { link }), () => view.end());
    if (!joined) return;
    view.busy(false);
    if (joined.standing === "pending") return void pending();
    view.end();
    await app.openChat(joined.key);
  }

  if (found.standing === "pending") return pending();
  const asks = found.standing === "asks";
  return view.show("", face(asks && t("asksNote")), big(t(asks ? "ask" : "join"), join));
}

const KINDS = { private: "allow_bot_chats", group: "allow_group_chats", supergroup: "allow_group_chats", channel: "allow_channel_chats" };

/** The key of a chat that is chosen from all, or from those of some kinds; null when none is. */
export const chooseChat = (app, allowed, title = t("pick")) => new Promise((resolve) =>
  pickChat(app, title, resolve, { onclose: () => resolve(null), fits: ({ type }) => !allowed || allowed[KINDS[type]] }));

/** t.me/share/url?url=…&text=…: into a chat of one's choice, at once. */
export async function share(app, about) {
  const text = [about.get("url"), about.get("text")].filter(Boolean).join("\n");
  const key = text && (await chooseChat(app, null, t("shareTo")));
  if (!key) return;
  await app.openChat(key);
  await app.composer.say(text);
}
