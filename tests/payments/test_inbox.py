"""What was taken in is kept until it is settled, or until a person must look."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from kassa import clock, ledger
from kassa.db import Tx
from kassa.money import Money
from kassa.payments import Inbox, Payer, Payment, Payments, Status, inbox, letters
from kassa.payments.models import Delivered
from kassa.payments.providers.protocol import (
    Created,
    Mute,
    Order,
)
from tests.conftest import Fresh
from tests.payments.cases import ALL, letter, of, one_event_each
from tests.payments.native import NativeShop
from tests.payments.rig import KINDS, USER, Kind, Rig, a_rig, ref


async def months_pass(rig: Rig) -> None:
    """All tries of the inbox, each at its time."""
    for _ in range(len(inbox.AGAIN) + 1):
        await rig.tg.clock.move(12 * 3600 + 1)
        await rig.inbox.drain()


async def somebody_elses(rig: Rig, key: str = "kassa-unknown") -> str:
    """A payment under our credentials that our database knows nothing of."""
    if isinstance(rig.shop, NativeShop):
        rig.shop.agrees = True  # another program of the same bot
    made = await rig.provider.create(
        Order(
            key,
            rig.price,
            "A thing",
            USER,
            method=rig.kind.method,
            payer=Payer(telegram_id=rig.payer),
            return_url="https://shop.example.com/success",
        )
    )
    assert isinstance(made, Created)
    return made.ref


# -- unknown payments --------------------------------------------------------------


@ALL
async def test_a_payment_that_nobody_knows(fresh: Fresh, kind: Kind) -> None:
    """Kept, tried again for a day, then the money waits in suspense and the operator knows."""
    async with a_rig(fresh, kind) as rig:
        one_event_each(rig)
        there = await somebody_elses(rig)
        await rig.shop.pay(there)
        await rig.arrive()
        kept = await letter(rig)
        assert (kept.state, kept.tries, kept.said) == ("waiting", 1, "no such payment yet")
        for tries in range(2, len(inbox.AGAIN) + 1):
            due = (await letter(rig)).due_at
            assert due is not None
            assert due - clock.now() <= timedelta(seconds=inbox.AGAIN[tries - 2])
            assert await rig.inbox.turn() == 0  # not before its time
            await rig.tg.clock.move((due - clock.now()).total_seconds() + 0.01)
            await rig.inbox.drain()
            assert (await letter(rig)).tries == tries
            assert await rig.suspense() == 0
        await rig.tg.clock.move(12 * 3600 + 1)
        await rig.inbox.drain()
        kept = await letter(rig)
        assert (kept.state, kept.said) == ("handled", "nobody's money, in suspense")
        assert await rig.said() == ["operator: payment-stray"]
        assert await rig.suspense() == rig.price.amount
        if kind.name != "stripe":  # whose event did not say what was kept
            await rig.agree()
        # Once more, by hand: it is there only once.
        await rig.db.run(lambda tx: letters.replay(tx, [kept.id]))
        await months_pass(rig)
        assert await rig.db.fetchval("SELECT count(*) FROM payments.charge") == 1
        assert (await letter(rig)).said == "nobody's money, in suspense"
        assert await rig.said() == ["operator: payment-stray"]
        assert await ledger.audit(rig.db) == []


@ALL
async def test_a_payment_that_turns_up_after_its_money(fresh: Fresh, kind: Kind) -> None:
    """It takes its money out of suspense."""
    async with a_rig(fresh, kind) as rig:
        one_event_each(rig)
        started = await rig.begin()
        await rig.shop.pay(ref(started))
        # Nobody had written it down: a backup was put back, say.
        await rig.db.execute(
            "UPDATE payments.attempt SET key = 'kassa-lost', ref = NULL WHERE id = $1",
            started.attempt.id,
        )
        await rig.arrive()
        await months_pass(rig)
        assert await rig.suspense() > 0
        assert (await rig.get(started)).status is Status.AWAITING_PAYER
        await rig.db.execute(
            "UPDATE payments.attempt SET key = $2, ref = $3 WHERE id = $1",
            *(started.attempt.id, started.attempt.key, started.attempt.ref),
        )
        if rig.provider.abilities.status:
            await rig.payments.check(started.payment.id)
        else:
            await rig.db.run(lambda tx: letters.replay(tx, [1]))
            await rig.inbox.drain()
        payment = await rig.get(started)
        assert (payment.status, payment.delivery) == (Status.SUCCEEDED, "done")
        assert [c.fit for c in await rig.payments.charges(payment.id)] == ["exact"]
        assert await rig.suspense() == 0
        assert await rig.revenue() == rig.price.amount
        await rig.agree()
        # And the letter, once more.
        await rig.db.run(lambda tx: letters.replay(tx, [1]))
        await rig.inbox.drain()
        assert (await letter(rig)).said == "nothing new"
        await rig.agree()


@of("cryptopay")
async def test_coins_that_were_nobodys(fresh: Fresh, kind: Kind) -> None:
    """5 dollars, paid in TON: TON wait in suspense, and become 5 dollars when it turns up."""
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin(amount=Money(500, "USD"))
        forget = "UPDATE payments.attempt SET key = $1, ref = $2"
        await rig.db.execute(forget, "kassa-lost", None)
        await rig.shop.pay(ref(started), currency="TON")
        await rig.arrive()
        await months_pass(rig)
        assert await rig.suspense("TON") > 0
        assert await rig.suspense("USD") == 0
        await rig.agree()
        await rig.db.execute(forget, started.attempt.key, started.attempt.ref)
        assert (await rig.payments.check(started.payment.id)).delivery == "done"
        assert await rig.suspense("TON") == 0
        await rig.agree()


@of("stripe")
async def test_words_without_money_about_nobody_end_as_a_dead_letter(
    fresh: Fresh, kind: Kind
) -> None:
    async with a_rig(fresh, kind) as rig:
        one_event_each(rig)
        there = await somebody_elses(rig)
        await rig.shop.expire(there)
        await rig.arrive()
        await months_pass(rig)
        dead = await letter(rig)
        assert (dead.state, dead.said) == ("dead", "no such payment")
        assert await rig.said() == ["operator: inbox-dead"]
        assert await letters.standing(rig.db) == {"due": 0, "oldest_seconds": 0.0, "dead": 1}
        assert [each.id for each in await letters.page(rig.db, state="dead")] == [dead.id]
        assert await letters.page(rig.db, state="handled") == []
        assert await letters.page(rig.db, provider="oneplat") == []
        shown, callback = await letters.one(rig.db, dead.id)
        assert shown == dead
        assert callback.body == rig.shop.sent[-1].body
        await rig.agree()


@of("stripe")
async def test_a_dead_letter_is_replayed(fresh: Fresh, kind: Kind) -> None:
    """Somebody has put right what was wrong, and sends it through once more."""
    async with a_rig(fresh, kind) as rig:
        one_event_each(rig)
        started = await rig.begin()
        await rig.shop.pay(ref(started))
        await rig.shop.delivered()
        await rig.db.execute(
            "UPDATE payments.inbox SET body = replace(convert_from(body, 'UTF8'),"
            " '\"type\"', '\"tipe\"')::bytea"
        )
        await rig.inbox.drain()
        dead = await letter(rig)
        assert dead.state == "dead"
        assert dead.said.startswith("cannot be understood any more")
        assert await rig.said() == ["operator: inbox-dead"]
        await rig.db.execute(
            "UPDATE payments.inbox SET body = replace(convert_from(body, 'UTF8'),"
            " '\"tipe\"', '\"type\"')::bytea"
        )
        assert await rig.db.run(lambda tx: letters.replay(tx, [dead.id, 999])) == 1
        await rig.inbox.drain()
        done = await letter(rig)
        assert (done.state, done.said) == ("handled", "exact")
        assert (await rig.get(started)).delivery == "done"
        await rig.agree()


@of("stripe")
async def test_a_copy_wakes_a_dead_letter(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        one_event_each(rig)
        started = await rig.begin()
        await rig.shop.pay(ref(started))
        await rig.shop.delivered()
        await rig.db.execute("UPDATE payments.inbox SET dead_at = now(), due_at = NULL, tries = 10")
        await rig.inbox.drain()
        assert (await rig.get(started)).status is Status.AWAITING_PAYER
        await rig.shop.send_again()
        await rig.inbox.drain()
        woken = await letter(rig)
        assert (woken.state, woken.copies, woken.tries) == ("handled", 2, 0)
        assert (await rig.get(started)).delivery == "done"


@of("yookassa")
async def test_the_provider_knows_no_such_payment(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        sent = rig.shop.callback(ref(started), "paid", id="never-made")
        await rig.http.post(sent.url, content=sent.body, headers=sent.headers)
        await rig.inbox.drain()
        dead = await letter(rig)
        assert (dead.state, dead.said) == ("dead", "the provider knows no such payment")
        assert (await rig.get(started)).status is Status.AWAITING_PAYER
        await rig.agree()


@of("oneplat", "yookassa")
async def test_the_provider_does_not_answer_when_it_is_asked(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        rig.shop.fault("*", "down", times=2)
        await rig.shop.pay(ref(started))
        await rig.arrive()
        assert (await letter(rig)).tries == 1
        await rig.tg.clock.move(2.1)
        await rig.inbox.drain()
        assert (await letter(rig)).tries == 2
        assert (await rig.get(started)).status is Status.AWAITING_PAYER
        await rig.tg.clock.move(10.1)
        await rig.inbox.drain()
        assert (await letter(rig)).state == "handled"
        assert (await rig.get(started)).delivery == "done"
        await rig.agree()


@of("oneplat")
async def test_whoever_asked_has_died(fresh: Fresh, kind: Kind) -> None:
    """A row is theirs for a minute; then another one asks."""
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        await rig.shop.pay(ref(started))
        await rig.shop.delivered()
        second = Inbox(rig.payments)
        await rig.inbox._confirm()  # and is killed in the middle
        for task in list(rig.inbox._asking):
            task.cancel()
            await asyncio.wait([task])
        assert await second.turn() == 0
        await rig.tg.clock.move(61)
        await second.drain()
        assert (await rig.get(started)).delivery == "done"
        await rig.agree()


@of("stripe")
@pytest.mark.parametrize("tries", [0, 1], ids=["in a batch", "alone"])
async def test_what_one_process_has_in_hand_another_leaves(
    fresh: Fresh, kind: Kind, tries: int
) -> None:
    async with a_rig(fresh, kind) as rig:
        one_event_each(rig)
        started = await rig.begin()
        await rig.shop.pay(ref(started))
        await rig.shop.delivered()
        await rig.db.execute("UPDATE payments.inbox SET tries = $1", tries)
        begun, may_end = asyncio.Event(), asyncio.Event()

        async def slow(tx: Tx, payment: Payment) -> Delivered:
            begun.set()
            await may_end.wait()
            return await rig.goods.on_paid(tx, payment)

        purposes = rig.payments.purposes
        purposes["test.goods"] = replace(purposes["test.goods"], on_paid=slow)
        first = asyncio.create_task(rig.inbox.turn())
        async with asyncio.timeout(5):
            await begun.wait()
            await Inbox(rig.payments).turn()  # does not wait for the other
        may_end.set()
        await first
        assert rig.goods.given == [started.payment.id]
        assert (await letter(rig)).said == "exact"
        await rig.agree()


@of("oneplat")
async def test_only_so_many_are_asked_about_at_once(fresh: Fresh, kind: Kind) -> None:
    async with a_rig(fresh, kind) as rig:
        started = [await rig.begin() for _ in range(inbox.CONFIRMING + 4)]
        for each in started:
            await rig.shop.pay(ref(each))
        await rig.shop.delivered()
        assert await rig.inbox.turn() == inbox.CONFIRMING
        assert len(rig.inbox._asking) == inbox.CONFIRMING
        assert await rig.inbox.turn() <= inbox.CONFIRMING
        assert len(rig.inbox._asking) <= inbox.CONFIRMING
        await rig.inbox.drain()
        assert {(await rig.get(each)).delivery for each in started} == {"done"}
        await rig.agree()


# -- providers ---------------------------------------------------------------------


@ALL
async def test_a_provider_that_is_no_longer_set_up(fresh: Fresh, kind: Kind) -> None:
    """Its letters wait until it is."""
    async with a_rig(fresh, kind) as rig:
        one_event_each(rig)
        started = await rig.begin()
        await rig.shop.pay(ref(started))
        await rig.shop.delivered()
        without = Payments(rig.db, providers={}, purposes=[])
        beside = Inbox(without)
        await beside.drain()
        assert (await letter(rig)).state == "waiting"
        assert (await letter(rig)).tries == 0
        assert (await without.check(started.payment.id)).status is Status.AWAITING_PAYER
        await rig.inbox.drain()
        assert (await rig.get(started)).delivery == "done"
        await rig.agree()


@of("stripe", "oneplat")
async def test_it_runs_beside_and_stops(fresh: Fresh, kind: Kind) -> None:
    """`run` settles what comes at once, without waiting for its next look."""
    async with a_rig(fresh, kind) as rig:
        rig.inbox._poll = 60
        beside = asyncio.create_task(rig.inbox.run())
        try:
            started = await rig.begin()
            await rig.shop.pay(ref(started))
            await rig.shop.delivered()
            async with asyncio.timeout(5):
                while (await rig.get(started)).delivery != "done":
                    await asyncio.sleep(0.01)
        finally:
            beside.cancel()
            await asyncio.wait([beside])
        await rig.agree()


@of("stripe")
async def test_what_cannot_be_stored_is_not_answered_as_stored(fresh: Fresh, kind: Kind) -> None:
    """The provider sends it again, since it got an error."""
    async with a_rig(fresh, kind) as rig:
        started = await rig.begin()
        stored = rig.inbox._stored
        database, stored._database = stored._database, _Down()  # type: ignore[assignment]
        await rig.shop.pay(ref(started))
        await rig.shop.delivered()
        assert rig.shop.sent[-1].status == 503
        stored._database = database
        await rig.tg.clock.move(61)
        await rig.arrive()
        assert rig.shop.sent[-1].status == 200
        assert (await rig.get(started)).delivery == "done"
        await rig.agree()


class _Down:
    async def run(self, work: object) -> None:
        raise Mute("the disk is full")


async def test_what_was_handled_long_ago_is_thrown_away(fresh: Fresh) -> None:
    async with a_rig(fresh, KINDS["cryptopay"]) as rig:
        await rig.paid()
        assert await rig.db.run(letters.prune) == 0
        await rig.tg.clock.move(days=89)
        paid = rig.shop.payments[0].ref
        sent = rig.shop.callback(paid, "paid", invoice_id=987654321, payload="kassa-unknown")
        await rig.http.post(sent.url, content=sent.body, headers=sent.headers)
        await rig.tg.clock.move(days=2)
        assert await rig.db.run(letters.prune) == 1
        (left,) = await letters.page(rig.db)
        assert left.state == "waiting"  # only what is done goes
        await rig.shop.send_again()
        await rig.arrive()
        assert len(await rig.payments.charges(1)) == 1  # the same callback finds what is booked
        await rig.agree()
