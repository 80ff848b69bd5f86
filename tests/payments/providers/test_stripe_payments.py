"""Stripe: the way of a payment through its own client, its fake, and what can go wrong."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from kassa import clock
from kassa.db import Database
from kassa.money import Money
from kassa.payments.providers.protocol import (
    Created,
    Declined,
    Incoming,
    Mute,
    NoSuchPayment,
    Order,
    Payer,
    Refunded,
    Refused,
    Report,
    State,
    Unknown,
    Why,
)
from kassa.payments.providers.stripe import Stripe
from kassa.payments.providers.stripe_reading import WANTED
from tests.payments.providers.at_stripe import back, hour_ago, order, ours, soon, usd
from tests.payments.providers.letters import Letters, letters, unsent
from tgsandbox.providers.shop import Shop
from tgsandbox.sandbox import Sandbox

NEW = "whsec_NEW"


@pytest.fixture
async def tg() -> AsyncIterator[Sandbox]:
    async with Sandbox() as running:
        yield running


@pytest.fixture
async def heard() -> AsyncIterator[Letters]:
    async with letters() as found:
        yield found


@pytest.fixture
async def shop(tg: Sandbox, heard: Letters) -> Shop:
    made = tg.bank.shop("stripe", callback_url=heard.url)
    made.enabled_events = sorted(WANTED)  # type: ignore[attr-defined]
    return made


@pytest.fixture
async def stripe(shop: Shop) -> AsyncIterator[Stripe]:
    given = shop.credentials
    made = ours(given["webhook_secret"], key=given["secret_key"], stripe_base_url=shop.base_url)
    yield made
    await made.close()


def understood(stripe: Stripe, heard: Letters) -> list[Incoming]:
    """All that came, each proven to be Stripe's."""
    for callback in heard:
        stripe.verify(callback, at=clock.now())
    return [stripe.parse(callback) for callback in heard]


def reports(stripe: Stripe, heard: Letters, kind: str) -> list[Report]:
    return [
        report
        for incoming in understood(stripe, heard)
        if incoming.kind == kind
        for report in incoming.reports
    ]


async def paid(stripe: Stripe, shop: Shop, **more: Any) -> Created:
    created = await stripe.create(order(**more))
    assert isinstance(created, Created)
    await shop.pay(created.ref)
    await shop.delivered()
    return created


# -- the way of a payment ----------------------------------------------------------


async def test_a_payment_is_made_paid_and_heard_of(
    stripe: Stripe, shop: Shop, heard: Letters
) -> None:
    asked = order(
        payer=Payer("ru", email="buyer@example.com"), cancel_url="https://shop.example/no"
    )
    created = await stripe.create(asked)
    assert isinstance(created, Created)
    assert created.ref.startswith("cs_")
    assert created.checkout.url
    assert created.checkout.expires_at
    assert created.report is None
    assert (await stripe.status(created.ref)).state is State.WAITING

    await shop.pay(created.ref)
    await shop.delivered()
    (said,) = reports(stripe, heard, "checkout.session.completed")
    assert (said.ref, said.key, said.state) == (created.ref, "key-1", State.PAID)
    assert said.amount == usd(10_00)
    known = await stripe.status(created.ref)
    assert (known.state, known.amount, known.charge) == (State.PAID, usd(10_00), said.charge)
    assert known.fee == usd(59)  # 2.9 % and 0.30
    assert known.refunded == usd(0)
    assert [report async for report in stripe.list(hour_ago(), soon())] == [
        replace(known, ref="", checkout=None)
    ]
    assert shop.held() == {"USD": 10_00 - 59}


async def test_the_same_key_makes_one_payment(stripe: Stripe, shop: Shop) -> None:
    asked = order(expires_at=clock.now() + timedelta(hours=2))
    first, second = await stripe.create(asked), await stripe.create(asked)
    assert first == second
    assert len(shop.payments) == 1
    other = await stripe.create(replace(asked, amount=usd(11_00)))
    assert isinstance(other, Unknown)  # something was made with that key


@pytest.mark.parametrize(("given", "expected"), [(5, 31), (120, 120), (3 * 1440, 1439)])
async def test_a_page_lives_as_long_as_stripe_lets_it(
    stripe: Stripe, given: int, expected: int
) -> None:
    now = clock.now()
    created = await stripe.create(order(expires_at=now + timedelta(minutes=given)))
    assert isinstance(created, Created)
    assert created.checkout.expires_at
    late = created.checkout.expires_at - (now + timedelta(minutes=expected))
    assert abs(late) < timedelta(seconds=10)


