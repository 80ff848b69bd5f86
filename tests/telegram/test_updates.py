"""One update, one transaction: its effects once, what is said after it, and what fails."""

import asyncio
from typing import Any

import pytest
from aiogram import F, Router
from aiogram.filters import Command, CommandStart
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from kassa.db import Database, Tx
from kassa.telegram import Speaker
from kassa.telegram.hearing import NotTaken
from kassa.users import User
from tests.conftest import Fresh
from tests.telegram.core import a_core, a_table

pytestmark = pytest.mark.parametrize("way", [{"webhook": True}, {"polling": True}])


class Asking(StatesGroup):
    name = State()


def router() -> Router:
    made = Router()

    @made.message(CommandStart())
    async def start(message: Message, user: User, t: Speaker) -> Any:
        button = InlineKeyboardButton(text="Купить", callback_data="buy")
        keyboard = InlineKeyboardMarkup(inline_keyboard=[[button]])
        return message.answer(t("hello", name=user.first_name), reply_markup=keyboard)

    @made.callback_query(F.data == "buy")
    async def buy(query: CallbackQuery, user: User, tx: Tx) -> Any:
        await effect(tx, user, "bought")
        assert query.message is not None
        return [query.answer("Минуту…"), query.message.answer("Куплено")]

    @made.message(Command("ask"))
    async def ask(message: Message, state: FSMContext) -> Any:
        await state.set_state(Asking.name)
        await state.update_data(tries=1)
        return message.answer("Как вас зовут?")

    @made.message(Asking.name)
    async def named(message: Message, state: FSMContext, user: User, tx: Tx) -> Any:
        data = await state.get_data()
        await effect(tx, user, f"{message.text} {data['tries']}")
        await state.clear()
        return message.answer(f"Приятно, {message.text}")

    @made.message(Command("break"))
    async def breaks(message: Message, user: User, tx: Tx) -> Any:
        await effect(tx, user, "must not stay")
        raise RuntimeError("the handler breaks")

    @made.message(Command("send"))
    async def sends(message: Message, user: User, tx: Tx) -> Any:
        await message.answer("from inside the transaction")

    @made.message(Command("wrong"))
    async def wrong(message: Message) -> Any:
        return "words, and not what is to be said"

    @made.message(F.text)
    async def echo(message: Message, user: User, tx: Tx) -> Any:
        await effect(tx, user, message.text or "")
        return message.answer(message.text or "")

    return made


async def effect(tx: Tx, user: User, said: str) -> None:
    await tx.execute("INSERT INTO effects (person, said) VALUES ($1, $2)", user.id, said)


async def test_a_conversation(fresh: Fresh, owner_db: Database, way: dict[str, Any]) -> None:
    await a_table(owner_db)
    async with a_core(fresh, router(), **way) as core:
        buyer = core.tg.user("Покупатель", language="uz")
        await buyer.send(core.bot, "/start")
        await buyer.reply("Salom, Покупатель!")
        pressed = await buyer.press("Купить")
        assert (await pressed.answer()).text == "Минуту…"
        await buyer.reply("Куплено")
        await buyer.send(core.bot, "/ask")
        await buyer.reply("Как вас зовут?")
        assert await core.count("SELECT count(*) FROM telegram.dialog") == 1
        await buyer.send(core.bot, "Азиз")
        await buyer.reply("Приятно, Азиз")
        assert await core.count("SELECT count(*) FROM telegram.dialog") == 0
        rows = await core.db.fetch("SELECT said FROM effects ORDER BY n")
        assert [row["said"] for row in rows] == ["bought", "Азиз 1"]
        assert await core.count("SELECT count(*) FROM users.person") == 1


async def test_what_fails_three_times_is_set_aside_and_holds_up_nothing_more(
    fresh: Fresh, owner_db: Database, way: dict[str, Any]
) -> None:
    await a_table(owner_db)
    async with a_core(fresh, router(), **way) as core:
        unlucky, other = core.tg.user("Первый"), core.tg.user("Вторая")
        await unlucky.send(core.bot, "/break")
        await unlucky.send(core.bot, "после")
        await other.send(core.bot, "рядом")
        await other.reply("рядом")
        apology = await unlucky.reply(timeout=15)
        assert apology.text.startswith("Что-то пошло не так")
        await unlucky.reply("после", timeout=15)
        row = await core.db.fetchrow("SELECT * FROM telegram.update WHERE dead_at IS NOT NULL")
        assert row is not None
        assert (row["tries"], row["error"]) == (3, "RuntimeError: the handler breaks")
        assert b"/break" in row["body"]
        said = {row["said"] for row in await core.db.fetch("SELECT said FROM effects")}
        assert said == {"рядом", "после"}


