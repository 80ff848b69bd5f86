"""The app fails, the money does not: deliveries that raise, alone and in a batch."""

from dataclasses import replace

from kassa import ledger
from kassa.db import Tx
from kassa.ledger import Leg, debt, revenue, wallet
from kassa.money import Money
from kassa.payments import Payment, Status, letters
from kassa.payments.models import Delivered
from kassa.payments.providers.protocol import (
    Callback,
    Incoming,
)
from tests.conftest import Fresh
from tests.payments.cases import ALL, of, one_event_each
from tests.payments.rig import USER, Kind, a_rig, ref


@ALL
async def test_a_delivery_raises_once(fresh: Fresh, kind: Kind) -> None:
    """The money is in the wallet meanwhile; the payer and the operator know."""
    async with a_rig(fresh, kind) as rig:
        rig.goods.raises = 2 if rig.provider.abilities.signed else 1  # in a batch, too
        started = await rig.begin()
        await rig.shop.pay(ref(started))
        await rig.arrive()
        payment = await rig.get(started)
        assert (payment.status, payment.delivery) == (Status.SUCCEEDED, "failed")
        assert payment.delivery_error == "RuntimeError: the shelf is empty"
        assert (await rig.wallet(), await rig.revenue()) == (rig.price.amount, 0)
        assert await rig.goods_given() == {}
        told = ["telegram: payment-delivery-delayed", "operator: payment-delivery-failed"]
        assert await rig.said() == told
        events = [e.kind for e in await rig.payments.timeline(payment.id, public=False)]
        assert events[-2:] == ["paid", "delivery_failed"]
        assert "delivery_failed" not in [e.kind for e in await rig.payments.timeline(payment.id)]
        await rig.agree()
        await rig.tg.clock.move(6)
        assert await rig.looking.turn() == 1
        payment = await rig.get(started)
        assert (payment.delivery, payment.delivery_error) == ("done", None)
        assert (await rig.wallet(), await rig.revenue()) == (0, rig.price.amount)
        assert await rig.goods_given() == {payment.id: 0}
        assert await rig.said() == [*told, "telegram: goods-given"]
        await rig.agree()


