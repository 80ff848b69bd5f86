"""YooKassa: the way of a payment through its fake, receipts, and what can go wrong."""

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
    Item,
    Mute,
    NoSuchPayment,
    Payer,
    Refunded,
    Report,
    State,
    Unknown,
    Why,
)
from kassa.payments.providers.yookassa import YooKassa
from tests.payments.providers.at_yookassa import (
    BUYER,
    at,
    back,
    hour_ago,
    order,
    ours,
    rub,
    soon,
    why,
)
from tests.payments.providers.letters import Letters, letters, unsent
from tgsandbox.providers.yookassa import YooKassa as Shop
from tgsandbox.sandbox import Sandbox


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
    found = tg.bank.shop("yookassa", callback_url=heard.url)
    assert isinstance(found, Shop)
    return found


@pytest.fixture
async def yookassa(shop: Shop) -> AsyncIterator[YooKassa]:
    made = at(shop)
    yield made
    await made.close()


async def understood(yookassa: YooKassa, shop: Shop, heard: Letters) -> list[Incoming]:
    """All that came so far, verified and read."""
    await shop.delivered()
    for callback in heard:
        yookassa.verify(callback, at=clock.now())
    return [yookassa.parse(callback) for callback in heard]


async def paid(yookassa: YooKassa, shop: Shop, **more: Any) -> str:
    created = await yookassa.create(order(**more))
    assert isinstance(created, Created)
    await shop.pay(created.ref)
    return created.ref


# -- the way of a payment ----------------------------------------------------------


async def test_a_payment_is_made_paid_and_heard_of(
    yookassa: YooKassa, shop: Shop, heard: Letters
) -> None:
    created = await yookassa.create(order(method="card"))
    assert isinstance(created, Created)
    assert created.checkout.url
    assert created.report is None
    assert (await yookassa.status(created.ref)).state is State.WAITING

    await shop.pay(created.ref)
    (incoming,) = await understood(yookassa, shop, heard)
    assert incoming.event == f"payment.succeeded:{created.ref}"
    known = await yookassa.status(created.ref)
    assert incoming.reports == (known,)
    assert (known.key, known.state, known.amount) == ("key-1", State.PAID, rub(500_00))
    assert known.fee == rub(17_50)  # 3.5 %
    assert known.refunded == rub(0)
    assert [report async for report in yookassa.list(hour_ago(), soon())] == [known]
    assert shop.held() == {"RUB": 482_50}


async def test_the_same_key_makes_one_payment(yookassa: YooKassa, shop: Shop) -> None:
    first, second = await yookassa.create(order()), await yookassa.create(order())
    assert first == second
    assert len(shop.payments) == 1
    other = await yookassa.create(order(amount=501_00))
    assert isinstance(other, Unknown)  # something was made with that key


async def test_nobody_pays_and_the_time_is_over(
    tg: Sandbox, yookassa: YooKassa, shop: Shop, heard: Letters
) -> None:
    created = await yookassa.create(order())
    assert isinstance(created, Created)
    await yookassa.cancel(created.ref)  # cannot be, and does no harm
    assert (await yookassa.status(created.ref)).state is State.WAITING
    await tg.clock.move(3601)
    (incoming,) = await understood(yookassa, shop, heard)
    assert incoming.reports[0].state is State.EXPIRED
    assert (await yookassa.status(created.ref)).state is State.EXPIRED


async def test_money_is_held_and_a_part_of_it_taken(
    tg: Sandbox, yookassa: YooKassa, shop: Shop, heard: Letters
) -> None:
    ref = await paid(yookassa, shop, hold=True)
    (incoming,) = await understood(yookassa, shop, heard)
    assert incoming.reports[0].state is State.AUTHORIZED
    assert (await yookassa.status(ref)).amount == rub(500_00)
    await tg.clock.move(days=2)
    taken = await yookassa.capture(ref, rub(300_00), key="take-1")
    assert isinstance(taken, Report)
    assert (taken.state, taken.amount, taken.fee) == (State.PAID, rub(300_00), rub(10_50))
    assert why(await yookassa.capture(ref, rub(300_00), key="take-2")) is Why.INVALID
    # It is listed by when it was taken, not by when it was made.
    since = clock.now() + timedelta(days=1)
    assert [report async for report in yookassa.list(since, since + timedelta(days=2))] == [taken]


