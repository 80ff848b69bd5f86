"""A price in several currencies: an app that shows all ways to pay, and the way back to there."""

from typing import Any

import pytest
from aiogram import F, Router
from aiogram.types import CallbackQuery

from kassa import clock, outbox
from kassa.db import Database
from kassa.errors import Unavailable
from kassa.money import Money
from kassa.payments import Offer, Payment, Started, Status, wallet
from kassa.telegram import paying_words
from kassa.telegram.payment_buttons import CALL_OFF
from tests.conftest import Fresh
from tests.telegram.core import Shown
from tests.telegram.talking import Talk, a_talk
from tests.telegram.test_paying import RUB, STARS, USD, Till, a_till, asked, data
from tests.telegram.test_paying_words import T, a_payment
from tgsandbox import Person
from tgsandbox.seen import Seen

CHOOSE = "test:ways:17"
ANOTHER = ["Другой способ"]


async def bill(till: Till, amount: Money = USD, **more: Any) -> Payment:
    return await till.bill(amount, data={"choose": CHOOSE}, **more)


async def test_with_no_other_way_in_this_currency_there_is_one_elsewhere(db: Database) -> None:
    async with a_till(db, "stripe") as till:
        payment = await bill(till)
        seen = await till.pay(payment)
        assert seen.buttons[1:] == [["Проверить оплату"], ANOTHER, ["Отменить"]]
        assert list(data(seen))[1] == CHOOSE


async def test_with_others_in_this_currency_it_leads_elsewhere_too(db: Database) -> None:
    async with a_till(db, "oneplat", "yookassa") as till:
        payment = await bill(till, RUB)
        choice = await till.pay(payment)
        assert [row[0] for row in choice.buttons[-2:]] == [*ANOTHER, "Отменить"]
        page = await till.pay(payment, "oneplat", "card")
        assert page.buttons.count(ANOTHER) == 1
        assert [each for each in data(page) if ":with:" in each] == []
        assert list(data(choice))[-2] == list(data(page))[-2] == CHOOSE


async def test_an_invoice_has_it_too(db: Database) -> None:
    async with a_till(db, stars=True) as till:
        seen = await till.pay(await bill(till, STARS))
        assert seen.kind == "invoice"
        assert seen.buttons[1:] == [ANOTHER, ["Отменить"]]
        assert next(data(seen)) == CHOOSE


async def test_after_one_that_failed_come_the_others_and_then_elsewhere(db: Database) -> None:
    async with a_till(db, "oneplat", "yookassa") as till:
        payment = await bill(till, RUB)
        till.shops["yookassa"].fault("create", "down")
        seen = await till.pay(payment, "yookassa", "card")
        assert "Этот способ сейчас не отвечает" in seen.text
        *others, elsewhere, cancel = list(data(seen))
        assert f"pay:with:{payment.id}:oneplat:card" in others
        assert all(each.startswith("pay:with:") for each in others)
        assert (elsewhere, cancel) == (CHOOSE, f"pay:cancel:{payment.id}")


