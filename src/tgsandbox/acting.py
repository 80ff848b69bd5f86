"""What people do, asked for and told in JSON."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from tgsandbox.people import Person
from tgsandbox.seen import Seen
from tgsandbox.telegram.records import Chat, Json

if TYPE_CHECKING:
    from tgsandbox.sandbox import BotAccess, Group, Sandbox

Act = Callable[["Sandbox", Person, Json], Awaitable[Json]]
ACTS: dict[str, Act] = {}
_FILES = ("photo", "voice", "document", "video", "audio", "sticker")


class Wrong(Exception):
    """A request that cannot be understood, in words."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status


def _act(function: Act) -> Act:
    ACTS[function.__name__] = function
    return function


@_act
async def send(tg: "Sandbox", person: Person, given: Json) -> Json:
    text, reply_to = str(given.get("text", "")), given.get("reply_to")
    if reply_to is not None and not isinstance(reply_to, int):
        raise Wrong("`reply_to` is the id of a message.")
    return seen_shown(await person.send(_to(tg, given), text, reply_to=reply_to))


@_act
async def start(tg: "Sandbox", person: Person, given: Json) -> Json:
    return seen_shown(await person.start(_bot(tg, given), str(given.get("parameter", ""))))


@_act
async def reply(tg: "Sandbox", person: Person, given: Json) -> Json:
    seen = await person.reply(given.get("containing"), timeout=_timeout(given))
    return seen_shown(seen)


@_act
async def edited(tg: "Sandbox", person: Person, given: Json) -> Json:
    return seen_shown(await person.edited(timeout=_timeout(given)))


@_act
async def sees(tg: "Sandbox", person: Person, given: Json) -> Json:
    return seen_shown(await person.sees(str(given.get("text", "")), timeout=_timeout(given)))


@_act
async def press(tg: "Sandbox", person: Person, given: Json) -> Json:
    pressed = await person.press(str(given.get("text", "")), timeout=_timeout(given))
    found: Json = {"text": pressed.text, "url": pressed.url, "copied": pressed.copied}
    if given.get("answer") and pressed.data is not None:
        answer = await pressed.answer(timeout=_timeout(given))
        found["answer"] = {"text": answer.text, "alert": answer.alert, "url": answer.url}
    return found


@_act
async def open_mini_app(tg: "Sandbox", person: Person, given: Json) -> Json:
    app = await person.open_mini_app(given.get("text"), timeout=_timeout(given))
    return {"url": str(app), "init_data": app.init_data}


@_act
async def pay(tg: "Sandbox", person: Person, given: Json) -> Json:
    known = ("card", "tip", "shipping", "name", "phone_number", "email", "shipping_address")
    chosen = {name: given[name] for name in known if name in given}
    receipt = await person.pay(given.get("link"), timeout=_timeout(given), **chosen)
    charge = receipt.charge
    return {
        "currency": charge.currency,
        "amount": charge.amount,
        "telegram_payment_charge_id": charge.id,
        "provider_payment_charge_id": charge.provider_id,
    }


@_act
async def share_contact(tg: "Sandbox", person: Person, given: Json) -> Json:
    return seen_shown(await person.share_contact(_to(tg, given)))


@_act
async def share_location(tg: "Sandbox", person: Person, given: Json) -> Json:
    where = float(given.get("latitude", 0)), float(given.get("longitude", 0))
    return seen_shown(await person.share_location(*where, _to(tg, given)))


@_act
async def block(tg: "Sandbox", person: Person, given: Json) -> Json:
    person.block(_bot(tg, given))
    return {}


@_act
async def unblock(tg: "Sandbox", person: Person, given: Json) -> Json:
    person.unblock(_bot(tg, given))
    return {}


@_act
async def allow_writing(tg: "Sandbox", person: Person, given: Json) -> Json:
    person.allow_writing(_bot(tg, given))
    return {}


@_act
async def buy_stars(tg: "Sandbox", person: Person, given: Json) -> Json:
    person.buy_stars(int(given.get("amount", 0)))
    return {"stars": person.stars}


def _sending(kind: str) -> Act:
    async def act(tg: "Sandbox", person: Person, given: Json) -> Json:
        try:
            content = base64.b64decode(str(given.get("content", "")), validate=True)
        except binascii.Error:
            raise Wrong("`content` is the file in base64.") from None
        more = {name: given[name] for name in ("name", "caption", "duration") if name in given}
        return seen_shown(await getattr(person, kind)(content, _to(tg, given), **more))

    return act


ACTS |= {kind: _sending(kind) for kind in _FILES}


def seen_shown(seen: Seen) -> Json:
    return {
        "id": seen.id,
        "from": seen.sender,
        "kind": seen.kind,
        "text": seen.text,
        "buttons": seen.buttons,
        "message": seen.json(),
    }


def person_shown(person: Person) -> Json:
    user = person.user
    return {
        "id": user.id,
        "name": user.name,
        "username": user.username,
        "language": user.language,
        "phone": user.phone,
        "premium": user.premium,
        "stars": user.stars,
    }


def group_shown(chat: Chat) -> Json:
    members = {int(each): standing["status"] for each, standing in chat.members.items()}
    return {"id": chat.id, "title": chat.title, "members": members}


def _to(tg: "Sandbox", given: Json) -> "BotAccess | Group | None":
    """A bot by its username, a group by its title or id; nothing is the chat of the moment."""
    named = given.get("to")
    if named is None:
        return None
    for chat in tg.world.groups.values():
        if named in (chat.id, str(chat.id), chat.title):
            return tg.group_of(chat)
    return _bot(tg, given)


def _bot(tg: "Sandbox", given: Json) -> "BotAccess":
    named = str(given.get("to", "")).removeprefix("@")
    for bot in tg.world.bots.values():
        if bot.username.lower() == named.lower():
            return tg.bot(bot.username)
    raise Wrong(f"There is no bot {given.get('to')!r}: `to` names one.", 404)


def _timeout(given: Json) -> float | None:
    wanted: Any = given.get("timeout")
    if wanted is None:
        return None
    if not isinstance(wanted, int | float) or not 0 <= wanted <= 600:
        raise Wrong("`timeout` is a number of seconds, at most 600.")
    return float(wanted)
