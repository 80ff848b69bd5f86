"""Sending text and the like, forwarding, copying, deleting, reacting."""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

from tgsandbox.telegram import wire
from tgsandbox.telegram.calls import Call, method
from tgsandbox.telegram.errors import bad_request
from tgsandbox.telegram.fields import FieldError, integer, number, string
from tgsandbox.telegram.records import Chat, Json, Message
from tgsandbox.telegram.sending import (
    CAPTION,
    Envelope,
    caption_body,
    envelope,
    origin_of,
    put,
    send,
    text_body,
)
from tgsandbox.telegram.targets import (
    chat_known,
    chat_named,
    chat_to_change,
    chat_to_write,
    message_in,
)

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
MOST_METERS = 1500
FOREVER = 2**31 - 1


def sent(call: Call, message: Message) -> Json:
    return wire.message(call.world, message)


@method
def send_message(call: Call) -> Json:
    return sent(call, send(call, text_body(call)))


@method
def send_location(call: Call) -> Json:
    location, period = _location(call), call.args.integer("live_period")
    if period:
        if not (60 <= period <= 86_400 or period == FOREVER):
            raise bad_request("wrong live location period specified")
        location["live_period"] = period
    return sent(call, send(call, {"location": location}))


@method
def send_venue(call: Call) -> Json:
    location = _location(call)
    title, address = call.args.text("title"), call.args.text("address")
    if not title or not address:
        raise bad_request("VENUE_TITLE_EMPTY" if not title else "VENUE_ADDRESS_EMPTY")
    body = {
        "location": location,
        "venue": {"location": location, "title": title, "address": address},
    }
    return sent(call, send(call, body))


@method
def send_contact(call: Call) -> Json:
    args = call.args
    contact = {name: args.required(name) for name in ("phone_number", "first_name")}
    for name in ("last_name", "vcard"):
        if args.text(name):
            contact[name] = args.text(name)
    return sent(call, send(call, {"contact": contact}))


@method
def send_dice(call: Call) -> Json:
    emoji = call.args.text("emoji").removesuffix("\ufe0f") or "🎲"
    if emoji not in DICE:
        raise bad_request("EMOTICON_INVALID")
    value = call.world.random.randint(1, DICE[emoji])
    return sent(call, send(call, {"dice": {"emoji": emoji, "value": value}}))


@method
def send_chat_action(call: Call) -> bool:
    action = call.args.text("action").lower()
    if action not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    chat = chat_to_write(call)
    call.world.events.emit("typing", chat=chat, bot=call.bot, action=action)
    return True


# --- forwarding and copying


@method
def forward_message(call: Call) -> Json:
    message = message_in(call, _from(call), what="message to forward")
    target = envelope(call)
    if _kept_here(message):
        raise bad_request("the message can't be forwarded")
    return sent(call, _forward(call, message, target))


@method
def forward_messages(call: Call) -> list[Json]:
    messages, target = _several(call, kept=_kept_here)
    albums = _Albums(call)
    return [{"message_id": _forward(call, each, target, albums.of(each)).id} for each in messages]


@method
def copy_message(call: Call) -> Json:
    caption = caption_body(call)
    message = message_in(call, _from(call), what="message to copy")
    target = envelope(call)
    if _not_copied(message):
        raise bad_request("the message can't be copied")
    body = _copied(message)
    if "caption" in call.args and "text" not in body:
        body = _without_caption(body) | caption
    return {"message_id": put(call, target, body).id}


@method
def copy_messages(call: Call) -> list[Json]:
    messages, target = _several(call, kept=_not_copied)
    albums, bare = _Albums(call), call.args.flag("remove_caption")
    found = []
    for each in messages:
        body = _without_caption(_copied(each)) if bare else _copied(each)
        found.append({"message_id": put(call, target, body, album=albums.of(each)).id})
    return found


def _from(call: Call) -> Chat:
    return chat_named(call, call.args.required("from_chat_id"))


def _forward(call: Call, message: Message, target: Envelope, album: str | None = None) -> Message:
    return put(call, target, _copied(message), origin=origin_of(call, message), album=album)


def _kept_here(message: Message) -> bool:
    return message.protected or any(each in message.body for each in wire.SERVICE)


def _not_copied(message: Message) -> bool:
    return _kept_here(message) or any(each in message.body for each in NOT_COPIED)


def _copied(message: Message) -> Json:
    return {name: value for name, value in message.body.items() if name != "external_reply"}


def _without_caption(body: Json) -> Json:
    return {name: value for name, value in body.items() if name not in CAPTION}


class _Albums:
    """What was an album becomes a new one."""

    def __init__(self, call: Call) -> None:
        self._random = call.world.random
        self._news: dict[str, str] = {}

    def of(self, message: Message) -> str | None:
        if message.album is None:
            return None
        return self._news.setdefault(message.album, str(self._random.getrandbits(53) + 10**16))


