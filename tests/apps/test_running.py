"""Apps while Kassa runs: their bot, tables, API, jobs and schedule; and several on several bots."""

import asyncio
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from docs.examples.apps.donations import APP as DONATIONS
from kassa import clock, ledger
from kassa.db import Database
from kassa.ledger import revenue
from kassa.money import Money
from kassa.payments import Payer
from kassa.testing import running
from tests.apps.stamps import APP as STAMPS
from tests.cli.process import ROOT, Running, kassa, on
from tests.conftest import Fresh
from tgsandbox import Sandbox


async def test_an_app_has_tables_texts_jobs_and_an_api(fresh: Fresh, tg: Sandbox) -> None:
    async with running(STAMPS, tg=tg, **on(fresh)) as kassa:
        clerk = tg.user("Писарь", language="en")
        await clerk.send(kassa.bot, "/stamp")
        await clerk.reply("Stamp 1")
        await clerk.reply("Stamp 1 is dry")

        await clerk.send(kassa.bot, "/login")
        said = (await clerk.reply()).text
        login = {"telegram_chat_id": clerk.id, "code": said.partition(": ")[2][:7]}
        async with httpx.AsyncClient(base_url=kassa.url) as http:
            answer = await http.post("/api/users/auth/telegram-login/", json=login)
            bearer = {"Authorization": f"Bearer {answer.json()['access']}"}
            assert (await http.get("/api/stamps/mine", headers=bearer)).json() == ["/stamp"]
            assert (await http.get("/api/stamps/mine")).status_code == 401
            assert "/api/stamps/mine" in (await http.get("/openapi.json")).json()["paths"]


async def test_an_apps_schedule_is_kept(fresh: Fresh, tg: Sandbox) -> None:
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    with clock.moved(lambda: now):
        async with running(STAMPS, tg=tg, **on(fresh)) as kassa:
            clerk = tg.user("Писарь")
            await clerk.send(kassa.bot, "/start")
            await clerk.reply("/stamp — Поставить печать")
            await has(kassa.database, "SELECT count(*) FROM outbox.schedule", 1)
            now += timedelta(days=1)
            await has(kassa.database, "SELECT count(*) FROM stamps.stamp", 1)


async def test_two_apps_on_one_bot_are_introduced_together(fresh: Fresh, tg: Sandbox) -> None:
    async with running(STAMPS, DONATIONS, tg=tg, **on(fresh)) as kassa:
        giver = tg.user("Sovg‘achi", language="uz", stars=50)
        await giver.send(kassa.bot, "/start")
        said = (await giver.reply()).text
        assert said.index("/stamp — Muhr bosish") < said.index("/donate — Loyihani")
        await giver.send(kassa.bot, "/donate")
        await giver.press("50 ⭐")
        await giver.pay()
        await giver.reply("Siz 50 ⭐ sovg‘a qildingiz. Rahmat! ❤️")
        payment = await kassa.payments.get(kassa.database, 1)
        assert payment.payer == Payer(language="uz", telegram_id=giver.id)
        assert (payment.bot, payment.description) == (
            str(kassa.bot.id),
            "Loyihani qo‘llab-quvvatlash",
        )


async def test_a_running_kassa_leaves_nothing_behind_and_can_run_again(
    fresh: Fresh, tg: Sandbox
) -> None:
    for number in (1, 2):
        async with running(STAMPS, tg=tg, **on(fresh)) as kassa:
            clerk = tg.user("Писарь")
            await clerk.send(kassa.bot, "/stamp")
            await clerk.reply(f"Печать № {number}")
            await clerk.reply(f"Печать № {number} высохла")


KASSA_TOML = """
telegram_api_url = "{api}"
[[bot]]
name = "gifts"
token = "{gifts}"
apps = ["donations"]
[[bot]]
name = "tea"
token = "{tea}"
apps = ["tea"]
"""
TEA = """
from aiogram import Router
from aiogram.filters import Command
from kassa.apps import App

router = Router()

@router.message(Command("donate"))
async def donate(message, t):
    return message.answer(t("no"))

APP = App("tea", bot=router, words={"ru": "no = Только чай"})
"""


async def test_each_bot_of_kassa_toml_shows_its_apps(
    fresh: Fresh, db: Database, tg: Sandbox, tmp_path: Path
) -> None:
    """By processes, as a person starts them: and a refund from the command line knows the app."""
    gifts, tea = tg.bot("gifts_bot"), tg.bot("tea_bot")
    toml = KASSA_TOML.format(api=gifts.api, gifts=gifts.token, tea=tea.token)
    (tmp_path / "kassa.toml").write_text(toml)
    (tmp_path / "tea.py").write_text(TEA)
    shutil.copy(ROOT / "docs/examples/apps/donations.py", tmp_path)
    settings = {"KASSA_HOME": str(tmp_path), "KASSA_LOG": "json", **on(fresh)}
    with Running(tmp_path, **settings) as process:
        await process.ready()
        giver = tg.user("Даритель", stars=50)
        await giver.send(tea, "/donate")
        await giver.reply("Только чай", timeout=20)
        await giver.send(gifts, "/donate")
        await giver.press("50 ⭐", timeout=20)
        await giver.pay()
        assert (await giver.reply("Вы подарили 50 ⭐")).sender == "gifts_bot"
        assert (giver.stars, gifts.stars, tea.stars) == (0, 50, 0)

        refund = ("payments", "refund", "1", "--reason", "ошибка")
        done = await asyncio.to_thread(kassa, *refund, cwd=tmp_path, **settings)
        assert (done.returncode, done.stderr) == (0, "")
        assert (giver.stars, gifts.stars) == (50, 0)
        has = (await ledger.balance(db, revenue("donations", "XTR"))).posted
        assert has == Money(0, "XTR")
        assert await ledger.audit(db) == []
        await giver.send(gifts, "/top")
        await giver.reply("Пока никто")


async def has(db: Database, query: str, wanted: int) -> None:
    async with asyncio.timeout(20):
        while await db.fetchval(query) != wanted:
            await asyncio.sleep(0.01)
