"""Random calls, half of them nearly right, on one world; and what must hold of it after each."""

import asyncio
import json
import random
from contextlib import suppress
from typing import Any

from tests.tgsandbox.fuzz_fields import (
    CONTENTS,
    FIELDS,
    NUMBERS,
    NUMERIC,
    QUERY,
    RARE,
    RUBBISH,
    SHAPES,
    TEXTS,
    TOLD,
    WORDS,
)
from tests.tgsandbox.methods.place import png
from tgsandbox import Impossible, Late, PaymentFailed, Sandbox
from tgsandbox.telegram import acts, wire
from tgsandbox.telegram.args import Args, Upload
from tgsandbox.telegram.botapi import Outcome, perform
from tgsandbox.telegram.calls import METHODS
from tgsandbox.telegram.files import file_id
from tgsandbox.telegram.inline import result_message
from tgsandbox.telegram.keyboards import inline_only
from tgsandbox.telegram.records import Bot, Chat, Message, Record, User
from tgsandbox.telegram.updates import shown

Json = dict[str, Any]
METHOD_NAMES = sorted(METHODS)


class Fuzz:
    """One world: two bots, three people, a group; and what is drawn for them."""

    def __init__(self, draw: Any, chance: random.Random) -> None:
        self.draw, self.random = draw, chance
        self.tg = Sandbox(seed=1)
        self.world = self.tg.world
        self.here: Chat | None = None  # where the call is about to look
        self.paying: list[asyncio.Future[None]] = []
        self.bots = [self.tg.bot("shop_bot").record, self.tg.bot("other_bot").record]
        self.people = [self.tg.user(name).user for name in ("Покупатель", "Buyer", "Stranger")]
        self.accounts = [each.id for each in self.people] + [each.id for each in self.bots]
        self.group = self.world.new_group("Club", self.people[1])
        members: list[User | Bot] = [self.people[0], *self.bots]
        for account in members:
            acts.add_to_group(self.world, self.people[1], self.group, account)
        rights = {"can_promote_members": True}
        acts.promote(self.world, self.people[1], self.group, self.bots[0], **rights)
        for bot in self.bots:
            acts.write_text(
                self.world, self.people[0], self.world.private_chat(self.people[0], bot), "/start"
            )
        self.world.till.buy_stars(self.people[0], 500)

    async def begin(self) -> None:
        """Something that can be edited, pressed, paid and answered."""
        markup = SHAPES["reply_markup"][1]
        for where in (self.people[0].id, self.group.id):
            args = Args(values={"chat_id": where, "text": "Чай?", "reply_markup": markup})
            args.files["photo"] = Upload("a.png", png())
            for name in ("sendmessage", "sendmessage", "sendphoto", "senddocument"):
                args.values["document"] = "attach://photo"
                self.judge(name, await perform(self.world, self.bots[0], name, args))
        for chat in self.world.chats.values():
            for message in list(chat.messages.values()):
                if message.markup:
                    acts.press(self.world, self.people[0], message, "yes")
        self.do_ask(self.people[0], self.bots[0], self.group)

    # --- calls

    def once_in(self, times: int) -> bool:
        return self.random.randrange(times) == 0

    async def call(self) -> None:
        name = self.random.choice(METHOD_NAMES)
        bot = self.bots[self.once_in(8)]
        args = Args()
        for field in FIELDS.get(name, "").split():
            rare = 10 if field in RARE else 2 if field == "reply_markup" else 1
            if self.once_in(60) or not self.once_in(rare):
                continue
            value = self.value(field)
            if isinstance(value, Upload):
                args.files[field] = value
            else:
                as_text = not isinstance(value, str) and self.once_in(2)
                args.values[field] = json.dumps(value) if as_text else value
        args.files["pixels"] = Upload("a.png", self.content(), "image/png")
        outcome = await perform(self.world, bot, name, args)
        self.judge(name, outcome)

    def content(self) -> bytes:
        return self.random.choice(CONTENTS) if self.once_in(6) else png()

    def text(self) -> str:
        if self.once_in(2):
            return f"Чай {self.random.randrange(9)}"
        return self.random.choice(TOLD) if self.once_in(2) else str(self.draw(TEXTS))

    def judge(self, name: str, outcome: Outcome) -> None:
        told = json.loads(json.dumps(outcome.answer, allow_nan=False, ensure_ascii=False).encode())
        assert told == outcome.answer
        assert outcome.status in (200, 400, 403, 404, 409, 413, 429), (name, told)
        assert told["ok"] is (outcome.status == 200)
        if not told["ok"]:
            kind, _, reason = told["description"].partition(": ")
            assert kind in ("Bad Request", "Forbidden", "Conflict", "Request Entity Too Large")
            assert reason or outcome.status == 413, name

    def value(self, field: str) -> Any:  # noqa: PLR0911
        if self.once_in(60):
            return self.draw(RUBBISH.filter(lambda each: each is not None))
        if field in SHAPES:
            shape = self.random.choice(SHAPES[field])
            if field in ("scope", "reply_parameters") and "chat_id" in shape:
                shape = shape | {"chat_id": self.chat_id()}
            return self.mutated(shape) if self.once_in(6) else shape
        if field in WORDS:
            return self.random.choice(WORDS[field])
        if field.startswith(("can_", "is_", "need_", "show_", "has_", "only_", "use_", "ok")):
            return self.random.choice([True, False, "true", "yes", "x"])
        ids = self.known(field)
        if ids is not None:
            return self.random.choice(ids)
        if field in ("video_note", "thumbnail"):
            return Upload("a", self.content())
        if field in NUMERIC:
            return self.draw(NUMBERS)
        return self.text()

    def known(self, field: str) -> list[Any] | None:
        """What there is, by its ids."""
        world = self.world
        stored = [file_id(each) for each in world.files.known.values()]
        match field:
            case "chat_id" | "from_chat_id":
                return [self.chat_id()]
            case "user_id":
                return [*self.accounts, *self.accounts[:3]]
            case "message_id" | "reply_to_message_id":
                chat = self.here
                there = list(chat.messages.values()) if chat else []
                ours = [each.id for each in there if self.is_editable(each)]
                return [0, 77, *[each.id for each in there[-3:]], *ours[-8:] * 3]
            case "inline_message_id":
                found: list[Any] = ["", *world.inline]
            case "file_id":
                found = ["x", *stored]
            case "photo" | "document" | "voice" | "audio" | "video" | "animation" | "sticker":
                found = ["attach://pixels"] * 5 + ["http://127.0.0.1:1/x", "x", *stored]
            case "telegram_payment_charge_id":
                found = ["x", *world.till.charges]
            case _ if field.endswith("query_id"):
                found = [
                    "x",
                    *[each.id for each in world.queries.values() if QUERY[each.type] == field],
                ]
            case _:
                return None
        return found

    def is_editable(self, message: Message) -> bool:
        return message.sender in self.world.bots and not (message.had_keyboard or message.origin)

    def chat_id(self) -> int:
        ids = self.accounts + [self.group.id] * 16
        found = self.random.choice(ids + [self.people[0].id] * 24)
        chats = [each for each in self.world.chats.values() if each.id == found]
        self.here = chats[0] if chats else None
        return found

    def mutated(self, value: Any) -> Any:
        """With something in it put wrong, or taken out, at any depth."""
        if self.once_in(3):
            return self.draw(RUBBISH)
        if isinstance(value, dict) and value:
            name = self.random.choice(list(value))
            if self.once_in(3):
                return {each: given for each, given in value.items() if each != name}
            return value | {name: self.mutated(value[name])}
        if isinstance(value, list) and value:
            at = self.random.randrange(len(value))
            if self.once_in(3):
                return value * self.random.randrange(13)
            return [*value[:at], self.mutated(value[at]), *value[at + 1 :]]
        return self.draw(RUBBISH)

    # --- people

    def act(self) -> None:
        user = self.people[self.once_in(2) + self.once_in(4)]
        bot = self.bots[self.once_in(4)]
        chat = self.random.choice([self.group, self.world.private_chat(user, bot)])
        messages = list(chat.messages.values())
        try:
            self.do(user, bot, chat, self.random.choice(messages) if messages else None)
        except (Impossible, PaymentFailed, ValueError):
            return

    def do(  # noqa: PLR0912
        self, user: User, bot: Bot, chat: Chat, message: Message | None
    ) -> None:
        world = self.world
        match self.random.randrange(14):
            case 0:
                acts.write_text(world, user, chat, self.text())
            case 1:
                acts.send_file(world, user, chat, "voice", self.content(), caption=self.text())
            case 2 if message:
                acts.write_text(world, user, chat, "a", reply_to=message.id)
            case 3 if (
                message and message.markup and isinstance(world.accounts[message.sender], Bot)
            ):
                acts.press(world, user, message, "yes")
            case 4 if message:
                acts.react_with(world, user, message, self.random.choice(["👍", None]))
            case 5 if message:
                acts.delete(world, user, message)
            case 6 if message:
                acts.forward(world, user, message, chat)
            case 7:
                self.do_ask(user, bot, chat)
            case 8 if self.once_in(4):
                acts.block(world, user, bot)
            case 9 if self.once_in(6):
                acts.remove(world, self.people[1], self.group, bot)
            case 10:
                acts.add_to_group(world, self.people[1], self.group, bot)
                rights = {"can_promote_members": True} if self.once_in(2) else {}
                acts.promote(world, self.people[1], self.group, bot, **rights)
            case 11 if world.till.invoices:
                invoice = self.random.choice(list(world.till.invoices.values()))
                self.paying.append(asyncio.ensure_future(self.pay(user, invoice.link)))
            case 12 if message and "paid_media" in message.body:
                world.till.unlock(user, message)
            case _:
                world.ask("web_app", bot, user, chat=self.world.private_chat(user, bot).key)
                acts.allow_writing(world, user, bot)

    def do_ask(self, user: User, bot: Bot, chat: Chat) -> None:
        query = acts.ask_inline(self.world, user, bot, chat=chat, text="a")
        query.waiting = lambda answered: self.choose(user, bot, chat, answered.answer)

    async def pay(self, user: User, link: str) -> None:
        with suppress(Impossible, PaymentFailed, Late):
            await self.tg.person(user).pay(link, timeout=60)

    async def end(self) -> None:
        for each in self.paying:
            each.cancel()
        await asyncio.gather(*self.paying, return_exceptions=True)
        await self.tg.stop()

    def choose(self, user: User, bot: Bot, chat: Chat, answer: Json) -> None:
        for each in answer["results"]:
            result_message(self.world, bot, user, chat, each)

    # --- what must hold

    def check(self) -> None:
        world = self.world
        for chat in world.chats.values():
            self.check_chat(chat)
        for inline_id, message in world.inline.items():
            assert message.inline_id == inline_id
            assert message.chat.messages[message.id] is message
        for inbox in world.inboxes.values():
            ids = [each.id for each in inbox.pending.values()]
            assert ids == sorted(set(ids))
            for update in inbox.pending.values():
                _json(shown(update))
        kept: list[Record] = [*world.users.values(), *world.bots.values(), *world.chats.values()]
        kept += [*world.files.known.values(), *world.queries.values(), *world.till.charges.values()]
        for record in kept:
            _json(record.row())

    def check_chat(self, chat: Chat) -> None:
        ids = list(chat.messages)
        assert ids == sorted(set(ids))
        assert all(0 < each <= chat.last_id for each in ids)
        assert len(chat.pinned) == len(set(chat.pinned))
        assert set(chat.pinned) <= set(ids)
        assert chat.keyboard_from <= chat.last_id
        _json(chat.keyboard)
        for message in chat.messages.values():
            assert message.chat is chat
            assert chat.messages[message.id] is message
            assert message.reply_to is None or 0 < message.reply_to < message.id
            _json(wire.message(self.world, message))
            _json(message.row())
            self.check_markup(message)

    def check_markup(self, message: Message) -> None:
        """Read once more, it is the same."""
        if message.markup:
            again = json.loads(json.dumps(message.markup))
            username = self.world.bots[message.via or message.sender].username
            private = message.chat.private
            assert inline_only(again, private=private, bot_username=username) == message.markup


def _json(value: Any) -> None:
    """Nothing in it is lost on the way to a disk or to a bot."""
    written = json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    assert json.loads(written) == value
