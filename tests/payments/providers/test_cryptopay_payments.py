"""Invoices and transfers in Crypto Pay's fake."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from kassa import clock
from kassa.money import Money
from kassa.payments.providers.cryptopay import CryptoPay
from kassa.payments.providers.protocol import (
    Declined,
    GiveBack,
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
from tests.payments.providers.at_cryptopay import NOW, accepted, made, order
from tests.payments.providers.letters import Letters, unsent
from tgsandbox.providers.cryptopay import CryptoPay as Shop
from tgsandbox.sandbox import Sandbox

# -- against the fake --------------------------------------------------------------


@pytest.fixture
def shop(tg: Sandbox, inbox: Letters) -> Shop:
    found = tg.bank.shop("cryptopay", callback_url=inbox.url)
    assert isinstance(found, Shop)
    return found


@pytest.fixture
async def provider(shop: Shop) -> AsyncIterator[CryptoPay]:
    made = at(shop)
    yield made
    await made.close()


def at(shop: Shop) -> CryptoPay:
    return CryptoPay([shop.credentials["token"]], base_url=shop.base_url)


async def listed(provider: CryptoPay, since: datetime, until: datetime) -> list[Report]:
    return [each async for each in provider.list(since, until)]


async def test_145_rubles_paid_in_ton(shop: Shop, provider: CryptoPay, inbox: Letters) -> None:
    """145 RUB are 1.8125 dollars, 0.3625 TON; 3 % of it are the fee."""
    begun = clock.now()
    created = await made(provider, order(return_url="https://t.me/bot"))
    assert created.checkout.url.startswith("http")
    assert created.checkout.mini_app_url.startswith("http")
    assert shop.payments[0].data["accepted"] == ["USDT", "TON", "BTC"]
    assert (await provider.status(created.ref)).state is State.WAITING

    await shop.pay(created.ref, asset="TON")
    await shop.delivered()

    (callback,) = inbox
    incoming = accepted(provider, callback)
    assert not incoming.confirm
    (told,) = incoming.reports
    assert (told.ref, told.key, told.state) == (created.ref, "key-1", State.PAID)
    assert told.amount == Money(145_00, "RUB")
    assert told.received == Money(362_500_000, "TON")
    assert told.fee == Money(10_875_000, "TON")
    assert shop.held() == {"TON": 351_625_000}
    assert await provider.status(created.ref) == told
    assert await listed(provider, begun, clock.now()) == [told]
    assert await listed(provider, begun - timedelta(days=2), begun - timedelta(days=1)) == []


async def test_an_invoice_in_coins(shop: Shop, provider: CryptoPay) -> None:
    asked = order(amount=Money(5_250_000, "USDT"), expires_at=clock.now() + timedelta(minutes=15))
    created = await made(provider, asked)
    assert created.checkout.expires_at is not None
    left = created.checkout.expires_at - clock.now()
    assert timedelta(minutes=14) < left <= timedelta(minutes=15)
    await shop.pay(created.ref)
    report = await provider.status(created.ref)
    assert (report.amount, report.received) == (Money(5_250_000, "USDT"), None)
    assert report.fee == Money(157_500, "USDT")


async def test_a_webhook_of_three_days_ago_is_still_true_and_has_the_same_name(
    shop: Shop, provider: CryptoPay, inbox: Letters
) -> None:
    created = await made(provider, order())
    await shop.pay(created.ref)
    await shop.delivered()
    then = (clock.now() - timedelta(days=3)).timestamp()
    old = unsent(shop.callback(created.ref, at=then))
    assert old.body != inbox[0].body
    assert accepted(provider, old) == accepted(provider, inbox[0])


@pytest.mark.parametrize("what", ["timeout_before", "error_before", "down"])
async def test_an_answer_that_never_came_and_nothing_was_made(
    shop: Shop, provider: CryptoPay, what: str
) -> None:
    await made(provider, order("another"))
    shop.fault("create", what)
    asked = order()
    assert isinstance(await provider.create(asked), Unknown)
    assert await provider.find(asked) is None
    assert [each.key for each in shop.payments] == ["another"]


@pytest.mark.parametrize("what", ["timeout_after", "error_after"])
@pytest.mark.parametrize("then", ["wait", "pay", "expire"])
async def test_an_answer_that_never_came_and_the_invoice_is_found(
    shop: Shop, provider: CryptoPay, what: str, then: str
) -> None:
    shop.fault("create", what)
    asked = order()
    assert isinstance(await provider.create(asked), Unknown)
    await made(provider, order("another"))
    (lost,) = [each for each in shop.payments if each.key == "key-1"]
    if then == "pay":
        await shop.pay(lost.ref)
    elif then == "expire":
        await shop.expire(lost.ref)
    found = await provider.find(asked)
    assert found is not None
    assert found.ref == lost.ref
    assert found.report == (None if then == "wait" else await provider.status(lost.ref))


async def test_among_thousands_it_looks_back_as_far_as_the_order_and_no_further(
    tg: Sandbox, shop: Shop, provider: CryptoPay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kassa.payments.providers.cryptopay._PAGE", 10)
    monkeypatch.setattr("kassa.payments.providers.cryptopay._OVERLAP", 3)
    for number in range(15):
        await made(provider, order(f"old-{number}"))
    tg.world.clock.move(3600)
    asked = order()
    await made(provider, asked)
    for number in range(25):
        await made(provider, order(f"new-{number}"))
    pages = []
    invoices = provider._invoices

    async def counted(query: Any) -> Any:
        pages.append(query["offset"])
        return await invoices(query)

    monkeypatch.setattr(provider, "_invoices", counted)
    found = await provider.find(asked)
    assert found is not None
    assert pages == [0, 7, 14, 21]
    pages.clear()
    assert await provider.find(replace(asked, key="nowhere")) is None
    assert pages == [0, 7, 14, 21]  # of 41: the last one reaches back before the order


async def test_find_and_status_do_not_say_no_while_it_is_silent(
    shop: Shop, provider: CryptoPay
) -> None:
    for what in ("timeout_before", "error_before"):
        shop.fault("status", what, times=2)
        with pytest.raises(Mute):
            await provider.find(order())
        with pytest.raises(Mute):
            await provider.status("1")


async def test_a_deleted_invoice_is_gone_and_a_paid_one_stays(
    shop: Shop, provider: CryptoPay
) -> None:
    first, second = await made(provider, order("k1")), await made(provider, order("k2"))
    await provider.cancel(first.ref)
    with pytest.raises(NoSuchPayment):
        await provider.status(first.ref)
    await shop.pay(second.ref)
    await provider.cancel(second.ref)
    await provider.cancel(second.ref)
    assert (await provider.status(second.ref)).state is State.PAID
    with pytest.raises(NoSuchPayment):
        await provider.status("../getMe")


async def test_why_it_says_no(shop: Shop, provider: CryptoPay) -> None:
    async def why(of: CryptoPay, asked: Order) -> Why:
        declined = await of.create(asked)
        assert isinstance(declined, Declined), declined
        return declined.why

    assert await why(provider, order(amount=Money(5, "UZS"))) is Why.INVALID
    assert await why(provider, order(expires_at=clock.now())) is Why.INVALID
    stranger = CryptoPay(["1:x"], base_url=shop.base_url)
    assert await why(stranger, order()) is Why.CONFIGURATION
    nobody = CryptoPay(["1:x"], base_url="http://127.0.0.1:1")
    assert await why(nobody, order()) is Why.DOWN
    with pytest.raises(Mute):
        await stranger.status("1")
    await stranger.close()
    await nobody.close()


# -- money back --------------------------------------------------------------------


async def paid_in_ton(shop: Shop, provider: CryptoPay) -> GiveBack:
    created = await made(provider, order())
    await shop.pay(created.ref, asset="TON")
    report = await provider.status(created.ref)
    assert report.amount is not None
    shop.top_up("TON", 10 * 10**9)
    return GiveBack(
        "refund-1",
        created.ref,
        "",
        report.amount,
        paid=report.amount,
        payer=Payer(telegram_id=7),
        received=report.received,
    )


def sent(shop: Shop) -> list[tuple[int, str, str]]:
    transfers = shop.memory.get("transfers", [])
    return [(each["user_id"], each["asset"], each["amount"]) for each in transfers]


async def test_money_goes_back_in_the_coins_that_came_and_only_once(
    shop: Shop, provider: CryptoPay
) -> None:
    asked = await paid_in_ton(shop, provider)
    assert isinstance(await provider.find_refund(asked), Declined)
    first = await provider.refund(asked)
    assert isinstance(first, Refunded)
    assert first.done
    assert sent(shop) == [(7, "TON", "0.3625")]
    assert await provider.refund(asked) == first == await provider.find_refund(asked)
    assert len(sent(shop)) == 1


async def test_a_third_of_it_goes_back_rounded_down(shop: Shop, provider: CryptoPay) -> None:
    asked = replace(await paid_in_ton(shop, provider), amount=Money(100_00, "RUB"), key="k" * 100)
    assert isinstance(await provider.refund(asked), Refunded)
    assert sent(shop) == [(7, "TON", "0.25")]
    assert isinstance(await provider.find_refund(asked), Refunded)
    assert isinstance(await provider.find_refund(replace(asked, key="j" * 100)), Declined)


async def test_what_had_arrived_is_asked_for_where_nobody_remembers(
    shop: Shop, provider: CryptoPay
) -> None:
    asked = replace(await paid_in_ton(shop, provider), received=None)
    assert isinstance(await provider.refund(asked), Refunded)
    assert sent(shop) == [(7, "TON", "0.3625")]
    shop.fault("status", "timeout_before")
    silent = await provider.refund(replace(asked, key="refund-2"))
    assert isinstance(silent, Declined)
    assert silent.why is Why.DOWN
    assert len(sent(shop)) == 1


@pytest.mark.parametrize(
    ("what", "happened"),
    [
        ("timeout_before", False),
        ("error_before", False),
        ("timeout_after", True),
        ("error_after", True),
    ],
)
async def test_a_transfer_whose_answer_never_came(
    shop: Shop, provider: CryptoPay, what: str, happened: bool
) -> None:
    asked = await paid_in_ton(shop, provider)
    shop.fault("transfer", what)
    assert isinstance(await provider.refund(asked), Unknown)
    found = await provider.find_refund(asked)
    assert isinstance(found, Refunded if happened else Declined)
    again = await provider.refund(asked)
    assert isinstance(again, Refunded)
    assert sent(shop) == [(7, "TON", "0.3625")]
    # A "no" to a second call is no "no" to the first one, and silence is neither.
    shop.fault("transfers", "timeout_before")
    assert isinstance(await provider.refund(asked), Unknown)


async def test_refunds_that_cannot_be(shop: Shop, provider: CryptoPay) -> None:
    asked = await paid_in_ton(shop, provider)

    async def why(of: GiveBack) -> Why:
        declined = await provider.refund(of)
        assert isinstance(declined, Declined), declined
        return declined.why

    assert await why(replace(asked, payer=Payer())) is Why.INVALID
    assert await why(replace(asked, amount=Money(145_01, "RUB"))) is Why.INVALID
    assert await why(replace(asked, amount=Money(1, "USD"))) is Why.INVALID
    assert await why(replace(asked, received=Money(1, "TON"), amount=Money(1, "RUB"))) is (
        Why.INVALID
    )
    assert await why(replace(asked, amount=Money(1_00, "RUB"))) is Why.LIMIT  # below a dollar
    shop.users = frozenset({8})
    assert await why(asked) is Why.DECLINED
    shop.users = None
    assert await why(replace(asked, received=Money(100 * 10**9, "TON"))) is Why.DECLINED
    shop.transfers_enabled = False
    assert await why(asked) is Why.CONFIGURATION
    assert sent(shop) == []


async def test_the_doctor(shop: Shop, provider: CryptoPay) -> None:
    found = {each.what: each.fine for each in await provider.check()}
    assert found == {"credentials": True, "currencies": True, "signature": True}
    odd = CryptoPay([shop.credentials["token"]], base_url=shop.base_url, assets=["USDT", "TOK"])
    assert {each.what: each.fine for each in await odd.check()}["currencies"] is False
    stranger = CryptoPay(["1:x"], base_url=shop.base_url)
    (wrong,) = await stranger.check()
    assert (wrong.what, wrong.fine) == ("credentials", False)
    await stranger.close()
    await odd.close()


async def test_a_forged_webhook_and_one_of_an_older_token(shop: Shop, provider: CryptoPay) -> None:
    created = await made(provider, order())
    with pytest.raises(Refused):
        provider.verify(unsent(shop.callback(created.ref, forged=True)), at=NOW)
    shop.rotate()
    new = unsent(shop.callback(created.ref))
    with pytest.raises(Refused):
        provider.verify(new, at=NOW)
    accepted(at(shop), new)