async def test_a_payment_that_takes_days(stripe: Stripe, shop: Shop, heard: Letters) -> None:
    created = await stripe.create(order())
    assert isinstance(created, Created)
    await shop.start(created.ref)
    await shop.delivered()
    (said,) = reports(stripe, heard, "checkout.session.completed")
    assert (said.state, said.amount) == (State.PROCESSING, None)
    assert (await stripe.status(created.ref)).state is State.PROCESSING
    await shop.decline(created.ref)
    await shop.delivered()
    (said,) = reports(stripe, heard, "checkout.session.async_payment_failed")
    assert said.state is State.FAILED
    assert (await stripe.status(created.ref)).state is State.FAILED


async def test_a_page_can_be_closed(stripe: Stripe, shop: Shop, heard: Letters) -> None:
    created = await stripe.create(order())
    assert isinstance(created, Created)
    await shop.decline(created.ref)  # a card did not work; the page is still there
    assert (await stripe.status(created.ref)).state is State.WAITING
    await stripe.cancel(created.ref)
    await shop.delivered()
    assert (await stripe.status(created.ref)).state is State.EXPIRED
    (said,) = reports(stripe, heard, "checkout.session.expired")
    assert (said.ref, said.state) == (created.ref, State.EXPIRED)
    await stripe.cancel(created.ref)  # again: nothing
    done = await paid(stripe, shop, key="key-2")
    await stripe.cancel(done.ref)
    assert (await stripe.status(done.ref)).state is State.PAID


async def test_money_is_held_and_a_part_of_it_taken(
    stripe: Stripe, shop: Shop, heard: Letters
) -> None:
    created = await stripe.create(order(hold=True))
    assert isinstance(created, Created)
    await shop.authorize(created.ref)
    await shop.delivered()
    (said,) = reports(stripe, heard, "checkout.session.completed")
    (held,) = reports(stripe, heard, "payment_intent.amount_capturable_updated")
    assert said.state is held.state is State.AUTHORIZED
    assert said.amount == held.amount == usd(10_00)
    assert (await stripe.status(created.ref)).state is State.AUTHORIZED

    taken = await stripe.capture(created.ref, usd(6_00), key="take-1")
    assert isinstance(taken, Report)
    assert (taken.ref, taken.state, taken.amount) == (created.ref, State.PAID, usd(6_00))
    assert taken.fee == usd(47)
    assert taken.refunded == usd(0)
    again = await stripe.capture(created.ref, usd(6_00), key="take-2")
    assert isinstance(again, Declined)


async def test_held_money_is_let_go(stripe: Stripe, shop: Shop, heard: Letters) -> None:
    created = await stripe.create(order(hold=True))
    assert isinstance(created, Created)
    nothing = await stripe.capture(created.ref, usd(6_00), key="take-1")
    assert isinstance(nothing, Declined)
    await shop.authorize(created.ref)
    await stripe.cancel(created.ref)
    await shop.delivered()
    assert (await stripe.status(created.ref)).state is State.CANCELED
    (said,) = reports(stripe, heard, "payment_intent.canceled")
    assert (said.key, said.state) == ("key-1", State.CANCELED)
    assert shop.held() == {}


async def test_a_card_is_kept_and_charged_again(stripe: Stripe, shop: Shop, heard: Letters) -> None:
    first = await paid(stripe, shop, save=True)
    known = await stripe.status(first.ref)
    assert known.saved.startswith("cus_")
    assert known.saved_title == "Visa *4242"
    (said, *_) = reports(stripe, heard, "payment_intent.succeeded")
    assert said.saved == known.saved

    second = await stripe.create(order(key="key-2", amount=5_00, saved=known.saved))
    assert isinstance(second, Created)
    assert second.ref.startswith("pi_")
    assert second.report
    assert (second.report.state, second.report.amount) == (State.PAID, usd(5_00))
    assert (second.report.fee, second.report.key) == (usd(45), "key-2")
    assert await stripe.find(order(key="key-2", saved=known.saved)) == second

    shop.fault("charge", "card_declined")
    third = await stripe.create(order(key="key-3", saved=known.saved))
    assert isinstance(third, Declined)
    assert third.why is Why.DECLINED
    gone = await stripe.create(order(key="key-4", saved="cus_none/pm_none"))
    assert isinstance(gone, Declined)


