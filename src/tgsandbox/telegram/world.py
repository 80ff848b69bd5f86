"""Everything there is in the sandbox, and the few ways in which it changes."""

import hashlib
import itertools
import random
from typing import Any, Protocol

from tgsandbox.clock import Clock
from tgsandbox.events import Events
from tgsandbox.telegram import wire
from tgsandbox.telegram.errors import ApiError, bad_request
from tgsandbox.telegram.faults import Faults
from tgsandbox.telegram.files import Files
from tgsandbox.telegram.limits import Limits
from tgsandbox.telegram.names import bot_id, checked_username, name_in, token_for
from tgsandbox.telegram.payments.till import Till
from tgsandbox.telegram.records import (
    Account,
    Bot,
    Chat,
    Json,
    Message,
    Query,
    Record,
    StoredFile,
    Update,
    User,
)
from tgsandbox.telegram.updates import QUERY_LIVES, Inbox
from tgsandbox.telegram.webhook import Webhooks

FIRST_USER = 7_000_000_001
FIRST_GROUP = -1_001_000_000_001
_POSTS = {"message": "channel_post", "edited_message": "edited_channel_post"}  # in channels


class Keeper(Protocol):
    """Where records are kept over a restart."""

    def put(self, record: Record) -> None: ...
    def drop(self, record: Record) -> None: ...


