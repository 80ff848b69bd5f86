"""An admin and a payment: its timeline, the provider's word, and the money back."""

from collections.abc import AsyncIterator

import pytest

from kassa.apps.subscriptions import purchases, service
from kassa.apps.subscriptions.admin.payments import REFUND
from kassa.payments import Payment
from tests.apps.subscriptions.admins import ADMINS, an_admin, opens
from tests.apps.subscriptions.rig import Till, a_till
from tests.apps.tokens.steps import eventually
from tests.conftest import Fresh
from tgsandbox import Sandbox
from tgsandbox.people import Person


@pytest.fixture
async def till(fresh: Fresh, tg: Sandbox) -> AsyncIterator[Till]:
    admins = ",".join(str(tg.user(name).id) for name in ADMINS)
    async with a_till(fresh, tg, ADMIN_IDS=admins) as made:
        yield made


async def a_sale(till: Till, plan: str = "1m") -> tuple[Person, Payment]:
    person = till.tg.user("Покупатель")
    await person.send(till.kassa.bot, "/start")
    await person.reply()
    purchase = await till.buys(await till.user(person), plan, "stripe")
    assert purchase.paid_by is not None
    return person, await till.payments.get(till.db, purchase.paid_by)


async def opens_payment(till: Till, admin: Person, person: Person, number: int) -> None:
    await opens(till, admin, str(person.id))
    card = await admin.reply("Покупатель")
    button = next(row[0] for row in card.buttons if row[0].startswith(f"№{number} · "))
    assert "Оплачен ✅" in button or "Ждёт оплаты" in button
    await admin.press(button)
    await admin.edited(f"Платёж {number}")


async def test_the_timeline_says_all_in_words(till: Till) -> None:
    admin = an_admin(till)
    person, payment = await a_sale(till)
    await opens_payment(till, admin, person, payment.id)
    said = (await admin.sees(f"Платёж {payment.id}")).text
    assert "Способы: stripe card" in said
    assert "Создан на" in said
    assert "Пришло" in said
    assert "Выдано" in said
    assert "kassa.payments" not in said
    assert "{" not in said


async def test_a_refund_is_asked_twice_and_done_once(till: Till) -> None:
    admin = an_admin(till)
    person, payment = await a_sale(till)
    user = payment.user
    await opens_payment(till, admin, person, payment.id)
    shown = await admin.sees(f"Платёж {payment.id}")
    await admin.press(next(row[0] for row in shown.buttons if row[0].startswith("↩️")))
    await admin.edited("Сколько вернуть?")
    asked = await admin.sees("Сколько вернуть?")
    await admin.press(asked.buttons[0][0])
    first = await admin.edited("Вернуть ")
    assert first.buttons[0][0].startswith("Да, вернуть")
    await admin.press(first.buttons[0][0])
    second = await admin.edited("Последний вопрос")
    assert await till.payments.refunds(payment.id) == []
    assert second.buttons[0][0] == "Нет, не надо"  # whoever presses in the same place means no
    yes = second.buttons[1][0]
    await admin.press(yes, under=second)
    await admin.press(yes, under=second)
    await admin.reply("✅ Возвращено")
    (refund,) = await till.payments.refunds(payment.id)
    assert (refund.status, refund.amount) == ("done", payment.amount)
    kinds = [each.kind for each in await service.terms(till.db, user)]
    assert kinds == ["refund", "paid"]
    said = await admin.sees(f"Платёж {payment.id}")
    assert "вернул администратор Админ" in said.text
    assert "Возвращён" in said.text
    await admin.press("« Назад", under=said)
    assert any("Возвращён" in row[0] for row in (await admin.edited("Telegram: ")).buttons)
    assert not any(row[0].startswith("↩️") for row in said.buttons)
    assert await till.db.fetchval("SELECT count(*) FROM outbox.job WHERE kind = $1", REFUND) == 0
    await till.audited()


async def test_a_part_is_given_back_and_a_part_of_the_days_goes(till: Till) -> None:
    admin = an_admin(till)
    person, payment = await a_sale(till, "3m")
    await opens_payment(till, admin, person, payment.id)
    shown = await admin.sees(f"Платёж {payment.id}")
    await admin.press(next(row[0] for row in shown.buttons if row[0].startswith("↩️")))
    await admin.edited("Сколько вернуть?")
    for wrong in ("много", "0", "-1", "1000000"):
        await admin.send(wrong)
        await admin.reply("Сколько вернуть?")
    half = payment.amount.amount // 2
    await admin.send(str(half // 100))
    first = await admin.reply("Вернуть ")
    await admin.press(first.buttons[0][0], under=first)
    second = await admin.edited("Последний вопрос")
    await admin.press(second.buttons[1][0], under=second)
    await admin.reply("✅ Возвращено")
    back, paid = await service.terms(till.db, payment.user)
    part = half // 100 * 100 / payment.amount.amount
    assert back.seconds == pytest.approx(-paid.seconds * part, abs=2)
    again = await admin.sees(f"Платёж {payment.id}")
    assert any(row[0].startswith("↩️") for row in again.buttons)
    await till.audited()


async def test_a_refund_that_cannot_be_is_told_of(till: Till) -> None:
    admin = an_admin(till)
    person, payment = await a_sale(till)
    await opens_payment(till, admin, person, payment.id)
    shown = await admin.sees(f"Платёж {payment.id}")
    await admin.press(next(row[0] for row in shown.buttons if row[0].startswith("↩️")))
    asked = await admin.edited("Сколько вернуть?")
    await admin.press(asked.buttons[0][0])
    first = await admin.edited("Вернуть ")
    await admin.press(first.buttons[0][0])
    second = await admin.edited("Последний вопрос")
    await till.payments.refund(payment.id, key="somebody was faster")
    await admin.press(second.buttons[1][0])
    told = await admin.reply("нельзя")
    assert f"платёж {payment.id}" in told.text
    assert len(await till.payments.refunds(payment.id)) == 1
    await till.audited()


async def test_the_provider_is_asked_and_what_was_lost_is_there(till: Till) -> None:
    admin, person = an_admin(till), till.tg.user("Покупатель")
    user = await till.user(person)
    purchase = await till.chooses(user)
    payment = await till.asks(user, purchase, "stripe", "card")
    till.shops["stripe"].fault_in_callbacks("lost", times=None)
    await till.pays(payment, told=False)
    await opens_payment(till, admin, person, payment.id)
    await admin.press("🔄 Спросить платёжную систему")
    said = await admin.edited("Выдано")
    assert "Оплачен ✅" in said.text

    async def there() -> bool:
        return (await purchases.get(till.db, purchase.id)).status == "done"

    await eventually(there)
    await till.audited()
