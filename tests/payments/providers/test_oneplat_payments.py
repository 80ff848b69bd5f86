"""The way of a payment through 1Plat's fake, and answers that it should not give."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kassa import clock
from kassa.money import Money
from kassa.payments.providers.oneplat import OnePlat
from kassa.payments.providers.protocol import (
    Declined,
    Mute,
    NoSuchPayment,
    Order,
    Payer,
    Requisite,
    State,
    Unknown,
    Why,
)
from tests.payments.providers.at_oneplat import SECRET, accepted, made, order, refused, rub
from tests.payments.providers.letters import Letters, Strange, unsent
from tgsandbox.providers.oneplat import OnePlat as Shop
from tgsandbox.sandbox import Sandbox

# -- against the fake --------------------------------------------------------------


@pytest.fixture
def shop(tg: Sandbox, inbox: Letters) -> Shop:
    found = tg.bank.shop("oneplat", callback_url=inbox.url)
    assert isinstance(found, Shop)
    return found


@pytest.fixture
async def provider(shop: Shop) -> AsyncIterator[OnePlat]:
    made = at(shop)
    yield made
    await made.close()


def at(shop: Shop, **more: Any) -> OnePlat:
    mine = shop.credentials
    return OnePlat(
        mine["shop_id"],
        [mine["secret"]],
        base_url=shop.base_url,
        merchant=mine["merchant_id"],
        **more,
    )


@pytest.mark.parametrize("how", ["flat", "payload", "GET", "md5"])
async def test_145_rubles_by_card(shop: Shop, provider: OnePlat, inbox: Letters, how: str) -> None:
    if how == "GET":
        shop.callback_method = "GET"
    elif how == "md5":
        shop.signatures = ("signature_v2",)
    elif how == "payload":
        shop.callback_shape = "payload"
    created = await made(provider, order(payer=Payer(email="buyer@example.com")))
    assert created.report is None
    assert created.checkout.requisites == (
        Requisite("card", "2200 0000 0000 0000"),
        Requisite("holder", "ТЕСТОВЫЙ ПОЛУЧАТЕЛЬ"),
        Requisite("bank", "ТЕСТБАНК"),
    )
    assert created.checkout.amount == rub(145_00)
    assert created.checkout.expires_at is not None
    left = created.checkout.expires_at - clock.now()
    assert timedelta(minutes=29) < left <= timedelta(minutes=30)
    assert (await provider.status(created.ref)).state is State.WAITING

    await shop.pay(created.ref)
    await shop.delivered()

    (callback,) = inbox
    assert callback.method == ("GET" if how == "GET" else "POST")
    incoming = accepted(provider, callback)
    assert incoming.confirm
    (told,) = incoming.reports
    asked = await provider.status(created.ref)
    (listed,) = [each async for each in provider.list(clock.now(), clock.now())]
    assert asked == listed == replace(told, key="key-1")
    assert (told.ref, told.state) == (created.ref, State.PAID)
    assert (told.amount, told.fee) == (rub(145_00), rub(21_75))
    assert shop.held() == {"RUB": 123_25}
    assert {each.charge for each in shop.books()} == {told.charge}

    await shop.confirm(created.ref)
    await shop.delivered()
    assert accepted(provider, inbox[-1]).event != incoming.event
    assert accepted(provider, inbox[-1]).reports == (told,)
    assert [each async for each in provider.list(clock.now(), clock.now())] == [asked]


async def test_what_is_shown_for_each_method(provider: OnePlat) -> None:
    sbp = (await made(provider, order("k1", method="sbp"))).checkout
    assert {each.name for each in sbp.requisites} == {"phone", "holder", "bank"}
    qr = (await made(provider, order("k2", method="qr"))).checkout
    assert [each.name for each in qr.requisites] == ["qr", "qr_image"]
    crypto = (await made(provider, order("k3", amount=900_00, method="crypto"))).checkout
    assert {each.name for each in crypto.requisites} == {"address", "amount"}
    assert crypto.requisites[-1] == Requisite("amount", "10.00 USDT")
    assert crypto.amount == Money(10_000_000, "USDT")
    draft = (await made(provider, order("k4", method=""))).checkout
    assert draft.url.startswith("http")
    assert draft.requisites == ()
    assert draft.amount is None


async def test_two_waiting_payments_of_a_sum_are_told_apart_by_a_ruble(
    shop: Shop, provider: OnePlat
) -> None:
    first = await made(provider, order("k1"))
    second = await made(provider, order("k2"))
    assert (first.checkout.amount, second.checkout.amount) == (rub(145_00), rub(146_00))
    await shop.pay(second.ref)
    assert (await provider.status(second.ref)).amount == rub(145_00)  # what we asked for


async def test_less_more_and_twice_are_reported_as_they_are(
    shop: Shop, provider: OnePlat, inbox: Letters
) -> None:
    created = await made(provider, order())
    await shop.pay(created.ref, amount=100_00)
    assert (await provider.status(created.ref)).amount == rub(100_00)
    await shop.pay(created.ref, again=True)
    await shop.delivered()
    events = {accepted(provider, each).event for each in inbox}
    assert len(events) == 2
    listed = [each async for each in provider.list(clock.now(), clock.now())]
    assert sorted(each.amount.amount for each in listed if each.amount) == [100_00, 145_00]
    assert len({each.charge for each in listed}) == 2


async def test_nobody_to_take_the_money(shop: Shop, provider: OnePlat) -> None:
    shop.fault("create", "no_requisites")
    declined = await provider.create(order())
    assert isinstance(declined, Declined)
    assert declined.why is Why.NO_REQUISITES
    shop.refuses_in_words = True
    shop.fault("create", "no_requisites")
    declined = await provider.create(order())
    assert isinstance(declined, Declined)
    assert declined.why is Why.NO_REQUISITES
    assert await provider.find(order()) is None  # what is there, nobody can pay


@pytest.mark.parametrize("what", ["timeout_before", "error_before", "down"])
async def test_an_answer_that_never_came_and_nothing_was_made(
    shop: Shop, provider: OnePlat, what: str
) -> None:
    shop.fault("create", what)
    asked = order(created_at=clock.now())
    assert isinstance(await provider.create(asked), Unknown)
    assert await provider.find(asked) is None
    assert shop.payments == []


@pytest.mark.parametrize("what", ["timeout_after", "error_after"])
@pytest.mark.parametrize("paid", [False, True])
async def test_an_answer_that_never_came_and_the_payment_is_found(
    shop: Shop, provider: OnePlat, what: str, paid: bool
) -> None:
    await made(provider, order("another"))
    shop.fault("create", what)
    asked = order(created_at=clock.now())
    assert isinstance(await provider.create(asked), Unknown)
    if paid:
        await shop.pay(shop.payments[-1].ref)
    found = await provider.find(asked)
    assert found is not None
    assert found.ref == shop.payments[-1].ref
    assert found.checkout.requisites[0].name == "card"
    assert found.report == (await provider.status(found.ref) if paid else None)


async def test_find_does_not_say_no_while_the_list_is_silent(shop: Shop, provider: OnePlat) -> None:
    for call, what in (("list", "timeout_before"), ("list", "error_before")):
        shop.fault(call, what)
        with pytest.raises(Mute):
            await provider.find(order())


async def test_an_order_that_it_has_already_is_looked_for_not_declined(
    shop: Shop, provider: OnePlat
) -> None:
    shop.unique_order_ids = True
    created = await made(provider, order())
    assert isinstance(await provider.create(order()), Unknown)
    found = await provider.find(order())
    assert found is not None
    assert found.ref == created.ref


async def test_why_it_says_no(shop: Shop, provider: OnePlat) -> None:
    async def why(of: OnePlat, asked: Order) -> Why:
        declined = await of.create(asked)
        assert isinstance(declined, Declined), declined
        return declined.why

    assert await why(provider, order(amount=99_99)) is Why.LIMIT
    assert await why(provider, order(method="cheque")) is Why.INVALID
    assert await why(provider, replace(order(), amount=Money(5, "USD"))) is Why.INVALID
    shop.fault("create", "limit")
    assert await why(provider, order()) is Why.DOWN
    stranger = OnePlat("1", ["x"], base_url=shop.base_url)
    assert await why(stranger, order()) is Why.CONFIGURATION
    nobody = OnePlat("1", ["x"], base_url="http://127.0.0.1:1")
    assert await why(nobody, order()) is Why.DOWN
    with pytest.raises(Mute):
        await stranger.status("a-guid")
    await stranger.close()
    await nobody.close()


async def test_a_payment_that_is_not_there(provider: OnePlat) -> None:
    for ref in ("a-guid", "../../shop/order", ""):
        with pytest.raises(NoSuchPayment):
            await provider.status(ref)


async def test_rubles_all_the_way(shop: Shop) -> None:
    shop.unit = "rubles"
    provider = at(shop, unit="rubles")
    created = await made(provider, order())
    assert created.checkout.amount == rub(145_00)
    await shop.pay(created.ref)
    report = await provider.status(created.ref)
    assert (report.amount, report.fee) == (rub(145_00), rub(22_00))
    uneven = await provider.create(order(amount=145_50))
    assert isinstance(uneven, Declined)
    assert uneven.why is Why.INVALID
    await provider.close()


async def test_a_forged_callback_of_the_fake_and_one_of_an_older_secret(
    shop: Shop, provider: OnePlat
) -> None:
    created = await made(provider, order())
    await shop.pay(created.ref)
    refused(provider, unsent(shop.callback(created.ref, forged=True)))
    shop.rotate()
    new = unsent(shop.callback(created.ref))
    refused(provider, new)
    accepted(at(shop), new)


async def test_the_doctor(shop: Shop, provider: OnePlat) -> None:
    found = {each.what: each for each in await provider.check()}
    assert {name: each.fine for name, each in found.items()} == {
        "credentials": True,
        "unit of amounts": True,
        "signature": True,
    }
    assert "card 100-500000" in found["credentials"].detail
    assert "kopecks: 145.00 RUB was sent as 14500" in found["unit of amounts"].detail
    stranger = OnePlat("1", ["x"], base_url=shop.base_url)
    (wrong,) = await stranger.check()
    assert (wrong.what, wrong.fine) == ("credentials", False)
    await stranger.close()


# -- answers that it should not give -----------------------------------------------

PAYMENT: dict[str, Any] = {
    "id": 5,
    "guid": "g-1",
    "merchant_order_id": "key-1",
    "status": 1,
    "amount": 14500,
    "note": {"pan": "2200"},
}


@pytest.fixture
async def asker(odd: Strange) -> AsyncIterator[OnePlat]:
    made = OnePlat("1374", [SECRET], base_url=odd.url)
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"<html>", 200),
        ([], 200),
        ({"success": 1}, 200),
        ({"success": 1, "payment": PAYMENT | {"guid": "g-2"}}, 200),
        ({"success": 1, "payment": PAYMENT | {"status": 9}}, 200),
        ({"success": 1, "payment": PAYMENT | {"amount": "much"}}, 200),
        ({"success": 0, "error": "try later"}, 200),
        (b"<html>not found", 404),
        ({"success": 0, "error": "no"}, 403),
        ({"success": 1, "payment": PAYMENT}, 302),
        ({"success": 1, "payment": PAYMENT}, 500),
    ],
)
async def test_an_answer_not_understood_is_silence(
    odd: Strange, asker: OnePlat, said: object, status: int
) -> None:
    odd.say(said, status=status)
    with pytest.raises(Mute):
        await asker.status("g-1")
    with pytest.raises(Mute):
        await asker.find(order())


async def test_no_such_payment_in_words(odd: Strange, asker: OnePlat) -> None:
    for status in (200, 400, 404):
        odd.say({"success": 0, "error": "Order not found"}, status=status)
        with pytest.raises(NoSuchPayment):
            await asker.status("g-1")
    odd.asked.clear()
    with pytest.raises(NoSuchPayment):
        await asker.status("../../withdraw/shop/create")
    assert odd.asked == []


@pytest.mark.parametrize(
    ("said", "status", "why"),
    [
        ({"success": 0, "error": "Нет реквизитов"}, 200, Why.NO_REQUISITES),
        ({"success": 0, "message": "min 100"}, 400, Why.LIMIT),
        ({"success": 0, "error": "no"}, 403, Why.CONFIGURATION),
        ({"success": 0}, 400, Why.INVALID),
        ({"success": 0, "error": {"amount": ["wrong"]}}, 422, Why.INVALID),
        (b"<html>", 404, Why.CONFIGURATION),
        ({"success": 1, "guid": "g", "payment": PAYMENT | {"status": 0, "note": {}}}, 200, None),
    ],
)
async def test_a_no_is_a_no(
    odd: Strange, asker: OnePlat, said: object, status: int, why: Why | None
) -> None:
    odd.say(said, status=status)
    declined = await asker.create(order())
    assert isinstance(declined, Declined)
    assert declined.why is (why or Why.NO_REQUISITES)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"", 200),
        ({"success": 1}, 200),
        ({"success": 1, "guid": "../x", "payment": {"status": 0}}, 200),
        ({"success": 1, "guid": "g", "payment": {"status": 9}}, 200),
        ({"success": 1, "guid": "g", "payment": PAYMENT}, 301),
        ({"success": 0, "error": "duplicate order"}, 400),
        (b"x" * (5 * 2**20), 200),
    ],
)
async def test_whether_it_was_made_nobody_knows(
    odd: Strange, asker: OnePlat, said: object, status: int
) -> None:
    odd.say(said, status=status)
    assert isinstance(await asker.create(order()), Unknown)


async def test_what_is_shown_is_shown_as_it_is_even_if_it_cannot_be_reckoned_with(
    odd: Strange, asker: OnePlat
) -> None:
    note = {"address": "TSANDBOX", "amount_in_currency": "4.1234567", "currency": "USDT"}
    waiting = PAYMENT | {"status": 0, "note": note, "amount_to_pay": "?", "expired": 10**30}
    odd.say({"success": 1, "guid": "g", "payment": waiting, "url": "javascript:1"})
    created = await made(asker, order(method="crypto"))
    assert created.checkout.requisites[-1] == Requisite("amount", "4.1234567 USDT")
    assert created.checkout.amount is None  # seven decimals, where the books have six
    assert (created.checkout.url, created.checkout.expires_at) == ("", None)


async def test_the_doctor_does_not_guess(odd: Strange, asker: OnePlat) -> None:
    odd.say(b"<html>")
    assert [(each.what, each.fine) for each in await asker.check()] == [("credentials", None)]
    for said, fine in ((145, False), (14500, True), ("?", None)):
        odd.say({"success": 1}, {"success": 1, "payment": PAYMENT | {"amount": said}})
        found = {each.what: each.fine for each in await asker.check()}
        assert found == {"credentials": True, "unit of amounts": fine, "signature": True}
    odd.say({"success": 1, "systems": [{"system_group": "sbp", "min": 1}, 5]}, b"<html>")
    found = {each.what: each.fine for each in await asker.check()}
    assert found["unit of amounts"] is None


async def test_one_payment_that_cannot_be_read_hides_no_other(odd: Strange, asker: OnePlat) -> None:
    odd.say({"success": 1, "payments": [PAYMENT | {"amount": "?"}, PAYMENT]})
    seen = []
    with pytest.raises(Mute, match="amount is no amount"):
        async for each in asker.list(clock.now(), clock.now()):
            seen.append(each.ref)
    assert seen == ["g-1", "g-1"]