class World:
    def __init__(self, clock: Clock | None = None, *, seed: int | None = None) -> None:
        self.clock = clock or Clock()
        self.events = Events(self.clock.time)
        self.random = random.Random(seed)  # noqa: S311  dice, not secrets
        self.faults = Faults()
        self.limits = Limits(self.clock)
        self.files = Files(self)
        self.till = Till(self)
        self.webhooks = Webhooks(self)
        self.strict_webhooks = False  # only https and Telegram's ports, as without a local server
        self.keeper: Keeper | None = None
        self.users: dict[int, User] = {}
        self.bots: dict[int, Bot] = {}
        self.accounts: dict[int, Account] = {}
        self.by_token: dict[str, Bot] = {}
        self.inboxes: dict[int, Inbox] = {}
        self.chats: dict[str, Chat] = {}
        self.groups: dict[int, Chat] = {}
        self._private: dict[int, list[Chat]] = {}  # by person
        self.queries: dict[str, Query] = {}
        self.inline: dict[str, Message] = {}
        self._user_ids = itertools.count(FIRST_USER)
        self._group_ids = itertools.count(FIRST_GROUP, -1)
        self._query_ids = itertools.count(int(self.clock.time() * 1000) << 10)

    # --- keeping

    def save(self, record: Record) -> None:
        if self.keeper:
            self.keeper.put(record)

    def forget(self, record: Record) -> None:
        if self.keeper:
            self.keeper.drop(record)

    def restore(self, record: Record) -> None:
        """A record that was kept, put where it belongs."""
        match record:
            case User():
                self.users[record.id] = self.accounts[record.id] = record
                self._user_ids = itertools.count(max(record.id + 1, next(self._user_ids)))
            case Bot():
                self._know_bot(record)
            case Chat():
                self._know_chat(record)
                if not record.private:
                    self._group_ids = itertools.count(min(record.id - 1, next(self._group_ids)), -1)
            case Message():
                record.chat.messages[record.id] = record
                if record.inline_id:
                    self.inline[record.inline_id] = record
            case Query():
                self._know_query(record)
            case StoredFile():
                self.files.restore(record)
            case Update():
                self.inboxes[record.bot_id].pending[record.id] = record
            case _:
                self.till.restore(record)

    # --- who there is

    def new_user(self, first_name: str, **about: Any) -> User:
        user = User(id=next(self._user_ids), first_name=first_name, **about)
        if user.username and self.by_username(user.username):
            raise ValueError(f"The username @{user.username} is taken.")
        self.users[user.id] = self.accounts[user.id] = user
        self.save(user)
        self.events.emit("person", user=user)
        return user

    def bot(self, username: str) -> Bot:
        """The bot of that name, made when it is named for the first time."""
        username = checked_username(username)
        known = self.bots.get(bot_id(username))
        if known:
            return known
        bot = Bot(
            id=bot_id(username),
            token=token_for(username),
            username=username,
            first_name=username,
            next_update=bot_id(username) % 900_000 + 100_000,
        )
        self._know_bot(bot)
        self.save(bot)
        self.events.emit("bot", bot=bot)
        return bot

    def _know_bot(self, bot: Bot) -> None:
        self.bots[bot.id] = self.accounts[bot.id] = bot
        self.by_token[bot.token] = bot
        self.inboxes[bot.id] = Inbox(self, bot)

    def bot_by_token(self, token: str) -> Bot:
        known = self.by_token.get(token)
        if known:
            return known
        if ":" not in token or not token.partition(":")[0].isdecimal():
            raise ApiError(401, "Unauthorized: invalid token specified")
        username = name_in(token)
        if username is None:
            raise ApiError(401, "Unauthorized")
        return self.bot(username)

    def by_username(self, username: str) -> Account | None:
        wanted = username.removeprefix("@").lower()
        for account in self.accounts.values():
            if account.username and account.username.lower() == wanted:
                return account
        return None

    # --- chats

    def private_chat(self, user: User, bot: Bot) -> Chat:
        """Theirs, made when it is looked at for the first time."""
        key = f"{bot.id}:{user.id}"
        chat = self.chats.get(key)
        if chat is None:
            chat = Chat(id=user.id, type="private", user_id=user.id, bot_id=bot.id)
            self._know_chat(chat)
            self.save(chat)
        return chat

    def _know_chat(self, chat: Chat) -> None:
        self.chats[chat.key] = chat
        if chat.private:
            self._private.setdefault(chat.user_id, []).append(chat)
        else:
            self.groups[chat.id] = chat

    def chats_of(self, user_id: int) -> list[Chat]:
        """Those that a person has on the list."""
        groups = [each for each in self.groups.values() if self.is_member(each, user_id)]
        return [*self._private.get(user_id, ()), *groups]

    def new_group(self, title: str, creator: User, *, kind: str = "supergroup") -> Chat:
        chat = Chat(id=next(self._group_ids), type=kind, title=title)
        chat.members[str(creator.id)] = wire.standing("creator")
        self._know_chat(chat)
        self.save(chat)
        self.events.emit("chat", chat=chat)
        return chat

    def people_in(self, chat: Chat) -> list[int]:
        """The ids of all who see what is said there."""
        if chat.private:
            return [chat.user_id, chat.bot_id]
        return [int(each) for each, standing in chat.members.items() if present(standing)]

    def is_member(self, chat: Chat, account_id: int) -> bool:
        if chat.private:
            return account_id in (chat.user_id, chat.bot_id)
        standing = chat.members.get(str(account_id))
        return standing is not None and present(standing)

    # --- messages

    def say(
        self, chat: Chat, sender: Account, body: Json, *, to_bots: bool = True, **more: Any
    ) -> Message:
        """A new message, there for everybody; bots other than the sender get their update."""
        chat.last_id += 1
        message = Message(
            id=chat.last_id, chat=chat, sender=sender.id, date=self.clock.now(), body=body, **more
        )
        chat.messages[message.id] = message
        if message.inline_id:
            self.inline[message.inline_id] = message
        if self.keeper:
            self.save(chat)
            self.save(message)
        self.events.emit("message", chat=chat, message=message, body=body)
        if to_bots and (isinstance(sender, User) or "via" in more):
            self.tell_bots(chat, "message", message)
        return message

    def tell_bots(self, chat: Chat, kind: str, message: Message) -> None:
        kind = _POSTS[kind] if chat.type == "channel" else kind
        for bot in self.bots_in(chat):
            if bot.id != message.sender and self._sees(bot, message):
                self.inboxes[bot.id].push(kind, wire.message(self, message), str(chat.id))

    def bots_in(self, chat: Chat) -> list[Bot]:
        if chat.private:
            return [] if chat.blocked else [self.bots[chat.bot_id]]
        found = [self.bots.get(each) for each in self.people_in(chat)]
        return [bot for bot in found if bot]

    def _sees(self, bot: Bot, message: Message) -> bool:
        """In a group a bot with privacy sees what is meant for it, and what everybody does."""
        chat, body = message.chat, message.body
        if chat.private or not bot.privacy or message.via == bot.id:
            return True
        if chat.members[str(bot.id)]["status"] == "administrator":
            return True
        if message.reply_to and (target := chat.messages.get(message.reply_to)):
            return target.sender == bot.id
        if "text" not in body and "caption" not in body:
            return any(service in body for service in wire.SERVICE)
        return _command_for(bot, message.text)

    def change(
        self,
        message: Message,
        *,
        body: Json | None = None,
        edited: bool = True,
        **fields: Any,
    ) -> None:
        """The message as it is from now on."""
        if body is not None:
            message.body = body
        for name, value in fields.items():
            setattr(message, name, value)
        if edited:
            message.edited = self.clock.now()
        self.save(message)
        self.events.emit("edited", chat=message.chat, message=message, body=message.body)

    def delete(self, message: Message) -> None:
        chat = message.chat
        chat.messages.pop(message.id, None)
        if message.id in chat.pinned:
            chat.pinned.remove(message.id)
        if message.inline_id:
            self.inline.pop(message.inline_id, None)
        self.forget(message)
        self.save(chat)
        self.events.emit("deleted", chat=chat, message=message)

    # --- questions to bots

    def ask(
        self, kind: str, bot: Bot, user: User, *, lives: float = QUERY_LIVES, **about: Any
    ) -> Query:
        """A query that the bot is to answer; its update is the caller's to push."""
        query = Query(
            id=str(next(self._query_ids) << 12 | user.id & 0xFFF),
            type=kind,
            bot_id=bot.id,
            user_id=user.id,
            until=self.clock.time() + lives,
            about=about,
        )
        self._know_query(query)
        self.save(query)
        return query

    def _know_query(self, query: Query) -> None:
        self.queries[query.id] = query
        self.clock.at(query.until, lambda: self.drop_query(query))

    def answer(self, kind: str, bot: Bot, query_id: str, answer: Json) -> Query:
        """The bot's answer; once, in time, and by the bot that was asked."""
        query = self.queries.get(query_id)
        if (
            query is None
            or query.type != kind
            or query.bot_id != bot.id
            or query.until <= self.clock.time()
        ):
            raise bad_request(
                "query is too old and response timeout expired or query ID is invalid"
            )
        query.answer = answer
        self.drop_query(query)
        self.events.emit("answered", query=query, bot=bot, answer=answer)
        if query.waiting:
            query.waiting(query)
        return query

    def drop_query(self, query: Query) -> None:
        if self.queries.pop(query.id, None):
            self.forget(query)

    def chat_instance(self, chat: Chat) -> str:
        digest = hashlib.sha256(f"chat {chat.key}".encode()).digest()
        return str(int.from_bytes(digest[:8], "big", signed=True))


def present(standing: Json) -> bool:
    return standing["status"] not in ("left", "kicked") and standing.get("is_member", True)


def _command_for(bot: Bot, text: str) -> bool:
    if not text.startswith("/"):
        return False
    _, at, name = text.split(maxsplit=1)[0].partition("@")
    return not at or name.lower() == bot.username.lower()