async def test_held_money_is_let_go(yookassa: YooKassa, shop: Shop) -> None:
    ref = await paid(yookassa, shop, hold=True)
    await yookassa.cancel(ref)
    assert (await yookassa.status(ref)).state is State.CANCELED
    assert shop.held() == {}
    shop.fault("cancel", "down")
    with pytest.raises(Mute):
        await yookassa.cancel(ref)


async def test_a_card_is_kept_and_charged_again(yookassa: YooKassa, shop: Shop) -> None:
    known = await yookassa.status(await paid(yookassa, shop, save=True))
    assert known.saved
    assert known.saved_title == "MasterCard *4477"
    again = order("key-2", 90_00, saved=known.saved)
    charged = await yookassa.create(again)
    assert isinstance(charged, Created)
    assert charged.report
    assert (charged.report.state, charged.report.amount) == (State.PAID, rub(90_00))
    assert await yookassa.find(again) == charged
    shop.fault("create", "declined")
    refused = await yookassa.create(order("key-3", saved=known.saved))
    assert refused == Declined(Why.DECLINED, "insufficient_funds")


# -- receipts ----------------------------------------------------------------------


async def test_a_receipt_goes_with_the_payment_and_with_its_refund(shop: Shop) -> None:
    shop.receipts = True
    yookassa = at(shop, yookassa_receipts=True, yookassa_vat_code=4)
    assert why(await yookassa.create(order())) is Why.INVALID  # to whom?
    items = [Item("Чай", rub(100_00), 2), Item("Чашка", rub(300_00), vat=6)]
    ref = await paid(yookassa, shop, payer=BUYER, items=items)
    phone = Payer(phone="+79000000000")
    assert await paid(yookassa, shop, key="key-2", payer=phone)  # one line of the description
    wrong = await yookassa.create(order("key-3", payer=BUYER, items=items[:1]))
    assert why(wrong) is Why.INVALID  # 200.00 of 500.00
    assert why(await yookassa.refund(back(ref, 300_00))) is Why.INVALID
    given = await yookassa.refund(back(ref, 300_00, payer=BUYER, items=items[1:]))
    assert isinstance(given, Refunded)
    assert shop.payments[0].data["refunds"][0]["receipt_registration"] == "succeeded"
    held = await paid(yookassa, shop, key="key-4", payer=BUYER, hold=True)
    part = await yookassa.capture(held, rub(100_00), key="take-1")
    assert part == Declined(Why.INVALID, "With receipts, all or nothing is captured.")
    assert isinstance(await yookassa.capture(held, rub(500_00), key="take-2"), Report)
    await yookassa.close()


# -- refunds -----------------------------------------------------------------------


async def test_money_is_given_back_in_parts(yookassa: YooKassa, shop: Shop, heard: Letters) -> None:
    ref = await paid(yookassa, shop)
    first = await yookassa.refund(back(ref, 200_00, reason="не подошло"))
    assert isinstance(first, Refunded)
    assert first == await yookassa.refund(back(ref, 200_00, reason="не подошло"))
    rest = await yookassa.refund(back(ref, 300_00, "back-2"))
    assert isinstance(rest, Refunded)
    assert why(await yookassa.refund(back(ref, 1, "back-3"))) is not None
    *_, told = await understood(yookassa, shop, heard)
    assert (told.reports[0].ref, told.confirm) == (ref, True)
    assert (await yookassa.status(ref)).refunded == rub(500_00)
    assert await yookassa.find_refund(back(ref, 200_00)) == first
    shop.fault("refund", "declined")
    other = await paid(yookassa, shop, key="key-2")
    refused = await yookassa.refund(back(other, 1_00, "back-4"))
    assert refused == Declined(Why.DECLINED, "insufficient_funds")


async def test_a_refund_from_the_cabinet_is_listed_when_it_is_made(
    tg: Sandbox, yookassa: YooKassa, shop: Shop
) -> None:
    ref = await paid(yookassa, shop)
    await tg.clock.move(days=3)
    await shop.refund(ref, 25_00)
    since = clock.now() + timedelta(days=2)
    (known,) = [report async for report in yookassa.list(since, since + timedelta(days=2))]
    assert (known.ref, known.key, known.refunded) == (ref, "key-1", rub(25_00))


