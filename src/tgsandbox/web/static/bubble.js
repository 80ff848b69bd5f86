// A message as it is shown.
import { fileAddress } from "./api.js";
import { avatar, h, icon } from "./dom.js";
import { clock, fileSize, money, texts } from "./i18n.js";
import { kindOf, rich, summary } from "./rich.js";
import { player } from "./voice.js";

export const words = texts({
  ru: {
    photo: "Фото", voice: "Голосовое сообщение", audio: "Аудио", video: "Видео", animation: "GIF",
    video_note: "Видеосообщение", sticker: "Стикер", document: "Файл", location: "Геопозиция", venue: "Место",
    contact: "Контакт", dice: "Кубик", invoice: "Счёт", paid_media: "Платное медиа", text: "Сообщение",
    edited: "изменено", forwarded: "Переслано от {name}", via: "через @{name}", you: "Вы", pay: "Заплатить {sum}",
    receipt: "Квитанция", unlock: "Открыть за ⭐ {n}", sent: "Отправлено", taken: "Доставлено",
    successful_payment: "Вы успешно перевели {sum} боту {name}", refunded_payment: "Бот {name} вернул вам {sum}",
    web_app_data: "Данные из кнопки «{name}» переданы боту", write_access_allowed: "Вы разрешили боту писать вам",
    new_chat_members: "{name} теперь в группе", left_chat_member: "{name} больше не в группе",
    pinned_message: "{name} закрепил(а) «{text}»", new_chat_title: "Новое название группы: «{text}»",
    group_chat_created: "Группа создана", channel_created: "Канал создан", test: "ТЕСТ", open: "Открыть изображение", add: "{n} в Telegram",
  },
  uz: {
    photo: "Rasm", voice: "Ovozli xabar", audio: "Audio", video: "Video", animation: "GIF",
    video_note: "Videoxabar", sticker: "Stiker", document: "Fayl", location: "Joylashuv", venue: "Joy",
    contact: "Kontakt", dice: "Zar", invoice: "Hisob", paid_media: "Pullik media", text: "Xabar",
    edited: "tahrirlangan", forwarded: "{name} dan uzatilgan", via: "@{name} orqali", you: "Siz", pay: "{sum} to‘lash",
    receipt: "Chek", unlock: "⭐ {n} evaziga ochish", sent: "Yuborildi", taken: "Yetkazildi",
    successful_payment: "Siz {name} botiga {sum} to‘ladingiz", refunded_payment: "{name} boti sizga {sum} qaytardi",
    web_app_data: "“{name}” tugmasidagi ma’lumot botga yuborildi", write_access_allowed: "Botga yozishga ruxsat berdingiz",
    new_chat_members: "{name} endi guruhda", left_chat_member: "{name} endi guruhda emas",
    pinned_message: "{name} “{text}” xabarini qadadi", new_chat_title: "Guruhning yangi nomi: “{text}”",
    group_chat_created: "Guruh yaratildi", channel_created: "Kanal yaratildi", test: "SINOV", open: "Rasmni ochish", add: "Telegramda {n}",
  },
  en: {
    photo: "Photo", voice: "Voice message", audio: "Audio", video: "Video", animation: "GIF",
    video_note: "Video message", sticker: "Sticker", document: "File", location: "Location", venue: "Venue",
    contact: "Contact", dice: "Die", invoice: "Invoice", paid_media: "Paid media", text: "Message",
    edited: "edited", forwarded: "Forwarded from {name}", via: "via @{name}", you: "You", pay: "Pay {sum}",
    receipt: "Receipt", unlock: "Unlock for ⭐ {n}", sent: "Sent", taken: "Delivered",
    successful_payment: "You paid {sum} to {name}", refunded_payment: "{name} refunded {sum} to you",
    web_app_data: "Data from the “{name}” button was sent to the bot", write_access_allowed: "You allowed the bot to message you",
    new_chat_members: "{name} joined the group", left_chat_member: "{name} left the group",
    pinned_message: "{name} pinned “{text}”", new_chat_title: "The group is now called “{text}”",
    group_chat_created: "The group was created", channel_created: "The channel was created", test: "TEST", open: "Open the picture", add: "{n} on Telegram",
  },
});

const SERVICE = [
  "successful_payment", "refunded_payment", "web_app_data", "write_access_allowed", "new_chat_members",
  "left_chat_member", "pinned_message", "new_chat_title", "group_chat_created",
];
const ZERO = ["CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XTR"];
export const sum = (amount, currency) => money(amount, currency, ZERO.includes(currency) ? 0 : 2);

export const isService = (message) => SERVICE.some((kind) => kind in message);
const fullName = (user) => [user.first_name, user.last_name].filter(Boolean).join(" ");

