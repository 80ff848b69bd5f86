"""What all methods that send have in common: rights, limits, replies, keyboards, captions."""

from dataclasses import dataclass, field
from typing import Any

from tgsandbox.telegram import wire
from tgsandbox.telegram.calls import Call
from tgsandbox.telegram.errors import ApiError, bad_request
from tgsandbox.telegram.fields import flag, flags_set, number, string
from tgsandbox.telegram.keyboards import Markup, has_pay, inline_only, markup_of
from tgsandbox.telegram.records import Chat, Json, Message
from tgsandbox.telegram.targets import NO_ADMINISTRATOR, chat_named, chat_to_write
from tgsandbox.telegram.text.entities import from_given, parse, utf16_length

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
CAPTION = ("caption", "caption_entities", "show_caption_above_media")

_RIGHTS = {  # by what a message holds: which right that takes, and what it is called
    "text": ("can_send_messages", "text messages"),
    "photo": ("can_send_photos", "photos"),
    "animation": ("can_send_other_messages", "animations"),
    "video": ("can_send_videos", "videos"),
    "voice": ("can_send_voice_notes", "voice notes"),
    "audio": ("can_send_audios", "music"),
    "video_note": ("can_send_video_notes", "video notes"),
    "sticker": ("can_send_other_messages", "stickers"),
    "document": ("can_send_documents", "documents"),
    "contact": ("can_send_messages", "contacts"),
    "venue": ("can_send_messages", "venues"),
    "location": ("can_send_messages", "locations"),
    "dice": ("can_send_messages", "dice"),
    "invoice": ("can_send_messages", "invoice messages"),
}


@dataclass(slots=True)
class Envelope:
    """Where a message goes and what comes with it; the same for all of an album."""

    chat: Chat
    markup: Markup
    fields: Json = field(default_factory=dict)
    body: Json = field(default_factory=dict)


def envelope(call: Call, *, pay: bool = False, keyboard: bool = True) -> Envelope:
    """Read from the call, with everything about it checked but the content."""
    chat = chat_to_write(call)
    given = markup(call, chat, only_inline=pay) if keyboard else Markup()
    found = Envelope(chat, given)
    args = call.args
    if args.integer("message_thread_id"):
        raise bad_request("message thread not found")
    if args.flag("protect_content"):
        found.fields["protected"] = True
    if args.flag("disable_notification"):
        found.fields["silent"] = True
    if effect := args.integer("message_effect_id"):
        if not chat.private:
            raise bad_request("can't use message effects in the chat")
        found.fields["effect"] = str(effect)
    _reply(call, chat, found)
    return found


def send(call: Call, body: Json) -> Message:
    """The one message that a call sends."""
    return put(call, envelope(call), body)


def put(call: Call, into: Envelope, body: Json, *, spend: bool = True, **fields: Any) -> Message:
    world, chat = call.world, into.chat
    _check_rights(call, chat, body)
    if spend and world.limits.on:
        world.limits.spend(call.bot.id, chat.id)
    message = world.say(
        chat,
        call.bot,
        {**into.body, **body} if into.body else body,
        markup=into.markup.inline,
        had_keyboard=into.markup.keyboard is not None,
        **into.fields,
        **fields,
    )
    if into.markup.keyboard:
        show_keyboard(call, chat, into.markup.keyboard, message)
    return message


def _check_rights(call: Call, chat: Chat, body: Json) -> None:
    """Of a bot that is restricted in a group, or may not post in a channel."""
    standing = chat.members.get(str(call.bot.id), {})
    if chat.type == "channel" and standing.get("can_post_messages") is not True:
        raise bad_request(NO_ADMINISTRATOR)
    if standing.get("status") == "restricted":
        found = [each for kind, each in _RIGHTS.items() if kind in body]
        if found and standing.get(found[0][0]) is not True:
            raise bad_request(f"not enough rights to send {found[0][1]} to the chat")


def show_keyboard(call: Call, chat: Chat, keyboard: Json, message: Message) -> None:
    gone = keyboard.get("remove_keyboard")
    chat.keyboard = None if gone else keyboard
    chat.keyboard_from = 0 if gone else message.id
    call.world.save(chat)
    call.world.events.emit("keyboard", chat=chat, keyboard=chat.keyboard)