# -- refunds and disputes ----------------------------------------------------------


async def test_money_is_given_back_in_parts(stripe: Stripe, shop: Shop, heard: Letters) -> None:
    created = await paid(stripe, shop)
    part = await stripe.refund(back(created.ref, 4_00))
    assert part == await stripe.refund(back(created.ref, 4_00))  # the same key: once
    assert isinstance(part, Refunded)
    assert part.done
    known = await stripe.status(created.ref)
    assert (known.state, known.refunded) == (State.PAID, usd(4_00))
    rest = await stripe.refund(replace(back(created.ref, 6_00, "back-2"), charge=known.charge))
    assert isinstance(rest, Refunded)
    too_much = await stripe.refund(back(created.ref, 1, "back-3"))
    assert isinstance(too_much, Declined)
    await shop.delivered()
    told = reports(stripe, heard, "charge.refunded")
    assert sorted(each.refunded.amount for each in told if each.refunded) == [4_00, 10_00]
    assert {each.charge for each in told} == {known.charge}
    assert await stripe.find_refund(back(created.ref, 4_00)) == part


async def test_a_refund_on_its_way_arrives_or_fails(
    stripe: Stripe, shop: Shop, heard: Letters
) -> None:
    created = await paid(stripe, shop)
    shop.fault("refund", "refund_pending")
    given = await stripe.refund(back(created.ref, 4_00))
    assert isinstance(given, Refunded)
    assert not given.done
    await shop.settle_refund(given.ref, well=False)  # type: ignore[attr-defined]
    await shop.delivered()
    failed = await stripe.find_refund(back(created.ref, 4_00))
    assert isinstance(failed, Declined)
    assert (await stripe.status(created.ref)).refunded == usd(0)
    assert any(each.confirm and each.reports for each in understood(stripe, heard))


async def test_a_refund_from_the_dashboard_is_listed_when_it_is_made(
    tg: Sandbox, stripe: Stripe, shop: Shop
) -> None:
    created = await paid(stripe, shop)
    await tg.clock.move(days=3)
    await shop.refund(created.ref, 2_50)
    since = clock.now() + timedelta(days=2)
    (known,) = [report async for report in stripe.list(since, since + timedelta(days=2))]
    assert (known.key, known.refunded) == ("key-1", usd(2_50))


async def test_each_payment_is_listed_once(stripe: Stripe, shop: Shop) -> None:
    """However often its money has moved; what somebody else made in the account is not."""
    first, second = await paid(stripe, shop), await paid(stripe, shop, key="key-2")
    await shop.refund(first.ref, 1_00)
    await shop.refund(first.ref, 2_00)
    await shop.dispute(second.ref)
    foreign = await stripe.create(order("key-3"))
    assert isinstance(foreign, Created)
    shop.payment(foreign.ref).data["asked"]["metadata"] = {}
    await shop.pay(foreign.ref)
    found = {report.key: report async for report in stripe.list(hour_ago(), soon())}
    assert found["key-1"].refunded == usd(3_00)
    assert [dispute.amount for dispute in found["key-2"].disputes] == [usd(10_00)]
    assert len([report async for report in stripe.list(hour_ago(), soon())]) == len(found) == 2


async def test_a_dispute_is_won(stripe: Stripe, shop: Shop, heard: Letters) -> None:
    created = await paid(stripe, shop)
    await shop.dispute(created.ref)
    known = await stripe.status(created.ref)
    (dispute,) = known.disputes
    assert (dispute.amount, dispute.state) == (usd(10_00), "open")
    assert (known.fee, dispute.fee) == (usd(59), usd(15_00))  # what a dispute costs is kept, too
    await shop.close_dispute(created.ref, won=True)
    await shop.delivered()
    (closed,) = reports(stripe, heard, "charge.dispute.closed")
    assert closed.disputes == (replace(dispute, state="won"),)
    assert closed.charge == known.charge
    (opened,) = reports(stripe, heard, "charge.dispute.created")
    assert opened.disputes == (dispute,)


# -- when nobody knows -------------------------------------------------------------


async def test_a_payment_whose_making_was_lost_is_found(stripe: Stripe, shop: Shop) -> None:
    shop.fault("create", "timeout_before")
    asked = order()
    assert isinstance(await stripe.create(asked), Unknown)
    assert await stripe.find(asked) is None
    shop.fault("create", "timeout_after")
    assert isinstance(await stripe.create(asked), Unknown)
    found = await stripe.find(asked)
    assert isinstance(found, Created)
    assert found.ref == shop.payments[0].ref
    assert found.checkout.url