async def test_the_only_one_that_failed_may_be_tried_again_or_left(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_till(db, "stripe") as till:
        payment = await bill(till)
        till.shops["stripe"].fault("create", "down")
        seen = await till.pay(payment)
        assert seen.buttons == [["Попробовать ещё раз"], ANOTHER, ["Отменить"]]

        async def away(*_: Any, **__: Any) -> Started:
            raise Unavailable("away")

        monkeypatch.setattr(till.payments, "start", away)
        seen = await till.pay(payment)
        assert seen.buttons == [["Попробовать ещё раз"], ANOTHER, ["Отменить"]]


async def test_with_no_way_in_this_currency_there_is_a_way_out(db: Database) -> None:
    async with a_till(db, "stripe") as till:
        seen = await till.pay(await bill(till, Money(100, "KGS")))
        assert "/paysupport" in seen.text
        assert list(data(seen)) == [CHOOSE]


async def test_what_has_ended_has_a_way_out_and_what_is_paid_needs_none(db: Database) -> None:
    async with a_till(db, "stripe") as till:
        canceled, expired, paid = [await bill(till) for _ in range(3)]
        await till.payments.cancel(canceled.id, reason="so")
        seen = await till.pay(canceled)
        assert "уже закрыт" in seen.text
        assert list(data(seen)) == [CHOOSE]
        page = await till.pay(paid)
        await till.shops["stripe"].pay(till.shops["stripe"].payments[-1].ref)
        assert await asked(till, paid, page) == "✅ Оплачено, спасибо!"
        assert Seen.of(till.s.tg.world, page.message).buttons == []
        assert (await till.pay(paid)).buttons == []
        till.s.tg.world.clock.move(3600)
        assert list(data(await till.pay(expired))) == [CHOOSE]


async def test_asked_about_what_has_ended_the_way_out_is_left(db: Database) -> None:
    async with a_till(db, "stripe") as till:
        payment = await bill(till)
        page = await till.pay(payment)
        await till.payments.cancel(payment.id, reason="so")
        await asked(till, payment, page)
        assert Seen.of(till.s.tg.world, page.message).buttons == [ANOTHER]


async def test_while_money_is_on_its_way_nobody_is_led_elsewhere(db: Database) -> None:
    async with a_till(db, "stripe") as till:
        payment = await bill(till)
        await db.execute("UPDATE payments.payment SET status = 'processing'")
        assert (await till.pay(payment)).buttons == [["Проверить оплату"]]


@pytest.mark.parametrize("given", ["", "я" * 33, 17, None, ["test:ways"]])
def test_what_no_button_can_hold_is_as_if_it_were_not_there(given: Any) -> None:
    said = paying_words.instead(
        *(T, a_payment(data={"choose": given}), "why", [Offer("stripe", "card")])
    )
    assert [row[0]["callback_data"] for row in said.buttons] == [
        "pay:with:7:stripe:card",
        "pay:cancel:7",
    ]


async def billed(talk: Talk, buyer: Person) -> Payment:
    user = await talk.user_id(buyer)
    return await talk.db.run(
        lambda tx: talk.payments.create(
            tx,
            user=user,
            amount=USD,
            purpose=wallet.TOPUP.name,
            description="VPN",
            bot=str(talk.bot.id),
            data={"choose": CHOOSE},
        )
    )


async def test_from_a_bill_that_is_called_off_an_app_leads_on(fresh: Fresh) -> None:
    """The app's own screen is there when the button is pressed."""
    app = Router()

    @app.callback_query(F.data == CHOOSE)
    async def ways(query: CallbackQuery) -> Any:
        return query.answer("Все способы")

    async with a_talk(fresh, [Shown(bot=app)]) as talk:
        buyer = talk.tg.user("Покупатель")
        await buyer.send(talk.bot, "/cancel")
        await buyer.reply()
        payment = await billed(talk, buyer)
        await talk.show(buyer, "Отменить?", f"pay:cancel:{payment.id}")
        await buyer.press("x")
        said = await buyer.edited("Счёт отменён")
        assert said.buttons == [ANOTHER]
        assert (await (await buyer.press("Другой способ")).answer()).text == "Все способы"


async def test_a_bill_that_was_paid_in_between_leads_nowhere(
    fresh: Fresh, owner_db: Database
) -> None:
    async with a_talk(fresh) as talk:
        buyer = talk.tg.user("Покупатель")
        await buyer.send(talk.bot, "/cancel")
        await buyer.reply()
        payment = await billed(talk, buyer)
        await owner_db.execute(
            "UPDATE payments.payment SET status = 'succeeded', paid_at = $1", clock.now()
        )
        told = {
            **{"payment": payment.id, "bot": talk.bot.id, "chat": buyer.user.id},
            **{"message": 0, "invoice": False, "language": "ru"},
        }
        await talk.db.run(lambda tx: outbox.put(tx, CALL_OFF, told))
        assert (await buyer.reply("Оплачено")).buttons == []
        assert (await talk.payments.get(talk.db, payment.id)).status is Status.SUCCEEDED
