"""The second example of the docs: its dialog, and its job."""

from datetime import UTC, datetime, timedelta

import pytest

from docs.examples.apps.tips import APP
from kassa import clock
from kassa.testing import running
from tests.cli.process import on
from tests.conftest import Fresh
from tgsandbox import Late, Sandbox


async def test_an_amount_is_typed_paid_and_remembered(fresh: Fresh, tg: Sandbox) -> None:
    later = timedelta(0)
    with clock.moved(lambda: datetime.now(UTC) + later):
        async with running(APP, tg=tg, **on(fresh)) as kassa:
            guest = tg.user("Гость", stars=100)
            await guest.send(kassa.bot, "/tip")
            await guest.reply("Сколько звёзд?")
            for wrong in ("много", "0", "-5", "1,5"):
                await guest.send(kassa.bot, wrong)
                await guest.reply("Не вижу числа")
            await guest.send(kassa.bot, "70")
            await guest.pay()
            await guest.reply("Спасибо!")
            assert (guest.stars, kassa.bot.stars) == (30, 70)
            later = timedelta(days=29)
            with pytest.raises(Late):
                await guest.reply("Прошёл месяц", timeout=1)
            later = timedelta(days=31)
            await guest.reply("Прошёл месяц", timeout=10)


async def test_a_dialog_is_left_by_cancel(fresh: Fresh, tg: Sandbox) -> None:
    async with running(APP, tg=tg, **on(fresh)) as kassa:
        guest = tg.user("Гость", stars=100)
        await guest.send(kassa.bot, "/tip")
        await guest.send(kassa.bot, "/cancel")
        await guest.reply("Отмен")
        await guest.send(kassa.bot, "70")
        await guest.reply("/help")
        assert await kassa.database.fetchval("SELECT count(*) FROM payments.payment") == 0