async def test_it_is_found_among_many(stripe: Stripe, shop: Shop) -> None:
    asked = [order(key=f"key-{number}") for number in range(103)]
    first = await stripe.create(asked[0])
    await asyncio.gather(*(stripe.create(each) for each in asked[1:]))
    assert await stripe.find(asked[0]) == first


async def test_a_key_that_was_forgotten_is_not_sent_again(
    tg: Sandbox, stripe: Stripe, shop: Shop
) -> None:
    asked = order()
    first = await stripe.create(asked)
    assert isinstance(first, Created)
    await tg.clock.move(days=2)
    with clock.moved(lambda: datetime.now(UTC) + timedelta(days=2)):
        again = await stripe.create(asked)
    assert isinstance(again, Created)
    assert again.ref == first.ref
    assert len(shop.payments) == 1


async def test_a_charge_without_an_answer_is_not_given_up_at_once(
    stripe: Stripe, shop: Shop
) -> None:
    first = await paid(stripe, shop, save=True)
    saved = (await stripe.status(first.ref)).saved
    asked = order(key="key-2", saved=saved)
    shop.fault("charge", "timeout_before")
    assert isinstance(await stripe.create(asked), Unknown)
    with pytest.raises(Mute):
        await stripe.find(asked)
    later = datetime.now(UTC) + timedelta(minutes=3)
    with clock.moved(lambda: later):
        assert await stripe.find(asked) is None


async def test_a_refund_without_an_answer_is_looked_for(
    tg: Sandbox, stripe: Stripe, shop: Shop
) -> None:
    created = await paid(stripe, shop)
    shop.fault("refund", "timeout_after")
    lost = back(created.ref, 4_00, asked_at=clock.now())
    assert isinstance(await stripe.refund(lost), Unknown)
    assert isinstance(await stripe.find_refund(lost), Refunded)
    shop.fault("refund", "timeout_before")
    never = back(created.ref, 1_00, "back-2", asked_at=clock.now())
    assert isinstance(await stripe.refund(never), Unknown)
    assert isinstance(await stripe.find_refund(never), Unknown)  # it may be on its way
    later = datetime.now(UTC) + timedelta(minutes=3)
    with clock.moved(lambda: later):
        assert isinstance(await stripe.find_refund(never), Declined)
        assert isinstance(await stripe.refund(never), Refunded)
    await tg.clock.move(days=2)
    with clock.moved(lambda: datetime.now(UTC) + timedelta(days=2)):
        assert isinstance(await stripe.refund(lost), Refunded)
        gone = await stripe.refund(back(created.ref, 2_00, "back-3", asked_at=lost.asked_at))
    assert isinstance(gone, Declined)
    assert shop.payments[0].refunded == 5_00


async def test_an_error_with_or_without_the_effect_is_unknown(stripe: Stripe, shop: Shop) -> None:
    for number, what in enumerate(("error_before", "error_after", "down", "conflict")):
        shop.fault("create", what)
        assert isinstance(await stripe.create(order(key=f"key-{number}")), Unknown), what
    shop.fault("create", "limit")
    busy = await stripe.create(order(key="key-9"))
    assert isinstance(busy, Declined)
    assert busy.why is Why.DOWN


async def test_while_stripe_is_down_nobody_knows(stripe: Stripe, shop: Shop) -> None:
    created = await paid(stripe, shop)
    shop.fault("*", "down", times=None)
    now = clock.now()
    old = order(created_at=now - timedelta(days=2))
    assert isinstance(await stripe.create(old), Unknown)
    for minutes in (0, 10, 2 * 1440):
        asked = back(created.ref, 1_00, asked_at=now - timedelta(minutes=minutes))
        assert isinstance(await stripe.refund(asked), Unknown)
        assert isinstance(await stripe.find_refund(asked), Unknown)
    assert isinstance(await stripe.capture(created.ref, usd(1_00), key="take-1"), Unknown)
    for call in (stripe.cancel(created.ref), stripe.find(old), stripe.status(created.ref)):
        with pytest.raises(Mute):
            await call
    shop.mend()
    shop.fault("capture", "timeout_after")
    assert isinstance(await stripe.capture(created.ref, usd(1_00), key="take-2"), Unknown)
    dinars = replace(back(created.ref, 1_00), amount=Money(1_001, "KWD"))
    refused = await stripe.refund(dinars)
    assert isinstance(refused, Declined)
    assert refused.why is Why.INVALID


