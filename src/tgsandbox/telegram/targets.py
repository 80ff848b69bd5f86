"""The chats, messages and people that a call speaks of."""

from tgsandbox.telegram.calls import Call
from tgsandbox.telegram.errors import ApiError, bad_request, forbidden
from tgsandbox.telegram.invites import waits_for
from tgsandbox.telegram.records import Account, Bot, Chat, Message, User
from tgsandbox.telegram.world import present

NO_ADMINISTRATOR = "need administrator rights in the channel chat"


def chat_known(call: Call) -> Chat:
    """The chat, where the bot may at least look at it."""
    return chat_named(call, call.args.text("chat_id"))


def chat_named(call: Call, given: str) -> Chat:
    given = given.strip()
    if not given:
        raise bad_request("chat_id is empty")
    chat = _by_username(call, given) if given.startswith("@") else _by_id(call, given)
    if not chat.private and not present(chat.members[str(call.bot.id)]):
        raise _outside(call, chat)
    return chat


def chat_to_change(call: Call) -> Chat:
    """The chat, where there is still somebody."""
    chat = chat_known(call)
    if chat.private and call.world.users[chat.user_id].deactivated:
        raise forbidden("user is deactivated")
    return chat


def chat_to_write(call: Call) -> Chat:
    """The chat, where the bot may write."""
    chat = chat_to_change(call)
    if not chat.private:
        if chat.type == "channel" and chat.members[str(call.bot.id)]["status"] != "administrator":
            raise bad_request(NO_ADMINISTRATOR)
        return chat
    if chat.blocked:
        raise forbidden("bot was blocked by the user")
    if not (chat.started or chat.writable or waits_for(call.world, chat.user_id, call.bot)):
        raise _stranger(call, chat.user_id)
    return chat


def message_in(call: Call, chat: Chat, *, what: str) -> Message:
    """The message of that id; `what` says what it is wanted for, as in "message to edit"."""
    message = chat.messages.get(call.args.message_id())
    if message is None:
        raise bad_request(f"{what} not found")
    return message


def person(call: Call, name: str = "user_id") -> User:
    account = account_of(call, name)
    if isinstance(account, Bot):
        raise bad_request("USER_BOT_INVALID")
    return account


def account_of(call: Call, name: str = "user_id", *, missing: str = "user not found") -> Account:
    number = call.args.integer(name)
    if number <= 0:
        raise bad_request(f"invalid {name} specified")
    account = call.world.accounts.get(number)
    if account is None:
        raise bad_request(missing)
    return account


def knows(call: Call, user_id: int) -> bool:
    """Whether the bot has ever seen the person."""
    if f"{call.bot.id}:{user_id}" in call.world.chats:
        return True
    ours, theirs = str(call.bot.id), str(user_id)
    return any(
        ours in chat.members and theirs in chat.members for chat in call.world.groups.values()
    )


def _by_id(call: Call, given: str) -> Chat:
    number = int(given) if len(given) <= 20 and _is_number(given) else 0
    if number > 0:
        chat = call.world.chats.get(f"{call.bot.id}:{number}")
        if chat is None:
            if number in call.world.bots:
                raise forbidden("the bot can't send messages to the bot")
            if waits_for(call.world, number, call.bot):
                return call.world.private_chat(call.world.users[number], call.bot)
            raise _stranger(call, number)
        return chat
    group = call.world.groups.get(number)
    if group is None or str(call.bot.id) not in group.members:
        raise bad_request("chat not found")
    return group


def _is_number(given: str) -> bool:
    return given.isascii() and given.removeprefix("-").isdecimal()


def _by_username(call: Call, username: str) -> Chat:
    """Of groups with a public name: people and bots cannot be named so."""
    wanted = username.removeprefix("@").lower()
    for chat in call.world.groups.values():
        if chat.username and chat.username.lower() == wanted and str(call.bot.id) in chat.members:
            return chat
    raise bad_request("chat not found")


def _outside(call: Call, chat: Chat) -> ApiError:
    kicked = chat.members[str(call.bot.id)]["status"] == "kicked"
    did = "was kicked from" if kicked else "is not a member of"
    return forbidden(f"bot {did} the {chat.type} chat")


def _stranger(call: Call, user_id: int) -> ApiError:
    """Somebody who has not written to the bot yet."""
    user = call.world.users.get(user_id)
    if user is None or not knows(call, user_id):
        return bad_request("chat not found")
    if user.deactivated:
        return forbidden("user is deactivated")
    return forbidden("bot can't initiate conversation with a user")
