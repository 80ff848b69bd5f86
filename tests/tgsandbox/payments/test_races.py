"""However taps, windows, timeouts and answers meet: at most one charge."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from tests.tgsandbox.payments.shop import ADDRESS, CARD, MONTHLY, STARS, Shop, failed
from tgsandbox.telegram.payments.checkout import MOVES, Checkout
from tgsandbox.telegram.payments.failures import PaymentFailed, VerificationNeeded


async def outcomes(*doing: Any) -> list[str]:
    """The codes of what failed, and "paid" for what did not."""
    found = await asyncio.gather(*doing, return_exceptions=True)
    for each in found:
        if isinstance(each, BaseException) and not isinstance(each, PaymentFailed):
            raise each
    return [each.code if isinstance(each, PaymentFailed) else "paid" for each in found]


@pytest.mark.parametrize("about", [CARD, STARS], ids=["card", "stars"])
async def test_a_double_tap_pays_once(shop: Shop, about: dict[str, Any]) -> None:
    sheet = shop.sheet(about)
    both = asyncio.create_task(outcomes(sheet.pay(), sheet.pay()))
    shop.agree(await shop.asked("pre_checkout_query"))

    assert await both == ["paid", "PAYMENT_IN_PROGRESS"]
    assert (await failed(sheet.pay()))[0] == "INVOICE_ALREADY_PAID"
    assert len(shop.charged()) == len(shop.payments()) == 1


async def test_two_people_pay_the_same_invoice_at_once(shop: Shop) -> None:
    message, invoice = shop.sent(STARS)
    bob = shop.buyer("Another", stars=50)
    sheets = [shop.till.open(each, invoice, message) for each in (shop.user, bob)]
    both = asyncio.create_task(outcomes(*(sheet.pay() for sheet in sheets)))
    first = await shop.asked("pre_checkout_query")
    second = await shop.asked("pre_checkout_query", 2)

    shop.agree(second)
    shop.agree(first)

    assert await both == ["INVOICE_ALREADY_PAID", "paid"]
    assert (shop.user.stars, bob.stars) == (1000, 0)
    assert shop.charged() == [50]


async def test_two_windows_subscribe_at_once(shop: Shop) -> None:
    invoice = shop.invoice(MONTHLY)
    sheets = [shop.till.open(shop.user, invoice) for _ in range(2)]
    both = asyncio.create_task(outcomes(*(sheet.pay() for sheet in sheets)))
    for number in (1, 2):
        shop.agree(await shop.asked("pre_checkout_query", number))

    assert await both == ["paid", "SUBSCRIPTION_ALREADY_ACTIVE"]
    assert shop.charged() == [50]


async def test_two_windows_on_the_last_stars(shop: Shop) -> None:
    shop.user.stars = 99
    sheets = [shop.sheet(STARS) for _ in range(2)]
    both = asyncio.create_task(outcomes(*(sheet.pay() for sheet in sheets)))
    for number in (1, 2):
        shop.agree(await shop.asked("pre_checkout_query", number))

    assert await both == ["paid", "BALANCE_TOO_LOW"]
    assert (shop.user.stars, shop.charged()) == (49, [50])


async def test_the_bank_confirms_what_another_has_paid(shop: Shop) -> None:
    shop.sells()
    message, invoice = shop.sent(CARD)
    sheet = shop.till.open(shop.user, invoice, message)
    with pytest.raises(VerificationNeeded):
        await sheet.pay(card="3ds")
    await shop.till.open(shop.buyer("Another"), invoice, message).pay()

    assert (await failed(sheet.confirm(True)))[0] == "INVOICE_ALREADY_PAID"
    assert shop.charged() == [1200]


async def test_the_payer_leaves_while_the_bot_thinks(shop: Shop) -> None:
    sheet = shop.sheet(STARS)
    paying = asyncio.create_task(sheet.pay())
    query = await shop.asked("pre_checkout_query")
    sheet.give_up()

    assert (await failed(paying))[0] == "CHECKOUT_CLOSED"
    shop.agree(query)
    await asyncio.sleep(0)
    assert (shop.charged(), shop.user.stars) == ([], 1000)
    assert (await failed(sheet.pay()))[0] == "CHECKOUT_CLOSED"
    assert shop.events("payment_failed") == []
    assert len(shop.events("checkout_closed")) == 1


async def test_the_payer_leaves_just_after_the_bot_has_agreed(shop: Shop) -> None:
    sheet = shop.sheet(STARS)
    paying = asyncio.create_task(sheet.pay())
    shop.agree(await shop.asked("pre_checkout_query"))
    sheet.give_up()

    assert (await failed(paying))[0] == "CHECKOUT_CLOSED"
    assert (shop.charged(), shop.user.stars) == ([], 1000)


async def test_time_runs_out_just_after_the_bot_has_agreed(shop: Shop) -> None:
    paying = asyncio.create_task(shop.sheet(STARS).pay())
    shop.agree(await shop.asked("pre_checkout_query"))
    shop.world.clock.move(11)

    assert (await paying).charge.amount == 50


async def test_a_query_nobody_waits_for_is_gone_in_time(shop: Shop) -> None:
    sheet = shop.sheet(STARS)
    paying = asyncio.create_task(sheet.pay())
    await shop.asked("pre_checkout_query")
    sheet.give_up()
    await failed(paying)

    shop.world.clock.move(10)
    assert shop.world.queries == {}


async def test_the_payers_client_breaks_off(shop: Shop) -> None:
    sheet = shop.sheet(STARS)
    paying = asyncio.create_task(sheet.pay())
    query = await shop.asked("pre_checkout_query")
    paying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await paying

    shop.agree(query)
    assert (shop.charged(), sheet.state) == ([], "open")
    shop.sells()
    assert (await sheet.pay()).charge.amount == 50


async def test_the_payer_leaves_at_every_other_moment(shop: Shop) -> None:
    unpaid = shop.sheet(CARD)
    unpaid.give_up()
    assert (await failed(unpaid.submit({})))[0] == "CHECKOUT_CLOSED"

    shipping = shop.sheet(CARD, is_flexible=True)
    submitting = asyncio.create_task(shipping.submit({"shipping_address": ADDRESS}))
    await shop.asked("shipping_query")
    assert (await failed(shipping.submit({})))[0] == "PAYMENT_IN_PROGRESS"
    shipping.give_up()
    assert (await failed(submitting))[0] == "CHECKOUT_CLOSED"

    shop.sells()
    hanging = shop.sheet(CARD)
    paying = asyncio.create_task(hanging.pay(card="hang"))
    async with asyncio.timeout(5):
        while hanging.state != "charging":
            await asyncio.sleep(0)
    hanging.give_up()
    assert (await failed(paying))[0] == "CHECKOUT_CLOSED"

    confirming = shop.sheet(CARD)
    with pytest.raises(VerificationNeeded):
        await confirming.pay(card="3ds")
    confirming.give_up()
    assert (await failed(confirming.confirm(True)))[0] == "NOTHING_TO_CONFIRM"

    paid = shop.sheet(CARD)
    await paid.pay()
    paid.give_up()
    assert paid.state == "paid"
    assert shop.charged() == [1200]


STEPS: dict[str, Callable[[Shop, Checkout], Any]] = {
    "tap": lambda shop, sheet: asyncio.create_task(sheet.pay()),
    "agree": lambda shop, sheet: [each.waiting(each) for each in agreed(shop)],
    "leave": lambda shop, sheet: sheet.give_up(),
    "late": lambda shop, sheet: shop.world.clock.move(10),
}


def agreed(shop: Shop) -> list[Any]:
    """All queries that still wait, answered with ok."""
    waiting = list(shop.world.queries.values())
    for query in waiting:
        query.answer = {"ok": True}
        shop.world.drop_query(query)
    return waiting


@pytest.mark.parametrize("pause", [0, 3], ids=["at once", "in turn"])
async def test_no_order_of_events_charges_twice(pause: int) -> None:
    for steps in itertools.product(STEPS, repeat=4):
        shop = Shop()
        message, invoice = shop.sent(STARS)
        sheet = shop.till.open(shop.user, invoice, message)
        tasks = []
        for step in ("tap", *steps):
            done = STEPS[step](shop, sheet)
            tasks += [done] if isinstance(done, asyncio.Task) else []
            for _ in range(pause):
                await asyncio.sleep(0)
        for _ in range(3):
            await asyncio.sleep(0)
        sheet.give_up()
        told = await outcomes(*tasks)

        paid = told.count("paid")
        assert paid == len(shop.charged()) == len(shop.payments()) <= 1, steps
        assert shop.user.stars == 1000 - 50 * paid
        assert sheet.state == ("paid" if paid else "closed")
        if pause and steps[0] == "agree":
            assert paid == 1


def test_no_state_leads_from_the_end(shop: Shop) -> None:
    assert {state for state in MOVES if not MOVES[state]} == {"paid", "closed"}
    assert set().union(*MOVES.values()) <= set(MOVES)
    sheet: Checkout = shop.sheet(STARS)
    with pytest.raises(AssertionError):
        sheet._move("paid")
