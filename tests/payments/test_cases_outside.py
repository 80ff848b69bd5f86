"""Money that goes back without our asking: at the desk, in disputes; and what returns."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from kassa import ledger
from kassa.money import Money
from kassa.payments import CannotRefund, Status
from kassa.payments.cases import Said
from kassa.payments.wallet import TOPUP
from tests.conftest import Fresh
from tests.payments.rig import KINDS, Kind, Rig, a_rig, ref
from tests.payments.steps import (
    FROM_OUTSIDE,
    charge_of,
    funded,
    give_back,
    look,
    of,
    part,
    prepared,
    spend,
    told,
)


@pytest.fixture
async def rig(fresh: Fresh, kind: Kind) -> AsyncIterator[Rig]:
    async with a_rig(fresh, kind, purposes=[TOPUP]) as found:
        await funded(found)
        yield found


# -- from outside ------------------------------------------------------------------


@of(FROM_OUTSIDE)
async def test_from_outside_part_by_part(rig: Rig) -> None:
    started = await rig.begin()
    await rig.shop.pay(ref(started))
    await rig.arrive()
    await rig.shop.refund(ref(started), part(rig, 30).amount)
    await rig.arrive()
    assert await rig.goods_given() == {started.payment.id: part(rig, 30).amount}
    await rig.shop.refund(ref(started))
    await rig.arrive()
    refunds = await rig.payments.refunds(started.payment.id)
    assert [(each.outside, each.status) for each in refunds] == [(True, "done")] * 2
    assert (await rig.get(started)).delivery == "taken_back"
    assert (await rig.wallet(), await rig.revenue(), await rig.debt()) == (0, 0, 0)
    assert "operator: refund-from-outside" in await rig.said()
    await rig.shop.send_again(times=3)
    await rig.arrive()
    assert len(await rig.payments.refunds(started.payment.id)) == 2
    await rig.agree()


@of(FROM_OUTSIDE)
async def test_from_outside_after_it_was_spent(rig: Rig) -> None:
    payment = await rig.paid(purpose="wallet.topup")
    await spend(rig, part(rig, 70).amount)
    await rig.shop.refund(rig.shop.payments[0].ref)
    await rig.arrive()
    assert (await rig.wallet(), await rig.debt()) == (0, part(rig, 70).amount)
    assert await charge_of(rig, payment) == rig.price
    await rig.agree()


@of(FROM_OUTSIDE)
async def test_from_outside_before_we_know_that_it_was_paid(rig: Rig) -> None:
    started = await rig.begin()
    rig.shop.fault_in_callbacks("late", times=2 if rig.kind.name == "stripe" else 1, seconds=3600)
    await rig.shop.pay(ref(started))
    await rig.shop.refund(ref(started), part(rig, 30).amount)
    await rig.arrive()
    await rig.tg.clock.move(3601)
    await rig.arrive()
    assert (await rig.get(started)).status is Status.SUCCEEDED
    assert await rig.goods_given() == {started.payment.id: part(rig, 30).amount}
    assert await rig.revenue() == part(rig, 70).amount
    await rig.agree()


@of(FROM_OUTSIDE)
async def test_totals_in_any_order_are_booked_once(rig: Rig) -> None:
    """30, 50 and 100 percent given back; it is said in the order 100, 30, 50."""
    started = await rig.begin()
    await rig.shop.pay(ref(started))
    await rig.arrive()
    letters = len(rig.shop.sent)
    rig.shop.fault_in_callbacks("lost", times=None)
    for percent in (30, 20, 50):
        await rig.shop.refund(ref(started), part(rig, percent).amount)
    await rig.shop.delivered()
    rig.shop.mend()
    first, second, last = [
        i for i, each in enumerate(rig.shop.sent) if i >= letters and "refunded" in each.event
    ] or range(letters, letters + 3)
    for number in (last, first, second):
        await rig.shop.send_again(number)
        await rig.arrive()
    assert await charge_of(rig, (await rig.get(started))) == rig.price
    assert await rig.goods_given() == {started.payment.id: rig.price.amount}
    await look(rig, 60)  # it was in doubt whether some came back: none did
    assert (await rig.wallet(), await charge_of(rig, await rig.get(started))) == (0, rig.price)
    await rig.agree()


@of(FROM_OUTSIDE)
async def test_from_outside_while_ours_is_under_way(rig: Rig) -> None:
    """Ours of 30 got there, but its answer did not; 50 more are given back at the desk."""
    payment = await rig.paid(purpose="wallet.topup")
    rig.shop.fault("refund", "timeout_after")
    ours = await rig.payments.refund(payment.id, part(rig, 30), key="r")
    assert ours.status == "unknown"
    await rig.shop.refund(rig.shop.payments[0].ref, part(rig, 50).amount)
    await rig.arrive()
    (only,) = await rig.payments.refunds(payment.id)
    assert only.status == "unknown"  # whose the 80 are is not guessed
    await look(rig, 150)
    await look(rig, 400)
    refunds = await rig.payments.refunds(payment.id)
    assert [(each.outside, each.status) for each in refunds] == [(False, "done"), (True, "done")]
    assert (await rig.wallet(), await rig.debt()) == (part(rig, 20).amount, 0)
    await rig.agree()


@of(FROM_OUTSIDE)
async def test_two_of_ours_of_which_only_one_got_there(rig: Rig) -> None:
    """Nobody knows of the 20; the 35 are there, and told of before their answer comes."""
    payment = await rig.paid(purpose="wallet.topup")
    rig.shop.fault("refund", "timeout_before")
    lost = await rig.payments.refund(payment.id, part(rig, 20), key="lost")
    rig.shop.fault("refund", "timeout_after")
    there = await rig.payments.refund(payment.id, part(rig, 35), key="there")
    assert (lost.status, there.status) == ("unknown", "unknown")
    await rig.arrive()
    await look(rig, 150)
    await look(rig, 400)
    refunds = await rig.payments.refunds(payment.id)
    assert [(r.key, r.status) for r in refunds] == [("lost", "declined"), ("there", "done")]
    assert (await rig.wallet(), await rig.debt()) == (part(rig, 65).amount, 0)
    await rig.agree()


@of(FROM_OUTSIDE)
async def test_an_old_total_while_another_of_ours_is_unknown(rig: Rig) -> None:
    """70 are there, without their answer; 20 more are done; then the total of 70 is told."""
    payment = await rig.paid(purpose="wallet.topup")
    rig.shop.fault_in_callbacks("late", seconds=1)
    rig.shop.fault("refund", "timeout_after")
    await rig.payments.refund(payment.id, part(rig, 70), key="first")
    old = await rig.provider.status(rig.shop.payments[0].ref)
    await rig.payments.refund(payment.id, part(rig, 20), key="second")
    await rig.payments.tell([Said(rig.kind.name, old)])
    await look(rig, 150)
    await look(rig, 400)
    refunds = await rig.payments.refunds(payment.id)
    assert [(r.outside, r.status) for r in refunds] == [(False, "done"), (False, "done")]
    assert (await rig.wallet(), await rig.debt()) == (part(rig, 10).amount, 0)
    await rig.agree()


@of(FROM_OUTSIDE)
async def test_from_outside_less_than_ours_is_not_ours(rig: Rig) -> None:
    """Ours of 40 never got there, which nobody knows yet; 30 are given back at the desk."""
    payment = await rig.paid(purpose="wallet.topup")
    rig.shop.fault("refund", "timeout_before")
    await rig.payments.refund(payment.id, part(rig, 40), key="r")
    await rig.shop.refund(rig.shop.payments[0].ref, part(rig, 30).amount)
    await rig.arrive()
    (only,) = await rig.payments.refunds(payment.id)
    assert only.status == "unknown"
    await look(rig, 150)
    await look(rig, 400)
    refunds = await rig.payments.refunds(payment.id)
    assert [(r.outside, r.status) for r in refunds] == [(False, "declined"), (True, "done")]
    assert (await rig.wallet(), await rig.debt()) == (part(rig, 70).amount, 0)
    await rig.agree()


@of(FROM_OUTSIDE)
async def test_from_outside_before_ours_is_sent(rig: Rig) -> None:
    """All of it is given back at the desk when ours is only written down: ours is refused."""
    payment = await rig.paid()
    real = rig.provider.refund

    async def first_the_desk(back: Any) -> Any:
        await rig.shop.refund(rig.shop.payments[0].ref)
        await rig.arrive()
        return await real(back)

    rig.provider.refund = first_the_desk  # type: ignore[method-assign]
    ours = await rig.payments.refund(payment.id, part(rig, 30), key="r")
    await look(rig, 150)
    await look(rig, 400)
    assert (
        sum(
            each.amount.amount
            for each in await rig.payments.refunds(payment.id)
            if each.status == "done"
        )
        == rig.price.amount
    )
    assert ours.status in ("done", "declined")
    assert await rig.goods_given() == {payment.id: rig.price.amount}
    assert (await rig.wallet(), await rig.debt(), await rig.revenue()) == (0, 0, 0)
    await rig.agree()


@of(FROM_OUTSIDE)
async def test_prepared_and_given_back_at_the_desk(rig: Rig) -> None:
    """We were killed before ours of 30 was sent, and somebody gave back 100 at the desk."""
    payment = await rig.paid(purpose="wallet.topup")
    refund = await prepared(rig, payment, part(rig, 30))
    await rig.shop.refund(rig.shop.payments[0].ref)
    await rig.arrive()
    (ours, outside) = await rig.payments.refunds(payment.id)
    assert (ours.id, ours.status, outside.amount) == (refund.id, "prepared", rig.price)
    await look(rig, 100)
    (ours, _) = await rig.payments.refunds(payment.id)
    assert ours.status == "declined"
    assert (await rig.wallet(), await rig.debt()) == (0, 0)
    await rig.agree()


# -- disputes ----------------------------------------------------------------------


@of([KINDS["stripe"]])
@pytest.mark.parametrize("won", [True, False], ids=["won", "lost"])
@pytest.mark.parametrize("before", [0, 30], ids=["whole", "after a part"])
async def test_a_dispute(rig: Rig, won: bool, before: int) -> None:
    payment = await rig.paid()
    where = rig.shop.payments[0].ref
    if before:
        await give_back(rig, payment, part(rig, before))
    disputed = part(rig, 100 - before).amount
    await rig.shop.dispute(where)
    await rig.arrive()
    await told(rig, where)
    await told(rig, where)
    assert (await rig.said()).count("operator: dispute-open") == 1
    assert await rig.suspense() == -disputed
    assert await rig.revenue() == disputed
    await rig.agree()
    await rig.shop.close_dispute(where, won=won)
    await rig.arrive()
    await rig.shop.send_again(times=2)
    await told(rig, where)
    assert await rig.suspense() == 0
    said = await rig.said()
    assert said.count(f"operator: dispute-{'won' if won else 'lost'}") == 1
    taken = part(rig, before).amount if won else rig.price.amount
    assert await rig.goods_given() == {payment.id: taken}
    assert await rig.revenue() == rig.price.amount - taken
    assert await charge_of(rig, payment) == Money(taken, "USD")
    assert (await rig.wallet(), await rig.debt()) == (0, 0)
    assert {each.why for each in await rig.payments.refunds(payment.id)} <= {""}  # no doubt
    await look(rig, 3600)
    await rig.agree()
    if before and not won:  # the part that we gave back does not arrive
        ours, _ = await rig.payments.refunds(payment.id)
        await rig.shop.settle_refund(str(ours.ref), well=False)  # type: ignore[attr-defined]
        await rig.arrive()
        await look(rig, 60)
        assert await rig.wallet() == part(rig, before).amount
        assert await charge_of(rig, payment) == part(rig, 100 - before)
        await rig.agree()


@of([KINDS["stripe"]])
@pytest.mark.parametrize("won", [True, False], ids=["won", "lost"])
async def test_a_dispute_that_is_over_before_we_hear_of_it(rig: Rig, won: bool) -> None:
    """What was bought is spent, so that it is owed. That it was opened, we hear last."""
    payment = await rig.paid(purpose="wallet.topup")
    await spend(rig, rig.price.amount)
    where = rig.shop.payments[0].ref
    rig.shop.fault_in_callbacks("late", times=1, seconds=3600)
    await rig.shop.dispute(where)
    await rig.shop.close_dispute(where, won=won)
    await rig.arrive()
    owed = 0 if won else rig.price.amount
    assert (await rig.suspense(), await rig.debt()) == (0, owed)
    assert [each.outside for each in await rig.payments.refunds(payment.id)] == [True] * (not won)
    await rig.tg.clock.move(3601)
    await rig.arrive()
    await told(rig, where)
    assert (await rig.suspense(), await rig.debt()) == (0, owed)
    assert [each for each in await rig.said() if "dispute" in each] == [
        f"operator: dispute-{'won' if won else 'lost'}"
    ]
    await rig.agree()


@of([KINDS["stripe"]])
async def test_more_goes_back_than_was_paid(rig: Rig) -> None:
    """40 by a lost dispute, and 80 by a refund that was slower: 20 more than there were."""
    payment = await rig.paid()
    where = rig.shop.payments[0].ref
    await rig.shop.dispute(where, part(rig, 40).amount)
    await rig.shop.close_dispute(where, won=False)
    await rig.arrive()
    said = replace(await rig.provider.status(where), refunded=part(rig, 80), disputes=())
    await rig.payments.tell([Said("stripe", said)])
    assert await rig.goods_given() == {payment.id: rig.price.amount}  # no more than was sold
    assert (await rig.wallet(), await rig.debt()) == (0, part(rig, 20).amount)
    assert await rig.revenue() == 0
    assert await ledger.audit(rig.db) == []
    assert await rig.db.fetch("SELECT * FROM payments.audit()") == []


@of([KINDS["stripe"]])
async def test_a_dispute_takes_what_a_refund_under_way_was_to_give(rig: Rig) -> None:
    payment = await rig.paid()
    rig.shop.fault("refund", "timeout_before")
    await rig.payments.refund(payment.id, key="all")
    await rig.shop.dispute(rig.shop.payments[0].ref)
    await rig.shop.close_dispute(rig.shop.payments[0].ref, won=False)
    await rig.arrive()
    with pytest.raises(CannotRefund, match="already"):
        await rig.payments.refund(payment.id, key="again")
    await look(rig, 150)
    await rig.agree()


@of([KINDS["stripe"]])
async def test_a_dispute_of_more_than_is_left_is_our_loss(rig: Rig) -> None:
    payment = await rig.paid()
    where = rig.shop.payments[0].ref
    await give_back(rig, payment, part(rig, 60))
    await rig.shop.dispute(where, part(rig, 50).amount)
    await rig.shop.close_dispute(where, won=False)
    await rig.arrive()
    assert await charge_of(rig, payment) == rig.price
    assert (await rig.suspense(), await rig.debt(), await rig.revenue()) == (0, 0, 0)
    await told(rig, where)
    await rig.agree()


# -- Stripe's own ------------------------------------------------------------------


@of([KINDS["stripe"]])
async def test_one_that_takes_its_days(rig: Rig) -> None:
    payment = await rig.paid(purpose="wallet.topup")
    rig.shop.fault_in_callbacks("lost", times=None)
    rig.shop.fault("refund", "refund_pending")
    refund = await rig.payments.refund(payment.id, key="r")
    assert (refund.status, await rig.wallet()) == ("sent", rig.price.amount)
    await look(rig, 150)
    (refund,) = await rig.payments.refunds(payment.id)
    assert refund.status == "sent"
    assert refund.ref is not None
    await rig.shop.settle_refund(refund.ref)  # type: ignore[attr-defined]
    await look(rig, 3600)
    (refund,) = await rig.payments.refunds(payment.id)
    assert (refund.status, await rig.wallet()) == ("done", 0)
    await rig.agree()


@of([KINDS["stripe"]])
async def test_one_that_takes_its_days_and_fails(rig: Rig) -> None:
    payment = await rig.paid(purpose="wallet.topup")
    rig.shop.fault_in_callbacks("lost", times=None)
    rig.shop.fault("refund", "refund_pending")
    refund = await rig.payments.refund(payment.id, key="r")
    await rig.shop.settle_refund(str(refund.ref), well=False)  # type: ignore[attr-defined]
    await look(rig, 3600)
    (refund,) = await rig.payments.refunds(payment.id)
    assert (refund.status, await rig.wallet()) == ("declined", rig.price.amount)
    await spend(rig, rig.price.amount)
    await rig.agree()


@of([KINDS["stripe"]])
async def test_one_that_was_done_and_comes_back(rig: Rig) -> None:
    """40 percent go back, and return a week later: they are the payer's, in the wallet, and the
    rest can be given back for what was bought."""
    payment = await rig.paid()
    refund = await give_back(rig, payment, part(rig, 40), key="one")
    await rig.tg.clock.move(7 * 86_400)
    await rig.shop.settle_refund(str(refund.ref), well=False)  # type: ignore[attr-defined]
    await rig.arrive()
    await told(rig, rig.shop.payments[0].ref)
    await look(rig, 60)
    assert await rig.wallet() == part(rig, 40).amount
    assert await charge_of(rig, payment) == Money(0, "USD")
    said = await rig.said()
    assert said.count("operator: refund-returned") == 1
    assert said.count("telegram: payment-refund-returned") == 1
    await look(rig, 3600)
    await told(rig, rig.shop.payments[0].ref)
    assert await rig.wallet() == part(rig, 40).amount
    await rig.agree()
    whole = await give_back(rig, payment, key="two")
    assert (whole.amount, whole.share) == (rig.price, part(rig, 60))
    assert await rig.goods_given() == {payment.id: rig.price.amount}
    assert (await rig.wallet(), await rig.debt(), await rig.revenue()) == (0, 0, 0)
    assert (await rig.get(payment)).delivery == "taken_back"
    await rig.shop.settle_refund(str(whole.ref), well=False)  # type: ignore[attr-defined]
    await told(rig, rig.shop.payments[0].ref)
    await look(rig, 60)
    assert await rig.wallet() == rig.price.amount
    await rig.agree()


@of([KINDS["stripe"]])
async def test_what_comes_back_repays_what_is_owed(rig: Rig) -> None:
    payment = await rig.paid(purpose="wallet.topup")
    await spend(rig, part(rig, 70).amount)
    for number, owed in (("one", 70), ("two", 70)):  # the same total falls twice
        refund = await give_back(rig, payment, key=number, even_if_spent=True)
        assert (await rig.wallet(), await rig.debt()) == (0, part(rig, owed).amount)
        await rig.shop.settle_refund(str(refund.ref), well=False)  # type: ignore[attr-defined]
        await rig.arrive()
        await look(rig, 60)
        assert (await rig.wallet(), await rig.debt()) == (part(rig, 30).amount, 0)
    await rig.agree()


@of([KINDS["stripe"]])
async def test_a_doubt_ends_only_with_an_answer_to_it(rig: Rig) -> None:
    """An old word raises a doubt; while the provider is asked, more is given back."""
    payment = await rig.paid()
    await give_back(rig, payment, part(rig, 40), key="one")
    where = rig.shop.payments[0].ref
    old = await rig.provider.status(where)
    await give_back(rig, payment, part(rig, 20), key="two")
    real = rig.provider.status
    await look(rig, 7200)  # nobody would look at it any more

    await rig.payments.tell([Said("stripe", old)])
    doubted = await rig.payments.refunds(payment.id)
    assert {each.why for each in doubted} == {"is it there still?"}
    rig.shop.fault("status", "down")
    await look(rig, 60)  # no answer

    async def meanwhile(ref: str) -> Any:
        rig.provider.status = real  # type: ignore[method-assign]
        report = await real(ref)
        await give_back(rig, payment, part(rig, 10), key="three")
        return report

    rig.provider.status = meanwhile  # type: ignore[method-assign]
    await look(rig, 60)
    assert await rig.wallet() == 0
    await look(rig, 60)
    assert {each.why for each in await rig.payments.refunds(payment.id)} == {""}
    assert (await rig.wallet(), await charge_of(rig, payment)) == (0, part(rig, 70))
    assert "operator: refund-returned" not in await rig.said()
    await rig.agree()
