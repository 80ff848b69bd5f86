"""What all methods that send have in common: rights, limits, replies, keyboards, captions."""

from dataclasses import dataclass, field
from typing import Any

from tgsandbox.telegram import wire
from tgsandbox.telegram.calls import Call
from tgsandbox.telegram.errors import bad_request
from tgsandbox.telegram.keyboards import Markup, inline_only, markup_of
from tgsandbox.telegram.records import Chat, Json, Message
from tgsandbox.telegram.targets import chat_known, chat_to_write
from tgsandbox.telegram.text.entities import from_given, parse, utf16_length

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024


@dataclass(slots=True)
class Envelope:
    """Where a message goes and what comes with it; the same for all of an album."""

    chat: Chat
    markup: Markup
    fields: Json = field(default_factory=dict)
    body: Json = field(default_factory=dict)


def envelope(call: Call, *, chat: Chat | None = None, pay: bool = False) -> Envelope:
    """Read from the call, with everything about it checked but the content."""
    chat = chat or chat_to_write(call)
    given = markup(call, chat, only_inline=pay)
    found = Envelope(chat, given)
    args = call.args
    if args.integer("message_thread_id"):
        raise bad_request("message thread not found")
    if args.flag("protect_content"):
        found.fields["protected"] = True
    if args.flag("disable_notification"):
        found.fields["silent"] = True
    if effect := args.text("message_effect_id"):
        if not chat.private:
            raise bad_request("EFFECT_ID_INVALID")
        found.fields["effect"] = effect
    _reply(call, chat, found)
    return found


def send(
    call: Call, body: Json, *, chat: Chat | None = None, pay: bool = False, **fields: Any
) -> Message:
    """The one message that a call sends."""
    return put(call, envelope(call, chat=chat, pay=pay), body, **fields)


def put(call: Call, into: Envelope, body: Json, *, spend: bool = True, **fields: Any) -> Message:
    world, chat = call.world, into.chat
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
    return markup_of(value, private=chat.private, bot_username=call.bot.username)


def _reply(call: Call, chat: Chat, into: Envelope) -> None:
    args = call.args
    given = args.json("reply_parameters", "reply parameters")
    if given is None:
        given = {
            "message_id": args.integer("reply_to_message_id"),
            "allow_sending_without_reply": args.flag("allow_sending_without_reply"),
        }
    if not isinstance(given, dict):
        raise bad_request("can't parse reply parameters: object expected")
    wanted = given.get("message_id", 0)
    if not isinstance(wanted, int | str) or not str(wanted).lstrip("-").isdecimal():
        raise bad_request('can\'t parse reply parameters: Field "message_id" must be a Number')
    if not int(wanted):
        return
    where = chat
    if given.get("chat_id") not in (None, "", chat.id, str(chat.id)):
        call.args.values["reply_parameters.chat_id"] = given["chat_id"]
        where = chat_known(call, "reply_parameters.chat_id")
    target = where.messages.get(int(wanted))
    if target is None:
        if given.get("allow_sending_without_reply") in (True, "true"):
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
    quote = given.get("quote")
    if isinstance(quote, str) and quote:
        text, entities = parse(quote, str(given.get("quote_parse_mode") or ""))
        found = target.text.find(text)
        if found < 0:
            raise bad_request("QUOTE_TEXT_INVALID")
        into.fields["quote"] = {
            "text": text,
            "position": utf16_length(target.text[:found]),
            "is_manual": True,
            **({"entities": [each.to_dict() for each in entities]} if entities else {}),
        }


def origin_of(call: Call, message: Message) -> Json:
    if message.origin:
        return message.origin
    sender = wire.user(call.world.accounts[message.sender])
    return {"type": "user", "date": message.date, "sender_user": sender}


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
    text = args.text(name)
    given = None
    if not args.text("parse_mode"):
        given = args.json(entities_name, "message entities")
    return formatted_text(call, text, args.text("parse_mode"), given)


def formatted_text(call: Call, text: str, mode: str, given: Any) -> tuple[str, list[Json]]:
    """The text and its entities as JSON; who is mentioned must be known, or is not a link."""
    if given is not None and not mode:
        if not isinstance(given, list):
            raise bad_request("expected an Array of message entities")
        clean, entities = from_given(text, given)
    else:
        clean, entities = parse(text, mode)
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
        raise bad_request("can't parse link preview options: object expected")
    flags = ("is_disabled", "prefer_small_media", "prefer_large_media", "show_above_text")
    found: Json = {name: True for name in flags if given.get(name) is True}
    if isinstance(given.get("url"), str) and given["url"]:
        found["url"] = given["url"]
    return found or None
