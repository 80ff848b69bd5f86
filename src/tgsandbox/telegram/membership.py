"""Who is in a chat, and what is pinned there."""

from collections.abc import Callable
from typing import Any

from tgsandbox.telegram import wire
from tgsandbox.telegram.records import Account, Bot, Chat, Json, Message, User
from tgsandbox.telegram.world import World, present

Via = Callable[[Bot], Json]


def set_standing(
    world: World,
    chat: Chat,
    account: Account,
    by: Account,
    status: str,
    *,
    via: Via | None = None,
    **more: Any,
) -> None:
    """Somebody joins, leaves, is put out or raised; everybody concerned hears of it. `via` is
    what the bot is told of the link by which somebody came."""
    before = chat.members.get(str(account.id), wire.standing("left"))
    after = wire.standing(status, channel=chat.type == "channel", **more)
    if before == after:
        return
    chat.members = {**chat.members, str(account.id): after}
    if present(after) or status == "kicked":  # whoever asked to be let in has the answer
        chat.requests = {who: it for who, it in chat.requests.items() if who != str(account.id)}
    world.save(chat)
    world.events.emit("member", chat=chat, account=account, by=by, status=status)
    _tell(world, chat, account, by=by, before=before, after=after, via=via)
    if chat.type == "channel":
        return  # nobody is told who comes and goes
    if present(after) and not present(before):
        world.say(
            chat,
            by if isinstance(by, User) and via is None else account,
            {"new_chat_members": [wire.user(account)]},
        )
    elif present(before) and not present(after):
        world.say(chat, by, {"left_chat_member": wire.user(account)})


def set_blocked(world: World, chat: Chat, *, blocked: bool) -> None:
    """The person blocks the bot or lets it write again."""
    if chat.blocked == blocked:
        return
    user, bot = world.users[chat.user_id], world.bots[chat.bot_id]
    chat.blocked = blocked
    world.save(chat)
    status = ("kicked", "member")
    before, after = [wire.standing(each) for each in (status if not blocked else status[::-1])]
    world.events.emit("blocked", chat=chat, blocked=blocked)
    _tell(world, chat, bot, by=user, before=before, after=after)


def _tell(
    world: World,
    chat: Chat,
    account: Account,
    *,
    by: Account,
    before: Json,
    after: Json,
    via: Via | None = None,
) -> None:
    body = {
        "chat": wire.chat(world, chat),
        "from": wire.user(by),
        "date": world.clock.now(),
        "old_chat_member": wire.member(world, account, before),
        "new_chat_member": wire.member(world, account, after),
    }
    if isinstance(account, Bot):
        world.inboxes[account.id].push("my_chat_member", body, f"me:{chat.id}")
        return
    for bot in world.bots_in(chat):
        if chat.members.get(str(bot.id), {}).get("status") == "administrator":
            told = body | via(bot) if via else body
            world.inboxes[bot.id].push("chat_member", told, f"member:{account.id}")


def pin(world: World, message: Message, by: Account) -> None:
    chat = message.chat
    if message.id in chat.pinned:
        return
    chat.pinned = [*chat.pinned, message.id]
    world.save(chat)
    world.say(chat, by, {"pinned_message": wire.message(world, message, nested=True)})


def unpin(world: World, chat: Chat, ids: list[int]) -> None:
    chat.pinned = [each for each in chat.pinned if each not in ids]
    world.save(chat)
    world.events.emit("unpinned", chat=chat)