/** `on` takes what the reader does with it; see chat.js. */
export function messageElement(message, { group, me, on }) {
  if (isService(message)) return serviceElement(message, on);
  const bubble = h("div", { class: bubbleClass(message) });
  const meta = metaElement(message);
  bubble.append(...header(message, { group, me, on }), ...content(message, on, meta));
  if (message.reactions?.length) bubble.append(reactions(message, on));
  const stack = h("div", { class: "stack" }, bubble, keys(message, on));
  const element = h(
    "div",
    { class: `message column ${message.out ? "out" : ""}`, data: { id: message.message_id, from: message.from.id } },
    group && !message.out && avatar(message.from.first_name, message.from.id, "tiny"),
    stack,
  );
  bubble.addEventListener("contextmenu", (event) => {
    if (event.target.closest("a")) return;
    event.preventDefault();
    on.menu(message, { x: event.clientX, y: event.clientY });
  });
  bubble.addEventListener("dblclick", (event) => !event.target.closest("button, a, canvas") && on.reply(message));
  return element;
}

function bubbleClass(message) {
  const kind = kindOf(message);
  const plain = ["sticker", "dice"].includes(kind);
  const bare = ["photo", "video", "animation"].includes(kind) && !message.caption && !message.reactions?.length;
  return `bubble ${kind} ${plain ? "sticker" : ""} ${bare ? "bare" : ""}`;
}

function metaElement(message) {
  return h(
    "span",
    { class: "meta" },
    message.edit_date && h("span", {}, words("edited")),
    h("time", { datetime: new Date(message.date * 1000).toISOString() }, clock(message.date)),
    message.out && ticks(message.taken),
  );
}

export function ticks(taken) {
  return h("span", { class: "ticks", role: "img", "aria-label": words(taken ? "taken" : "sent") },
    icon("check"), taken && icon("check"));
}

function header(message, { group, me, on }) {
  const parts = [];
  if (group && !message.out) parts.push(h("div", { class: "author" }, fullName(message.from)));
  if (message.forward_origin) {
    const origin = message.forward_origin;
    const name = origin.sender_user ? fullName(origin.sender_user) : origin.sender_user_name ?? origin.chat?.title ?? "";
    parts.push(h("div", { class: "forwarded" }, words("forwarded", { name })));
  }
  if (message.via_bot) parts.push(h("div", { class: "via" }, words("via", { name: message.via_bot.username })));
  const target = message.reply_to_message;
  if (target) {
    const quoted = message.quote?.text ?? summary(target, words);
    const name = target.from.id === me.id ? words("you") : fullName(target.from);
    parts.push(h("button", { type: "button", class: "quote", onclick: () => on.jump(target.message_id) },
      h("b", {}, name), h("span", {}, quoted)));
  }
  return parts;
}

function said(message, on, meta) {
  const text = message.text ?? message.caption ?? "";
  const entities = message.entities ?? message.caption_entities;
  const big = message.text && /^(?:\p{Extended_Pictographic}(?:\u200d\p{Extended_Pictographic}|[\ufe0f\u{1f3fb}-\u{1f3ff}])*){1,3}$/u.test(text);
  return h("div", { class: `text ${big ? "big" : ""}`, dir: "auto" }, rich(text, entities, on), meta);
}

function content(message, on, meta) {
  const kind = kindOf(message);
  const caption = message.caption ? said(message, on, meta) : meta;
  switch (kind) {
    case "photo":
      return [picture(message.photo.at(-1), on), caption];
    case "video":
    case "animation":
    case "video_note":
      return [film(message[kind], kind), caption];
    case "sticker":
      return [sticker(message.sticker), meta];
    case "dice":
      return [`${message.dice.emoji}`, h("span", { class: "meta" }, String(message.dice.value), " ", ...meta.childNodes)];
    case "voice":
      return [player(message.voice), caption];
    case "audio":
      return [player(message.audio, [message.audio.performer, message.audio.title].filter(Boolean).join(" – ") || message.audio.file_name), caption];
    case "document":
      return [file(message.document), caption];
    case "contact":
      return [contact(message.contact), meta];
    case "venue":
    case "location":
      return [place(message), meta];
    case "invoice":
      return [invoice(message.invoice), meta];
    case "paid_media":
      return [paidMedia(message, on), caption];
    default:
      return [said(message, on, meta)];
  }
}

function picture(size, on) {
  const address = fileAddress(size.file_id);
  const ratio = Math.min(2.5, Math.max(0.6, size.width / size.height || 1));
  return h("button", { type: "button", class: "tile", style: { aspectRatio: String(ratio), maxHeight: "420px" },
    "aria-label": words("open"), onclick: () => on.look(address) },
    h("img", { src: address, alt: words("photo"), loading: "lazy", decoding: "async" }));
}

function film(found, kind) {
  const loop = kind === "animation";
  return h("div", { class: "tile" }, h("video", { src: fileAddress(found.file_id), controls: !loop, loop, muted: loop, autoplay: loop, playsInline: true, preload: "metadata" }));
}

function sticker(found) {
  const emoji = h("span", { role: "img", "aria-label": words("sticker") }, found.emoji ?? "🖼️");
  if (found.is_animated || found.is_video) return emoji;
  const image = h("img", { src: fileAddress(found.file_id), alt: found.emoji ?? words("sticker") });
  image.onerror = () => image.replaceWith(emoji);
  return image;
}

