// Formatted text: from entities to elements. Offsets are those of JavaScript's own strings.
import { h, toast } from "./dom.js";
import { texts } from "./i18n.js";

const t = texts({
  ru: { copied: "Скопировано", leave: "Открыть ссылку {url}?" },
  uz: { copied: "Nusxalandi", leave: "{url} havolasi ochilsinmi?" },
  en: { copied: "Copied", leave: "Open {url}?" },
});

export async function copy(text) {
  await navigator.clipboard.writeText(text);
  toast(t("copied"));
}

/** `on` takes what a reader does: command, mention, hashtag, link. */
export function rich(text, entities = [], on = {}) {
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  const build = (from, to, list) => {
    const parts = [];
    let at = from;
    for (let index = 0; index < list.length; index += 1) {
      const entity = list[index];
      if (entity.offset < at) continue;
      const end = Math.min(entity.offset + entity.length, to);
      if (entity.offset > at) parts.push(text.slice(at, entity.offset));
      const inner = list.slice(index + 1).filter((each) => each.offset < end);
      parts.push(piece(entity, text.slice(entity.offset, end), build(entity.offset, end, inner), on));
      at = end;
    }
    if (at < to) parts.push(text.slice(at, to));
    return parts;
  };
  return build(0, text.length, sorted);
}

const TAGS = { bold: "b", italic: "i", underline: "u", strikethrough: "s" };

function piece(entity, text, inner, on) {
  const act = (run) => ({
    href: "#",
    onclick: (event) => {
      event.preventDefault();
      run();
    },
  });
  switch (entity.type) {
    case "bold":
    case "italic":
    case "underline":
    case "strikethrough":
      return h(TAGS[entity.type], {}, inner);
    case "code":
      return h("code", { onclick: () => copy(text) }, inner);
    case "pre":
      return h("pre", {}, inner);
    case "blockquote":
      return h("blockquote", {}, inner);
    case "expandable_blockquote":
      return h("blockquote", { class: "expandable", onclick: ({ currentTarget }) => currentTarget.classList.add("open") }, inner);
    case "spoiler":
      return h("span", { class: "spoiler", onclick: ({ currentTarget }) => currentTarget.classList.add("open") }, h("span", {}, inner));
    case "text_link":
      return link(entity.url, inner, on);
    case "url":
      return link(/^[a-z]+:/i.test(text) ? text : `https://${text}`, inner, on);
    case "email":
      return h("a", { href: `mailto:${text}` }, inner);
    case "bot_command":
      return h("a", act(() => on.command?.(text)), inner);
    case "mention":
      return h("a", act(() => on.mention?.(text.slice(1))), inner);
    case "hashtag":
    case "cashtag":
    case "phone_number":
      return h("a", act(() => copy(text)), inner);
    default:
      return inner;
  }
}

/** Only addresses of the web and of Telegram are followed, and those of Telegram stay here. */
function link(url, inner, on) {
  let found = null;
  try {
    found = new URL(url);
  } catch {
    return inner;
  }
  if (!["http:", "https:", "tg:"].includes(found.protocol)) return inner;
  const props = { href: url, title: url, target: "_blank", rel: "noopener noreferrer" };
  return h(
    "a",
    {
      ...props,
      onclick: (event) => {
        if (on.link?.(found)) event.preventDefault();
      },
    },
    inner,
  );
}

/** A line of plain text for a list or a quote. */
export function summary(message, words) {
  if (message.text) return message.text.replace(/\s+/g, " ");
  const kind = kindOf(message);
  const named = {
    invoice: message.invoice?.title,
    sticker: message.sticker?.emoji,
    dice: message.dice?.emoji,
    document: message.document?.file_name,
  }[kind];
  return [named ?? words(kind), message.caption].filter(Boolean).join(", ").replace(/\s+/g, " ");
}

const KINDS = [
  "text", "invoice", "successful_payment", "refunded_payment", "paid_media", "photo", "voice",
  "audio", "animation", "video", "video_note", "sticker", "document", "venue", "location", "contact",
  "dice", "web_app_data", "write_access_allowed", "new_chat_members", "left_chat_member",
  "pinned_message", "new_chat_title", "group_chat_created",
];

export const kindOf = (message) => KINDS.find((kind) => kind in message) ?? "text";
