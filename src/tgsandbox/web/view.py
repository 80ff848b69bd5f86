"""What a person sees, as JSON for the page."""

from typing import Any

from tgsandbox.telegram import acts, wire
from tgsandbox.telegram.methods.profile import commands_shown, menu_button
from tgsandbox.telegram.records import Bot, Chat, Json, Message, Update, User
from tgsandbox.telegram.world import World, present

PAGE = 60  # messages at a time
MOST = 10**12


def person(user: User) -> Json:
    return {
        "id": user.id,
        "name": user.name,
        "first_name": user.first_name,
        "last_name": user.last_name or "",
        "username": user.username or "",
        "language": user.language or "",
        "phone": user.phone or "",
        "premium": user.premium,
        "stars": user.stars,
        "deactivated": user.deactivated,
    }


def bot(record: Bot) -> Json:
    return {
        "id": record.id,
        "name": record.first_name,
        "username": record.username,
        "token": record.token,
        "inline": record.inline,
    }


def chats(world: World, user: User) -> list[Json]:
    """The person's list, the latest first; bots they have not met yet at the end."""
    known = [brief(world, user, chat) for chat in world.chats_of(user.id)]
    met = {each["bot"] for each in known}
    new = [
        {
            "key": f"{each.id}:{user.id}",
            "type": "private",
            "title": each.first_name,
            "bot": each.id,
            "username": each.username,
            "last": None,
            "unread": 0,
            "writes": True,
        }
        for each in world.bots.values()
        if each.id not in met
    ]
    known.sort(key=lambda each: each["last"]["date"] if each["last"] else 0, reverse=True)
    return known + new


def brief(world: World, user: User, chat: Chat) -> Json:
    """A row of the list."""
    last = next(reversed(chat.messages.values()), None)
    read = chat.read.get(str(user.id), 0)
    unread = sum(
        1
        for number in range(max(read + 1, chat.last_id - 99), chat.last_id + 1)
        if (found := chat.messages.get(number)) and found.sender != user.id
    )
    other = world.bots.get(chat.bot_id)
    return {
        "key": chat.key,
        "type": chat.type,
        "title": other.first_name if other else chat.title,
        "bot": chat.bot_id,
        "username": other.username if other else chat.username,
        "last": message(world, user, last) if last else None,
        "unread": unread,
        "writes": acts.may_write(chat, user),
    }


def opened(world: World, user: User, chat: Chat) -> Json:
    """A chat with its latest messages and everything around its field."""
    found = brief(world, user, chat)
    found |= {
        "started": chat.started,
        "blocked": chat.blocked,
        "keyboard": chat.keyboard,
        "commands": [],
        "menu": {"type": "default"},
        "description": chat.description or "",
        "members": _members(world, chat),
        "pinned": [message(world, user, chat.messages[each]) for each in chat.pinned[-1:]],
        "messages": messages(world, user, chat),
    }
    for each in world.bots_in(chat) or ([world.bots[chat.bot_id]] if chat.private else []):
        offered = commands_shown(each, chat, user.id, user.language)
        suffix = "" if chat.private else f"@{each.username}"
        found["commands"] += [
            {"command": f"{command['command']}{suffix}", "description": command["description"]}
            for command in offered
        ]
    if chat.private:
        talked_to = world.bots[chat.bot_id]
        found["menu"] = menu_button(talked_to, str(chat.id))
        texts = talked_to.descriptions
        found["description"] = texts.get(user.language or "") or texts.get("", "")
    return found


def messages(
    world: World, user: User, chat: Chat, *, before: int | None = None, after: int | None = None
) -> list[Json]:
    """A page of them: the latest, or those on one side of a message."""
    found: list[Message] = []
    if after is not None:
        numbers = range(after + 1, chat.last_id + 1)
    else:
        numbers = range(min(before or MOST, chat.last_id + 1) - 1, 0, -1)
    for number in numbers:
        if each := chat.messages.get(number):
            found.append(each)
            if len(found) == PAGE:
                break
    if after is None:
        found.reverse()
    waiting = _waiting(world, chat)
    return [message(world, user, each, waiting) for each in found]


def _waiting(world: World, chat: Chat) -> set[int]:
    """The messages that the bot has not taken yet."""
    if not chat.private:
        return set()
    pending = map(brought, world.inboxes[chat.bot_id].pending.values())
    return {found[1] for found in pending if found and found[0] == chat.id}


def brought(update: Update) -> tuple[int, int] | None:
    """The chat and the number of the message; what was replayed may be of any shape."""
    match update.type, update.body:
        case "message", {"chat": {"id": int(chat)}, "message_id": int(number)}:
            return chat, number
    return None


def message(world: World, user: User, shown: Message, waiting: set[int] | None = None) -> Json:
    found = wire.message(world, shown)
    posted = shown.chat.type == "channel"
    if posted:  # in the name of the channel
        found["from"] = {"id": abs(shown.chat.id), "first_name": shown.chat.title}
    ours = shown.sender == user.id and not posted
    found["out"] = ours and not shown.body.keys() & set(wire.SERVICE)
    if found["out"]:
        found["taken"] = shown.id not in (
            _waiting(world, shown.chat) if waiting is None else waiting
        )
    if shown.invoice:
        invoice = world.till.invoices[shown.invoice]
        found["invoice"] = shown.body["invoice"] | {
            "paid": invoice.paid is not None,
            "photo": invoice.photo,
        }
    if shown.reactions:
        found["reactions"] = _reactions(shown, user)
    return _veiled(found, shown.chat, user)


def _veiled(told: Json, chat: Chat, user: User) -> Json:
    """Without what is not paid for yet, also in the message that it answers."""
    original = chat.messages.get(told["message_id"])
    if "paid_media" in told and (original is None or user.id not in original.unlocked):
        media = told["paid_media"]
        hidden = [_preview(each) for each in media["paid_media"]]
        told = told | {"paid_media": {"star_count": media["star_count"], "paid_media": hidden}}
    for name in ("reply_to_message", "pinned_message"):
        if name in told:
            told = told | {name: _veiled(told[name], chat, user)}
    return told


def _preview(media: Json) -> Json:
    """What can be seen of it before it is paid for: its shape."""
    value: Any = media[media["type"]]
    shape = value[-1] if isinstance(value, list) else value
    return {"type": "preview", "width": shape.get("width"), "height": shape.get("height")}


def _reactions(shown: Message, user: User) -> list[Json]:
    counted: dict[str, Json] = {}
    for who, reactions in shown.reactions.items():
        for each in reactions:
            emoji = each.get("emoji", "⭐")
            entry = counted.setdefault(emoji, {"emoji": emoji, "count": 0, "mine": False})
            entry["count"] += 1
            entry["mine"] |= who == str(user.id)
    return list(counted.values())


def _members(world: World, chat: Chat) -> list[Json]:
    if chat.private:
        return []
    return [
        {"id": int(each), "name": world.accounts[int(each)].name, "status": standing["status"]}
        for each, standing in chat.members.items()
        if present(standing)
    ]