function file(found) {
  const kind = found.file_name?.match(/\.(\w{1,8})$/)?.[1] ?? "";
  const about = [fileSize(found.file_size ?? 0), kind.toUpperCase()].filter(Boolean).join(" · ");
  return h("a", { class: "file", href: fileAddress(found.file_id), download: found.file_name ?? "file" },
    h("span", { class: "circle" }, icon("file")),
    h("span", {}, h("span", { class: "name" }, found.file_name ?? words("document")), h("span", { class: "about" }, about)));
}

function contact(found) {
  const name = fullName(found);
  return h("div", { class: "file" }, avatar(name, found.user_id ?? 1, "small"),
    h("span", {}, h("span", { class: "name" }, name), h("span", { class: "about" }, found.phone_number)));
}

function place(message) {
  const { latitude, longitude } = message.location;
  const title = message.venue?.title ?? words("location");
  const about = message.venue?.address ?? `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`;
  return h("div", { class: "file" }, h("span", { class: "circle" }, icon("place")),
    h("span", {}, h("span", { class: "name" }, title), h("span", { class: "about" }, about)));
}

function invoice(found) {
  return h("div", {},
    found.photo && h("div", { class: "tile", style: { aspectRatio: "1.9" } }, h("img", { src: found.photo.url, alt: "", referrerpolicy: "no-referrer", loading: "lazy" })),
    h("h3", {}, found.title), h("div", { class: "text" }, found.description),
    h("span", { class: "price" }, sum(found.total_amount, found.currency)));
}

function paidMedia(message, on) {
  const { star_count: n, paid_media: media } = message.paid_media;
  if (media[0]?.type !== "preview") {
    return h("div", { class: media.length > 1 ? "album" : "" },
      media.map((each) => (each.photo ? picture(each.photo.at(-1), on) : film(each.video, "video"))));
  }
  return h("div", { class: "paid-media" }, h("div", { class: "blurred" }),
    h("button", { type: "button", class: "unlock", onclick: () => on.unlock(message) }, words("unlock", { n })));
}

function reactions(message, on) {
  return h("div", { class: "reactions" }, message.reactions.map(({ emoji, count, mine }) =>
    h("button", { type: "button", class: `reaction ${mine ? "mine" : ""}`, "aria-pressed": String(mine),
      onclick: () => on.react(message, mine ? null : emoji) }, h("span", {}, emoji), ` ${count}`)));
}

// --- buttons under it

const MARKS = { url: "forward", web_app: "app", copy_text: "copy", switch_inline_query: "reply", switch_inline_query_chosen_chat: "reply", pay: "star" };

function keys(message, on) {
  let rows = message.reply_markup?.inline_keyboard ?? [];
  if (message.invoice && !rows.length) rows = [[{ text: "", pay: true }]];
  if (!rows.length) return null;
  return h("div", { class: "keys" }, rows.map((row, at) =>
    h("div", { class: "keyrow" }, row.map((button, column) => {
      let text = button.text;
      if (button.pay && message.invoice.paid) text = words("receipt");
      else if (button.pay && !text) text = words("pay", { sum: sum(message.invoice.total_amount, message.invoice.currency) });
      const mark = MARKS[Object.keys(MARKS).find((name) => name in button)];
      return h("button", { type: "button", class: `key ${button.style ?? ""}`,
        onclick: (event) => on.press(message, button, at, column, event.currentTarget) },
        text, mark && mark !== "star" && icon(mark));
    }))));
}

// --- what happened

/** What has happened, in words. */
export function serviceText(message) {
  const kind = SERVICE.find((each) => each in message);
  const value = message[kind];
  const name = kind === "web_app_data" ? value.button_text : fullName(message.from);
  const about = {
    successful_payment: () => ({ sum: sum(value.total_amount, value.currency), name: message.bot_name ?? "" }),
    refunded_payment: () => ({ sum: sum(value.total_amount, value.currency), name: message.bot_name ?? "" }),
    new_chat_members: () => ({ name: value.map(fullName).join(", ") }),
    left_chat_member: () => ({ name: fullName(value) }),
    pinned_message: () => ({ name, text: summary(value, words).slice(0, 40) }),
    new_chat_title: () => ({ text: value }),
  }[kind]?.() ?? { name };
  return words(kind, about);
}

function serviceElement(message, on) {
  const kind = SERVICE.find((each) => each in message);
  const value = message[kind];
  const text = serviceText(message);
  const open = { successful_payment: () => on.receipt(message), pinned_message: () => on.jump(value.message_id) }[kind];
  return h("div", { class: "service", data: { id: message.message_id, service: kind } },
    open ? h("button", { type: "button", onclick: open }, text) : text);
}

/** Several photos as one message. */
export function albumElement(messages, context) {
  const [first] = messages;
  const captioned = messages.find((each) => each.caption) ?? first;
  const element = messageElement({ ...captioned, message_id: first.message_id }, context);
  const single = element.querySelector(".tile");
  single?.replaceWith(h("div", { class: "album" }, messages.map((each) =>
    each.photo ? picture(each.photo.at(-1), context.on) : film(each.video ?? each.animation ?? each.document, "video"))));
  element.dataset.album = first.media_group_id;
  return element;
}