def markup(call: Call, chat: Chat, *, only_inline: bool = False) -> Markup:
    value = call.args.json("reply_markup", "reply keyboard markup")
    if value is None:
        return Markup()
    if only_inline:
        found = inline_only(value, private=chat.private, bot_username=call.bot.username)
        return Markup(inline=found)
    given = markup_of(value, private=chat.private, bot_username=call.bot.username)
    if has_pay(given.inline):
        raise bad_request("BUTTON_TYPE_INVALID")
    return given


def _reply(call: Call, chat: Chat, into: Envelope) -> None:
    args = call.args
    given = args.json("reply_parameters", "reply parameters")
    if given is None:
        given = {
            "message_id": args.message_id("reply_to_message_id"),
            "allow_sending_without_reply": args.flag("allow_sending_without_reply"),
        }
    if not isinstance(given, dict):
        raise bad_request("object expected as reply parameters")
    if not given:
        return
    where_named, wanted = string(given, "chat_id", ""), number(given, "message_id")
    may_be_missing = flag(given, "allow_sending_without_reply")
    mode = string(given, "quote_parse_mode", "")
    quoted = formatted_text(call, string(given, "quote", ""), mode, given.get("quote_entities"))
    if wanted <= 0:
        return
    where = chat if where_named in ("", str(chat.id)) else chat_named(call, where_named)
    target = where.messages.get(wanted)
    if target is None:
        if may_be_missing:
            return
        raise bad_request("message to be replied not found")
    if where is not chat:
        into.body["external_reply"] = {
            "origin": origin_of(call, target),
            "chat": wire.chat(call.world, where),
            "message_id": target.id,
        }
        return
    into.fields["reply_to"] = target.id
    if quoted[0]:
        into.fields["quote"] = _quote(target, *quoted)


def _quote(target: Message, text: str, entities: list[Json]) -> Json:
    found = target.text.find(text)
    if found < 0:
        raise bad_request("QUOTE_TEXT_INVALID")
    position = utf16_length(target.text[:found])
    quote: Json = {"text": text, "position": position, "is_manual": True}
    return quote | {"entities": entities} if entities else quote


def origin_of(call: Call, message: Message) -> Json:
    return wire.origin(call.world, message)


def text_body(call: Call) -> Json:
    """`text` with its entities, as a message has them."""
    text, entities = formatted(call, "text", "entities")
    if not text:
        raise bad_request(
            "text must be non-empty" if call.args.text("text") else "message text is empty"
        )
    if utf16_length(text) > TEXT_LIMIT:
        raise bad_request("message is too long")
    body: Json = {"text": text}
    if entities:
        body["entities"] = entities
    if preview := _preview(call):
        body["link_preview_options"] = preview
    return body


def caption_body(call: Call) -> Json:
    text, entities = formatted(call, "caption", "caption_entities")
    body = captioned(text, entities)
    if body and call.args.flag("show_caption_above_media"):
        body["show_caption_above_media"] = True
    return body


def captioned(text: str, entities: list[Json]) -> Json:
    if utf16_length(text) > CAPTION_LIMIT:
        raise bad_request("message caption is too long")
    body: Json = {}
    if text:
        body["caption"] = text
    if entities:
        body["caption_entities"] = entities
    return body


def formatted(call: Call, name: str, entities_name: str) -> tuple[str, list[Json]]:
    args = call.args
    try:
        given = args.json(entities_name, "message entities")
    except ApiError:
        given = None  # what cannot be read is no entities
    return formatted_text(call, args.text(name), args.text("parse_mode"), given)


def formatted_text(call: Call, text: str, mode: str, given: Any) -> tuple[str, list[Json]]:
    """The text and its entities as JSON; who is mentioned must be known, or is not a link."""
    if text and mode and mode.lower() != "none":
        clean, entities = parse(text, mode)
    else:
        clean, entities = from_given(text, given if isinstance(given, list) else [])
    found = []
    for entity in entities:
        shown = entity.to_dict()
        if entity.user_id is not None:
            account = call.world.accounts.get(entity.user_id)
            if account is None:
                continue
            shown["user"] = wire.user(account)
        found.append(shown)
    return clean, found


def _preview(call: Call) -> Json | None:
    if call.args.flag("disable_web_page_preview"):
        return {"is_disabled": True}
    given = call.args.json("link_preview_options", "link preview options")
    if given is None:
        return None
    if not isinstance(given, dict):
        raise bad_request("object expected as link preview options")
    flags = ("is_disabled", "prefer_small_media", "prefer_large_media", "show_above_text")
    found: Json = flags_set(given, *flags)
    if url := string(given, "url", ""):
        found["url"] = url
    return found or None