def _several(call: Call, *, kept: Callable[[Message], bool]) -> tuple[list[Message], Envelope]:
    source, ids = call.args.required("from_chat_id"), _ids(call)
    target = envelope(call, keyboard=False)
    chat = chat_named(call, source)
    found = [chat.messages[each] for each in ids if each in chat.messages]
    if not found:
        raise bad_request("there are no messages to forward")
    if any(one.id >= next_.id for one, next_ in pairwise(found)):
        raise bad_request("message identifiers must be in a strictly increasing order")
    found = [each for each in found if not kept(each)]
    if not found:
        raise bad_request("messages can't be forwarded")
    return found, target


def _ids(call: Call) -> list[int]:
    if not call.args.text("message_ids"):
        raise bad_request("message identifiers are not specified")
    given = call.args.json("message_ids", "message_ids")
    if not isinstance(given, list):
        raise bad_request("expected an Array of message identifiers")
    if len(given) > AT_ONCE:
        raise bad_request("too many message identifiers specified")
    if not given:
        raise bad_request("message identifiers are not specified")
    return [_id(each) for each in given]


def _id(given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise bad_request("message identifier must be a Number")
    number = integer(str(given), bits=32)
    if number is None:
        raise bad_request("can't parse message identifier as Number")
    if number <= 0:
        raise bad_request("invalid message identifier specified")
    return number


# --- deleting, reacting


@method
def delete_message(call: Call) -> bool:
    if not call.args.text("chat_id"):
        raise bad_request("chat identifier is not specified")
    if not call.args.message_id():
        raise bad_request("message identifier is not specified")
    message = message_in(call, chat_to_change(call), what="message to delete")
    if not _may_delete(call, message):
        raise bad_request("message can't be deleted")
    call.world.delete(message)
    return True


@method
def delete_messages(call: Call) -> bool:
    ids, chat = _ids(call), chat_to_change(call)
    for each in ids:
        message = chat.messages.get(each)
        if message and _may_delete(call, message):
            call.world.delete(message)
    return True


def _may_delete(call: Call, message: Message) -> bool:
    """Anything in a private chat, in a group its own and, as an admin, others'; for 48 hours."""
    age = call.world.clock.time() - message.date
    if age > 48 * 3600:
        return False
    if "dice" in message.body and message.chat.private and age < 24 * 3600:
        return False  # a throw that one does not like stays
    if message.chat.private or message.sender == call.bot.id:
        return True
    return message.chat.members[str(call.bot.id)].get("can_delete_messages") is True


REACTIONS = set(
    "👍👎❤🔥🥰👏😁🤔🤯😱🤬😢🎉🤩🤮💩🙏👌🕊🤡🥱🥴😍🐳🌚🌭💯🤣⚡🍌🏆💔🤨😐🍓🍾💋🖕😈😴😭🤓👻👀🎃🙈😇😨🤝✍🤗🫡🎅🎄☃💅🤪🗿🆒💘🙉🦄😘💊🙊😎👾😡"
)
MORE_REACTIONS = ("❤‍🔥", "👨‍💻", "🤷‍♂", "🤷", "🤷‍♀")


@method
def set_message_reaction(call: Call) -> bool:
    given = call.args.json("reaction", "reaction types")
    if given is None:
        given = []
    if not isinstance(given, list):
        raise bad_request("expected an Array of ReactionType")
    try:
        read = [_reaction(each) for each in given]
    except FieldError as error:
        raise bad_request(f"can't parse ReactionType: {error}") from None
    message = message_in(call, chat_known(call), what="message to react")
    reactions = checked_reactions(read)
    if len(reactions) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    react(call.world, message, call.bot.id, reactions)
    return True


def _reaction(given: Any) -> Json:
    if not isinstance(given, dict):
        raise FieldError("expected an Object")
    kind = string(given, "type")
    if kind == "emoji":
        return {"type": kind, "emoji": string(given, "emoji")}
    if kind == "custom_emoji":
        return {"type": kind, "custom_emoji_id": str(number(given, "custom_emoji_id", bits=64))}
    raise FieldError("invalid reaction type specified")


def checked_reactions(given: Iterable[Json]) -> list[Json]:
    return [_checked(each) for each in given]


def _checked(given: Json) -> Json:
    if given["type"] != "emoji":
        return given
    emoji = given["emoji"].removesuffix("\ufe0f")
    if emoji not in REACTIONS and emoji not in MORE_REACTIONS:
        raise bad_request("REACTION_INVALID")
    return {"type": "emoji", "emoji": emoji}


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
    args = call.args
    for name in ("latitude", "longitude"):
        if not args.text(name).strip():
            raise bad_request(f"{name} is empty")
    latitude, longitude = args.number("latitude"), args.number("longitude")
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise bad_request("wrong location specified")
    location: Json = {"latitude": latitude, "longitude": longitude}
    if 0 < (accuracy := args.number("horizontal_accuracy")) <= MOST_METERS:
        location["horizontal_accuracy"] = accuracy
    return location