@pytest.mark.parametrize("command", ["/send", "/wrong"])
async def test_a_handler_that_talks_by_itself_is_told(
    fresh: Fresh, owner_db: Database, way: dict[str, Any], command: str
) -> None:
    await a_table(owner_db)
    async with a_core(fresh, router(), **way) as core:
        person = core.tg.user("Человек")
        await person.send(core.bot, command)
        await person.reply(timeout=15)
        error = await core.db.fetchval("SELECT error FROM telegram.update WHERE tries = 3")
        assert ("inside a transaction" if command == "/send" else "event.answer") in error


async def test_an_update_that_comes_again_changes_nothing(
    fresh: Fresh, owner_db: Database, way: dict[str, Any]
) -> None:
    await a_table(owner_db)
    async with a_core(fresh, router(), **way) as core:
        bot = core.updates.bots.all[0]
        person = core.tg.user("Человек")
        update = an_update(7, "один раз", person=person.id)
        await person.send(core.bot, "раньше")
        await person.reply("раньше")
        await asyncio.gather(*(core.updates.take(bot, update, b"{}") for _ in range(20)))
        await person.reply("один раз")
        assert await core.count("SELECT count(*) FROM effects WHERE said = 'один раз'") == 1


async def test_two_bots_share_a_person_and_no_dialog(
    fresh: Fresh, owner_db: Database, way: dict[str, Any]
) -> None:
    await a_table(owner_db)
    async with a_core(fresh, router(), names=("one_bot", "two_bot"), **way) as core:
        person = core.tg.user("Человек", language="en")
        one, two = core.accounts
        await person.send(one, "/ask")
        await person.reply("Как вас зовут?")
        await person.send(two, "Иное")
        await person.reply("Иное")
        await person.send(one, "Имя")
        await person.reply("Приятно, Имя")
        assert await core.count("SELECT count(*) FROM users.person") == 1
        assert await core.count("SELECT count(*) FROM telegram.reach") == 2


async def test_who_blocks_the_bot_cannot_be_reached_until_they_come_back(
    fresh: Fresh, owner_db: Database, way: dict[str, Any]
) -> None:
    await a_table(owner_db)
    gone = "SELECT count(*) FROM telegram.reach WHERE gone_at IS NOT NULL"
    async with a_core(fresh, router(), **way) as core:
        person = core.tg.user("Человек")
        await person.send(core.bot, "раз")
        await person.reply("раз")
        person.block(core.bot)
        await core.bot.caught_up()
        async with asyncio.timeout(5):
            while not await core.count(gone):
                await asyncio.sleep(0.02)
        person.unblock(core.bot)
        await person.send(core.bot, "два")
        await person.reply("два")
        assert await core.count(gone) == 0


async def test_the_blocked_are_told_and_nothing_is_done_for_them(
    fresh: Fresh, owner_db: Database, way: dict[str, Any]
) -> None:
    await a_table(owner_db)
    async with a_core(fresh, router(), **way) as core:
        person = core.tg.user("Человек")
        await person.send(core.bot, "раз")
        await person.reply("раз")
        await core.db.execute("UPDATE users.person SET blocked_at = now()")
        await person.send(core.bot, "два")
        answer = await person.reply()
        assert answer.text != "два"
        assert await core.count() == 1


async def test_without_a_database_nothing_is_lost(
    fresh: Fresh, owner_db: Database, way: dict[str, Any]
) -> None:
    """Nor counted against the update."""
    await a_table(owner_db)
    async with a_core(fresh, router(), **way) as core:
        bot = core.updates.bots.all[0]
        real, core.updates.database = (
            core.updates.database,
            Database("postgresql://x@127.0.0.1:1/x"),
        )
        with pytest.raises(NotTaken):
            await core.updates.take(bot, an_update(9, "слово"), b"{}")
        core.updates.database = real
        await core.updates.take(bot, an_update(9, "слово"), b"{}")
        assert await core.count() == 1


def an_update(number: int, text: str, *, person: int = 4242) -> dict[str, Any]:
    return {
        "update_id": 900_000 + number,
        "message": {
            "message_id": number,
            "date": 1_700_000_000,
            "chat": {"id": person, "type": "private", "first_name": "Человек"},
            "from": {"id": person, "is_bot": False, "first_name": "Человек"},
            "text": text,
        },
    }