@ALL
async def test_a_delivery_raises_for_ever(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        rig.goods.raises = -1
        payment = await rig.paid()
        for _ in range(8):
            await rig.tg.clock.move(3700)
            await rig.looking.turn()
        payment = await rig.payments.get(rig.db, payment.id)
        assert (payment.status, payment.delivery) == (Status.SUCCEEDED, "failed")
        assert len(rig.goods.given) >= 9
        assert await rig.goods_given() == {}
        assert await rig.wallet() == rig.price.amount
        assert (await rig.said()).count("operator: payment-delivery-failed") == 1
        await rig.agree()


@of("oneplat")
async def test_more_money_comes_while_a_delivery_has_failed(fresh: Fresh, kind: Kind) -> None:
    """The second transfer does not make anybody forget the delivery."""
    async with a_rig(fresh, kind) as rig:
        rig.goods.raises = 1
        started = await rig.begin()
        await rig.shop.pay(ref(started))
        await rig.arrive()
        await rig.shop.pay(ref(started), again=True)
        await rig.arrive()
        payment = await rig.get(started)
        assert payment.delivery == "failed"
        assert payment.delivery_error == "RuntimeError: the shelf is empty"
        await rig.tg.clock.move(6)
        await rig.looking.turn()
        assert (await rig.get(started)).delivery == "done"
        assert (await rig.wallet(), await rig.revenue()) == (50_000, 50_000)
        await rig.agree()


@of("stripe", "oneplat")
async def test_a_delivery_wants_more_than_there_is(fresh: Fresh, kind: Kind) -> None:
    """The app itself does not raise, but the ledger refuses its legs."""
    async with a_rig(fresh, kind) as rig:
        takes = rig.price * 2

        async def greedy(tx: Tx, payment: Payment) -> Delivered:
            purse = wallet(payment.user, takes.currency)
            await rig.goods.on_paid(tx, payment)
            return Delivered([Leg(purse, revenue("goods", takes.currency), takes)])

        purposes = rig.payments.purposes
        purposes["test.goods"] = replace(purposes["test.goods"], on_paid=greedy)
        payment = await rig.paid()
        assert (payment.status, payment.delivery) == (Status.SUCCEEDED, "failed")
        assert payment.delivery_error is not None
        assert payment.delivery_error.startswith("InsufficientFunds")
        assert (await rig.wallet(), await rig.revenue()) == (rig.price.amount, 0)
        assert await rig.goods_given() == {}
        await rig.agree()


@of("stripe", "oneplat")
async def test_what_is_owed_is_repaid_first(fresh: Fresh, kind: Kind) -> None:
    """1.00 of it; what is left is too little for the goods, so it stays in the wallet."""
    async with a_rig(fresh, kind) as rig:
        currency, owed = rig.price.currency, Money(100, rig.price.currency)
        legs = [Leg(debt(USER, currency), revenue("elsewhere", currency), owed)]
        await ledger.post(rig.db, key="test.owed", legs=legs)
        started = await rig.begin()
        await rig.payments.cancel(started.payment.id)
        if kind.name == "stripe":  # it cannot be paid any more, but it was
            sent = rig.shop.callback(ref(started), "paid", payment_intent="pi_late")
            paid = rig.shop.payment(ref(started))
            rig.shop.book("paid", paid, rig.price.amount, charge="pi_late")
            await rig.http.post(sent.url, content=sent.body, headers=sent.headers)
        else:
            await rig.shop.pay(ref(started))
        await rig.arrive()
        assert [c.fit for c in await rig.payments.charges(started.payment.id)] == ["late"]
        assert (await rig.debt(), await rig.wallet()) == (0, rig.price.amount - 100)
        await rig.agree()


@ALL
async def test_an_app_that_was_taken_away(fresh: Fresh, kind: Kind) -> None:
    """Nobody delivers its purpose any more: the payer's money is in the wallet."""
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        gone = rig.payments.purposes.pop("test.goods")
        await rig.shop.pay(ref(started))
        await rig.arrive()
        payment = await rig.get(started)
        assert (payment.status, payment.delivery) == (Status.SUCCEEDED, "failed")
        assert payment.delivery_error == "LookupError: No app here delivers test.goods."
        assert await rig.wallet() == rig.price.amount
        await rig.agree()
        rig.payments.purposes["test.goods"] = gone
        await rig.tg.clock.move(30)
        await rig.looking.turn()
        assert (await rig.get(started)).delivery == "done"
        await rig.agree()


@of("stripe", "cryptopay")
async def test_one_bad_row_does_not_hold_up_the_others(fresh: Fresh, kind: Kind) -> None:
    """Five in a batch, and the third one's delivery raises: four are delivered all the same."""
    async with a_rig(fresh, kind) as rig:
        started = [await rig.begin() for _ in range(5)]
        bad = started[2].payment.id
        rig.goods.raises = 0
        delivers = rig.goods.on_paid

        async def sometimes(tx: Tx, payment: Payment) -> Delivered:
            if payment.id == bad:
                rig.goods.raises = 1
            return await delivers(tx, payment)

        purposes = rig.payments.purposes
        purposes["test.goods"] = replace(purposes["test.goods"], on_paid=sometimes)
        for each in started:
            await rig.shop.pay(ref(each))
        await rig.shop.delivered()
        await rig.inbox.drain()
        deliveries = [(await rig.get(each)).delivery for each in started]
        assert deliveries == ["done", "done", "failed", "done", "done"]
        assert {each.state for each in await letters.page(rig.db)} == {"handled"}
        assert (await rig.wallet(), await rig.revenue()) == (
            rig.price.amount,
            4 * rig.price.amount,
        )
        await rig.agree()


@of("stripe", "cryptopay")
async def test_a_batch_is_one_transaction(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        one_event_each(rig)
        started = [await rig.begin() for _ in range(10)]
        for each in started:
            await rig.shop.pay(ref(each))
        await rig.shop.delivered()
        assert await rig.inbox.turn() == 10
        at = await rig.db.fetchval("SELECT count(DISTINCT xmin::text) FROM payments.charge")
        assert at == 1
        assert {(await rig.get(each)).delivery for each in started} == {"done"}
        await rig.agree()


@of("stripe", "cryptopay")
async def test_a_row_that_always_fails_leaves_the_others_alone(fresh: Fresh, kind: Kind) -> None:
    """Not the app, but settling itself: it says paid, and not how much."""
    async with a_rig(fresh, kind) as rig:
        one_event_each(rig)
        started = [await rig.begin() for _ in range(3)]
        for each in started:
            await rig.shop.pay(ref(each))
        await rig.shop.delivered()
        bad = await rig.db.fetchval(
            "SELECT id FROM payments.inbox WHERE strpos(convert_from(body, 'UTF8'), $1) > 0",
            ref(started[1]),
        )
        parse = rig.provider.parse

        def mute(callback: Callback) -> Incoming:
            found = parse(callback)
            if found.reports[0].ref != ref(started[1]):
                return found
            return replace(found, reports=(replace(found.reports[0], amount=None),))

        rig.provider.parse = mute  # type: ignore[method-assign]
        await rig.inbox.drain()
        deliveries = [(await rig.get(each)).delivery for each in started]
        assert deliveries == ["done", "none", "done"]
        kept, _ = await letters.one(rig.db, bad)
        assert (kept.state, kept.tries) == ("waiting", 1)
        assert "not how much" in kept.said
        rig.provider.parse = parse  # type: ignore[method-assign]
        await rig.tg.clock.move(3)
        await rig.inbox.drain()
        assert {(await rig.get(each)).delivery for each in started} == {"done"}
        await rig.agree()


@of("stripe")
async def test_a_dispute_names_no_amount_that_was_paid(fresh: Fresh, kind: Kind) -> None:
    """Its event speaks of the dispute only; the charge is in the books already."""
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        await rig.shop.pay(ref(started))
        await rig.arrive()
        await rig.shop.dispute(ref(started))
        await rig.arrive()
        assert await letters.page(rig.db, state="waiting") == []
        assert "operator: dispute-open" in await rig.said()
