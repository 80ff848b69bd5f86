"""Refunds that we ask for, at every provider as far as it goes there."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from kassa import ledger
from kassa.db import Tx
from kassa.ledger import Account, Leg, revenue, wallet
from kassa.money import Money
from kassa.payments import CannotRefund, Delivered, Payer, Payment, Purpose, Refund, Status, refunds
from kassa.payments.cases import Said
from kassa.payments.wallet import TOPUP
from tests.conftest import Fresh
from tests.payments.rig import KINDS, TELEGRAM, USER, Kind, Rig, a_rig, ref
from tests.payments.steps import (
    ALL,
    ASKS_AGAIN,
    BY_CALL,
    PARTS,
    by_hand,
    charge_of,
    funded,
    give_back,
    look,
    of,
    part,
    spend,
)


@pytest.fixture
async def rig(fresh: Fresh, kind: Kind) -> AsyncIterator[Rig]:
    async with a_rig(fresh, kind, purposes=[TOPUP]) as found:
        await funded(found)
        yield found


# -- ours --------------------------------------------------------------------------


@of(ALL)
async def test_all_of_it(rig: Rig) -> None:
    payment = await rig.paid()
    refund = await give_back(rig, payment, reason="it broke")
    assert (refund.status, refund.amount, refund.taken_back) == ("done", rig.price, "done")
    assert await rig.goods_given() == {payment.id: rig.price.amount}
    assert (await rig.wallet(), await rig.revenue(), await rig.debt()) == (0, 0, 0)
    after = await rig.get(payment)
    assert (after.status, after.delivery) == (Status.SUCCEEDED, "taken_back")
    assert "telegram: payment-refunded" in await rig.said()
    with pytest.raises(CannotRefund, match="given back already"):
        await rig.payments.refund(payment.id, key="again")
    await rig.agree()


@of(PARTS)
async def test_a_part_and_another_part(rig: Rig) -> None:
    payment = await rig.paid()
    await give_back(rig, payment, part(rig, 40), key="one")
    assert await rig.goods_given() == {payment.id: part(rig, 40).amount}
    assert (await rig.get(payment)).delivery == "done"
    with pytest.raises(CannotRefund, match="At most"):
        await rig.payments.refund(payment.id, part(rig, 61), key="two")
    await give_back(rig, payment, key="three")  # what is left
    assert await rig.goods_given() == {payment.id: rig.price.amount}
    assert (await rig.get(payment)).delivery == "taken_back"
    assert await charge_of(rig, payment) == rig.price
    assert (await rig.wallet(), await rig.revenue()) == (0, 0)
    await rig.agree()


@of(PARTS)
async def test_the_same_key_is_the_same_refund(rig: Rig) -> None:
    payment = await rig.paid()
    some = part(rig, 40)
    refunds = await asyncio.gather(
        *(rig.payments.refund(payment.id, some, key="r") for _ in range(10))
    )
    assert len({each.id for each in refunds}) == 1
    first = await rig.payments.refund(payment.id, some, key="r")
    if first.status == "person":
        by_hand(rig, payment, first)
        await rig.payments.refunded_by_hand(first.id, done=True)
    await rig.payments.send_refund(first.id)  # by one who was slow
    await rig.arrive()
    assert (await rig.payments.refunds(payment.id))[0].status == "done"
    assert await rig.goods_given() == {payment.id: some.amount}
    for amount, charge in ((part(rig, 50), None), (some, first.charge_id + 1)):
        with pytest.raises(CannotRefund, match="another amount or charge"):
            await rig.payments.refund(payment.id, amount, key="r", charge=charge)
    await rig.agree()


@of(BY_CALL[:1])
async def test_what_cannot_be_given_back(rig: Rig) -> None:
    waiting = await rig.begin()
    with pytest.raises(CannotRefund, match="Nothing was paid"):
        await rig.payments.refund(waiting.payment.id, key="r")
    payment = await rig.paid()
    for amount, why in (
        (Money(501, "USD"), "At most"),
        (Money(0, "USD"), "more than nothing"),
        (Money(-1, "USD"), "more than nothing"),
        (Money(100, "EUR"), "paid in USD, not in EUR"),
    ):
        with pytest.raises(CannotRefund, match=why):
            await rig.payments.refund(payment.id, amount, key="r")
    abilities = rig.provider.abilities
    rig.provider.abilities = replace(abilities, partial_refund=False)
    with pytest.raises(CannotRefund, match="all or nothing"):
        await rig.payments.refund(payment.id, Money(100, "USD"), key="r")
    rig.provider.abilities = abilities
    provider = rig.payments.providers.pop("stripe")
    with pytest.raises(CannotRefund, match="not set up here"):
        await rig.payments.refund(payment.id, key="r")
    rig.payments.providers["stripe"] = provider
    assert await rig.payments.refunds(payment.id) == []
    await rig.agree()


# -- what was spent ----------------------------------------------------------------


@of(PARTS)
async def test_money_that_was_spent_is_not_given_back(rig: Rig) -> None:
    payment = await rig.paid(purpose="wallet.topup")
    assert await rig.wallet() == rig.price.amount
    await spend(rig, 1)
    with pytest.raises(CannotRefund, match="spent already"):
        await rig.payments.refund(payment.id, key="r")
    assert await rig.payments.refunds(payment.id) == []
    await give_back(rig, payment, rig.price - Money(1, rig.price.currency), key="rest")
    assert (await rig.wallet(), await rig.debt()) == (0, 0)
    await rig.agree()


@of(ALL)
async def test_given_back_all_the_same_it_is_owed_and_repaid_first(rig: Rig) -> None:
    payment = await rig.paid(purpose="wallet.topup")
    half = rig.price.amount // 2
    await spend(rig, half)
    refund = await give_back(rig, payment, even_if_spent=True)
    assert refund.status == "done"
    assert (await rig.wallet(), await rig.debt()) == (0, half)
    await rig.agree()
    await rig.paid(purpose="wallet.topup")
    assert (await rig.wallet(), await rig.debt()) == (rig.price.amount - half, 0)
    await rig.agree()


@of([each for each in PARTS if each in BY_CALL and each.name not in ASKS_AGAIN])
async def test_while_it_is_asked_for_it_cannot_be_spent(rig: Rig) -> None:
    payment = await rig.paid(purpose="wallet.topup")
    rig.shop.fault("transfer" if rig.kind.name == "cryptopay" else "refund", "timeout_before")
    refund = await rig.payments.refund(payment.id, part(rig, 60), key="r")
    assert refund.status == "unknown"
    with pytest.raises(ledger.InsufficientFunds):
        await spend(rig, part(rig, 41).amount)
    with pytest.raises(CannotRefund, match="At most"):
        await rig.payments.refund(payment.id, part(rig, 41), key="other")
    await look(rig, 150)
    (refund,) = await rig.payments.refunds(payment.id)
    assert refund.status == "declined"  # it never got there
    await spend(rig, rig.price.amount)
    await rig.agree()


async def test_what_the_app_holds_decides(fresh: Fresh) -> None:
    """100 tokens were bought for 5 dollars; 30 of them are spent."""
    tokens = Account("tokens:17", "TOK", floor=0)

    async def give(tx: Tx, payment: Payment) -> Delivered:
        price = payment.amount
        return Delivered(
            [
                Leg(wallet(USER, "USD"), revenue("tokens", "USD"), price),
                Leg(ledger.issuance("TOK"), tokens, Money(100, "TOK")),
            ]
        )

    def worth(refund: Refund) -> Money:
        return Money(refund.share.amount // 5, "TOK")

    async def take(tx: Tx, payment: Payment, refund: Refund) -> Delivered:
        return Delivered(
            [
                Leg(tokens, ledger.issuance("TOK"), worth(refund)),
                Leg(revenue("tokens", "USD"), wallet(USER, "USD"), refund.share),
            ]
        )

    async def held(tx: Tx, payment: Payment, refund: Refund) -> list[tuple[Account, Money]]:
        return [(tokens, worth(refund))]

    purpose = Purpose("tokens.topup", give, take, held)
    async with a_rig(fresh, KINDS["stripe"], purposes=[purpose]) as rig:
        payment = await rig.paid(purpose="tokens.topup")
        spent = [Leg(tokens, ledger.issuance("TOK"), Money(30, "TOK"))]
        await ledger.post(rig.db, key="test.spent", legs=spent)
        with pytest.raises(CannotRefund, match="spent already"):
            await rig.payments.refund(payment.id, key="all")
        await rig.payments.refund(payment.id, Money(350, "USD"), key="rest")
        assert await rig.balance(tokens) == 0
        # What the app cannot take back from outside is owed, once the app's try has failed.
        await rig.shop.refund(rig.shop.payments[0].ref)
        await rig.arrive()
        (_, outside) = await rig.payments.refunds(payment.id)
        assert (outside.outside, outside.taken_back) == (True, "failed")
        assert (await rig.wallet(), await rig.debt()) == (0, 150)
        await rig.agree()


# -- money that did not fit --------------------------------------------------------


@of([KINDS["oneplat"]])
async def test_what_was_paid_too_much_goes_back_first(rig: Rig) -> None:
    """700 were paid for 500: 200 lie in the wallet and go back first, without any goods."""
    started = await rig.begin()
    await rig.shop.pay(ref(started), amount=70_000)
    await rig.arrive()
    payment = await rig.get(started)
    assert await rig.wallet() == 20_000
    first = await give_back(rig, payment, Money(15_000, "RUB"), key="one")
    assert (first.share.amount, await rig.wallet()) == (0, 5_000)
    second = await give_back(rig, payment, Money(10_000, "RUB"), key="two")
    assert (second.share.amount, await rig.wallet()) == (5_000, 0)
    third = await give_back(rig, payment, key="three")
    assert (third.amount.amount, third.share.amount) == (45_000, 45_000)
    assert await rig.goods_given() == {payment.id: 50_000}
    assert (await rig.get(payment)).delivery == "taken_back"
    await rig.agree()


@of([KINDS["oneplat"]])
async def test_what_a_refund_concerns_while_another_is_under_way(rig: Rig) -> None:
    """700 were paid for 500. While 150 of the rest are on their way, 550 are left, of which 500
    are the price; but if all 700 went at the desk, 200 of those were the rest."""
    started = await rig.begin()
    await rig.shop.pay(ref(started), amount=70_000)
    await rig.arrive()
    await rig.payments.refund(started.payment.id, Money(15_000, "RUB"), key="r")
    case = await rig.db.run(lambda tx: refunds.load(tx, started.payment.id))
    assert (case.left, case.kept) == (Money(55_000, "RUB"), Money(70_000, "RUB"))
    assert case.share(Money(55_000, "RUB")) == Money(50_000, "RUB")
    (attempt,) = await rig.payments.attempts(started.payment.id)
    report = await rig.provider.status(str(attempt.ref))
    gone = replace(report, refunded=Money(70_000, "RUB"))  # if 1Plat could say so
    await rig.payments.tell([Said("oneplat", gone)])
    (_, outside) = await rig.payments.refunds(started.payment.id)
    assert (outside.amount.amount, outside.share.amount) == (70_000, 50_000)


@of([KINDS["oneplat"]])
async def test_money_that_came_twice_goes_back_from_the_wallet(rig: Rig) -> None:
    started = await rig.begin()
    await rig.shop.pay(ref(started))
    await rig.arrive()
    await rig.shop.pay(ref(started), again=True)
    await rig.arrive()
    payment = await rig.get(started)
    _, twice = await rig.payments.charges(payment.id)
    assert (twice.fit, await rig.wallet()) == ("twice", rig.price.amount)
    refund = await give_back(rig, payment, charge=twice.id)
    assert (refund.share.amount, refund.taken_back) == (0, "none")
    assert await rig.goods_given() == {payment.id: 0}
    assert (await rig.wallet(), await rig.revenue()) == (0, rig.price.amount)
    assert (await rig.get(payment)).delivery == "done"
    with pytest.raises(CannotRefund):
        await rig.payments.refund(payment.id, key="r2", charge=twice.id)
    await rig.agree()


@of([KINDS["oneplat"]])
async def test_money_that_came_late_goes_back_from_the_wallet(rig: Rig) -> None:
    started = await rig.begin()
    await look(rig, 3600)
    assert (await rig.get(started)).status is Status.EXPIRED
    await rig.shop.pay(ref(started))
    await rig.arrive()
    (late,) = await rig.payments.charges(started.payment.id)
    assert (late.fit, await rig.wallet()) == ("late", rig.price.amount)
    await spend(rig, 1)
    with pytest.raises(CannotRefund, match="spent already"):
        await rig.payments.refund(started.payment.id, key="r", charge=late.id)
    await give_back(rig, started.payment, key="r2", charge=late.id, even_if_spent=True)
    assert (await rig.wallet(), await rig.debt()) == (0, 1)
    await rig.agree()


# -- by a person, by a transfer ----------------------------------------------------


@of([KINDS["oneplat"]])
async def test_by_a_person_who_does_it_or_does_not(rig: Rig) -> None:
    payment = await rig.paid(purpose="wallet.topup")
    refund = await rig.payments.refund(payment.id, part(rig, 40), key="r")
    assert (refund.status, await rig.wallet()) == ("person", rig.price.amount)
    assert "operator: refund-by-hand" in await rig.said()
    with pytest.raises(ledger.InsufficientFunds):
        await spend(rig, part(rig, 61).amount)
    await look(rig, 86_400)  # nobody but a person can tell
    refund = await rig.payments.refunded_by_hand(refund.id, done=False)
    assert refund.status == "declined"
    with pytest.raises(CannotRefund, match="no person is needed"):
        await rig.payments.refunded_by_hand(refund.id, done=True)
    await spend(rig, part(rig, 61).amount)
    again = await rig.payments.refund(payment.id, part(rig, 39), key="again")
    by_hand(rig, payment, again)
    done = await rig.payments.refunded_by_hand(again.id, done=True, ref="transfer 7")
    (_, kept) = await rig.payments.refunds(payment.id)
    assert (done.status, kept.ref, await rig.wallet()) == ("done", "transfer 7", 0)
    await rig.agree()


@of([KINDS["cryptopay"]])
async def test_by_a_transfer_to_a_telegram_account(rig: Rig) -> None:
    payment = await rig.paid()
    await give_back(rig, payment)
    (transfer,) = rig.shop.memory["transfers"]
    assert (transfer["user_id"], transfer["amount"]) == (TELEGRAM, "5")
    nobody = await rig.paid(purpose="wallet.topup", payer=Payer())
    refund = await rig.payments.refund(nobody.id, key="r")
    assert refund.status == "declined"
    assert "operator: refund-declined" in await rig.said()
    await spend(rig, rig.price.amount)  # it is free again
    await rig.agree()


@of([KINDS["cryptopay"]])
async def test_a_price_in_dollars_goes_back_in_the_coins_that_came(rig: Rig) -> None:
    payment = await rig.paid(amount=Money(700, "USD"))
    await give_back(rig, payment, Money(300, "USD"), key="one")
    await give_back(rig, payment, key="two")
    assert (await rig.wallet("USD"), await rig.wallet("USDT")) == (0, 0)
    assert await rig.goods_given() == {payment.id: 700}
    assert len(rig.shop.memory["transfers"]) == 2
    await rig.agree()


# -- taking back -------------------------------------------------------------------


@of(ALL)
async def test_what_cannot_be_taken_back_is_owed_until_it_can(rig: Rig) -> None:
    payment = await rig.paid()
    rig.goods.keeps = True
    refund = await give_back(rig, payment)
    assert (refund.status, refund.taken_back) == ("done", "failed")
    assert (await rig.wallet(), await rig.debt()) == (0, rig.price.amount)
    assert (await rig.get(payment)).delivery == "done"
    assert "operator: refund-not-taken-back" in await rig.said()
    await rig.agree()
    await look(rig, 60)
    assert await rig.debt() == rig.price.amount
    rig.goods.keeps = False
    await look(rig, 3600)
    (refund,) = await rig.payments.refunds(payment.id)
    assert refund.taken_back == "done"
    assert (await rig.wallet(), await rig.debt(), await rig.revenue()) == (0, 0, 0)
    assert await rig.goods_given() == {payment.id: rig.price.amount}
    assert (await rig.get(payment)).delivery == "taken_back"
    await look(rig, 3600)
    assert await rig.goods_given() == {payment.id: rig.price.amount}
    await rig.agree()


@of(BY_CALL)
async def test_what_was_never_delivered_goes_back_from_the_wallet(rig: Rig) -> None:
    rig.goods.raises = -1
    payment = await rig.paid()
    assert (payment.delivery, await rig.wallet()) == ("failed", rig.price.amount)
    refund = await give_back(rig, payment)
    assert refund.taken_back == "none"
    assert (await rig.wallet(), (await rig.get(payment)).delivery) == (0, "taken_back")
    rig.goods.raises = 0
    await look(rig, 3600)
    assert await rig.goods_given() == {}
    await rig.agree()
