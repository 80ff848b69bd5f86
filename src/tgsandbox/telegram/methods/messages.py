"""Sending text and the like, forwarding, copying, deleting, reacting."""

from collections.abc import Iterable
from typing import Any

from tgsandbox.telegram import wire
from tgsandbox.telegram.calls import Call, method
from tgsandbox.telegram.errors import bad_request
from tgsandbox.telegram.records import Chat, Json, Message
from tgsandbox.telegram.sending import (
    Envelope,
    caption_body,
    envelope,
    origin_of,
    put,
    send,
    text_body,
)
from tgsandbox.telegram.targets import chat_known, chat_to_write, message_in

DICE = {"🎲": 6, "🎯": 6, "🎳": 6, "🏀": 5, "⚽": 5, "🎰": 64}
ACTIONS = {
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "record_audio",
    "upload_audio",
    "upload_document",
    "choose_sticker",
    "pick_up_location",
    "find_location",
    "record_video_note",
    "upload_video_note",
    "cancel",
}
NOT_COPIED = ("invoice", "paid_media", "successful_payment", "refunded_payment", "web_app_data")
AT_ONCE = 100


def sent(call: Call, message: Message) -> Json:
    return wire.message(call.world, message)


@method
def send_message(call: Call) -> Json:
    chat = chat_to_write(call)
    return sent(call, send(call, text_body(call), chat=chat))


@method
def send_location(call: Call) -> Json:
    return sent(call, send(call, {"location": _location(call)}))


@method
def send_venue(call: Call) -> Json:
    title, address = call.args.text("title"), call.args.text("address")
    if not title or not address:
        raise bad_request("VENUE_TITLE_EMPTY" if not title else "VENUE_ADDRESS_EMPTY")
    location = _location(call)
    body = {
        "location": location,
        "venue": {"location": location, "title": title, "address": address},
    }
    return sent(call, send(call, body))


@method
def send_contact(call: Call) -> Json:
    args = call.args
    if not args.text("phone_number"):
        raise bad_request("phone number is empty")
    if not args.text("first_name"):
        raise bad_request("first name is empty")
    contact = {"phone_number": args.text("phone_number"), "first_name": args.text("first_name")}
    for name in ("last_name", "vcard"):
        if args.text(name):
            contact[name] = args.text(name)
    return sent(call, send(call, {"contact": contact}))


@method
def send_dice(call: Call) -> Json:
    emoji = call.args.text("emoji") or "🎲"
    if emoji not in DICE:
        raise bad_request("Wrong dice emoji")
    value = call.world.random.randint(1, DICE[emoji])
    return sent(call, send(call, {"dice": {"emoji": emoji, "value": value}}))


@method
def send_chat_action(call: Call) -> bool:
    chat = chat_to_write(call)
    action = call.args.text("action").strip().lower()
    if action not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    call.world.events.emit("typing", chat=chat, bot=call.bot, action=action)
    return True


# --- forwarding and copying


@method
def forward_message(call: Call) -> Json:
    source, target = _from(call), envelope(call)
    message = message_in(call, source, what="message to forward")
    return sent(call, _forward(call, message, target))


@method
def forward_messages(call: Call) -> list[Json]:
    source, target = _from(call), envelope(call)
    found = _several(call, source, "messages to forward not found", skip=_kept_here)
    return [{"message_id": _forward(call, each, target).id} for each in found]


@method
def copy_message(call: Call) -> Json:
    source, target = _from(call), envelope(call)
    message = message_in(call, source, what="message to copy")
    body = dict(_copied(message))
    if "caption" in call.args and "text" not in body:
        body.pop("caption", None)
        body.pop("caption_entities", None)
        body |= caption_body(call)
    return {"message_id": put(call, target, body).id}


@method
def copy_messages(call: Call) -> list[Json]:
    source, target = _from(call), envelope(call)
    found = _several(call, source, "messages to copy not found", skip=_not_copied)
    return [{"message_id": put(call, target, _copied(each)).id} for each in found]


def _from(call: Call) -> Chat:
    return chat_known(call, "from_chat_id")


def _forward(call: Call, message: Message, target: Envelope) -> Message:
    if _kept_here(message):
        raise bad_request("the message can't be forwarded")
    body = {name: value for name, value in message.body.items() if name != "external_reply"}
    return put(call, target, body, origin=origin_of(call, message))


def _kept_here(message: Message) -> bool:
    return message.protected or any(each in message.body for each in wire.SERVICE)


def _not_copied(message: Message) -> bool:
    return _kept_here(message) or any(each in message.body for each in NOT_COPIED)


