"""What people do in the chat of the subscriptions' bot."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from kassa.apps.subscriptions import APP
from kassa.users import User
from tests.apps.subscriptions.rig import Till, a_till
from tests.conftest import Fresh
from tgsandbox import Sandbox
from tgsandbox.people import Person
from tgsandbox.providers.remnawave import Remnawave
from tgsandbox.seen import Seen

NBSP = "\N{NO-BREAK SPACE}"


@asynccontextmanager
async def with_panel(fresh: Fresh, tg: Sandbox, **settings: str) -> AsyncIterator[Till]:
    """A till whose people are let in by a Remnawave."""
    panel = tg.bank.shop("remnawave")
    given = {"REMNAWAVE_URL": panel.base_url, "REMNAWAVE_TOKEN": panel.credentials["token"]}
    async with a_till(fresh, tg, **given, **settings) as till:
        yield till


def panel_of(till: Till) -> Remnawave:
    panel = till.tg.bank.shop("remnawave")
    assert isinstance(panel, Remnawave)
    return panel


def sells(till: Till, **options: Any) -> None:
    """As [app.subscriptions] of kassa.toml, from now on."""
    apps: Any = till.kassa.kassa.settings.app
    apps[APP.name] = {**apps.get(APP.name, {}), **options}


async def shows(till: Till, person: Person, data: str) -> Seen:
    """A message with a button of ours, wherever it came from."""
    keyboard = {"inline_keyboard": [[{"text": "x", "callback_data": data}]]}
    await till.kassa.bot.call("sendMessage", chat_id=person.id, text="?", reply_markup=keyboard)
    return await person.reply("?")


async def begun(till: Till, person: Person) -> User:
    await person.send(till.kassa.bot, "/start")
    await person.reply("👋")
    return await till.user(person)


async def bought(till: Till, person: Person, plan: str = "1m") -> User:
    user = await begun(till, person)
    await till.buys(user, plan)
    await person.reply("🎉")
    await till.provisioned(user)
    return user


async def to_the_ways(till: Till, person: Person, plan: str = "1 месяц") -> Seen:
    """From the command to the question how to pay."""
    await person.send(till.kassa.bot, "/buy")
    await person.press(plan, under=await person.reply("Выберите тариф:"))
    return await person.edited("Как вам удобнее заплатить?")


async def to_the_bill(till: Till, person: Person, method: str = "💳 Банковская карта") -> Seen:
    """... and to the requisites of 1Plat."""
    ways = await to_the_ways(till, person)
    await person.press("💳 1Plat", under=ways)
    methods = await person.edited("Как вам удобнее заплатить?")
    await person.press(method, under=methods)
    return await person.edited("Переведите ровно")
