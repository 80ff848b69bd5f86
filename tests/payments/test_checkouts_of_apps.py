"""What an app says of a checkout inside Telegram: refusals, tips, shipping."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from kassa.db import Reader, Tx
from kassa.money import Money
from kassa.payments import (
    Invoice,
    Message,
    NotOpen,
    Payment,
    Purpose,
    Status,
)
from kassa.payments.models import Asked, Delivered, ShippingOption
from tests.conftest import Fresh
from tests.payments.inside import CARDS, STARS, judged, query, shop, words
from tests.payments.rig import Goods, a_rig, ref
from tgsandbox.telegram.payments.failures import PaymentFailed

# -- what the app says -------------------------------------------------------------


class Careful:
    """An app that looks at what is about to be paid."""

    def __init__(self) -> None:
        self.says: object = None
        self.asked: list[Asked] = []
        self.ships: object = [
            ShippingOption("post", "By post", [("Post", Money(30_000, "RUB"))]),
            ShippingOption("fast", "Tomorrow", [("Fast", Money(70_000, "RUB"))]),
        ]
        self.goods = Goods()

    async def on_checkout(self, tx: Tx, payment: Payment, asked: Asked) -> Any:
        self.asked.append(asked)
        if isinstance(self.says, Exception):
            raise self.says
        if isinstance(self.says, float):
            await asyncio.sleep(self.says)
            return None
        return self.says

    async def on_shipping(self, on: Reader, payment: Payment, address: Mapping[str, str]) -> Any:
        return self.ships if address["city"] == "Tashkent" else "Only in Tashkent"

    async def on_paid(self, tx: Tx, payment: Payment) -> Delivered:
        self.agreed = payment.agreed
        return await self.goods.on_paid(tx, payment)

    def purpose(self) -> Purpose:
        return Purpose(
            "shop.order",
            self.on_paid,
            self.goods.on_refunded,
            on_checkout=self.on_checkout,
            on_shipping=self.on_shipping,
            texts="kassa.payments",
        )


@pytest.mark.parametrize(
    ("says", "said"),
    [
        ("Sold out, sorry", "Sold out, sorry"),
        ("checkout-no-shipping", words("checkout-no-shipping", "uz")),
        (Message("checkout-paid"), words("checkout-paid", "uz")),
        (RuntimeError("the shelf fell down"), words("checkout-later", "uz")),
        (10.0, words("checkout-later", "uz")),
    ],
    ids=["words", "a text", "a message", "raises", "slow"],
)
async def test_the_app_refuses(fresh: Fresh, says: object, said: str) -> None:
    app = Careful()
    async with a_rig(fresh, STARS, purposes=[app.purpose()]) as rig:
        started = await rig.begin(purpose="shop.order")
        app.says = says
        sender = {"id": rig.payer, "language_code": "uz"}
        asked = query(rig, started) | {"from": sender}
        answer = await shop(rig).checkouts.pre_checkout(shop(rig).bot.id, asked, seconds=0.5)
        assert (answer["ok"], answer["error_message"]) == (False, said)
        assert (await rig.get(started)).agreements == ()
        app.says = None
        assert await judged(rig, started) == ""


async def test_the_payers_language_is_known(fresh: Fresh) -> None:
    async with a_rig(fresh, STARS) as rig:
        number = await rig.db.fetchval(
            "INSERT INTO users.person (telegram_id, first_name, last_name, username, language,"
            " created_at) OVERRIDING SYSTEM VALUE VALUES ($1, 'Buyer', '', '', 'en', now())"
            " RETURNING id",
            rig.payer,
        )
        started = await rig.begin()
        await rig.db.execute("UPDATE payments.payment SET user_id = $1", number)
        await rig.tg.clock.move(1801)
        assert await judged(rig, started) == words("checkout-expired", "en")


# -- tips, and shipping ------------------------------------------------------------


async def test_a_tip(fresh: Fresh) -> None:
    app = Careful()
    async with a_rig(fresh, CARDS, purposes=[app.purpose()]) as rig:
        invoice = Invoice(max_tip=10_000, suggested_tips=(1_000,), need_name=True, need_email=True)
        started = await rig.begin(purpose="shop.order", invoice=invoice, key="order 1")
        assert await judged(rig, started, total_amount=60_001) == words("checkout-price")
        lower = "UPDATE payments.payment SET amount = amount - $1::int"
        await rig.db.execute(lower, 1)  # what is left is no tip: the price has changed
        assert await judged(rig, started) == words("checkout-price")
        await rig.db.execute(lower, -1)
        await shop(rig).pay(ref(started), tip=5_000, name="Buyer", email="b@example.com")
        await rig.arrive()
        payment = await rig.get(started)
        assert (payment.amount, payment.price) == (Money(55_000, "RUB"), Money(50_000, "RUB"))
        assert (payment.status, payment.delivery) == (Status.SUCCEEDED, "done")
        (asked,) = app.asked
        assert (asked.tip, asked.name, asked.email) == (
            Money(5_000, "RUB"),
            "Buyer",
            "b@example.com",
        )
        assert app.agreed is not None
        assert (app.agreed.tip.amount, app.agreed.order_info["name"]) == (5_000, "Buyer")
        assert (await rig.revenue(), await rig.wallet()) == (55_000, 0)
        same = await rig.new(purpose="shop.order", key="order 1")
        assert same.id == payment.id
        await rig.agree()


async def test_a_tip_that_was_thought_better_of(fresh: Fresh) -> None:
    """Two sheets are open: a yes to 600, a yes to 500; the one of 600 is paid."""
    async with a_rig(fresh, CARDS) as rig:
        started = await rig.begin(invoice=Invoice(max_tip=10_000))
        rig.shop.fault_in_callbacks("late", seconds=30)
        await shop(rig).pay(ref(started), tip=10_000)
        await rig.tg.clock.move(11)
        assert await judged(rig, started, id="q2") == ""
        assert (await rig.get(started)).amount == Money(50_000, "RUB")
        await rig.tg.clock.move(30)
        await rig.arrive()
        payment = await rig.get(started)
        assert (payment.status, payment.amount) == (Status.SUCCEEDED, Money(60_000, "RUB"))
        assert [each.fit for each in await rig.payments.charges(payment.id)] == ["exact"]
        assert await rig.revenue() == 60_000
        await rig.agree()


async def test_a_tip_is_no_part_of_the_price_elsewhere(fresh: Fresh) -> None:
    async with a_rig(fresh, CARDS) as rig:
        started = await rig.begin(invoice=Invoice(max_tip=10_000))
        assert await judged(rig, started, total_amount=60_000) == ""
        await rig.tg.clock.move(61)  # they changed their mind
        await rig.db.execute("UPDATE payments.attempt SET checkout = NULL")
        again = await rig.payments.start(started.payment.id, provider="telegram")
        assert again.checkout is not None
        assert again.checkout.invoice is not None
        assert again.checkout.invoice["prices"] == [{"label": "A thing", "amount": 50_000}]
        await shop(rig).pay(ref(again))
        await rig.arrive()
        assert (await rig.get(again)).amount == Money(50_000, "RUB")
        assert (await rig.revenue(), await rig.wallet()) == (50_000, 0)
        await rig.agree()


async def test_shipping(fresh: Fresh) -> None:
    app = Careful()
    async with a_rig(fresh, CARDS, purposes=[app.purpose()]) as rig:
        started = await rig.begin(purpose="shop.order", invoice=Invoice(flexible=True, max_tip=100))
        with pytest.raises(PaymentFailed, match="Only in Tashkent"):
            await shop(rig).pay(ref(started), shipping_address=address("Samarkand"))
        await shop(rig).pay(ref(started), shipping="fast", tip=100)
        await rig.arrive()
        payment = await rig.get(started)
        assert (payment.amount, payment.delivery) == (Money(120_100, "RUB"), "done")
        (asked,) = app.asked
        assert (asked.shipping, asked.address["city"]) == ("fast", "Tashkent")
        assert payment.agreed is not None
        assert (payment.agreed.shipping, payment.agreed.tip.amount) == ("fast", 100)
        assert await rig.revenue() == 120_100
        await rig.agree()


async def test_shipping_that_is_not_offered(fresh: Fresh) -> None:
    app = Careful()
    async with a_rig(fresh, CARDS, purposes=[app.purpose()]) as rig:
        started = await rig.begin(purpose="shop.order", invoice=Invoice(flexible=True))
        info = {"shipping_address": address("Tashkent")}
        no = words("checkout-price")
        for option in ("rocket", None):
            found = await judged(rig, started, order_info=info, shipping_option_id=option)
            assert found == no
        fast: dict[str, Any] = {"shipping_option_id": "fast", "order_info": info}
        assert await judged(rig, started, total_amount=50_000, **fast) == no
        there = words("checkout-no-shipping")
        assert await judged(rig, started, shipping_option_id="fast") == there
        assert await judged(rig, started, total_amount=120_000, **fast) == ""
        app.ships = [ShippingOption("post", "By post", [("Post", Money(1, "USD"))])]
        asked = query(rig, started) | info
        answer = await shop(rig).checkouts.shipping(shop(rig).bot.id, asked)
        assert (answer["ok"], answer["error_message"]) == (False, words("checkout-later"))
        app.ships = []
        await rig.tg.clock.move(61)
        answer = await shop(rig).checkouts.shipping(shop(rig).bot.id, asked)
        assert answer == {"shipping_query_id": "q1", "ok": False, "error_message": there}


def address(city: str) -> dict[str, str]:
    return {
        "country_code": "UZ",
        "state": "",
        "city": city,
        "street_line1": "A street",
        "street_line2": "",
        "post_code": "100000",
    }


async def test_a_declined_card_may_be_tried_again(fresh: Fresh) -> None:
    async with a_rig(fresh, CARDS) as rig:
        started = await rig.begin()
        with pytest.raises(PaymentFailed, match="declined"):
            await shop(rig).pay(ref(started), card="declined")
        await rig.tg.clock.move(11)
        await shop(rig).pay(ref(started), card="3ds")
        await rig.arrive()
        assert await rig.goods_given() == {started.payment.id: 0}
        with pytest.raises(NotOpen):
            await rig.payments.start(started.payment.id, provider="telegram")
        await rig.agree()


async def test_a_bill_that_waits_for_days_is_paid(fresh: Fresh) -> None:
    async with a_rig(fresh, CARDS) as rig:
        started = await rig.begin(expires_in=timedelta(days=7))
        await rig.tg.clock.move(days=6)
        await shop(rig).pay(ref(started))
        await rig.arrive()
        assert (await rig.get(started)).delivery == "done"