def _copied(message: Message) -> Json:
    if _not_copied(message):
        raise bad_request("the message can't be copied")
    return {name: value for name, value in message.body.items() if name != "external_reply"}


def _several(call: Call, chat: Chat, missing: str, *, skip: Any) -> list[Message]:
    found = [chat.messages[each] for each in _ids(call) if each in chat.messages]
    found = [each for each in found if not skip(each)]
    if not found:
        raise bad_request(missing)
    return found


def _ids(call: Call) -> list[int]:
    given = call.args.json("message_ids", "message identifiers")
    if not isinstance(given, list):
        raise bad_request("expected an Array of message identifiers")
    if not given:
        raise bad_request("message identifiers are not specified")
    if len(given) > AT_ONCE:
        raise bad_request("too many message identifiers specified")
    found = []
    for each in given:
        if isinstance(each, bool) or not str(each).isdecimal() or not int(str(each)[:20]):
            raise bad_request("invalid message identifier specified")
        found.append(int(str(each)[:20]))
    return found


# --- deleting, reacting


@method
def delete_message(call: Call) -> bool:
    chat = chat_known(call)
    message = message_in(call, chat, what="message to delete")
    if not _may_delete(call, message):
        raise bad_request("message can't be deleted")
    call.world.delete(message)
    return True


@method
def delete_messages(call: Call) -> bool:
    chat = chat_known(call)
    for each in _ids(call):
        message = chat.messages.get(each)
        if message and _may_delete(call, message):
            call.world.delete(message)
    return True


def _may_delete(call: Call, message: Message) -> bool:
    """Anything in a private chat, in a group its own and, as an admin, others'; for 48 hours."""
    if call.world.clock.time() - message.date > 48 * 3600:
        return False
    if message.chat.private or message.sender == call.bot.id:
        return True
    return message.chat.members[str(call.bot.id)].get("can_delete_messages") is True


REACTIONS = set(
    "👍👎❤🔥🥰👏😁🤔🤯😱🤬😢🎉🤩🤮💩🙏👌🕊🤡🥱🥴😍🐳🌚🌭💯🤣⚡🍌🏆💔🤨😐🍓🍾💋🖕😈😴😭🤓👻👀🎃🙈😇😨🤝✍🤗🫡🎅🎄☃💅🤪🗿🆒💘🙉🦄😘💊🙊😎👾😡"
)
MORE_REACTIONS = ("❤‍🔥", "👨‍💻", "🤷‍♂", "🤷", "🤷‍♀")


@method
def set_message_reaction(call: Call) -> bool:
    chat = chat_known(call)
    message = message_in(call, chat, what="message to react")
    given = call.args.json("reaction", "reaction types") or []
    if not isinstance(given, list):
        raise bad_request("expected an Array of ReactionType")
    reactions = checked_reactions(given)
    if len(reactions) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    react(call.world, message, call.bot.id, reactions)
    return True


def checked_reactions(given: Iterable[Any]) -> list[Json]:
    found: list[Json] = []
    for each in given:
        if not isinstance(each, dict) or each.get("type") not in ("emoji", "custom_emoji"):
            raise bad_request("can't parse reaction type: unsupported type specified")
        if each["type"] == "custom_emoji":
            wanted = str(each.get("custom_emoji_id", ""))
            if not wanted.isdecimal():
                raise bad_request("can't parse reaction type: invalid custom emoji specified")
            found.append({"type": "custom_emoji", "custom_emoji_id": wanted})
            continue
        emoji = str(each.get("emoji")).removesuffix("\ufe0f")
        if not emoji or (emoji not in REACTIONS and emoji not in MORE_REACTIONS):
            raise bad_request("REACTION_INVALID")
        found.append({"type": "emoji", "emoji": emoji})
    return found


def react(world: Any, message: Message, account_id: int, reactions: list[Json]) -> None:
    """What somebody thinks of a message, in place of what they thought before."""
    changed = dict(message.reactions)
    changed.pop(str(account_id), None)
    if reactions:
        changed[str(account_id)] = reactions
    message.reactions = changed
    world.save(message)
    world.events.emit("reacted", chat=message.chat, message=message, by=account_id)


def _location(call: Call) -> Json:
    latitude, longitude = call.args.number("latitude"), call.args.number("longitude")
    if latitude is None or not -90 <= latitude <= 90:
        raise bad_request("latitude is empty" if "latitude" not in call.args else "wrong latitude")
    if longitude is None or not -180 <= longitude <= 180:
        raise bad_request(
            "longitude is empty" if "longitude" not in call.args else "wrong longitude"
        )
    return {"latitude": latitude, "longitude": longitude}
