"""Links that lead into a chat, and people who ask to be let in."""

import re
import string
from collections.abc import Iterator

from tgsandbox.telegram import wire
from tgsandbox.telegram.membership import set_standing
from tgsandbox.telegram.records import Account, Bot, Chat, Json, User
from tgsandbox.telegram.world import World

WRITES_FOR = 300  # seconds in which a bot may write to somebody who waits and whom it never met
_HASH, _KNOWN_TO_OTHERS = 16, 8
_LETTERS = string.ascii_letters + string.digits + "_-"
_LINK = re.compile(
    r"(?:(?:https?://)?(?:www\.)?(?:t|telegram)\.me/(?:\+|joinchat/)|tg://join/?\?invite=)"
    r"([\w-]+)/?",
    re.ASCII | re.IGNORECASE,
)


# --- links: kept in their chat by their hash


def new_link(
    world: World,
    chat: Chat,
    creator: Account,
    *,
    name: str = "",
    expires: int = 0,
    limit: int = 0,
    asks: bool = False,
    primary: bool = False,
) -> str:
    """The hash of a link that is there from now on."""
    made = "".join(world.random.choices(_LETTERS, k=_HASH))
    link: Json = {"creator": creator.id, "primary": primary, "revoked": False, "joined": []}
    change_link(world, chat, made, link | _about(name, expires, limit, asks))
    return made


def edit_link(
    world: World, chat: Chat, found: str, *, name: str, expires: int, limit: int, asks: bool
) -> None:
    """What is not said again is no more."""
    change_link(world, chat, found, _about(name, expires, limit, asks))


def _about(name: str, expires: int, limit: int, asks: bool) -> Json:
    return {"name": name, "expires": expires, "limit": limit, "asks": asks}


def change_link(world: World, chat: Chat, found: str, fields: Json) -> None:
    chat.links = {**chat.links, found: {**chat.links.get(found, {}), **fields}}
    world.save(chat)


def primary_of(chat: Chat, creator: Account) -> str | None:
    """Every administrator has one of their own, once they have asked for it."""
    for found, link in chat.links.items():
        if link["primary"] and not link["revoked"] and link["creator"] == creator.id:
            return found
    return None


def address(found: str) -> str:
    return f"https://t.me/+{found}"


def hash_in(link: str) -> str | None:
    """Out of any form in which the link is written."""
    written = _LINK.fullmatch(link.strip())
    return written[1] if written else None


def shown(world: World, chat: Chat, found: str, to: Account) -> Json:
    """As a ChatInviteLink; who has not made the link sees only how it begins."""
    link = chat.links[found]
    mine = link["creator"] == to.id
    told: Json = {"invite_link": address(found if mine else f"{found[:_KNOWN_TO_OTHERS]}...")}
    if link["name"]:
        told["name"] = link["name"]
    told["creator"] = wire.user(world.accounts[link["creator"]])
    waiting = sum(each["link"] == found for each in chat.requests.values())
    more = {
        "expire_date": link["expires"],
        "member_limit": link["limit"],
        "pending_join_request_count": waiting,
    }
    told |= {name: value for name, value in more.items() if value}
    told["creates_join_request"] = link["asks"]
    return told | {"is_primary": link["primary"], "is_revoked": link["revoked"]}


def led_to(world: World, link: str) -> tuple[Chat, str] | None:
    """The chat and the hash, while the link leads anywhere."""
    found = hash_in(link)
    for chat in world.groups.values():
        if found in chat.links and _leads(world, chat, chat.links[found]):
            return chat, found
    return None


def _leads(world: World, chat: Chat, link: Json) -> bool:
    if link["revoked"] or 0 < link["expires"] <= world.clock.now():
        return False
    inside = sum(world.is_member(chat, each) for each in link["joined"])
    return not link["limit"] or inside < link["limit"]


# --- being let in


def enter(world: World, chat: Chat, user: User, found: str) -> None:
    """By the link: at once, or by asking, which is heard once however often it is done."""
    if not chat.links[found]["asks"]:
        admit(world, chat, user, by=user, link=found)
    elif str(user.id) not in chat.requests:
        request = {"link": found, "date": world.clock.now()}
        chat.requests = {**chat.requests, str(user.id): request}
        world.save(chat)
        world.events.emit("asked", chat=chat, user=user)
        for bot in _doorkeepers(world, chat):
            body = {
                "chat": wire.chat(world, chat),
                "from": wire.user(user),
                "user_chat_id": user.id,
                "date": request["date"],
                "invite_link": shown(world, chat, found, bot),
            }
            world.inboxes[bot.id].push("chat_join_request", body, f"join:{user.id}")


def approve(world: World, chat: Chat, user: User, *, by: Account) -> None:
    request = chat.requests[str(user.id)]
    admit(world, chat, user, by=by, link=request["link"], asked=True)


def decline(world: World, chat: Chat, user: User) -> None:
    chat.requests = {who: each for who, each in chat.requests.items() if who != str(user.id)}
    world.save(chat)
    world.events.emit("declined", chat=chat, user=user)


def admit(
    world: World, chat: Chat, user: User, *, by: Account, link: str, asked: bool = False
) -> None:
    joined = chat.links[link]["joined"]
    if user.id not in joined:
        change_link(world, chat, link, {"joined": [*joined, user.id]})

    def via(bot: Bot) -> Json:
        told: Json = {"invite_link": shown(world, chat, link, bot)}
        return told | {"via_join_request": True} if asked else told

    set_standing(world, chat, user, by, "member", via=via)


def _doorkeepers(world: World, chat: Chat) -> Iterator[Bot]:
    for bot in world.bots_in(chat):
        if chat.members[str(bot.id)].get("can_invite_users") is True:
            yield bot


def waits_for(world: World, user_id: int, bot: Bot) -> bool:
    """Whether the person has just asked to be let in where the bot is at the door."""
    since = world.clock.time() - WRITES_FOR
    return any(
        (request := chat.requests.get(str(user_id)))
        and request["date"] > since
        and bot in _doorkeepers(world, chat)
        for chat in world.groups.values()
    )