async def test_what_was_never_paid_cannot_be_given_back(stripe: Stripe) -> None:
    created = await stripe.create(order())
    assert isinstance(created, Created)
    for ref in (created.ref, "cs_test_none"):
        for answer in (
            await stripe.refund(back(ref, 1_00)),
            await stripe.find_refund(back(ref, 1_00)),
            await stripe.capture(ref, usd(1_00), key="take-1"),
        ):
            assert isinstance(answer, Declined)
            assert answer.why is Why.INVALID


async def test_a_refund_asked_for_again_is_looked_for_first(stripe: Stripe, shop: Shop) -> None:
    """Even if it would be refused now, it may have been done before."""
    created = await paid(stripe, shop)
    asked = back(created.ref, 10_00, asked_at=clock.now() - timedelta(minutes=10))
    first = await stripe.refund(asked)
    shop.fault("refund", "limit")
    assert await stripe.refund(asked) == first


async def test_refusals_say_why(stripe: Stripe, shop: Shop, heard: Letters) -> None:
    async def why(provider: Stripe, asked: Order) -> Why | None:
        answer = await provider.create(asked)
        return answer.why if isinstance(answer, Declined) else None

    assert await why(stripe, order(amount=49)) is Why.LIMIT
    assert await why(stripe, order(payer=Payer(email="nobody"))) is Why.INVALID
    assert await why(stripe, order(return_url="")) is Why.INVALID
    dinars = replace(order(), amount=Money(5_123, "KWD"))
    assert await why(stripe, dinars) is Why.INVALID
    stranger = ours(key="sk_test_STRANGER", stripe_base_url=shop.base_url)
    nowhere = ours(stripe_base_url="http://127.0.0.1:9")
    assert await why(stranger, order()) is Why.CONFIGURATION
    assert await why(nowhere, order()) is Why.DOWN
    with pytest.raises(NoSuchPayment):
        await stripe.status("cs_test_none")
    for provider in (stranger, nowhere):
        with pytest.raises(Mute):
            await provider.status("cs_test_none")
        await provider.close()


@pytest.mark.parametrize(
    "answer", ["", "[]", '{"data":[5]}', "{}", '{"id":5}', '{"id":"cs_1","metadata":7}', "1"]
)
async def test_an_answer_that_cannot_be_read_is_unknown(answer: str) -> None:
    async def says(_: web.Request) -> web.Response:
        return web.Response(text=answer, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", says)
    async with TestServer(app) as server:
        stripe = ours(stripe_base_url=str(server.make_url("")).rstrip("/"))
        assert isinstance(await stripe.create(order()), Unknown)
        assert isinstance(await stripe.refund(replace(back("cs_1", 1_00), charge="pi_1")), Unknown)
        with pytest.raises(Mute):
            await stripe.status("cs_1")
        with pytest.raises(Mute):
            await stripe.find(order())
        await stripe.close()


async def test_no_call_is_made_inside_a_transaction(stripe: Stripe, db: Database) -> None:
    async with db.transaction():
        with pytest.raises(RuntimeError, match="inside a transaction"):
            await stripe.create(order())


# -- the doctor --------------------------------------------------------------------


async def test_the_doctor_tells_what_is_wrong(stripe: Stripe, shop: Shop) -> None:
    assert [finding.fine for finding in await stripe.check()] == [True, True, True, True]
    shop.enabled_events = sorted(WANTED - {"charge.refunded"})  # type: ignore[attr-defined]
    (missing,) = [finding for finding in await stripe.check() if not finding.fine]
    assert (missing.what, missing.detail) == ("webhook events", "not sent: charge.refunded")
    stranger = ours(key="sk_test_STRANGER", stripe_base_url=shop.base_url)
    assert [finding.fine for finding in await stranger.check()] == [False, False]
    nowhere = ours(NEW, stripe_base_url="http://127.0.0.1:9")
    assert [finding.fine for finding in await nowhere.check()] == [None, True, True]
    await stranger.close()
    await nowhere.close()


async def test_a_forged_callback_of_the_sandbox_is_refused(stripe: Stripe, shop: Shop) -> None:
    created = await paid(stripe, shop)
    stripe.verify(unsent(shop.callback(created.ref, "paid")), at=clock.now())
    with pytest.raises(Refused):
        stripe.verify(unsent(shop.callback(created.ref, "paid", forged=True)), at=clock.now())
