"""The chats, messages and people that a call speaks of."""

from tgsandbox.telegram.calls import Call
from tgsandbox.telegram.errors import ApiError, bad_request, forbidden
from tgsandbox.telegram.records import Account, Bot, Chat, Message, User
from tgsandbox.telegram.world import present


def chat_known(call: Call, name: str = "chat_id") -> Chat:
    """The chat, where the bot may at least look at it."""
    given = call.args.text(name).strip()
    if not given:
        raise bad_request(f"{name} is empty")
    if given.startswith("@"):
        return _by_username(call, given)
    number = call.args.identifier(name)
    if number is None:
        raise bad_request("chat not found")
    if number > 0:
        chat = call.world.chats.get(f"{call.bot.id}:{number}")
        if chat is None:
            if number == call.bot.id or number in call.world.bots:
                raise forbidden("the bot can't send messages to the bot")
            raise _stranger(call, number)
        return chat
    chat = call.world.groups.get(number)
    if chat is None or str(call.bot.id) not in chat.members:
        raise bad_request("chat not found")
    return chat


def chat_to_write(call: Call, name: str = "chat_id") -> Chat:
    """The chat, where the bot may write."""
    chat = chat_known(call, name)
    if chat.private:
        if chat.blocked:
            raise forbidden("bot was blocked by the user")
        if call.world.users[chat.user_id].deactivated:
            raise forbidden("user is deactivated")
        if not (chat.started or chat.writable):
            raise _stranger(call, chat.user_id)
        return chat
    standing = chat.members[str(call.bot.id)]
    if standing["status"] == "kicked":
        raise forbidden(f"bot was kicked from the {_called(chat)} chat")
    if not present(standing):
        raise forbidden(f"bot is not a member of the {_called(chat)} chat")
    if standing.get("can_send_messages") is False:
        raise bad_request("not enough rights to send text messages to the chat")
    return chat


def message_in(call: Call, chat: Chat, *, what: str, name: str = "message_id") -> Message:
    """The message of that id; `what` says what it is wanted for, as in "message to edit"."""
    number = call.args.identifier(name, bits=32)
    if not number or number < 0:
        raise bad_request("message identifier is not specified")
    message = chat.messages.get(number)
    if message is None:
        raise bad_request(f"{what} not found")
    return message


def person(call: Call, name: str = "user_id") -> User:
    account = account_of(call, name)
    if isinstance(account, Bot):
        raise bad_request("USER_BOT_INVALID")
    return account


def account_of(call: Call, name: str = "user_id") -> Account:
    number = call.args.identifier(name)
    if not number or number < 0:
        raise bad_request(f"invalid {name} specified")
    account = call.world.accounts.get(number)
    if account is None:
        raise bad_request("user not found")
    return account


def knows(call: Call, user_id: int) -> bool:
    """Whether the bot has ever seen the person."""
    if f"{call.bot.id}:{user_id}" in call.world.chats:
        return True
    ours, theirs = str(call.bot.id), str(user_id)
    return any(
        ours in chat.members and theirs in chat.members for chat in call.world.groups.values()
    )


def _by_username(call: Call, username: str) -> Chat:
    """Of people and groups with a public name."""
    wanted = username.removeprefix("@").lower()
    for chat in call.world.groups.values():
        if chat.username and chat.username.lower() == wanted and str(call.bot.id) in chat.members:
            return chat
    account = call.world.by_username(username)
    if isinstance(account, Bot):
        raise forbidden("the bot can't send messages to the bot")
    raise bad_request("chat not found")


def _stranger(call: Call, user_id: int) -> ApiError:
    """Somebody who has not written to the bot yet."""
    user = call.world.users.get(user_id)
    if user is None or not knows(call, user_id):
        return bad_request("chat not found")
    if user.deactivated:
        return forbidden("user is deactivated")
    return forbidden("bot can't initiate conversation with a user")


def _called(chat: Chat) -> str:
    return "supergroup" if chat.type == "supergroup" else "group"
