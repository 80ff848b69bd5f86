"""What somebody has paid in an older bot is shown to them and to the operator."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from kassa.apps.subscriptions.older import payments as old_payments
from kassa.apps.subscriptions.older.payments import OldPayment
from kassa.money import Money
from tests.apps.subscriptions.admins import an_admin, opens
from tests.apps.subscriptions.chat import begun, shows
from tests.apps.subscriptions.rig import Till, a_till
from tests.conftest import Fresh
from tgsandbox import Sandbox

BELOW = "🗂 Оплачено в прежнем боте\n2 февраля 2026 · 790\u00a0₽\n2 января 2026 · 290\u00a0₽"


@pytest.fixture
async def till(fresh: Fresh, tg: Sandbox) -> AsyncIterator[Till]:
    async with a_till(fresh, tg, ADMIN_IDS=str(tg.user("Админ").id)) as made:
        yield made


async def test_it_stands_below_the_history(till: Till, tg: Sandbox) -> None:
    person, admin = tg.user("Покупатель"), an_admin(till)
    user = await begun(till, person)
    first = datetime(2026, 1, 2, tzinfo=UTC)
    paid = [
        (user.id, OldPayment("a", first, Money(290_00, "RUB"), "yookassa", "1", 1)),
        (user.id, OldPayment("b", first + timedelta(days=31), Money(790_00, "RUB"), "", "", 3)),
    ]
    for _ in range(2):
        await till.db.run(lambda tx: old_payments.keep(tx, paid))
    await person.press("x", under=await shows(till, person, "sub:history"))
    assert (await person.edited("История пока пуста")).text.endswith(f"\n\n{BELOW}")

    await opens(till, admin, str(person.id))
    await admin.reply("Покупатель")
    await admin.press("🗓 Лента времени")
    assert (await admin.edited("Как менялось время")).text.endswith(f"\n\n{BELOW}")
    await till.audited()
