"""Two that claim the same, and an app that claims what cannot be: each is told in words, before
anything starts."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiogram import Router
from aiogram.filters import Command, CommandStart
from aiogram.types import Message

from kassa import apps
from kassa.apps import App, Kassa, MenuItem
from kassa.config import BotSettings, Settings
from kassa.db import Tx
from kassa.errors import ConfigError
from kassa.outbox import Job
from kassa.payments import Delivered, Payment, Purpose
from kassa.secret import Secret
from tests.apps.stamps import APP as STAMPS
from tests.cli.process import kassa, processes_in

WORDS = {"ru": "buy = Купить\nlong = " + "о" * 300, "uz": "", "en": ""}


def answering(*commands: str, deep_link: bool = False) -> Router:
    router = Router()

    async def answer(message: Message) -> None: ...

    for each in commands:
        found = CommandStart(deep_link=True) if deep_link else Command(each)
        router.message.register(answer, found)
    return router


async def job(kassa: Kassa, job: Job) -> None: ...


async def on_paid(tx: Tx, payment: Payment) -> Delivered:
    return Delivered()


def told(*several: App, bots: int = 1, **more: Any) -> list[str]:
    """By bots that show all of these, called shop1, shop2…"""
    names = tuple(app.name for app in several)
    settings = Settings(
        debug=True,
        bots=tuple(
            BotSettings(token=Secret(f"{n}:TEST-TOKEN"), apps=names, name=f"shop{n}")
            for n in range(1, bots + 1)
        ),
    )
    try:
        apps.refuse_conflicts(settings, several)
    except ConfigError as error:
        return error.problems
    return []


def test_apps_that_leave_each_other_alone_are_fine() -> None:
    tea = App("tea", words=WORDS, bot=answering("tea", "buy"), menu=[MenuItem("buy", data="buy")])
    gifts = App("gifts", bot=answering("start", deep_link=True), free_text=True)
    assert told(STAMPS, tea, gifts, bots=2) == []


TEA = App("tea", words=WORDS)
COFFEE = App("coffee", words=WORDS)

CASES: dict[str, tuple[list[App], list[str]]] = {
    "a command": (
        [replace(TEA, bot=answering("buy", "tea")), replace(COFFEE, bot=answering("buy"))],
        [
            "bot shop1: the apps tea and coffee both answer /buy; show them by different bots",
        ],
    ),
    "a command of ours": (
        [replace(TEA, bot=answering("language"))],
        ["bot shop1: /language is Kassa's own; the app tea claims it"],
    ),
    "/start for oneself": (
        [replace(TEA, bot=answering("start")), COFFEE],
        [
            "bot shop1: the app tea answers /start, and so must have the bot for itself; "
            "give it one of its own"
        ],
    ),
    "whatever is written": (
        [replace(TEA, free_text=True), replace(COFFEE, free_text=True)],
        [
            "bot shop1: the apps tea and coffee both listen to whatever is written; "
            "show them by different bots"
        ],
    ),
    "a menu that Telegram does not show": (
        [replace(TEA, menu=[MenuItem("long", data="x"), MenuItem("sell", command="Sell!")])],
        [
            "bot shop1: the app tea: the text long (ru) has 300 characters; 1 to 64 fit",
            "bot shop1: the app tea: the text long (uz) has 300 characters; 1 to 64 fit",
            "bot shop1: the app tea: the text long (en) has 300 characters; 1 to 64 fit",
            "bot shop1: the app tea: /Sell! is no command: up to 32 of a-z, 0-9 and _",
            "bot shop1: the app tea: tea has no text 'sell'.",
        ],
    ),
    "purposes": (
        [replace(TEA, purposes=[Purpose("coffee.cup", on_paid)])],
        ["apps: the purpose 'coffee.cup' of tea must begin with tea."],
    ),
    "a purpose twice": (
        [replace(TEA, purposes=[Purpose("tea.cup", on_paid), Purpose("tea.cup", on_paid)])],
        ["apps: tea has the purpose 'tea.cup' twice"],
    ),
    "jobs": (
        [replace(TEA, jobs={"telegram.send": job, "tea.boil": job})],
        ["apps: the job 'telegram.send' of tea must begin with tea."],
    ),
    "a schedule": (
        [replace(TEA, jobs={"tea.boil": job}, schedule={"tea.boil": "at five", "tea.pour": "* *"})],
        [
            "apps: the schedule of 'tea.boil': 'at five' is no cron expression that ever comes: "
            "Wrong number of fields",
            "apps: tea has a schedule for 'tea.pour', and no such job",
            "apps: the schedule of 'tea.pour': '* *' is no cron expression that ever comes: "
            "Wrong number of fields",
        ],
    ),
    "a name of ours": (
        [App("telegram")],
        ["apps: 'telegram' is a name of Kassa's own; call the app otherwise"],
    ),
    "no such package": (
        [App("tea", package="tests.apps.nowhere", menu=[MenuItem("buy", data="buy")])],
        [
            "apps: the texts of tea cannot be read: "
            "ModuleNotFoundError: No module named 'tests.apps.nowhere'"
        ],
    ),
    "texts that are none": (
        [App("tea", words={"ru": "buy = Купить", "uz": "buy Sotib olish"})],
        [
            "apps: the texts of tea cannot be read: "
            "ValueError: tea: uz.ftl cannot be read at 'buy Sotib olish'"
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_is_told_in_words(case: str) -> None:
    several, problems = CASES[case]
    assert told(*several) == problems


def test_with_several_bots_each_is_looked_at() -> None:
    several = CASES["a command"][0]
    assert [each.partition(":")[0] for each in told(*several, bots=2)] == ["bot shop1", "bot shop2"]


ONE = """
from aiogram import Router
from aiogram.filters import Command
from kassa.apps import App

router = Router()

@router.message(Command("buy"))
async def buy(message): ...

APP = App("{}", bot=router)
"""


def test_kassa_run_tells_it_before_anything_starts(home: Path) -> None:
    for name in ("tea", "coffee"):
        (home / f"{name}.py").write_text(ONE.format(name))
    given = {"KASSA_HOME": str(home), "TELEGRAM_BOT_TOKEN": "7:TEST-TOKEN"}
    for names, told in (
        ("tea,coffee", "bot 7: the apps tea and coffee both answer /buy"),
        (
            "tea,milk",
            "apps (KASSA_APPS): there is no app 'milk', and no milk.py here; installed are:",
        ),
    ):
        done = kassa("run", cwd=home, KASSA_APPS=names, **given)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(told), done.stderr
        assert done.stderr.count("\n") == 1
    assert processes_in(home) == []
    assert not (home / "postgres").exists()