async def test_each_payment_is_listed_once(yookassa: YooKassa, shop: Shop) -> None:
    """However often its money has moved; what somebody else made in the shop is not."""
    ref = await paid(yookassa, shop)
    await shop.refund(ref, 1_00)
    await shop.refund(ref, 2_00)
    foreign = await paid(yookassa, shop, key="key-2")
    shop.payment(foreign).data["metadata"] = {}
    await shop.refund(foreign, 1_00)
    (known,) = [report async for report in yookassa.list(hour_ago(), soon())]
    assert (known.key, known.refunded) == ("key-1", rub(3_00))


# -- when nobody knows -------------------------------------------------------------


async def test_a_payment_whose_making_was_lost_is_found(yookassa: YooKassa, shop: Shop) -> None:
    asked = order()
    shop.fault("create", "timeout_before")
    assert isinstance(await yookassa.create(asked), Unknown)
    assert await yookassa.find(asked) is None
    shop.fault("create", "timeout_after")
    assert isinstance(await yookassa.create(asked), Unknown)
    found = await yookassa.find(asked)
    assert isinstance(found, Created)
    assert found.checkout.url
    assert await yookassa.create(asked) == found
    assert len(shop.payments) == 1


async def test_it_is_found_among_many(yookassa: YooKassa, shop: Shop) -> None:
    first = await yookassa.create(order())
    for number in range(2, 104):
        await yookassa.create(order(f"key-{number}"))
    assert await yookassa.find(order()) == first


async def test_a_key_that_was_forgotten_is_not_sent_again(
    tg: Sandbox, yookassa: YooKassa, shop: Shop
) -> None:
    asked = order()
    first = await yookassa.create(asked)
    assert isinstance(first, Created)
    await tg.clock.move(days=2)
    with clock.moved(lambda: datetime.now(UTC) + timedelta(days=2)):
        again = await yookassa.create(asked)
    assert isinstance(again, Created)
    assert again.ref == first.ref
    assert len(shop.payments) == 1


async def test_a_charge_without_an_answer_is_not_given_up_at_once(
    yookassa: YooKassa, shop: Shop
) -> None:
    saved = (await yookassa.status(await paid(yookassa, shop, save=True))).saved
    asked = order("key-2", saved=saved)
    shop.fault("create", "timeout_before")
    assert isinstance(await yookassa.create(asked), Unknown)
    with pytest.raises(Mute):
        await yookassa.find(asked)
    later = datetime.now(UTC) + timedelta(minutes=3)
    with clock.moved(lambda: later):
        assert await yookassa.find(asked) is None


async def test_a_refund_without_an_answer_is_looked_for(
    tg: Sandbox, yookassa: YooKassa, shop: Shop
) -> None:
    ref = await paid(yookassa, shop)
    shop.fault("refund", "timeout_after")
    lost = back(ref, 40_00, asked_at=clock.now())
    assert isinstance(await yookassa.refund(lost), Unknown)
    assert isinstance(await yookassa.find_refund(lost), Refunded)
    shop.fault("refund", "timeout_before")
    never = back(ref, 10_00, "back-2", asked_at=clock.now())
    assert isinstance(await yookassa.refund(never), Unknown)
    assert isinstance(await yookassa.find_refund(never), Unknown)  # it may be on its way
    later = datetime.now(UTC) + timedelta(minutes=3)
    with clock.moved(lambda: later):
        assert isinstance(await yookassa.find_refund(never), Declined)
        assert isinstance(await yookassa.refund(never), Refunded)
    await tg.clock.move(days=2)
    with clock.moved(lambda: datetime.now(UTC) + timedelta(days=2)):
        assert isinstance(await yookassa.refund(lost), Refunded)
        gone = await yookassa.refund(back(ref, 20_00, "back-3", asked_at=lost.asked_at))
    assert isinstance(gone, Declined)
    assert shop.payments[0].refunded == 50_00


async def test_an_error_with_or_without_the_effect_is_unknown(
    yookassa: YooKassa, shop: Shop
) -> None:
    for number, what in enumerate(("error_before", "error_after", "down")):
        shop.fault("create", what)
        assert isinstance(await yookassa.create(order(f"key-{number}")), Unknown), what
    shop.fault("create", "limit")
    assert why(await yookassa.create(order("key-9"))) is Why.DOWN


