"""`kassa webhook` and `kassa updates`: where updates come to, and those that failed."""

import asyncio
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kassa import clock
from kassa.apps import App
from kassa.db import Database, Tx
from kassa.telegram import keeping
from kassa.telegram.hearing import KINDS
from kassa.testing import running
from tests.cli.process import kassa, on
from tests.conftest import Fresh
from tgsandbox import BotAccess, Sandbox

HOOK = "http://127.0.0.1:1/telegram/webhook/"  # where nobody listens
TWO = """
[[bot]]
name = "tea"
token = "{}"
apps = ["tokens"]
[[bot]]
token = "{}"
apps = ["tokens"]
"""


async def run(*arguments: str, cwd: Any, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Beside the sandbox, which answers in this process."""
    return await asyncio.to_thread(kassa, *arguments, cwd=cwd, **settings)


def of(bot: BotAccess, **more: str) -> dict[str, str]:
    return {"TELEGRAM_BOT_TOKEN": bot.token, "TELEGRAM_API_URL": bot.api, **more}


async def test_a_webhook_is_set_shown_and_deleted(tg: Sandbox, tmp_path: Path) -> None:
    bot = tg.bot("tea_bot")
    at = of(bot, TELEGRAM_WEBHOOK_URL=HOOK, KASSA_HOME=str(tmp_path))
    done = await run("webhook", "set", cwd=tmp_path, **at)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{bot.id}: {HOOK}\n", "")
    info = await bot.call("getWebhookInfo")
    assert info["url"] == HOOK
    assert sorted(info["allowed_updates"]) == sorted(KINDS)

    buyer = tg.user("Покупатель")
    await buyer.send(bot, "/start")  # nobody is there to take it
    done = await run("webhook", "info", cwd=tmp_path, **at)
    where, waiting, error, kinds = done.stdout.splitlines()
    assert (where, waiting) == (f"{bot.id}: {HOOK}", "  waiting: 1")
    assert error.startswith("  last error: ")
    assert error.endswith(" UTC)")
    assert sorted(kinds.removeprefix("  kinds: ").split(", ")) == sorted(KINDS)

    done = await run("webhook", "delete", cwd=tmp_path, **at)
    assert done.stdout == f"{bot.id}: deleted\n"
    assert (await bot.call("getWebhookInfo"))["pending_update_count"] == 1
    done = await run("webhook", "info", cwd=tmp_path, **at)
    assert done.stdout.startswith(f"{bot.id}: no webhook: Telegram is asked for updates\n")


async def test_each_of_several_bots_has_an_address_of_its_own(tg: Sandbox, tmp_path: Path) -> None:
    tea, coffee = tg.bot("tea_bot"), tg.bot("coffee_bot")
    (tmp_path / "kassa.toml").write_text(TWO.format(tea.token, coffee.token))
    at = {"TELEGRAM_API_URL": tea.api, "TELEGRAM_WEBHOOK_URL": HOOK, "KASSA_HOME": str(tmp_path)}
    done = await run("webhook", "set", cwd=tmp_path, **at)
    assert done.stdout == f"tea: {HOOK}tea\n{coffee.id}: {HOOK}{coffee.id}\n"
    done = await run("webhook", "delete", "tea", cwd=tmp_path, **at)
    assert done.stdout == "tea: deleted\n"
    urls = [(await each.call("getWebhookInfo"))["url"] for each in (tea, coffee)]
    assert urls == ["", f"{HOOK}{coffee.id}"]
    done = await run("webhook", "info", "milk", cwd=tmp_path, **at)
    assert (done.returncode, done.stderr) == (1, "There is no bot 'milk' here.\n")


async def test_a_bot_whose_token_was_revoked_holds_up_no_other(tg: Sandbox, tmp_path: Path) -> None:
    tea = tg.bot("tea_bot")
    revoked = TWO.format("7:TEST-REVOKED", tea.token)
    (tmp_path / "kassa.toml").write_text(revoked)
    at = {"TELEGRAM_API_URL": tea.api, "KASSA_HOME": str(tmp_path)}
    done = await run("webhook", "delete", cwd=tmp_path, **at)
    assert (done.returncode, done.stdout) == (1, f"{tea.id}: deleted\n")
    assert done.stderr.startswith("tea: deleteWebhook: ")
    assert "Unauthorized" in done.stderr
    assert "TEST-REVOKED" not in done.stderr


async def test_where_no_webhook_can_be_it_is_told(tg: Sandbox, tmp_path: Path) -> None:
    home = {"KASSA_HOME": str(tmp_path)}
    done = await run("webhook", "set", cwd=tmp_path, **of(tg.bot("tea_bot")), **home)
    assert done.returncode == 1
    assert done.stderr.startswith("TELEGRAM_WEBHOOK_URL is not set: Kassa asks Telegram")
    done = await run("webhook", "info", cwd=tmp_path, **home)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("There is no bot: set TELEGRAM_BOT_TOKEN")
    away = {"TELEGRAM_BOT_TOKEN": "7:TEST-TOKEN", "TELEGRAM_API_URL": tg.url, **home}
    done = await run("webhook", "info", cwd=tmp_path, **away)
    assert (done.returncode, done.stdout) == (1, "")
    assert "TEST-TOKEN" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


class Broken(Exception):
    pass


def fragile() -> tuple[App, list[bool]]:
    """An app that fails until its list says that it is mended."""
    from aiogram import Router
    from aiogram.filters import Command
    from aiogram.types import Message

    router, mended = Router(), [False]

    @router.message(Command("buy"))
    async def buy(message: Message, tx: Tx) -> Any:
        if not mended[0]:
            raise Broken("the shelf has fallen")
        return message.answer("Куплено")

    return App("tea", bot=router), mended


async def test_an_update_that_failed_is_set_aside_shown_and_tried_again(
    fresh: Fresh, db: Database, tg: Sandbox, tmp_path: Path
) -> None:
    app, mended = fragile()
    at: dict[str, Any] = {"cwd": tmp_path, "KASSA_HOME": str(tmp_path), **on(fresh)}
    later = timedelta(0)
    with clock.moved(lambda: datetime.now(UTC) + later):
        assert (await run("updates", "list", **at)).stdout == "No update was set aside.\n"
        async with running(app, tg=tg, **on(fresh)) as it:
            buyer = tg.user("Покупатель")
            await buyer.send(it.bot, "/buy")
            await buyer.reply("Что-то пошло не так", timeout=30)

            (dead,) = await keeping.list_dead(db)
            listed = (await run("updates", "list", **at)).stdout
            row = listed.splitlines()[1].split()
            assert row[:3] == [str(it.bot.id), str(dead.id), str(buyer.id)]
            assert listed.rstrip().endswith("Broken: the shelf has fallen")
            one = (str(it.bot.id), str(dead.id))
            assert '"/buy"' in (await run("updates", "show", *one, **at)).stdout

            mended[0] = True
            wrong = await run("updates", "replay", str(it.bot.id), "999", **at)
            assert wrong.stdout == "There was nothing to try again.\n"
            done = await run("updates", "replay", *one, **at)
            assert done.stdout == "1 will be tried again.\n"
            later = keeping.LEFT_OVER  # until then Telegram itself may bring it again
            await buyer.reply("Куплено", timeout=20)
    assert await keeping.list_dead(db) == []


@pytest.mark.parametrize("arguments", [[], ["7", "--all"]])
async def test_what_to_try_again_must_be_said(arguments: list[str], tmp_path: Path) -> None:
    home = {"KASSA_HOME": str(tmp_path)}
    done = await run("updates", "replay", *arguments, cwd=tmp_path, **home)
    assert (done.returncode, done.stderr) == (1, "Say which bot's, or --all.\n")
    assert list(tmp_path.iterdir()) == []
