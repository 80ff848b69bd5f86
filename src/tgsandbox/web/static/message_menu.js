// What can be done with a message: the menu over it, forwarding, a closer look at a picture.
import { act } from "./api.js";
import { avatar, dialog, h, popup } from "./dom.js";
import { texts } from "./i18n.js";
import { copy } from "./rich.js";

const t = texts({
  ru: {
    reply: "Ответить", copy: "Копировать текст", forward: "Переслать", edit: "Изменить", delete: "Удалить",
    pin: "Закрепить", unpin: "Открепить", cancel: "Отмена", forwardTo: "Переслать в…", picture: "Изображение",
  },
  uz: {
    reply: "Javob berish", copy: "Matnni nusxalash", forward: "Uzatish", edit: "Tahrirlash", delete: "O‘chirish",
    pin: "Qadash", unpin: "Qadashni bekor qilish", cancel: "Bekor qilish", forwardTo: "Qayerga uzatamiz?", picture: "Rasm",
  },
  en: {
    reply: "Reply", copy: "Copy text", forward: "Forward", edit: "Edit", delete: "Delete",
    pin: "Pin", unpin: "Unpin", cancel: "Cancel", forwardTo: "Forward to…", picture: "Picture",
  },
});

const FACES = ["👍", "❤", "🔥", "😁", "😢", "🎉"];

/** `react` takes the message and the emoji, or null to take it back. */
export function messageMenu(app, chat, message, { at, react }) {
  const given = { message: message.message_id };
  const text = message.text ?? message.caption;
  const pinned = chat.pinned?.some((each) => each.message_id === message.message_id);
  const mine = message.reactions?.find((each) => each.mine)?.emoji;
  const faces = h("div", { class: "faces", role: "group" }, FACES.map((emoji) =>
    h("button", { type: "button", role: "menuitemradio", "aria-label": emoji, "aria-checked": String(emoji === mine), onclick: () => {
      menu.hidePopover();
      react(message, emoji === mine ? null : emoji);
    } }, emoji)));
  const menu = popup(at, [
    { text: t("reply"), icon: "reply", run: () => app.composer.replyTo(message) },
    text && { text: t("copy"), icon: "copy", run: () => copy(text) },
    message.out && { text: t("edit"), icon: "edit", run: () => app.composer.edit(message) },
    { text: t(pinned ? "unpin" : "pin"), icon: "pin", run: () => app.attempt(() => act("pin", chat.key, given)) },
    { text: t("forward"), icon: "forward", run: () => forward(app, chat, message) },
    { text: t("delete"), icon: "trash", kind: "danger", run: () => app.attempt(() => act("delete", chat.key, given)) },
  ].filter(Boolean), faces);
}

function forward(app, chat, message) {
  pickChat(app, t("forwardTo"), (key) => app.attempt(async () => {
    await act("forward", chat.key, { message: message.message_id, to: key });
    await app.openChat(key);
  }));
}

/** A list of the chats in which one may write; `onchosen` hears which, `onclose` that it is over. */
export function pickChat(app, title, onchosen, { onclose, fits = () => true } = {}) {
  const found = dialog({
    title,
    content: [...app.chats.chats.values()].filter((each) => each.writes && fits(each)).map((each) =>
      h("button", { type: "button", class: "choice", onclick: () => {
        onchosen(each.key);
        found.close();
      } }, avatar(each.title, each.bot || each.key.split(":")[1], "small"), each.title)),
    actions: [{ text: t("cancel") }],
    onclose,
  });
}

export function look(address) {
  const found = dialog({ title: t("picture"), kind: "viewer", content: h("img", { src: address, alt: t("picture") }) });
  found.element.addEventListener("click", found.close);
}
