"""tokens.spend, holds, @costs: tokens go once, and never below nothing."""

import asyncio
from datetime import UTC, datetime, time, timedelta

import pytest
from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from docs.examples.apps.oracle import APP as ORACLE
from kassa.apps import App
from kassa.apps import tokens as shop
from kassa.apps.tokens import NotEnough, costs
from kassa.apps.tokens import service as tokens
from kassa.apps.tokens.models import Line
from kassa.apps.tokens.showing import history, words
from kassa.db import Database
from kassa.db.migrate import migrate, steps
from kassa.errors import Invalid
from kassa.ledger import Poster, audit
from kassa.runtime import PACKAGES
from kassa.telegram import Wish
from kassa.testing import running
from kassa.users import service as people
from kassa.users import zones
from kassa.users.service import Who
from tests.cli.process import on
from tests.conftest import Fresh
from tgsandbox import Sandbox

USER = 7


@pytest.fixture
async def books(owner_db: Database, db: Database) -> Database:
    """A house with tokens, where person 7 has a hundred."""
    async with owner_db.pool.acquire() as connection:
        await migrate(connection, steps((*PACKAGES, "kassa.apps.tokens"), app="kassa_app"))  # type: ignore[arg-type]
    await db.run(lambda tx: tokens.give(tx, USER, 100, key="welcome"))
    await db.run(lambda tx: tokens.give(tx, USER, 100, key="welcome"))
    return db


async def has(db: Database) -> int:
    return (await tokens.standing(db, USER)).balance


async def test_one_cause_is_charged_once(books: Database) -> None:
    for _ in range(2):
        await books.run(lambda tx: tokens.spend(tx, USER, 30, key="a"))
    await books.run(lambda tx: tokens.spend(tx, USER, 30, key="b"))
    assert await has(books) == 40
    with pytest.raises(NotEnough) as refused:
        await books.run(lambda tx: tokens.spend(tx, USER, 41, key="c"))
    assert (refused.value.balance, refused.value.cost) == (40, 41)
    with pytest.raises(NotEnough, match="5 needed, 0 there"):
        await books.run(lambda tx: tokens.spend(tx, 8, 5, key="c"))
    assert await has(books) == 40
    for wrong in (0, -1, True, 1.5, "3"):
        with pytest.raises(Invalid):
            await tokens.spend(books, USER, wrong, key="d")  # type: ignore[arg-type]
    assert await audit(books) == []


async def test_many_at_once_never_spend_what_is_not_there(books: Database) -> None:
    async with Poster(books) as poster:
        tries = [tokens.spend(poster, USER, 7, key=str(n)) for n in range(10)]
        tries += [tokens.spend(books, USER, 7, key=str(n)) for n in range(5, 20)]
        answers = await asyncio.gather(*tries, return_exceptions=True)
    short = [each for each in answers if isinstance(each, NotEnough)]
    assert all(each is None or isinstance(each, NotEnough) for each in answers)
    assert short
    assert await has(books) == 100 % 7
    assert await audit(books) == []


async def test_what_is_held_is_spent_or_free_again(books: Database) -> None:
    await books.run(lambda tx: tokens.hold(tx, USER, 40, key="a"))
    await books.run(lambda tx: tokens.hold(tx, USER, 40, key="b"))
    assert await has(books) == 20
    with pytest.raises(NotEnough):
        await books.run(lambda tx: tokens.spend(tx, USER, 21, key="c"))
    await books.run(lambda tx: tokens.capture(tx, USER, key="a"))
    await books.run(lambda tx: tokens.release(tx, USER, key="b"))
    assert await has(books) == 60
    lines = await tokens.history(books, USER)
    assert [(each.kind, each.tokens) for each in lines] == [("spend", -40), ("gift", 100)]
    assert await audit(books) == []


def test_a_day_is_that_of_whoever_reads_it() -> None:
    line = Line(1, datetime(2026, 1, 31, 19, 30, tzinfo=UTC), "gift", 5, "line-gift")
    said = {
        language: history(
            words(language), [line], zone=zones.by_language(language), first=True
        ).text.splitlines()[-1]
        for language in ("ru", "uz")
    }
    assert said == {"ru": "+5 · Подарок · 31.01.2026", "uz": "+5 · Sovgʻa · 01.02.2026"}


async def test_a_chart_has_the_days_of_whoever_looks(
    books: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = await books.run(lambda tx: people.see(tx, Who(70, "Xaridor", language_code="uz")))
    await books.run(lambda tx: tokens.give(tx, user, 5, key="x"))
    at = await books.fetchval("SELECT max(at) FROM ledger.transfer")
    there = at.astimezone(zones.by_language("uz")).date()
    # Two hours before midnight by Greenwich, when it is tomorrow in Tashkent already.
    late = datetime.combine(there, time(22), UTC)
    monkeypatch.setattr("kassa.clock.now", lambda: late)
    days = await tokens.chart(books, user)
    assert len(days) == 30
    assert days[-1].day == str(there + timedelta(days=1))
    assert (days[-2].day, days[-2].came) == (str(there), 5)


broken = Router()


@broken.message(Command("broken"))
@costs(10)
async def breaks(message: Message) -> Wish:
    """It takes neither the person nor the transaction, which its price is paid by."""
    raise RuntimeError("no fortune today")


BROKEN = App("broken", bot=broken)


async def test_a_handler_with_a_price(fresh: Fresh, tg: Sandbox) -> None:
    async with running(shop.APP, ORACLE, BROKEN, tg=tg, **on(fresh)) as kassa:
        person = tg.user("Любопытный")
        await person.send(kassa.bot, "/fortune")
        said = await person.reply("❌ Недостаточно средств!")
        assert "Необходимо: 10 токенов" in said.text
        assert said.buttons == [["💳 Пополнить баланс"]]

        await kassa.database.run(lambda tx: tokens.give(tx, 1, 25, key="x"))
        tg.fault_in_updates("message", twice=True, times=1)
        await person.send(kassa.bot, "/fortune")
        await person.reply("Любопытный, вас ждёт удача 🍀")
        await person.nothing()
        assert (await tokens.standing(kassa.database, 1)).balance == 15
        await person.send(kassa.bot, "/broken")
        await person.reply("Что-то пошло не так", timeout=20)
        assert (await tokens.standing(kassa.database, 1)).balance == 15


def test_what_costs_nothing_needs_no_price() -> None:
    with pytest.raises(Invalid):
        costs(0)