async def test_while_yookassa_is_down_nobody_knows(yookassa: YooKassa, shop: Shop) -> None:
    ref = await paid(yookassa, shop)
    shop.fault("*", "down", times=None)
    now = clock.now()
    old = order(created_at=now - timedelta(days=2))
    assert isinstance(await yookassa.create(old), Unknown)
    for minutes in (0, 10, 2 * 1440):
        asked = back(ref, 1_00, asked_at=now - timedelta(minutes=minutes))
        assert isinstance(await yookassa.refund(asked), Unknown)
        assert isinstance(await yookassa.find_refund(asked), Unknown)
    assert isinstance(await yookassa.capture(ref, rub(1_00), key="take-1"), Unknown)
    for call in (yookassa.cancel(ref), yookassa.find(old), yookassa.status(ref)):
        with pytest.raises(Mute):
            await call
    dollars = replace(back(ref, 1_00), amount=Money(1_00, "USD"))
    assert why(await yookassa.refund(dollars)) is Why.INVALID
    assert why(await yookassa.capture(ref, Money(1, "USD"), key="take-2")) is Why.INVALID


async def test_a_refund_asked_for_again_is_looked_for_first(yookassa: YooKassa, shop: Shop) -> None:
    """Even if it would be refused now, it may have been done before."""
    ref = await paid(yookassa, shop)
    asked = back(ref, 500_00, asked_at=clock.now() - timedelta(minutes=10))
    first = await yookassa.refund(asked)
    shop.fault("refund", "limit")
    assert await yookassa.refund(asked) == first


async def test_no_call_is_made_inside_a_transaction(yookassa: YooKassa, db: Database) -> None:
    async with db.transaction():
        with pytest.raises(RuntimeError, match="inside a transaction"):
            await yookassa.create(order())


async def test_refusals_say_why(yookassa: YooKassa, shop: Shop) -> None:
    dollars = replace(order(), amount=Money(500_00, "USD"))
    assert why(await yookassa.create(dollars)) is Why.INVALID
    assert why(await yookassa.create(order(method="cheque"))) is Why.INVALID
    assert why(await yookassa.create(order(return_url=""))) is Why.INVALID
    assert why(await yookassa.create(order(amount=10**13))) is Why.LIMIT
    assert why(await yookassa.refund(back("none", 1_00))) is Why.INVALID
    stranger = ours(key="test_STRANGER", yookassa_base_url=shop.base_url)
    nowhere = ours(yookassa_base_url="http://127.0.0.1:9")
    assert why(await stranger.create(order())) is Why.CONFIGURATION
    assert why(await nowhere.create(order())) is Why.DOWN
    with pytest.raises(NoSuchPayment):
        await yookassa.status("none")
    with pytest.raises(NoSuchPayment):  # a name is no path
        await yookassa.status("../me")
    for provider in (stranger, nowhere):
        with pytest.raises(Mute):
            await provider.status("none")
        await provider.close()


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, ""),
        (200, "[]"),
        (200, "{}"),
        (200, '{"id":"1","status":"odd","items":[5]}'),
        (202, '{"type":"processing","retry_after":1800}'),
        (302, ""),
    ],
)
async def test_an_answer_that_cannot_be_read_is_unknown(status: int, answer: str) -> None:
    async def says(_: web.Request) -> web.Response:
        return web.Response(status=status, text=answer, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", says)
    async with TestServer(app) as server:
        yookassa = ours(yookassa_base_url=str(server.make_url("")).rstrip("/"))
        assert isinstance(await yookassa.create(order()), Unknown)
        assert isinstance(await yookassa.refund(back("1", 1_00)), Unknown)
        with pytest.raises(Mute):
            await yookassa.status("1")
        await yookassa.close()


# -- the doctor --------------------------------------------------------------------


async def test_the_doctor_tells_what_is_wrong(yookassa: YooKassa, shop: Shop) -> None:
    assert [finding.fine for finding in await yookassa.check()] == [True, True]
    shop.receipts = True
    assert [finding.what for finding in await yookassa.check() if not finding.fine] == ["receipts"]
    stranger = ours(key="test_STRANGER", yookassa_base_url=shop.base_url)
    assert [finding.fine for finding in await stranger.check()] == [False]
    nowhere = ours(yookassa_base_url="http://127.0.0.1:9")
    assert [finding.fine for finding in await nowhere.check()] == [None]
    await stranger.close()
    await nowhere.close()


async def test_a_forged_notification_changes_nothing(yookassa: YooKassa, shop: Shop) -> None:
    created = await yookassa.create(order())
    assert isinstance(created, Created)
    forged = unsent(shop.callback(created.ref, "paid"))
    (report,) = yookassa.parse(forged).reports
    assert report.state is State.PAID  # so it says
    assert (await yookassa.status(created.ref)).state is State.WAITING
